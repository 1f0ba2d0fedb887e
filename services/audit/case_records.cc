#include "services/audit/case_records.h"

#include "events/log_walk.h"
#include "projections/recorded_times.h"
#include "projections/rules/settings.h"

namespace geleit {
namespace {

class CaseReader {
 public:
  CaseReader(const ReadableLog& log, const std::optional<Instant>& known_at, const RecordsRead& progress)
      : log_(log), ends_(log.ends()), progress_(progress) {
    if (known_at) ends_ = RecordedTimes(log).known_by(ends_, *known_at);
  }

  [[nodiscard]] Partition partition(const CaseId& stream) const {
    return partition_of(stream, static_cast<std::uint16_t>(ends_.size()));
  }

  /// The records of one stream, each judged by the chain.
  template <class Found>
  void stream(const CaseId& stream, Found&& found) {
    const Offset end = ends_[partition(stream).value];
    Head head;
    const auto take = [&](const StoredRecord& record) {
      const auto link = link_of(record.bytes);
      if (!link || link->stream != stream) return;
      const Standing stands = standing(head, link->version, link->previous);
      if (found(record, stands) && stands == Standing::accepted) head = {link->version, link->hash};
    };
    const Offset reached = walk_partition(log_, partition(stream), end, take, [&](std::size_t records) {
      read_ += records;
      if (progress_) progress_(read_);
    });
    if (reached < end) throw LogCorrupt("a partition ends before its end");
  }

 private:
  const ReadableLog& log_;
  Positions ends_;
  const RecordsRead& progress_;
  std::uint64_t read_ = 0;
};

void adopt_settings(CaseReader& reader, const CaseId& stream, RuleBook& rules) {
  Event event;
  reader.stream(stream, [&](const StoredRecord& record, Standing stands) {
    try {
      decode(record.bytes, event);
      if (stands == Standing::accepted && std::holds_alternative<SettingsAdopted>(event.payload))
        rules.adopt(event);
    } catch (const BadRecord&) { return false; } catch (const std::invalid_argument&) {
      // Nothing is judged by a set that cannot be read.
    }
    return true;
  });
}

}  // namespace

std::vector<CaseRecord> records_of(const ReadableLog& log, const CaseId& id,
                                   const std::optional<Instant>& known_at, RuleBook& rules,
                                   const RecordsRead& progress) {
  CaseReader reader(log, known_at, progress);
  std::vector<CaseRecord> out;
  std::string provider;
  Event event;
  reader.stream(id, [&](const StoredRecord& record, Standing stands) {
    try {
      decode(record.bytes, event);
    } catch (const BadRecord&) { return false; }
    if (provider.empty()) provider = event.provider;
    out.push_back({{record.partition, record.offset}, record.recorded, stands, std::string(record.bytes)});
    return true;
  });
  if (out.empty()) return out;
  adopt_settings(reader, installation_stream(), rules);
  adopt_settings(reader, provider_stream(provider), rules);
  return out;
}

}  // namespace geleit
