#include "projections/told_rows.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "events/codec.h"
#include "events/log_walk.h"
#include "projections/difference.h"
#include "projections/evolve.h"
#include "projections/projector.h"
#include "projections/read_models.h"
#include "projections/rebuild.h"

namespace geleit {
namespace {

/// Streams with a record from `from` up to `to`.
std::set<CaseId> touched_between(const ReadableLog& log, const Positions& from, const Positions& to) {
  std::set<CaseId> touched;
  for (std::size_t p = 0; p < from.size(); ++p) {
    walk_between(
        log, Partition{static_cast<std::uint16_t>(p)}, from[p], to[p],
        [&](const StoredRecord& record) {
          if (const auto link = link_of(record.bytes)) touched.insert(link->stream);
        },
        [](std::size_t) {});
  }
  return touched;
}

/// The case as it was when the log's partition ended at each of the two offsets.
std::pair<Case, Case> folded_to(const ReadableLog& log, const Snapshot& snapshot, const CaseId& id,
                                Version head, Offset from, Offset to) {
  std::vector<Position> positions = positions_along_trail(snapshot, id, Version{1}, head);
  std::erase_if(positions, [&](const Position& at) { return at.offset >= to; });
  std::pair<Case, Case> folded;
  auto& [before, after] = folded;
  try {
    log.read_at(positions, [&](const StoredRecord& record) {
      if (record.offset < from) evolve(before, decode(record.bytes), stated_hash(record.bytes));
      evolve(after, decode(record.bytes), stated_hash(record.bytes));
    });
  } catch (const FoldFailed&) {
    // It stands still in its tables, too; status tells of it.
    return {};
  }
  return folded;
}

}  // namespace

void RowChanges::add(Table table, std::string_view provider, std::string_view key,
                     std::optional<std::string_view> before, std::optional<std::string_view> after) {
  if (!whole || !is_told(table)) return;
  const auto own = [](std::optional<std::string_view> bytes) {
    return bytes ? std::optional<std::string>(*bytes) : std::nullopt;
  };
  rows.push_back({table, std::string(provider), std::string(key), own(before), own(after)});
  octets += rows.back().octets();
  if (rows.size() <= told_rows_max && octets <= told_octets_max) return;
  whole = false;
  octets = 0;
  std::vector<ChangedRow>().swap(rows);
}

void RowChanges::sort() {
  const auto place = [](const ChangedRow& row) {
    return std::tuple(std::string_view(row.key).substr(0, id_octets), row.table, std::string_view(row.key));
  };
  std::ranges::sort(rows, {}, place);
}

RowChanges changes_between(const ReadableLog& log, const Snapshot& snapshot, const RuleBook& rules,
                           const Positions& from, const Positions& to) {
  RowChanges changes{from, to, {}, 0, true};
  std::uint64_t records = 0;
  for (std::size_t p = 0; p < from.size(); ++p) {
    if (from[p] < to[p]) records += to[p].value - from[p].value;
  }
  if (records > records_between_max) {
    changes.whole = false;
    return changes;
  }
  Derived before;
  Derived after;
  const auto derive = [&](const ReadModel& model, const Case& c, Derived& out) {
    out.clear();
    if (c.exists()) model.derive(Subject(c, rules), out);
  };
  for (const CaseId& id : touched_between(log, from, to)) {
    const auto bytes = snapshot.get(Table::stored_cases, id_key(id.value));
    if (!bytes) continue;  // settings, which have no rows
    const std::size_t p = partition_of(id, static_cast<std::uint16_t>(from.size())).value;
    const Version head = decode_stored_case(*bytes).head.version;
    const std::pair<Case, Case> folded = folded_to(log, snapshot, id, head, from[p], to[p]);
    const Case& was = folded.first;
    const Case& is = folded.second;
    if (!is.exists()) continue;
    for (const ReadModel& model : read_models()) {
      if (!is_told(model.table)) continue;
      try {
        derive(model, was, before);
        derive(model, is, after);
      } catch (const std::exception&) {
        continue;  // that case is parked in that table
      }
      compare_rows(before, after, [&](const DerivedRow* old_row, const DerivedRow* new_row) {
        if (old_row && new_row && old_row->bytes == new_row->bytes) return;
        const auto bytes_of = [](const DerivedRow* row) {
          return row ? std::optional(row->bytes) : std::nullopt;
        };
        changes.add(model.table, is.provider, (new_row ? new_row : old_row)->key, bytes_of(old_row),
                    bytes_of(new_row));
      });
    }
  }
  changes.sort();
  return changes;
}

}  // namespace geleit
