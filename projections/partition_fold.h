// One partition of the log folded in memory, for a rebuild: what the live projector would have stored of each
// stream, packed, without rows.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "events/log.h"
#include "projections/as_of.h"
#include "projections/byte_arena.h"
#include "projections/projector.h"

namespace geleit {

/// What a partition comes to. The views are into `octets`.
struct FoldedPartition {
  struct Stream {
    CaseId id;
    std::string_view stored;    ///< value in Table::stored_cases; empty for a stream that is no case
    std::string_view trail;     ///< all its entries, one after another
    std::string_view provider;  ///< empty: the case has no rows
    Offset last;                ///< of its last accepted event
  };
  std::vector<Stream> streams;
  std::vector<std::pair<CaseId, Head>> settings_streams;
  /// Settings that could be read, as the store keeps them.
  struct Kept {
    SettingsScope scope{};
    CaseId stream;
    Version version;
    Hash hash;
    std::string content;
  };
  std::vector<Kept> settings;
  std::vector<std::pair<std::string, std::string>> stale;  ///< keys and values of Table::stale, in log order
  std::vector<Parked> parked;                              ///< folds that failed
  Reached reached;
  std::uint64_t events = 0, foreign = 0;
  ByteArena octets{std::size_t{1} << 20};
};

/// So many records of cases that are folded apart are held at once, by each worker; one case alone may have
/// more.
inline constexpr std::size_t apart_records_max = 65'536;

/// Takes the records of one partition in their order, and then those of another: the memory of its cases is
/// used again.
///
/// With a day, cases hold what counts on it (as_of.h); heads and trails are of all that is accepted. All
/// events of most cases count, or none do; which ones of the others is known at the end only, where they are
/// read again and folded apart.
class PartitionFold {
 public:
  PartitionFold(std::uint16_t partitions, RuleBook& rules) : partitions_(partitions), rules_(rules) {}

  /// `until` is where the records end.
  void begin(Partition partition, Offset until, std::optional<CivilDate> as_of);
  void add(const StoredRecord& record);
  /// `log` gives again what a failed fold had before, and what is folded apart. Throws LogCorrupt.
  [[nodiscard]] FoldedPartition finish(const ReadableLog& log);

  [[nodiscard]] Offset next() const { return out_.reached.next; }

 private:
  /// What every event touches stands first.
  struct OneCase {
    CaseId id;
    Offset last;
    Offset error_at;
    std::string error;  ///< why the fold stopped, or empty
    StoredCase stored;
    bool apart = false;
  };
  /// By place, in the order met. They stay where they are.
  class Cases {
   public:
    [[nodiscard]] std::uint32_t size() const { return size_; }
    [[nodiscard]] OneCase& operator[](std::uint32_t place) { return cases_[place]; }
    [[nodiscard]] const OneCase& operator[](std::uint32_t place) const { return cases_[place]; }
    OneCase& add(const CaseId& id);
    void clear() { size_ = 0; }

   private:
    std::deque<OneCase> cases_;  ///< those behind `size_` are kept for their memory
    std::uint32_t size_ = 0;
  };
  struct Accepted {
    std::uint32_t number;  ///< place in cases_
    TrailEntry entry;
  };
  struct SettingsStream {
    Head head;
    std::vector<TrailEntry> trail;
  };
  /// Where a case lies by its id: open addressing, with a part of the hash beside the place.
  class Places {
   public:
    static constexpr std::uint32_t none = UINT32_MAX;
    [[nodiscard]] std::uint32_t find(const CaseId& id, const Cases& cases) const;
    void add(const CaseId& id, std::uint32_t place);
    void clear();

   private:
    struct Slot {
      std::uint32_t tag = 0;
      std::uint32_t place = none;
    };
    void insert(std::uint64_t hash, std::uint32_t place);
    std::vector<Slot> slots_ = std::vector<Slot>(1024);
    std::vector<std::uint64_t> hashes_;  ///< by place, to grow without the cases
  };

  void fold(OneCase& one, Offset offset) const;
  void take_settings(const StoredRecord& record, const SettingsAdopted& settings);
  void add_stale(const StoredRecord& record);
  void fold_before_failure(const ReadableLog& log, std::uint32_t number);
  void fold_apart(const ReadableLog& log);
  void fold_apart(const ReadableLog& log, std::uint32_t from, std::uint32_t to);
  void pack_trails();

  std::uint16_t partitions_;
  RuleBook& rules_;
  Partition partition_;
  std::optional<CivilDate> as_of_;
  Event event_;  ///< of the record at hand
  Cases cases_;
  Places places_;
  std::vector<Accepted> accepted_;
  std::map<CaseId, SettingsStream> settings_streams_;
  FoldedPartition out_;
};

}  // namespace geleit
