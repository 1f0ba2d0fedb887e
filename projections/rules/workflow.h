// The workflow: which step a case needs when, until when it is due, whose it is and what people call it. The
// files that ship with the program lie in schema/workflow/*.toml and are built into it; what each condition
// and anchor means for a case is code (projections/tasks.cc), what is said with them is the file's.
//
// A file is in force for the cases that were referred on or after its `from`: a case keeps the steps that it
// began with, whatever program reads it later, because a file that was shipped stays. What a provider has
// changed about a step are adopted settings, which lie in the log (settings.h).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/named.h"
#include "events/rule.h"
#include "projections/rules/step.h"

namespace geleit {

enum class Language : std::uint8_t;  // catalogue.h

/// When a step stands. Those of a case that has ended say so; all others are of a case that has not.
enum class StepWhen : std::uint8_t {
  no_team,
  coverage_unsettled,
  no_care_plan,
  no_discharge,              ///< SMN
  nothing_applied_for,       ///< SMN
  referral_not_applied_for,  ///< ST: each regular referral needs an application of its own
  nothing_approved,          ///< applied for and decided, but no approval stands
  minutes_at_risk,           ///< delivered beyond what is approved
  answer_out,                ///< once per undecided application; also when completed or discontinued
  objection_possible,        ///< the latest denial has none; also when denied
  objection_undecided,       ///< … or upheld without an approval since
  visit_undocumented,        ///< once per visit that is still scheduled
  first_visit_unplanned,     ///< no unit yet; SMN: discharged
  first_visit_planned,       ///< the same, and a visit is scheduled
  no_visit_planned,          ///< between units, while there is something left to deliver
  home_minimum_open,         ///< SMN-HOME
  units_running_out,         ///< at most so many minutes are left, but some
  extension_possible,        ///< SMN: the same, or none left, and nobody has prescribed more
  follow_up_not_asked_for,   ///< SMN: a follow-up referral whose extension was not requested
  trial_without_referral,    ///< ST: the latest referral is a trial
  units_used_up,             ///< ST: all that is approved was delivered
  care_running,              ///< a unit was delivered
  final_report_open,         ///< completed or discontinued without a report
};
/// What days are counted from.
enum class StepAnchor : std::uint8_t {
  since,  ///< the day from which the step stands; for `due` and `until`
  referral,
  coverage,  ///< since when it is as it is, else the referral
  expected_discharge,
  discharge,
  application,       ///< its receipt by the insurer; of `answer_out` the one that is meant, else the latest
  latest_referral,   ///< its prescription
  missing_referral,  ///< `referral_not_applied_for`: of the referral that is meant
  follow_up,         ///< prescription of the last follow-up referral
  decision_due,      ///< GKV-DECISION of the application that is meant
  denial,
  objection_due,  ///< GKV-OBJECTION
  objection,      ///< filed, or decided
  visit,          ///< `visit_undocumented`: the one that is meant
  first_unit,
  last_unit,
  last_delivery,  ///< preparatory visits included
  start_due,      ///< SMN-START
  complete_due,   ///< SMN-COMPLETE
  total_due,      ///< ST-TOTAL
  end,
};
template <>
inline constexpr std::array<std::string_view, 23> words<StepWhen>{"no_team",
                                                                  "coverage_unsettled",
                                                                  "no_care_plan",
                                                                  "no_discharge",
                                                                  "nothing_applied_for",
                                                                  "referral_not_applied_for",
                                                                  "nothing_approved",
                                                                  "minutes_at_risk",
                                                                  "answer_out",
                                                                  "objection_possible",
                                                                  "objection_undecided",
                                                                  "visit_undocumented",
                                                                  "first_visit_unplanned",
                                                                  "first_visit_planned",
                                                                  "no_visit_planned",
                                                                  "home_minimum_open",
                                                                  "units_running_out",
                                                                  "extension_possible",
                                                                  "follow_up_not_asked_for",
                                                                  "trial_without_referral",
                                                                  "units_used_up",
                                                                  "care_running",
                                                                  "final_report_open"};
template <>
inline constexpr std::array<std::string_view, 21> words<StepAnchor>{"since",
                                                                    "referral",
                                                                    "coverage",
                                                                    "expected_discharge",
                                                                    "discharge",
                                                                    "application",
                                                                    "latest_referral",
                                                                    "missing_referral",
                                                                    "follow_up",
                                                                    "decision_due",
                                                                    "denial",
                                                                    "objection_due",
                                                                    "objection",
                                                                    "visit",
                                                                    "first_unit",
                                                                    "last_unit",
                                                                    "last_delivery",
                                                                    "start_due",
                                                                    "complete_due",
                                                                    "total_due",
                                                                    "end"};

/// A day: so many after an anchor, or before it.
struct StepDay {
  StepAnchor anchor{};
  std::int32_t days = 0;  ///< never negative
  bool before = false;
};

/// One entry of the file. Several may tell the same task, for the benefits or for several conditions; where
/// more than one holds the first counts.
struct WorkflowStep {
  Task task{};
  std::vector<Benefit> benefits;
  StepWhen when{};
  std::int32_t minutes = 0;  ///< of `units_running_out`, `extension_possible`
  std::int32_t units = 0;    ///< of `extension_possible`: as many may be granted to a case in all
  Role role{};
  std::optional<Rule> rule;
  std::vector<StepDay> since;  ///< the latest of those that are known; where none is, the referral
  std::optional<StepDay> until;
  std::vector<StepDay> due;  ///< the first that is known
  /// Nobody can do without it: a case could be left with no step at all.
  bool required = false;
  std::string title_de, title_en;

  [[nodiscard]] bool is_of(Benefit benefit) const;
};

/// One file. Does not change.
class Workflow {
 public:
  /// Reads one TOML document. Throws std::invalid_argument naming the step and field that is missing or
  /// wrong; also when a case of one of the benefits could be left without a step.
  static std::shared_ptr<const Workflow> parse(std::string_view toml);

  [[nodiscard]] const std::string& name() const { return name_; }  ///< "2026-01"
  [[nodiscard]] CivilDate from() const { return from_; }
  /// In the order of the file; a task row names its place here.
  [[nodiscard]] const std::vector<WorkflowStep>& steps() const { return steps_; }
  /// Whether a benefit has the step at all; none: one of them.
  [[nodiscard]] bool has(Task task, std::optional<Benefit> benefit) const;
  /// Whether a benefit (none: one of them) cannot do without it.
  [[nodiscard]] bool requires_step(Task task, std::optional<Benefit> benefit) const;

 private:
  std::string name_;
  CivilDate from_;
  std::vector<WorkflowStep> steps_;
};

/// The files built into this program, oldest first (by `from`).
[[nodiscard]] const std::vector<std::shared_ptr<const Workflow>>& shipped_workflows();
/// The one for a case referred on that day; the oldest one before the first.
[[nodiscard]] const Workflow& shipped_workflow_on(CivilDate day);

}  // namespace geleit
