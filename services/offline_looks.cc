#include "services/offline_looks.h"

#include <unordered_map>
#include <utility>

#include "events/chain.h"
#include "events/codec.h"
#include "services/access_log.h"
#include "services/clock.h"

namespace geleit {
namespace {

constexpr std::size_t looks_records_max = 4096;

}  // namespace

std::unordered_set<CaseId> restricted_cases(const ReadableLog& log, Partition partition,
                                            const std::optional<CaseId>& only) {
  std::unordered_set<CaseId> restricted;
  std::unordered_map<CaseId, Head> heads;
  const Offset end = log.ends()[partition.value];
  const auto reader = log.read(partition, Offset{});
  std::vector<StoredRecord> records;
  Event event;
  for (Offset next_offset; next_offset < end;) {
    reader->next(records, looks_records_max);
    if (records.empty()) break;
    for (const StoredRecord& record : records) {
      next_offset = next(record.offset);
      const auto link = link_of(record.bytes);
      if (!link || (only && link->stream != *only)) continue;
      try {
        decode(record.bytes, event);
      } catch (const BadRecord&) { continue; }
      Head& head = heads[link->stream];
      if (standing(head, link->version, link->previous) != Standing::accepted) continue;
      head = {link->version, link->hash};
      if (std::holds_alternative<ProcessingRestricted>(event.payload)) restricted.insert(link->stream);
      if (std::holds_alternative<RestrictionLifted>(event.payload)) restricted.erase(link->stream);
    }
  }
  return restricted;
}

void write_down_look(const DataDirectory& data, std::string_view command, std::string_view purpose,
                     std::vector<CaseId> cases) {
  if (cases.empty()) return;
  const Access access{SystemClock().now(),  os_user(), std::string(purpose),
                      std::string(command), {},        std::move(cases)};
  append_accesses(data.access(), {&access, 1});
}

CLI::Validator a_purpose() {
  return {[](const std::string& text) {
            return is_access_word(text) ? std::string()
                                        : "expected a word like audit, but it is '" + text + "'";
          },
          "WORD"};
}

}  // namespace geleit
