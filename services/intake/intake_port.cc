#include "services/intake/intake_port.h"

#include <algorithm>

#include "services/intake/command_json.h"

namespace geleit {
namespace {

PortAnswer said(const Answer& answer) {
  const auto* rejection = std::get_if<Rejection>(&answer);
  if (!rejection) return PortAnswer::recorded;
  const bool unsettled =
      rejection->kind == RejectionKind::not_ready || rejection->kind == RejectionKind::overloaded;
  return unsettled ? PortAnswer::later : PortAnswer::refused;
}

}  // namespace

void IntakePort::submit(std::string lines, std::function<void(std::vector<PortAnswer>)> answered) {
  thread_local CommandReader reader;
  const Instant now = clock_.now();
  std::vector<Submitted> commands;
  for (std::string_view rest = lines; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    commands.push_back(reader.read(rest.substr(0, end), now, Caller::service));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  const std::size_t count = commands.size();
  const auto answer = [answered](const std::vector<Answer>& answers) {
    std::vector<PortAnswer> told(answers.size());
    std::ranges::transform(answers, told.begin(), said);
    answered(std::move(told));
  };
  if (!intake_.submit(std::move(commands), false, {}, answer))
    answered(std::vector<PortAnswer>(count, PortAnswer::later));
}

}  // namespace geleit
