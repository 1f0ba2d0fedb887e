// Deadlines as arithmetic: one rule, one anchor, one calendar, and the sentence that explains it. Pure
// functions; which deadlines a case has is told by projections/deadlines.cc.
#pragma once

#include <optional>
#include <string>

#include "events/event_words.h"
#include "events/rule.h"
#include "projections/rules/calendar.h"
#include "projections/rules/catalogue.h"
#include "projections/rules/rule_set.h"

namespace geleit {

/// What a deadline comes to. `due_on` is the last day as counted, `acts_on` the rolled one where the rule
/// rolls (CAL-ROLL), else the same; `hint_on` an earlier or rolled date shown as a warning only (API.md,
/// Deadlines).
struct DeadlineDates {
  CivilDate due_on;
  CivilDate acts_on;
  std::optional<CivilDate> hint_on;
};

[[nodiscard]] DeadlineDates start_deadline(const RuleSet& rules, CivilDate discharged_on, Calendar calendar);
/// `anchor_on` as SMN-COMPLETE-ANCHOR says; the hint is counted from the discharge where it is known.
[[nodiscard]] DeadlineDates complete_deadline(const RuleSet& rules, CivilDate anchor_on,
                                              std::optional<CivilDate> discharged_on, Calendar calendar);
[[nodiscard]] DeadlineDates prescriber_window_deadline(const RuleSet& rules, CivilDate discharged_on,
                                                       Calendar calendar);
/// GKV-DECISION under § 13(3a) SGB V; `expert`: an opinion was taken and the insured told in time.
[[nodiscard]] DeadlineDates decision_deadline(const RuleSet& rules, CivilDate received_on, bool expert,
                                              Calendar calendar);
/// GKV-DECISION under §§ 14–18 SGB IX: 3 weeks; with an opinion 2 weeks from it, at most 2 months in all.
[[nodiscard]] DeadlineDates decision_deadline_sgb9(const RuleSet& rules, CivilDate received_on,
                                                   std::optional<CivilDate> opinion_on, Calendar calendar);
/// GKV-OBJECTION from the posting (GKV-NOTICE counted first).
[[nodiscard]] DeadlineDates objection_deadline(const RuleSet& rules, CivilDate posted_on,
                                               bool instruction_given, Calendar calendar);
/// GKV-NOTICE: the day on which a posted decision counts as notified, whatever day that is.
[[nodiscard]] DeadlineDates notice_deadline(const RuleSet& rules, CivilDate posted_on);
[[nodiscard]] DeadlineDates total_deadline(const RuleSet& rules, CivilDate first_unit_on, Calendar calendar);
/// SMN-AGE: the last day for the first unit, which is the day before the birthday (CAL-BIRTHDAY).
[[nodiscard]] DeadlineDates age_deadline(const RuleSet& rules, CivilDate born, bool severe);
/// ST-COPAY: the last day without co-payment because of the age.
[[nodiscard]] DeadlineDates no_copay_deadline(const RuleSet& rules, CivilDate born);
/// REC-RETENTION: the last day on which records of a treatment that ended then are kept; `invoice`: an
/// invoice of that day, which § 147(4) AO counts from the end of its year.
[[nodiscard]] DeadlineDates retention_deadline(const RuleSet& rules, CivilDate from, bool invoice);

/// CAL-ROLL: a deadline for acting; Friday 2026-04-03 (Karfreitag) acts on Tuesday 2026-04-07.
[[nodiscard]] DeadlineDates action_deadline(CivilDate due_on, Calendar calendar);
/// CAL-NO-ROLL: a benefit window; the next working day is the hint where the last day is none.
[[nodiscard]] DeadlineDates window_deadline(CivilDate due_on, Calendar calendar);
/// CAL-EVENT-DAY, CAL-WEEKS, CAL-MONTHS: so many days, weeks or months from an event; CAL-BIRTHDAY: the day
/// with whose end somebody born then completes that year of life. `rule` is one of these (asserted).
[[nodiscard]] DeadlineDates counted_deadline(Rule rule, CivilDate from, int count);

/// What a sentence about a deadline needs to know.
struct DeadlineStory {
  Rule rule;
  CivilDate anchor_on;
  DeadlineDates dates;
  Calendar calendar;
  bool expert = false;            ///< GKV-DECISION with expert opinion
  bool sgb9 = false;              ///< GKV-DECISION under SGB IX
  bool instruction_given = true;  ///< GKV-OBJECTION
  bool severe = false;            ///< SMN-AGE
  bool invoice = false;           ///< REC-RETENTION
  int count = 0;                  ///< CAL-EVENT-DAY, CAL-WEEKS, CAL-MONTHS, CAL-BIRTHDAY
};
/// A few sentences as a case manager would say them, the days named: "Antragseingang bei der Krankenkasse am
/// Fr 13.03.2026. Sie hat 3 Wochen Zeit zu entscheiden, also bis Fr 03.04.2026 (Karfreitag) → Di 07.04.2026.
/// …". `rule` must be one of the rules above (asserted).
[[nodiscard]] std::string explain(const RuleSet& rules, const DeadlineStory& story, Language language);

/// ST-COPAY: 0 under 18 or exempt, else min(cost, clamp(cost × 10 %, 500, 1000)), half a cent rounded up.
[[nodiscard]] Cents copay(const RuleSet& rules, Cents cost, CivilDate on, CivilDate born, bool exempt);

/// "Fr 03.04.2026" / "Fri 2026-04-03", with the holiday's name in brackets where there is one.
[[nodiscard]] std::string name_day(CivilDate day, Calendar calendar, Language language);

}  // namespace geleit
