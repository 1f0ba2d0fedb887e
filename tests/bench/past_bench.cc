// How soon a past can be read (services/audit/README.md, Two times), on a data directory as country_log makes
// it; tables that are missing are made first. One line of JSON: one case at random instants and days, a
// facility's years cold and warm, and everything, as known two thirds through and as of a day then.
//   past_bench DIRECTORY [cases to ask for]      default 2000
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <random>

#include "events/civil_time.h"
#include "events/embedded_log.h"
#include "projections/past.h"
#include "projections/projector.h"
#include "projections/rebuild.h"
#include "projections/table_keys.h"

namespace geleit {
namespace {

template <class Work>
double ms_of(Work&& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

double percentile(std::vector<double>& all, double part) {
  std::sort(all.begin(), all.end());
  return all[std::min(all.size() - 1, static_cast<std::size_t>(part * static_cast<double>(all.size())))];
}

void measure(const std::filesystem::path& dir, std::size_t asked) {
  EmbeddedLogOptions options;
  options.dir = dir / "log";
  options.clock = [] { return Instant{}; };
  const auto log = EmbeddedLog::open(std::move(options));
  const auto store = Store::open({.dir = dir / "tables"});
  RuleBook rules;
  {
    Projector projector(*log, *store, rules);
    projector.prepare({});
    while (projector.step() > 0) {}
  }
  const auto present = store->snapshot();
  const StoreState& state = present->state();
  std::mt19937_64 chance(1);
  RecordedTimes times(*log);
  // From the first to the last record of the first partition.
  Instant first;
  const Position begin;
  log->read_at({&begin, 1}, [&](const StoredRecord& record) { first = record.recorded; });
  const std::int64_t span = state.reached[0].recorded.ms - first.ms;
  const auto at = [&](double part) {
    return Instant{first.ms + static_cast<std::int64_t>(part * static_cast<double>(span))};
  };
  const auto some_instant = [&] { return at(static_cast<double>(chance() % 10'000) / 10'000); };

  std::vector<CaseId> cases;
  std::map<std::string, std::uint64_t> of_provider;
  present->scan(Table::stored_cases, "", false, [&](std::string_view key, std::string_view value) {
    cases.push_back({read_id(key)});
    const StoredCase stored = decode_stored_case(value);
    of_provider[stored.state.provider] += stored.head.version.value;
    return true;
  });
  const auto largest = std::ranges::max_element(of_provider, {}, [](const auto& p) { return p.second; });

  std::vector<double> one, instants;  // and of it, finding what was known by then
  for (std::size_t i = 0; i < asked; ++i) {
    const CaseId id = cases[chance() % cases.size()];
    const Instant known_at = some_instant();
    const CivilDate as_of = berlin_date(some_instant());
    std::vector<Reached> reached;
    instants.push_back(ms_of([&] { reached = times.reached_by(state, known_at); }));
    one.push_back(instants.back() + ms_of([&] {
                    const Offset until =
                        reached[partition_of(id, static_cast<std::uint16_t>(reached.size())).value].next;
                    const auto past = past_case(*log, *present, id, until,
                                                i % 2 == 0 ? std::optional(as_of) : std::nullopt);
                    if (past) (void)Subject(past->state, rules).deadlines();
                  }));
  }

  const PastAsk known{times.reached_by(state, at(0.66)), {}};
  const PastAsk true_then{state.reached, berlin_date(at(0.66))};
  const Progress unheard;
  const auto facility = [&](const PastAsk& ask) {
    Watched watched(unheard, {});
    return ms_of([&] {
      const ProviderCases of = cases_of(*store, *present, largest->first);
      (void)past_of_cases(*log, *present, rules, ask, of.cases, watched);
    });
  };
  const double facility_cold = facility(true_then), facility_as_of = facility(true_then),
               facility_known = facility(known);
  const Checkpoints none(dir / "past-bench-none");
  const auto everything = [&](const PastAsk& ask) {
    return ms_of([&] { (void)past_of_all(*log, rules, ask, none, dir / "past-bench", {}, {}); });
  };
  const double all_known = everything(known), all_as_of = everything(true_then);
  fmt::print(
      "{{\"events\":{},\"cases\":{},\"one_case_ms\":{{\"p50\":{:.2f},\"p99\":{:.2f},"
      "\"of_it_the_instant\":{{\"p50\":{:.2f},\"p99\":{:.2f}}}}},"
      "\"facility\":{{\"events\":{},\"first_as_of_ms\":{:.0f},\"as_of_ms\":{:.0f},\"known_at_ms\":{:.0f}}},"
      "\"everything\":{{\"known_at_s\":{:.1f},\"as_of_s\":{:.1f}}}}}\n",
      state.events, cases.size(), percentile(one, 0.5), percentile(one, 0.99), percentile(instants, 0.5),
      percentile(instants, 0.99), largest->second, facility_cold, facility_as_of, facility_known,
      all_known / 1'000, all_as_of / 1'000);
}

}  // namespace
}  // namespace geleit

int main(int count, char** arguments) {
  if (count < 2) {
    fmt::print(stderr, "past_bench DIRECTORY [cases to ask for]\n");
    return 2;
  }
  geleit::measure(arguments[1], count > 2 ? std::stoul(arguments[2]) : 2'000);
}
