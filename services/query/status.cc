#include "services/query/status.h"

#include <algorithm>

#include "events/civil_time.h"
#include "events/sha256.h"
#include "events/uuid.h"
#include "services/http/json_text.h"

namespace geleit {
namespace {

Lag lag_of_partition(const Reached& reached, const KnownEnds& known, std::size_t partition, Instant now) {
  const Offset end = known.ends[partition];
  if (end <= reached.next) return {0, known.old_ms};
  return {end.value - reached.next.value,
          std::max({std::int64_t{1}, now.ms - reached.recorded.ms, known.old_ms})};
}

/// Where each partition stands, and who decides: any intake takes any case, so that is the same for all.
void write_partitions(http::JsonWriter& json, const QuerySources& sources, const StoreState& state,
                      const KnownEnds& known, Instant now) {
  json.member("partitions").array();
  for (std::size_t p = 0; p < known.ends.size(); ++p) {
    const Reached reached = p < state.reached.size() ? state.reached[p] : Reached{};
    const Lag lag = lag_of_partition(reached, known, p, now);
    json.object().member("partition").number(p).member("position");
    reached.next.value > 0 ? json.number(reached.next.value - 1) : json.null();
    json.member("end").number(std::max(known.ends[p], reached.next).value);
    json.member("lag_records").number(lag.records).member("lag_ms").number(lag.ms);
    json.member("decides").array();
    for (const std::string& decider : sources.deciders) json.string(decider);
    json.end().end();
  }
  json.end();
}

}  // namespace

Lag lag_of(const StoreState& state, const KnownEnds& known, Instant now) {
  Lag lag{0, known.old_ms};
  for (std::size_t p = 0; p < known.ends.size() && p < state.reached.size(); ++p) {
    const Lag one = lag_of_partition(state.reached[p], known, p, now);
    lag.records += one.records;
    lag.ms = std::max(lag.ms, one.ms);
  }
  return lag;
}

std::string status_json(const QuerySources& sources) {
  const auto snapshot = sources.store.snapshot();
  const StoreState& state = snapshot->state();
  const LogInfo log = sources.log.info();
  const KnownEnds ends = sources.ends();
  const Instant now = sources.clock.now();
  const Lag lag = lag_of(state, ends, now);
  std::string out;
  http::JsonWriter json(out);
  json.object().member("roles").array();
  for (const std::string& role : sources.roles) json.string(role);
  json.end();
  json.member("version").string(GELEIT_VERSION);
  json.member("log").object().member("kind").string(log.kind).member("id").string(to_string(log.id));
  json.member("partitions").number(log.partitions).end();
  json.member("rule_sets").array();
  for (const auto& set : sources.rules.all()) {
    json.object().member("name").string(set->name()).member("hash").string(to_hex(set->hash()));
    json.member("from").string(to_string(set->from())).end();
  }
  for (const auto& [settings, version] : sources.rules.adopted()) {
    json.object().member("name").string(settings->name()).member("hash").string(to_hex(settings->hash()));
    json.member("from").string(to_string(settings->from()));
    if (!settings->provider().empty()) json.member("provider").string(settings->provider());
    json.member("version").number(version.value).end();
  }
  // As in every answer's `as_at`: the last record that was read, where any was.
  json.end().member("positions").object();
  for (std::size_t p = 0; p < state.reached.size(); ++p) {
    const std::uint64_t next = state.reached[p].next.value;
    if (next > 0) json.member(std::to_string(p)).number(next - 1);
  }
  json.end();
  write_partitions(json, sources, state, ends, now);
  json.member("lag_ms").number(lag.ms).member("lag_records").number(lag.records);
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
  json.member("watch").raw(sources.watch()).member("alert").raw(sources.alert());
  json.member("audit").raw(sources.audit());
  json.member("backup").raw(sources.last_backup());
  json.member("trouble").array();
  for (const std::string& trouble : sources.troubles()) json.string(trouble);
  json.end().end();
  return out;
}

}  // namespace geleit
