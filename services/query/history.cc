#include "services/query/history.h"

#include "events/civil_time.h"
#include "events/codec.h"
#include "events/sha256.h"
#include "projections/rebuild.h"
#include "services/http/json_text.h"
#include "services/query/opening.h"

namespace geleit {
namespace {

std::string position_json(Position position) {
  std::string out;
  http::JsonWriter(out)
      .object()
      .member("partition")
      .number(position.partition.value)
      .member("offset")
      .number(position.offset.value)
      .end();
  return out;
}

std::string rule_set_name(const RuleBook& rules, const JudgedBy& judged_by) {
  const RuleSet* set = rules.find(judged_by);
  return set ? set->name() : to_hex(judged_by.shipped);
}

KeyedRow row_of(const StoredRecord& record, const RuleBook& rules, const KeyStore& keys, bool stale) {
  const Event event = decode(record.bytes);
  const OpenSealed open = opener_of(keys, event);
  HistoryRow row;
  row.version = event.version;
  row.event = name_of(event.payload);
  row.happened = event.happened.at ? to_string(*event.happened.at) : to_string(event.happened.date);
  row.recorded = record.recorded;
  row.by = event.by;
  append_event_data(row.data, event, open);
  append_reasons(row.reasons, event.deviations, open);
  row.rule_set = rule_set_name(rules, event.judged_by);
  row.hash = to_hex(stated_hash(record.bytes));
  row.position = position_json({record.partition, record.offset});
  row.stale = stale;
  std::string key;
  append_big_endian(key, event.version.value);
  append_big_endian(key, record.offset.value);
  return {std::move(key), std::move(row)};
}

}  // namespace

std::vector<KeyedRow> history_of(const ReadableLog& log, const Snapshot& snapshot, const RuleBook& rules,
                                 const KeyStore& keys, const CaseId& id, std::span<const Version> versions,
                                 Offset until) {
  std::vector<Position> accepted;
  if (!versions.empty()) {
    const auto all = positions_along_trail(snapshot, id, Version{1}, versions.back());
    for (const Version version : versions) accepted.push_back(all[version.value - 1]);
  }
  std::vector<Position> stale;
  const std::string prefix = id_key(id.value);
  snapshot.scan(Table::stale, prefix, false, [&](std::string_view key, std::string_view) {
    if (!key.starts_with(prefix)) return false;
    if (const Position at = position_in_stale_key(key); at.offset < until) stale.push_back(at);
    return true;
  });
  std::vector<KeyedRow> rows;
  log.read_at(accepted,
              [&](const StoredRecord& record) { rows.push_back(row_of(record, rules, keys, false)); });
  log.read_at(stale, [&](const StoredRecord& record) { rows.push_back(row_of(record, rules, keys, true)); });
  return rows;
}

}  // namespace geleit
