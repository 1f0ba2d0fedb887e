// What was true on a day, as known now or then (API.md, Two times): which of a case's events count by the end
// of that day, and the fold of only those. Pure.
//
//   Feb 20  discharged                       as of Mar 1   counts
//   Mar 2   visit of 60 minutes              as of Mar 1   does not; as of Mar 2 it does
//   Apr 9   that visit corrected to Feb 27   as of Mar 1   visit and correction both count, on Feb 27
//   Apr 10  that visit voided                as of Mar 1   counts too: voided from its start
//
// Two readings of the same events: the first gathers what each is about and which day later ones make its own
// (CountedFacts), the second folds those that count (evolve_counted).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "projections/case.h"

namespace geleit {

enum class Counts : std::uint8_t {
  no,
  yes,
  without_discharge,  ///< a referral or amendment whose own discharge is not one yet on that day
};

/// What becomes of one event on the day asked for.
struct Verdict {
  Counts counts = Counts::no;
  /// Of a decision or an expert opinion: the event of the application that it is about; 0: of none.
  Version about;
  friend bool operator==(const Verdict&, const Verdict&) = default;
};

/// The last of the days that an event bears which may decide whether something counts. As of no day before
/// the last of all its events' (Case::whole_from), all events of a case count as they do without a day.
[[nodiscard]] CivilDate last_day_of(const Event& event);

/// The day of the referral, where the event says it: the last one said is the case's.
[[nodiscard]] std::optional<CivilDate> day_referred(const Event& event);

/// The accepted events of one case, in the order of their versions, as far as their days go. Keeps nothing of
/// the events themselves.
class CountedFacts {
 public:
  void add(const Event& event);
  void clear() { facts_.clear(); }
  [[nodiscard]] std::size_t size() const { return facts_.size(); }
  /// Replaces `out` by a verdict for each event, by version - 1. All are `no` when the case was not referred
  /// yet.
  void on(CivilDate day, std::vector<Verdict>& out) const;

 private:
  friend CivilDate last_day_of(const Event& event);
  friend std::optional<CivilDate> day_referred(const Event& event);
  enum class Kind : std::uint8_t {
    opens,
    amends,
    discharges,
    applies,
    opinion,
    grants,
    corrects_approval,
    about_approval,
    denies,
    objects,
    decides_objection,
    plans_visit,
    about_plan,
    delivers,
    corrects_visit,
    voids_visit,
    ends,
    reopens,
    misses,
    about_alert,
    dated,  ///< stands for itself
  };
  static constexpr CivilDate no_day{INT32_MIN};
  static constexpr Instant no_instant{INT64_MIN};
  struct Fact {
    Kind kind = Kind::dated;
    bool extension = false;
    bool by_discharge = false;  ///< a missed deadline that a discharge opens
    CivilDate own;              ///< the day it counts from, unless later events say otherwise
    CivilDate other = no_day;   ///< a discharge, or a correction of `own`
    Version generation;         ///< of a missed deadline
    Uuid about;                 ///< a visit, approval or alert
    Instant at = no_instant;    ///< start of a visit
  };
  struct Reads;
  struct Meanings;
  std::vector<Fact> facts_;
};

/// Folds the next event as its verdict says, after those before it were folded as theirs say. May change the
/// event's payload. Throws as evolve.
void evolve_counted(Case& c, Event& event, const Hash& hash, const Verdict& verdict);

/// A fold of some of a case's records.
struct PastFold {
  Case state;                    ///< `exists()` is false where there was no case yet
  std::vector<Version> counted;  ///< the events that it is made of
  std::string error;             ///< why the next one that counts could not be folded, or empty
  std::size_t failed = 0;        ///< which record that is
};
/// Folds a case's accepted records, which begin with its first; with a day, those that count by its end. An
/// event that the fold cannot take ends it, as it parks the case live. Throws BadRecord.
[[nodiscard]] PastFold fold_past(std::span<const std::string_view> records, std::optional<CivilDate> as_of);

}  // namespace geleit
