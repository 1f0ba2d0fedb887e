// The rows, index entries and counters of many cases on their way into sorted files.
#pragma once

#include <array>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "projections/read_model.h"
#include "projections/store.h"

namespace geleit {

/// One thread's share: the cases of some providers, which must be nobody else's.
class BulkRows {
 public:
  /// Only for these tables. All of it outlives this.
  BulkRows(const RuleBook& rules, std::span<const Table> tables, Loader& loader);

  /// The cases must come in the order of provider and id. `last` is where the case's last event lies.
  void add(const Case& c, Position last);
  /// After the last case.
  void finish();

  [[nodiscard]] const std::vector<Parked>& parked() const { return parked_; }
  [[nodiscard]] const std::array<std::uint64_t, 32>& rows() const { return rows_; }

 private:
  /// The entries of one index column for one provider, in the order they were met, that is of the rows' keys.
  struct Column {
    struct Entry {
      std::uint64_t order;  ///< the first eight octets of the value
      std::uint32_t at;     ///< in octets: two lengths, the value, the row's key
    };
    std::vector<Entry> entries;
    std::vector<char> octets;   ///< as many as there is room for
    std::size_t filled = 0;     ///< of them
    bool told_by_order = true;  ///< equal `order` is an equal value
  };
  /// A key whose beginning stays and whose end changes.
  class KeyBuffer {
   public:
    void begin(std::string_view beginning) {
      octets_.resize(beginning.size() + 2 * 256);
      std::memcpy(octets_.data(), beginning.data(), beginning.size());
      begin_ = beginning.size();
    }
    /// `end` of at most 511 octets.
    [[nodiscard]] std::string_view with(std::string_view end) {
      std::memcpy(octets_.data() + begin_, end.data(), end.size());
      return {octets_.data(), begin_ + end.size()};
    }
    [[nodiscard]] std::string_view with(std::string_view end, char last) {
      octets_[begin_ + end.size()] = last;
      return {octets_.data(), with(end).size() + 1};
    }

   private:
    std::vector<char> octets_;
    std::size_t begin_ = 0;
  };
  struct Target {
    const ReadModel* model;
    std::array<Column, index_keys_max> columns;  ///< by column number - 1
  };
  /// Sums of one provider's counters: open addressing.
  class Sums {
   public:
    void add(const FigureKey& key, std::int64_t amount);
    /// Calls `each(key, sum)` in the order of the keys for those that are not zero, and begins anew.
    template <class Each>
    void take(Each&& each);

   private:
    /// A FigureKey as two numbers that sort as it does.
    struct Packed {
      std::uint64_t high = 0;
      std::uint32_t low = 0;
      friend auto operator<=>(const Packed&, const Packed&) = default;
    };
    struct Slot {
      Packed key;
      bool taken = false;
      std::int64_t sum = 0;
    };
    [[nodiscard]] static Packed pack(const FigureKey& key);
    [[nodiscard]] static FigureKey unpack(const Packed& key);
    Slot& slot_of(const Packed& key);
    std::vector<Slot> slots_ = std::vector<Slot>(1024);
    std::size_t taken_ = 0;
    std::vector<Slot> sorted_;
  };

  void begin_provider(std::string_view provider);
  void end_provider();
  static void add_entry(Column& column, std::string_view value, std::string_view key);
  void write_column(Table table, std::uint8_t number, Column& column);

  const RuleBook& rules_;
  Loader& loader_;
  std::vector<Target> targets_;
  std::string provider_;
  KeyBuffer row_key_;
  KeyBuffer entry_key_;
  Derived derived_;
  Sums sums_;
  std::vector<Parked> parked_;
  std::array<std::uint64_t, 32> rows_{};
};

}  // namespace geleit
