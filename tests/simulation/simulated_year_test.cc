// Simulated lines taken by intake itself: text, decision, fold. What a year of a few facilities holds is
// accepted, all of it; only what the priors ask to be wrong may be refused.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <variant>

#include "events/civil_time.h"
#include "events/uuid.h"
#include "projections/evolve.h"
#include "projections/rules/rule_set.h"
#include "services/intake/command_json.h"
#include "services/intake/decide.h"
#include "services/simulate/simulator.h"

namespace geleit {
namespace {

class OpenSealer final : public Sealer {
 public:
  Sealed seal(SealedField, std::string_view clear) override {
    kept_.emplace_back(clear);
    return {kept_.back()};
  }

 private:
  std::deque<std::string> kept_;
};

class Intake {
 public:
  Intake() { book_.adopt({SettingsScope::shipped, rules_.from(), rules_.hash(), rules_.content()}); }

  /// Empty when accepted or repeated, else why not.
  std::string take(std::string_view line) {
    auto read = reader_.read(line, [this](std::optional<Instant> entered) { return now_ = entered.value(); });
    if (const auto* refused = std::get_if<Rejection>(&read)) return refused->detail.en;
    const Command& command = std::get<Command>(read);
    if (!taken_.insert(to_string(command.id)).second) return "";
    Told& told = cases_[to_string(case_of(command))];
    OpenSealer sealer;
    const auto answer = decide(told.state, command,
                               {.now = now_,
                                .today = berlin_date(now_),
                                .rules = rules_,
                                .person = told.state.head.version.value > 0 ? &told.person : nullptr,
                                .rule_book = book_,
                                .seal = sealer});
    if (const auto* refused = std::get_if<Rejection>(&answer)) return refused->detail.en;
    const auto& proposal = std::get<Proposal>(answer);
    if (const auto* referral = std::get_if<ReceiveReferral>(&command.data)) {
      told.person.born = referral->person->born;
    }
    Event event;
    event.id = command.id;
    event.stream = case_of(command);
    event.version = next(told.state.head.version);
    event.previous = told.state.head.hash;
    event.happened = command.happened;
    event.decided = now_;
    event.provider = "hana-muenchen";
    event.judged_by.shipped = rules_.hash();
    event.findings = proposal.findings;
    event.deviations = proposal.deviations;
    event.payload = proposal.payload;
    evolve(told.state, event, Hash{{event.version.value, 1, 2, 3}});
    return "";
  }

  [[nodiscard]] std::size_t taken() const { return taken_.size(); }

 private:
  struct Told {
    Case state;
    PersonData person;
  };
  const RuleSet& rules_ = *shipped_rule_sets().back();
  RuleBook book_;
  CommandReader reader_;
  Instant now_;
  std::unordered_map<std::string, Told> cases_;
  std::unordered_set<std::string> taken_;
};

TEST(SimulatedYear, IsAcceptedLineByLine) {
  const Priors priors = Priors::parse(shipped_priors());
  for (const std::uint64_t seed : {1, 2, 3}) {
    Simulator simulator({.seed = seed, .facilities = 12, .years = 2}, priors);
    Intake intake;
    std::string line;
    while (simulator.next(line)) {
      line.pop_back();
      const std::string refused = intake.take(line);
      ASSERT_EQ(refused, "") << line;
      line.clear();
    }
    EXPECT_GT(intake.taken(), 60'000U);
  }
}

}  // namespace
}  // namespace geleit
