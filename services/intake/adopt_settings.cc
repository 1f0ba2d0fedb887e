#include "services/intake/adopt_settings.h"

#include <future>

#include "events/civil_time.h"
#include "events/codec.h"
#include "events/sha256.h"
#include "events/uuid.h"

namespace geleit {

void adopt_shipped_rules(Log& log, Store& store, RuleBook& rules, Projector& projector, const Clock& clock) {
  const CaseId stream = installation_stream();
  Head head = store.stream_head(stream);
  std::vector<NewRecord> records;
  for (const auto& set : shipped_rule_sets()) {
    JudgedBy judged_by;
    judged_by.shipped = set->hash();
    if (rules.find(judged_by)) continue;
    Event event;
    // Two installations starting on one log make the same event; the chain lets one of them count.
    event.id = {uuid_v5(stream.value, to_hex(set->hash()))};
    event.stream = stream;
    event.version = next(head.version);
    event.previous = head.hash;
    event.decided = clock.now();
    event.happened = {berlin_date(event.decided), event.decided};
    event.payload = SettingsAdopted{SettingsScope::shipped, set->from(), set->hash(), set->content()};
    std::string bytes = encode(event);
    head = {event.version, stated_hash(bytes)};
    records.push_back({partition_of(stream, log.info().partitions), std::move(bytes)});
  }
  if (records.empty()) return;
  std::promise<Appended> appended;
  log.append(std::move(records), [&](const Appended& outcome) { appended.set_value(outcome); });
  const Appended outcome = appended.get_future().get();
  if (!outcome.ok()) throw LogUnavailable("the rule sets cannot be recorded: " + outcome.error);
  while (projector.step() > 0) {}
}

}  // namespace geleit
