#include "services/audit/table_witness.h"

#include <fmt/format.h>

#include <algorithm>

#include "events/rocks_damage.h"
#include "events/uuid.h"
#include "projections/projector.h"
#include "projections/store.h"

namespace geleit {
namespace {

constexpr int open_attempts = 5;

}  // namespace

TablesAsWitness::TablesAsWitness(const std::filesystem::path& tables) {
  if (!has_database_files(tables)) {
    why_ = fmt::format("there are no tables in {}", tables.string());
    return;
  }
  // Beside a service that writes, opening can meet a file that it is just taking away.
  for (int attempt = 1; attempt <= open_attempts && !store_; ++attempt) {
    try {
      store_ = Store::open({.dir = tables, .read_only = true});
      why_.clear();
    } catch (const StoreFailed& failure) { why_ = failure.what(); }
  }
  if (store_) snapshot_ = store_->snapshot();
}

TablesAsWitness::~TablesAsWitness() = default;

const TableWitness* TablesAsWitness::of(const LogInfo& log) {
  if (!snapshot_) return nullptr;
  const StoreState& state = snapshot_->state();
  if (state.log != log.id || state.reached.size() != log.partitions) {
    why_ = "the tables were made from another log";
    return nullptr;
  }
  const std::vector<Table> outdated = store_->outdated();
  if (std::ranges::any_of(outdated, [](Table t) { return t == Table::stored_cases || t == Table::trail; })) {
    why_ = "the tables were made by another version of the program";
    return nullptr;
  }
  witness_.reached = state.positions();
  witness_.heads.resize(log.partitions);
  const std::uint16_t partitions = log.partitions;
  try {
    StoredCase stored;
    snapshot_->scan(Table::stored_cases, {}, false, [&](std::string_view key, std::string_view value) {
      const CaseId id{read_id(key)};
      decode_stored_case(value, stored);
      witness_.heads[partition_of(id, partitions).value].emplace(id, stored.head);
      return true;
    });
  } catch (const std::exception& failure) {
    why_ = failure.what();
    return nullptr;
  }
  witness_.stream_head = [this](const CaseId& id) { return snapshot_->stream_head(id); };
  witness_.cases_in = [this, partitions](const TableWitness::Ranges& ranges) {
    std::vector<std::set<CaseId>> found(ranges.size());
    try {
      snapshot_->scan(Table::trail, {}, false, [&](std::string_view key, std::string_view block) {
        const CaseId id{read_id(key)};
        const Partition partition = partition_of(id, partitions);
        for (std::size_t i = 0; i < block.size() / trail_entry_octets; ++i) {
          const Offset offset = read_trail(block, i).offset;
          for (std::size_t r = 0; r < ranges.size(); ++r) {
            const auto& [from, until] = ranges[r];
            if (from.partition == partition && from.offset <= offset && offset < until) found[r].insert(id);
          }
        }
        return true;
      });
    } catch (const StoreFailed&) {}  // what they can name they have named
    return found;
  };
  return &witness_;
}

}  // namespace geleit
