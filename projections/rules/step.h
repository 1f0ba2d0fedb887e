// The steps of the workflow by their words: what somebody has to do next in a case, and whose it is. What a
// step says of itself (when it stands, until when it is due, its title) lies in schema/workflow (workflow.h).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "events/event_words.h"

namespace geleit {

/// What somebody has to do next; `none` = the case is finished. Numbers are for ever: they stand in keys.
enum class Task : std::uint8_t {
  none,
  assign_team,
  clarify_coverage,
  agree_care_plan,
  record_discharge,
  submit_application,
  await_decision,
  call_insurer,
  decide_on_objection,
  await_objection_decision,
  schedule_first_visit,
  start_care,
  document_visit,
  visit_at_home,
  schedule_visit,
  secure_approval,
  request_extension,
  complete_care,
  send_final_report,
  obtain_referral,
  remind_insurer,
  plan_last_units,
  prepare_extension,
};
template <>
inline constexpr std::array<std::string_view, 23> words<Task>{"none",
                                                              "assign_team",
                                                              "clarify_coverage",
                                                              "agree_care_plan",
                                                              "record_discharge",
                                                              "submit_application",
                                                              "await_decision",
                                                              "call_insurer",
                                                              "decide_on_objection",
                                                              "await_objection_decision",
                                                              "schedule_first_visit",
                                                              "start_care",
                                                              "document_visit",
                                                              "visit_at_home",
                                                              "schedule_visit",
                                                              "secure_approval",
                                                              "request_extension",
                                                              "complete_care",
                                                              "send_final_report",
                                                              "obtain_referral",
                                                              "remind_insurer",
                                                              "plan_last_units",
                                                              "prepare_extension"};
/// A step that a case can have: every task but `none`.
[[nodiscard]] constexpr bool is_step(std::string_view text) {
  const auto task = parse_word<Task>(text);
  return task && *task != Task::none;
}

enum class Role : std::uint8_t { lead, team, management };
template <>
inline constexpr std::array<std::string_view, 3> words<Role>{"lead", "team", "management"};

}  // namespace geleit
