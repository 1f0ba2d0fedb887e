#include "services/access_role.h"

#include <algorithm>

namespace geleit {
namespace {

using enum AccessRole;

constexpr AccessRoles everybody = AccessRoles::all();
/// Who knows the cases of a provider and their persons.
constexpr AccessRoles readers(case_manager, team_lead, dispatcher, auditor, insurer_desk);
constexpr AccessRoles readers_of_visits(case_manager, team_lead, dispatcher, auditor);
constexpr AccessRoles readers_of_history(case_manager, team_lead, auditor);

constexpr std::array rights{
    RouteRight{"GET", "/livez", everybody, true},
    RouteRight{"GET", "/readyz", everybody, true},
    RouteRight{"GET", "/metrics", AccessRoles(operator_)},
    // The dashboard's files are the same for everybody; what they show they ask for.
    RouteRight{"GET", "/", everybody, true},
    RouteRight{"GET", "/heute", everybody, true},
    RouteRight{"GET", "/fristen", everybody, true},
    RouteRight{"GET", "/faelle", everybody, true},
    RouteRight{"GET", "/fall/{case}", everybody, true},
    RouteRight{"GET", "/termine", everybody, true},
    RouteRight{"GET", "/warnungen", everybody, true},
    RouteRight{"GET", "/kennzahlen", everybody, true},
    RouteRight{"GET", "/stand", everybody, true},
    RouteRight{"GET", "/eintragen/{command}", everybody, true},
    RouteRight{"GET", "/assets/{file}", everybody, true},
    // The address is the secret: calendar programs send no token.
    RouteRight{"GET", "/v1/calendars/{calendar}", everybody, true},

    RouteRight{"GET", "/v1/me", everybody},
    RouteRight{"GET", "/v1/openapi.json", everybody},
    RouteRight{"GET", "/v1/status", AccessRoles(operator_)},
    RouteRight{"GET", "/status", AccessRoles(operator_)},
    RouteRight{"GET", "/v1/settings",
               AccessRoles(case_manager, team_lead, management, dispatcher, auditor, insurer_desk, admin)},
    RouteRight{"GET", "/v1/key-figures", AccessRoles(team_lead, management, auditor)},

    RouteRight{"GET", "/v1/cases", readers},
    RouteRight{"GET", "/v1/cases/{case}", readers},
    RouteRight{"GET", "/v1/cases/{case}/history", readers_of_history},
    RouteRight{"GET", "/v1/deadlines", readers},
    RouteRight{"GET", "/v1/unit-balances", readers},
    RouteRight{"GET", "/v1/tasks", readers},
    RouteRight{"GET", "/v1/alerts", readers},
    RouteRight{"GET", "/v1/overdue-starts", readers_of_visits},
    RouteRight{"GET", "/v1/visits", readers_of_visits},
    RouteRight{"GET", "/v1/stream", readers},

    RouteRight{"POST", "/v1/commands",
               AccessRoles(case_manager, team_lead, dispatcher, insurer_desk, service, admin)},
    RouteRight{"POST", "/v1/alerts/{alert}/resend", AccessRoles(team_lead, operator_)},

    RouteRight{"GET", "/v1/privacy/due", AccessRoles(team_lead, auditor)},
    RouteRight{"GET", "/v1/privacy/status", AccessRoles(team_lead, auditor)},
    RouteRight{"POST", "/v1/privacy/{person}/erase", AccessRoles(team_lead)},
    RouteRight{"POST", "/v1/privacy/{person}/restrict", AccessRoles(team_lead)},
    RouteRight{"POST", "/v1/privacy/{person}/lift", AccessRoles(team_lead)},

    RouteRight{"POST", "/v1/cases/{case}/retry", AccessRoles(operator_)},
    RouteRight{"POST", "/v1/backup", AccessRoles(operator_)},

    RouteRight{"GET", "/v1/tokens", AccessRoles(admin)},
    RouteRight{"POST", "/v1/tokens", AccessRoles(admin)},
    RouteRight{"POST", "/v1/tokens/{token}/revoke", AccessRoles(admin)},
};

struct CommandRight {
  std::string_view command;
  AccessRoles roles;
};

constexpr AccessRoles of_a_case(case_manager, team_lead, service);
constexpr AccessRoles of_an_insurer(case_manager, team_lead, service, insurer_desk);
constexpr AccessRoles of_a_plan(case_manager, team_lead, service, dispatcher);

constexpr std::array commands{
    CommandRight{"ReceiveReferral", of_a_case},
    CommandRight{"AmendReferral", of_a_case},
    CommandRight{"ReceiveFollowUpReferral", of_a_case},
    CommandRight{"WithdrawReferral", of_a_case},
    CommandRight{"RecordDischarge", of_a_case},
    CommandRight{"AgreeCarePlan", of_a_case},
    CommandRight{"DeliverVisit", of_a_case},
    CommandRight{"CorrectVisit", of_a_case},
    CommandRight{"VoidVisit", of_a_case},
    CommandRight{"CompleteCare", of_a_case},
    CommandRight{"DiscontinueCare", of_a_case},
    CommandRight{"ReopenCase", of_a_case},
    CommandRight{"SendFinalReport", of_a_case},
    CommandRight{"TickChecklist", of_a_case},
    CommandRight{"AcknowledgeAlert", of_a_case},
    CommandRight{"SnoozeAlert", of_a_case},

    CommandRight{"SubmitApplication", of_an_insurer},
    CommandRight{"NoteExpertOpinion", of_an_insurer},
    CommandRight{"GrantApproval", of_an_insurer},
    CommandRight{"CorrectApproval", of_an_insurer},
    CommandRight{"RevokeApproval", of_an_insurer},
    CommandRight{"DenyApproval", of_an_insurer},
    CommandRight{"FileObjection", of_an_insurer},
    CommandRight{"DecideObjection", of_an_insurer},
    CommandRight{"RequestExtension", of_an_insurer},
    CommandRight{"GrantExtension", of_an_insurer},
    CommandRight{"DenyExtension", of_an_insurer},
    CommandRight{"RecordCoverage", of_an_insurer},
    CommandRight{"RecordExemption", of_an_insurer},

    CommandRight{"AssignCareTeam", of_a_plan},
    CommandRight{"ScheduleVisit", of_a_plan},
    CommandRight{"RescheduleVisit", of_a_plan},
    CommandRight{"CancelVisit", of_a_plan},
    CommandRight{"MissVisit", of_a_plan},

    CommandRight{"AdoptSettings", AccessRoles(team_lead, admin)},
    CommandRight{"RestrictProcessing", AccessRoles(team_lead)},
    CommandRight{"LiftRestriction", AccessRoles(team_lead)},
};

}  // namespace

std::string names_of(AccessRoles roles) {
  std::string names;
  roles.each([&](std::string_view role) { names.append(names.empty() ? "" : ", ").append(role); });
  return names;
}

std::span<const RouteRight> route_rights() { return rights; }

const RouteRight* route_right(std::string_view method, std::string_view path) {
  const auto found =
      std::ranges::find_if(rights, [&](const auto& r) { return r.method == method && r.path == path; });
  return found == rights.end() ? nullptr : &*found;
}

bool may_send(AccessRoles roles, std::string_view command) {
  const auto found = std::ranges::find(commands, command, &CommandRight::command);
  return found != commands.end() && roles.any_of(found->roles);
}

bool may_list(AccessRoles roles, std::string_view list) {
  const RouteRight* right = route_right("GET", "/v1/" + std::string(list));
  return right != nullptr && roles.any_of(right->roles);
}

}  // namespace geleit
