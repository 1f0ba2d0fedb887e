// The command port of a process that is an intake itself.
#pragma once

#include "services/clock.h"
#include "services/command_port.h"
#include "services/intake/intake.h"

namespace geleit {

class IntakePort final : public CommandPort {
 public:
  /// Both outlive it, and every answer.
  IntakePort(Intake& intake, const Clock& clock) : intake_(intake), clock_(clock) {}
  void submit(std::string lines, std::function<void(std::vector<PortAnswer>)> answered) override;

 private:
  Intake& intake_;
  const Clock& clock_;
};

}  // namespace geleit
