// What a log holds of one provider up to an instant, in memory: the records of its cases and of the settings
// that they are judged by. A log itself, so that tables are made of it by the code that makes the live ones.
#pragma once

#include <deque>
#include <functional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "events/chain.h"
#include "events/log.h"

namespace geleit {

/// Recorded at `from` or after it, and before `until`.
struct RecordedRange {
  Instant from, until;
  [[nodiscard]] bool holds(Instant at) const { return from <= at && at < until; }
};

class ProviderRecords final : public ReadableLog {
 public:
  /// Hears the records read so far.
  using Read = std::function<void(std::uint64_t records)>;

  struct Kept {
    Position at;
    Instant recorded;
    CaseId stream;
    Standing standing{};
    bool settings = false;  ///< of the provider or the installation, else of a case
    std::string bytes;
  };

  /// Reads every partition once, from its beginning to the first record that was recorded at `range.until` or
  /// after it; further only to learn whether there is such a provider. A case is the provider's when its
  /// first accepted event says so (where there is none, its first record). Holds some 400 octets an event.
  /// Throws as reading does, and RebuildStopped.
  ProviderRecords(const ReadableLog& log, std::string_view provider, const RecordedRange& range,
                  const Read& progress, const std::stop_token& stop);
  /// The same of records that were read elsewhere, in log order.
  ProviderRecords(const LogInfo& info, std::vector<Kept> records);

  /// In log order: by partition, then offset.
  [[nodiscard]] const std::deque<Kept>& records() const { return records_; }
  /// Cases that have a record within the range.
  [[nodiscard]] const std::set<CaseId>& cases_in_range() const { return in_range_; }
  /// False: no record of the whole log names this provider.
  [[nodiscard]] bool known() const { return known_; }
  /// By partition, behind the last record that was recorded before the range's end, whosever it is.
  [[nodiscard]] const Positions& positions() const { return positions_; }
  /// Every partition has been read past the range's end, so that nothing can be added to it any more.
  [[nodiscard]] bool final() const { return final_; }
  /// When the last record that was read had been recorded; 1970 where there was none.
  [[nodiscard]] Instant latest() const { return latest_; }
  /// Records that are no events of this program.
  [[nodiscard]] std::uint64_t foreign() const { return foreign_; }

  [[nodiscard]] LogInfo info() const override { return info_; }
  /// Behind the last record of each partition that is kept.
  [[nodiscard]] Positions ends() const override;
  [[nodiscard]] std::unique_ptr<LogReader> read(Partition partition, Offset from) const override;
  void read_at(std::span<const Position> positions,
               const std::function<void(const StoredRecord&)>& found) const override;

 private:
  class Reader;
  void take(const ReadableLog& log, Partition partition, Offset end, std::string_view provider,
            const RecordedRange& range, const Read& progress, const std::stop_token& stop);
  void look_for(const ReadableLog& log, std::string_view provider, const std::stop_token& stop);
  [[nodiscard]] std::deque<Kept>::const_iterator at(const Position& position) const;

  LogInfo info_;
  std::deque<Kept> records_;
  std::set<CaseId> in_range_;
  Positions positions_;
  std::uint64_t read_ = 0, foreign_ = 0;
  Instant latest_;
  bool known_ = false, final_ = true;
};

}  // namespace geleit
