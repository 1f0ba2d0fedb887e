// What a case costs: folding it, storing and loading it, and each read model; for a case as long as they are
// (some eighty events, thirty visits).
#include <benchmark/benchmark.h>

#include "tests/unit/case_story.h"

namespace geleit {
namespace {

const testing::CaseStory& long_story() {
  static const testing::CaseStory story = [] {
    testing::CaseStory s;
    s.referred({.discharged_on = "2026-02-20"}).has_lead("m.roth").plans("2026-02-21").applied("2026-02-20");
    s.granted(1, "2026-02-27", 12, "2026-02-20", "2026-06-30");
    for (int i = 0; i < 30; ++i) {
      const std::string on = to_string(testing::day("2026-02-24") + 2 * i);
      s.scheduled(i, on, 45).delivered(i, on, 45);
      if (i % 15 == 0) s.corrected(i, 30);
    }
    s.followed_up("2026-04-20", 4).extension_requested("2026-04-20", 4);
    s.extension_granted(2, "2026-04-28", 4, "2026-04-28", "2026-06-30");
    s.completed("2026-05-08").reported("2026-05-10");
    return s;
  }();
  return story;
}

void EncodeCase(benchmark::State& state) {
  const Case& c = long_story().now();
  std::size_t octets = 0;
  for (auto _ : state) octets = encode_case(c).size();
  state.counters["octets"] = static_cast<double>(octets);
}
BENCHMARK(EncodeCase);

void DecodeCase(benchmark::State& state) {
  const std::string bytes = encode_case(long_story().now());
  Case c;
  for (auto _ : state) decode_case(bytes, c);
}
BENCHMARK(DecodeCase);

void Derive(benchmark::State& state, Table table) {
  const testing::CaseStory& story = long_story();
  Derived out;
  for (auto _ : state) {
    out.clear();
    const Subject subject(story.now(), story.rules());
    for (const ReadModel& model : read_models()) {
      if (model.table == table || table == Table::stored_cases) model.derive(subject, out);
    }
  }
  std::size_t octets = 0;
  for (const DerivedRow& row : out.rows) {
    octets += row.key.size() + row.bytes.size();
    for (const IndexKey& key : row.index) octets += key.value.size() + row.key.size();
  }
  state.counters["rows"] = static_cast<double>(out.rows.size());
  state.counters["counts"] = static_cast<double>(out.counts.size());
  state.counters["octets"] = static_cast<double>(octets);
}
BENCHMARK_CAPTURE(Derive, all, Table::stored_cases);
BENCHMARK_CAPTURE(Derive, cases, Table::cases);
BENCHMARK_CAPTURE(Derive, deadlines, Table::deadlines);
BENCHMARK_CAPTURE(Derive, unit_balances, Table::unit_balances);
BENCHMARK_CAPTURE(Derive, tasks, Table::tasks);
BENCHMARK_CAPTURE(Derive, visits, Table::visits);
BENCHMARK_CAPTURE(Derive, key_figures, Table::key_figures);

}  // namespace
}  // namespace geleit

BENCHMARK_MAIN();
