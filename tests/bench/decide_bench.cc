// One DeliverVisit on its way through intake's pure parts: JSON to command, command to event.
#include <benchmark/benchmark.h>

#include <deque>

#include "events/civil_time.h"
#include "services/intake/command_json.h"
#include "services/intake/decide.h"

namespace geleit {
namespace {

const std::string delivery =
    R"({"command":"DeliverVisit","id":"0190a5b2-0001-7abc-8def-000000000001",)"
    R"("case":"0190a5b2-0002-7abc-8def-000000000002","happened":"2026-03-02T14:10:00+01:00",)"
    R"("by":"m.roth","entered":"2026-03-02T18:10:00+01:00",)"
    R"("data":{"visit":"0190a5b2-0003-7abc-8def-000000000003",)"
    R"("started_at":"2026-03-02T14:10:00+01:00","minutes":45,"place":"home",)"
    R"("category":"guidance","staff":"m.roth","note":"Sondenkost geübt, Eltern sicher"}})";

class KeepingSealer final : public Sealer {
 public:
  Sealed seal(SealedField, std::string_view clear) override { return {kept_.emplace_back(clear)}; }
  void clear() { kept_.clear(); }

 private:
  std::deque<std::string> kept_;
};

void ReadDelivery(benchmark::State& state) {
  CommandReader reader;
  const Instant now = berlin_time(civil(2026, 6, 1), 12, 0);
  const CommandReader::AskNow ask = [now](std::optional<Instant>) { return now; };
  for (auto _ : state) {
    auto read = reader.read(delivery, ask);
    if (!std::holds_alternative<Command>(read)) state.SkipWithError("refused");
    benchmark::DoNotOptimize(read);
  }
}
BENCHMARK(ReadDelivery);

void DecideDelivery(benchmark::State& state) {
  const RuleSet& rules = *shipped_rule_sets().back();
  RuleBook book;
  book.adopt({SettingsScope::shipped, rules.from(), rules.hash(), rules.content()});
  Case c;
  c.id = {{1, 2}};
  c.head.version = Version{20};
  c.judged.push_back({rules.hash(), {}, {}});
  c.discharged_on = civil(2026, 2, 20);
  for (std::uint64_t i = 1; i <= 16; ++i) {
    Visit v;
    v.id = {{7, i}};
    v.starts_at = berlin_time(civil(2026, 2, 21) + static_cast<int>(i), 9, 0);
    v.on = berlin_date(v.starts_at);
    v.minutes = Minutes{60};
    v.state = VisitState::delivered;
    v.category = Category::guidance;
    c.visits.push_back(v);
  }
  PersonData person;
  person.born = civil(2020, 5, 10);
  CommandReader reader;
  KeepingSealer sealer;
  const Instant now = berlin_time(civil(2026, 6, 1), 12, 0);
  auto read = reader.read(delivery, now);
  const Command& command = std::get<Command>(read);
  for (auto _ : state) {
    auto decided = decide(c, command,
                          {.now = now,
                           .today = berlin_date(now),
                           .rules = rules,
                           .person = &person,
                           .rule_book = book,
                           .seal = sealer});
    if (!std::holds_alternative<Proposal>(decided)) state.SkipWithError("refused");
    benchmark::DoNotOptimize(decided);
    sealer.clear();
  }
}
BENCHMARK(DecideDelivery);

}  // namespace
}  // namespace geleit

BENCHMARK_MAIN();
