// Random lives of cases of both benefits for RapidCheck: any order of events that intake would accept
// (API.md, What is allowed when).
#pragma once

#include <rapidcheck.h>

#include "tests/unit/case_story.h"

namespace geleit::testing {

inline int pick(int from, int until) { return *rc::gen::inRange(from, until); }
/// A day of the case's first five months, as text.
inline std::string any_day() { return to_string(day("2026-02-01") + pick(0, 150)); }
inline int any_minutes() { return 15 * pick(1, 9); }

/// Adds one event that is allowed now, or none.
inline void add_step(CaseStory& story, int& names) {
  const Case& c = story.now();
  const CaseState state = state_of(c);
  const bool ended = is_ended(c);
  const bool can_take_visits = !ended || state == CaseState::completed || state == CaseState::discontinued;
  const auto visit_in = [&](VisitState wanted) -> std::optional<int> {
    std::vector<int> found;
    for (const Visit& v : c.visits) {
      if (v.state == wanted) found.push_back(static_cast<int>(v.id.value.low & 0xffff));
    }
    if (found.empty()) return std::nullopt;
    return found[static_cast<std::size_t>(pick(0, static_cast<int>(found.size())))];
  };
  const auto standing = [&]() -> std::optional<int> {
    for (const Approval& a : c.approvals) {
      if (a.stands() && pick(0, 2) == 0) return static_cast<int>(a.id.value.low & 0xffff);
    }
    return std::nullopt;
  };
  const bool smn = c.benefit == Benefit::smn;
  const VisitData data{.place = pick(0, 2) ? Place::home : Place::phone,
                       .hour = pick(8, 18),
                       .group_size = smn || pick(0, 3) ? 0 : pick(1, 14)};
  const Denial* denial = latest_denial(c);
  switch (pick(0, 25)) {
    case 0:
      if (state == CaseState::withdrawn) break;
      if (smn) {
        story.discharged(any_day());
      } else {
        const CivilDate from = day(any_day());
        story.happens(ExemptionRecorded{from, from + pick(0, 120)});
      }
      break;
    case 1:
    case 2:
    case 3:
      if (can_take_visits) story.delivered(++names, any_day(), any_minutes(), data);
      break;
    case 4:
      if (!ended) story.scheduled(++names, any_day(), any_minutes(), data);
      break;
    case 5:
      if (const auto v = visit_in(VisitState::scheduled); v && can_take_visits) {
        story.delivered(*v, any_day(), any_minutes(), data);
      }
      break;
    case 6:
      if (const auto v = visit_in(VisitState::scheduled)) story.cancelled(*v);
      break;
    case 7:
      if (const auto v = visit_in(VisitState::delivered)) story.corrected(*v, any_minutes());
      break;
    case 8:
      if (const auto v = visit_in(VisitState::delivered)) story.corrected_to(*v, any_day());
      break;
    case 9:
      if (const auto v = visit_in(VisitState::delivered)) story.voided(*v);
      break;
    case 10:
    case 11:
      if (!ended || state == CaseState::denied) {
        story.applied(any_day(), pick(1, 21), pick(0, 4) ? Regime::sgb5_13_3a : Regime::sgb9_14_18);
      }
      break;
    case 12:
    case 13:
      if (!c.applications.empty() && state != CaseState::withdrawn) {
        const std::string from = any_day();
        story.granted(++names, any_day(), pick(1, 21), from, to_string(day(from) + pick(0, 120)));
      }
      break;
    case 14:
      if (!c.applications.empty() && state != CaseState::withdrawn) story.denied(any_day(), pick(0, 5) != 0);
      break;
    case 15:
      if (denial && !denial->objection_filed_on) story.objected(any_day());
      break;
    case 16:
      if (denial && denial->objection_filed_on && !denial->objection_decided_on) {
        story.objection_decided(any_day(), pick(0, 2) == 0);
      }
      break;
    case 17:
      if (const auto a = standing()) story.revoked(*a);
      break;
    case 18:
      if (const auto a = standing()) story.correct_approval(*a, pick(1, 21));
      break;
    case 19:
      if (smn && state == CaseState::running) {
        const std::string on = any_day();
        story.followed_up(on, 4).extension_requested(on, 4);
      } else if (!smn && !ended) {
        const bool trial = pick(0, 3) == 0;
        story.followed_up(any_day(), trial ? 5 : pick(1, 31), trial);
      }
      break;
    case 20:
      if (oldest_undecided(c, true)) {
        const std::string from = any_day();
        story.extension_granted(++names, any_day(), 4, from, to_string(day(from) + 60));
      }
      break;
    case 21:
      if (state == CaseState::running) {
        story.completed(any_day());
      } else if (!ended) {
        story.discontinued(any_day());
      } else if (state == CaseState::completed || state == CaseState::discontinued) {
        story.reported(any_day());
      }
      break;
    case 22:
      if (!ended && !any_delivered(c)) story.withdrawn(any_day());
      break;
    case 23:
      if (c.end) story.reopened();
      break;
    case 24:
      if (state != CaseState::withdrawn) story.ticks("send_final_report", "sign", any_day(), pick(0, 3) != 0);
      break;
  }
}

inline void add_steps(CaseStory& story) {
  const int steps = pick(0, 40);
  int names = 0;
  for (int i = 0; i < steps; ++i) add_step(story, names);
}

/// A life in Soziotherapie, every other one begun with a trial; `story` may be judged by another set.
inline CaseStory any_st_story(CaseStory story = CaseStory()) {
  const bool trial = pick(0, 2) == 0;
  story.referred({.benefit = Benefit::st,
                  .received_on = "2026-02-01",
                  .units = trial ? 5 : pick(1, 31),
                  .trial = trial});
  add_steps(story);
  return story;
}

/// A life of either benefit; `story` may be judged by other sets.
inline CaseStory any_life(CaseStory story) {
  if (pick(0, 3) == 0) return any_st_story(std::move(story));
  story.referred({.received_on = "2026-02-01", .units = pick(6, 21)});
  add_steps(story);
  return story;
}
inline CaseStory any_story(int number = 1) { return any_life(CaseStory(number)); }

}  // namespace geleit::testing
