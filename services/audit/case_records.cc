#include "services/audit/case_records.h"

#include <algorithm>

#include "projections/rules/settings.h"

namespace geleit {
namespace {

constexpr std::size_t case_read_records_max = 16'384;

class CaseReader {
 public:
  CaseReader(const ReadableLog& log, const std::optional<Instant>& known_at, const RecordsRead& progress)
      : log_(log), ends_(log.ends()), known_at_(known_at), progress_(progress) {}

  [[nodiscard]] Partition partition(const CaseId& stream) const {
    return partition_of(stream, static_cast<std::uint16_t>(ends_.size()));
  }

  /// The records of one stream, each judged by the chain.
  template <class Found>
  void stream(const CaseId& stream, Found&& found) {
    const Offset end = ends_[partition(stream).value];
    const auto reader = log_.read(partition(stream), Offset{});
    Head head;
    for (Offset at; at < end;) {
      reader->next(records_, case_read_records_max);
      if (records_.empty()) throw LogCorrupt("a partition ends before its end");
      for (const StoredRecord& record : records_) {
        if (record.offset >= end || (known_at_ && record.recorded > *known_at_)) return;
        at = next(record.offset);
        const auto link = link_of(record.bytes);
        if (!link || link->stream != stream) continue;
        const Standing stands = standing(head, link->version, link->previous);
        if (!found(record, stands)) continue;
        if (stands == Standing::accepted) head = {link->version, link->hash};
      }
      read_ += records_.size();
      if (progress_) progress_(read_);
    }
  }

 private:
  const ReadableLog& log_;
  Positions ends_;
  const std::optional<Instant>& known_at_;
  const RecordsRead& progress_;
  std::vector<StoredRecord> records_;
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

Positions positions_known_at(const ReadableLog& log, Instant known_at) {
  Positions out = log.ends();
  for (std::uint16_t p = 0; p < out.size(); ++p) {
    std::uint64_t low = 0, high = out[p].value;
    while (low < high) {
      const std::uint64_t middle = low + (high - low) / 2;
      Instant recorded;
      const Position at{Partition{p}, Offset{middle}};
      log.read_at(std::span(&at, 1), [&](const StoredRecord& record) { recorded = record.recorded; });
      if (recorded <= known_at) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    out[p] = Offset{low};
  }
  return out;
}

}  // namespace geleit
