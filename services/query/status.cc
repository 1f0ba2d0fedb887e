#include "services/query/status.h"

#include <algorithm>

#include "events/civil_time.h"
#include "events/sha256.h"
#include "events/uuid.h"
#include "services/http/json_text.h"

namespace geleit {
Lag lag_of(const StoreState& state, const Positions& ends, Instant now) {
  Lag lag;
  for (std::size_t p = 0; p < ends.size() && p < state.reached.size(); ++p) {
    const Reached& reached = state.reached[p];
    if (ends[p] <= reached.next) continue;
    lag.records += ends[p].value - reached.next.value;
    lag.ms = std::max<std::int64_t>(lag.ms, std::max<std::int64_t>(1, now.ms - reached.recorded.ms));
  }
  return lag;
}

std::string status_json(const QuerySources& sources) {
  const auto snapshot = sources.store.snapshot();
  const StoreState& state = snapshot->state();
  const LogInfo log = sources.log.info();
  const Positions ends = sources.log.ends();
  const Instant now = sources.clock.now();
  const Lag lag = lag_of(state, ends, now);
  std::string out;
  http::JsonWriter json(out);
  json.object().member("roles").array().string("intake").string("query").end();
  json.member("version").string(GELEIT_VERSION);
  json.member("log").object().member("kind").string(log.kind).member("id").string(to_string(log.id));
  json.member("partitions").number(log.partitions).end();
  json.member("rule_sets").array();
  for (const auto& set : sources.rules.all()) {
    json.object().member("name").string(set->name()).member("hash").string(to_hex(set->hash()));
    json.member("from").string(to_string(set->from())).end();
  }
  // As in every answer's `as_at`: the last record that was read, where any was.
  json.end().member("positions").object();
  for (std::size_t p = 0; p < state.reached.size(); ++p) {
    const std::uint64_t next = state.reached[p].next.value;
    if (next > 0) json.member(std::to_string(p)).number(next - 1);
  }
  json.end().member("lag_ms").number(lag.ms).member("lag_records").number(lag.records);
  json.member("events")
      .number(state.events)
      .member("stale")
      .number(state.stale)
      .member("foreign")
      .number(state.foreign);
  json.member("parked").array();
  for (const Parked& parked : sources.store.parked()) {
    json.object().member("case").string(to_string(parked.id)).member("table").string(name_of(parked.table));
    json.member("position").object().member("partition").number(parked.position.partition.value);
    json.member("offset").number(parked.position.offset.value).end();
    json.member("error").string(parked.error).end();
  }
  json.end().member("tables").array();
  for (const TableInfo& table : all_tables) {
    json.object().member("name").string(table.name).member("version").number(table.version);
    json.member("rows").number(state.rows[static_cast<std::size_t>(table.table)]).end();
  }
  // While tables are rebuilt at the start nothing is served, so whoever reads this reads finished ones.
  json.end().member("rebuild").null();
  json.member("clock")
      .object()
      .member("now")
      .string(to_string(now))
      .member("mode")
      .string(sources.clock_mode)
      .end();
  json.member("backup").raw(sources.last_backup());
  json.member("trouble").array();
  for (const std::string& trouble : sources.troubles()) json.string(trouble);
  json.end().end();
  return out;
}

}  // namespace geleit
