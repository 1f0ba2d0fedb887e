#include "projections/bulk_build.h"

#include <algorithm>
#include <deque>
#include <set>
#include <unordered_map>

#include "events/codec.h"
#include "events/sha256.h"
#include "projections/bulk_rows.h"

namespace geleit {
namespace {

/// Shares of the cases that are derived by themselves: more than workers, so that all of them end together.
constexpr std::size_t shares = 2 * std::size_t{rebuild_workers};

/// Cases and trails of some streams, in the order of their ids.
std::array<std::uint64_t, 32> write_streams(std::span<const FoldedPartition::Stream* const> streams,
                                            Loader& loader, const Watched& watched) {
  std::array<std::uint64_t, 32> rows{};
  constexpr std::size_t block_octets = trail_block_versions * trail_entry_octets;
  std::size_t written = 0;
  for (const FoldedPartition::Stream* stream : streams) {
    if (++written % cases_between_looks == 0) watched.look();
    if (!stream->stored.empty()) {
      loader.put(Table::stored_cases, 0, id_key(stream->id.value), stream->stored);
      ++rows[static_cast<std::size_t>(Table::stored_cases)];
    }
    for (std::size_t at = 0; at < stream->trail.size(); at += block_octets) {
      const auto block = static_cast<std::uint32_t>(at / block_octets);
      loader.put(Table::trail, 0, trail_key(stream->id, block), stream->trail.substr(at, block_octets));
      ++rows[static_cast<std::size_t>(Table::trail)];
    }
  }
  loader.finish();
  return rows;
}

std::uint64_t write_stale(std::vector<FoldedPartition>& partitions, Loader& loader) {
  std::vector<std::pair<std::string, std::string>> all;
  for (FoldedPartition& partition : partitions) {
    std::move(partition.stale.begin(), partition.stale.end(), std::back_inserter(all));
  }
  std::sort(all.begin(), all.end());
  for (const auto& [key, value] : all) loader.put(Table::stale, 0, key, value);
  loader.finish();
  return all.size();
}

/// All streams of the partitions in the orders that the tables want.
struct Orders {
  struct ByProvider {
    std::uint32_t provider;  ///< its place among all
    Partition partition;
    const FoldedPartition::Stream* stream;
  };
  std::vector<const FoldedPartition::Stream*> by_id;
  std::vector<ByProvider> by_provider;
  std::set<std::string_view> providers;

  explicit Orders(const std::vector<FoldedPartition>& partitions) {
    // A partition names each provider by the same octets every time.
    std::unordered_map<const char*, std::uint32_t> places;
    for (const FoldedPartition& partition : partitions) {
      for (const auto& stream : partition.streams) {
        by_id.push_back(&stream);
        if (!stream.provider.empty() && places.try_emplace(stream.provider.data(), 0).second)
          providers.insert(stream.provider);
      }
    }
    std::unordered_map<std::string_view, std::uint32_t> place_of;
    for (const std::string_view provider : providers)
      place_of.emplace(provider, static_cast<std::uint32_t>(place_of.size()));
    for (std::uint16_t p = 0; p < partitions.size(); ++p) {
      for (const auto& stream : partitions[p].streams) {
        if (stream.provider.empty()) continue;
        std::uint32_t& place = places[stream.provider.data()];
        if (place == 0) place = place_of.at(stream.provider) + 1;
        by_provider.push_back({place - 1, Partition{p}, &stream});
      }
    }
    std::sort(by_id.begin(), by_id.end(), [](const auto* a, const auto* b) { return a->id < b->id; });
    std::sort(by_provider.begin(), by_provider.end(), [](const ByProvider& a, const ByProvider& b) {
      return a.provider != b.provider ? a.provider < b.provider : a.stream->id < b.stream->id;
    });
  }

  /// Shares of about the same size, none of which ends within a provider.
  [[nodiscard]] std::vector<std::span<const ByProvider>> provider_shares() const {
    std::vector<std::span<const ByProvider>> out;
    const std::size_t size = by_provider.size() / shares + 1;
    for (std::size_t begin = 0; begin < by_provider.size();) {
      std::size_t end = std::min(begin + size, by_provider.size());
      while (end < by_provider.size() && by_provider[end].provider == by_provider[end - 1].provider) ++end;
      out.push_back(std::span(by_provider).subspan(begin, end - begin));
      begin = end;
    }
    return out;
  }
};

std::vector<Table> derived_tables() {
  std::vector<Table> tables;
  for (const ReadModel& model : read_models()) tables.push_back(model.table);
  return tables;
}

void add_rows(StoreState& state, const std::array<std::uint64_t, 32>& rows) {
  for (std::size_t table = 0; table < rows.size(); ++table) state.rows[table] += rows[table];
}

}  // namespace

std::vector<FoldedPartition> fold_partitions(const ReadableLog& log, const Positions& until, RuleBook& rules,
                                             std::optional<CivilDate> as_of, Watched& watched) {
  const std::uint16_t count = log.info().partitions;
  std::vector<FoldedPartition> partitions(count);
  std::deque<PartitionFold> folds;  // by worker
  for (unsigned i = 0; i < rebuild_workers; ++i) folds.emplace_back(count, rules);
  std::vector<Work> tasks;
  for (std::uint16_t p = 0; p < count; ++p) {
    tasks.emplace_back([&, p](std::size_t worker) {
      PartitionFold& fold = folds[worker];
      fold.begin(Partition{p}, until[p], as_of);
      read_partition(log, Partition{p}, until[p], watched,
                     [&](const StoredRecord& record) { fold.add(record); });
      partitions[p] = fold.finish(log);
    });
  }
  run_all(tasks);
  return partitions;
}

BulkBuilt build_tables(std::vector<FoldedPartition>& partitions, const RuleBook& rules,
                       const MakeLoader& make_loader, Watched& watched) {
  const Orders orders(partitions);
  const std::vector<Table> derived = derived_tables();
  BulkBuilt built;
  std::mutex mutex;  // of it
  std::vector<Work> tasks;
  for (const auto share : orders.provider_shares()) {
    tasks.emplace_back([&, share](std::size_t) {
      const auto loader = make_loader();
      BulkRows rows(rules, derived, *loader);
      StoredCase stored;
      std::size_t cases = 0;
      for (const Orders::ByProvider& at : share) {
        if (++cases % cases_between_looks == 0) watched.go_on();
        decode_stored_case(at.stream->stored, stored);
        rows.add(stored.state, {at.partition, at.stream->last});
      }
      rows.finish();
      loader->finish();
      const std::lock_guard lock(mutex);
      add_rows(built.state, rows.rows());
      built.parked.insert(built.parked.end(), rows.parked().begin(), rows.parked().end());
    });
  }
  const std::span<const FoldedPartition::Stream* const> by_id = orders.by_id;
  for (std::size_t i = 0; i < shares; ++i) {
    const std::size_t begin = by_id.size() * i / shares;
    const auto streams = by_id.subspan(begin, by_id.size() * (i + 1) / shares - begin);
    tasks.emplace_back([&, streams](std::size_t) {
      const auto rows = write_streams(streams, *make_loader(), watched);
      const std::lock_guard lock(mutex);
      add_rows(built.state, rows);
    });
  }
  run_all(tasks);
  built.state.stale = write_stale(partitions, *make_loader());
  built.state.rows[static_cast<std::size_t>(Table::stale)] = built.state.stale;
  built.providers.assign(orders.providers.begin(), orders.providers.end());
  for (const FoldedPartition& partition : partitions) {
    built.state.reached.push_back(partition.reached);
    built.state.events += partition.events;
    built.state.foreign += partition.foreign;
    built.parked.insert(built.parked.end(), partition.parked.begin(), partition.parked.end());
  }
  return built;
}

}  // namespace geleit
