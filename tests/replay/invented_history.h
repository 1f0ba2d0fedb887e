// Histories for tests of everything that reads a log: the shipped rule set, then the events of many invented
// cases, interleaved, chained and encoded as intake would. Seeded: the same number, the same history.
#pragma once

#include <random>
#include <string>
#include <unordered_map>
#include <vector>

#include "events/civil_time.h"
#include "events/codec.h"
#include "events/log.h"
#include "events/uuid.h"
#include "projections/case.h"
#include "projections/rules/rule_set.h"

namespace geleit::testing {

class History {
 public:
  explicit History(Log& log, unsigned seed = 1) : log_(log), chance_(seed) {
    SettingsAdopted settings;
    const auto set = shipped_rule_sets().back();
    settings.from = set->from();
    settings.hash = set->hash();
    settings.content = set->content();
    judged_by_.shipped = set->hash();
    append(make({uuid_v5(geleit_namespace, "installation")}, settings, {}));
  }

  [[nodiscard]] static CaseId case_id(int n) {
    return {{0x0190000000007010ULL, 0x8000000000000000ULL + static_cast<unsigned>(n)}};
  }

  /// The bytes of the next event of that stream, as its head stands; `append` makes it so.
  std::string make(CaseId stream, Payload payload, std::string_view provider) {
    const Head& head = heads_[stream];
    Event e;
    e.id = {{0x0190000000007011ULL, 0x8000000000000000ULL + ++events_}};
    e.stream = stream;
    e.version = next(head.version);
    e.previous = head.hash;
    e.happened = {civil(2026, 2, 19), {}};
    e.provider = provider;
    if (!std::holds_alternative<SettingsAdopted>(payload)) e.judged_by = judged_by_;
    e.payload = std::move(payload);
    return encode(e);
  }
  void append(const std::string& bytes) {
    const auto link = link_of(bytes).value();
    heads_[link.stream] = {link.version, link.hash};
    append_raw(link.stream, bytes);
  }
  /// Into the stream's partition, whatever the chain says.
  void append_raw(CaseId stream, const std::string& bytes) {
    log_.append({{partition_of(stream, log_.info().partitions), bytes}}, [](const Appended&) {});
  }
  void happens(int n, Payload payload) { append(make(case_id(n), std::move(payload), provider_of(n))); }

  void referred(int n) {
    ReferralReceived e;
    e.benefit = Benefit::smn;
    e.land = static_cast<Land>(below(16));
    e.person_id = {{0x0190000000007012ULL, 0x8000000000000000ULL + static_cast<unsigned>(n)}};
    e.person = Sealed{"sealed person"};
    e.diagnoses = Sealed{"sealed diagnoses"};
    e.prescribed_on = civil(2026, 2, 18);
    e.received_on = civil(2026, 2, 19) + below(60);
    e.units = 6 + below(15);
    e.setting = Setting::inpatient;
    happens(n, e);
  }
  void visited(int n, int visit) {
    VisitScheduled e;
    e.visit = visit_id(n, visit);
    e.starts_at = berlin_time(civil(2026, 3, 1) + below(120), 8 + below(10), 0);
    e.minutes = Minutes{15 * (1 + below(8))};
    e.staff = below(2) == 0 ? "m.roth" : "k.adler";
    e.place = static_cast<Place>(below(6));
    e.category = static_cast<Category>(below(3));
    happens(n, e);
    if (below(5) == 0) return happens(n, VisitCancelled{visit_id(n, visit), {}});
    VisitDelivered d;
    d.visit = visit_id(n, visit);
    d.minutes = e.minutes;
    happens(n, d);
    if (below(6) == 0) {
      VisitCorrected c;
      c.visit = visit_id(n, visit);
      c.minutes = Minutes{15};
      c.reason = Sealed{"sealed reason"};
      happens(n, c);
    } else if (below(20) == 0) {
      happens(n, VisitVoided{visit_id(n, visit), Sealed{"sealed reason"}});
    }
  }
  /// A plausible, mostly complete life of so many cases, interleaved.
  void lives(int cases, int first = 0) {
    for (int n = first; n < first + cases; ++n) referred(n);
    for (int step = 0; step < 12; ++step) {
      for (int n = first; n < first + cases; ++n) live(n, step);
    }
  }
  [[nodiscard]] int below(int bound) { return static_cast<int>(chance_() % static_cast<unsigned>(bound)); }
  [[nodiscard]] std::uint64_t events() const { return events_; }

 private:
  static VisitId visit_id(int n, int visit) {
    return {{0x0190000000007013ULL + static_cast<unsigned>(n) * 0x10000ULL,
             0x8000000000000000ULL + static_cast<unsigned>(visit)}};
  }
  static std::string provider_of(int n) {
    return n % 3 == 0 ? "hana-muenchen" : "nachsorge-00" + std::to_string(n % 7);
  }

  void live(int n, int step) {
    switch (step) {
      case 0: return happens(n, CareTeamAssigned{"m.roth", {}});
      case 1: return happens(n, DischargeRecorded{civil(2026, 2, 20) + below(30)});
      case 2: {
        ApplicationSubmitted e;
        e.units = 12;
        e.submitted_on = civil(2026, 2, 25);
        return happens(n, e);
      }
      case 3:
        if (below(6) == 0)
          return happens(n, ApprovalDenied{Sealed{"sealed"}, civil(2026, 3, 9), civil(2026, 3, 9), true, {}});
        return happens(
            n, ApprovalGranted{{{0x0190000000007014ULL, 0x8000000000000000ULL + static_cast<unsigned>(n)}},
                               Sealed{"sealed"},
                               civil(2026, 3, 9),
                               12,
                               civil(2026, 2, 1),
                               civil(2026, 8, 1)});
      case 11:
        if (below(3) == 0) return;
        return happens(n, CareCompleted{civil(2026, 7, 1), true});
      default: return visited(n, step);
    }
  }

  Log& log_;
  std::mt19937 chance_;
  JudgedBy judged_by_;
  std::unordered_map<CaseId, Head> heads_;
  std::uint64_t events_ = 0;
};

}  // namespace geleit::testing
