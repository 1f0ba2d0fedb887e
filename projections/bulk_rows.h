// The rows, index entries and counters of many cases on their way into sorted files.
#pragma once

#include <array>
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
    std::string octets;
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
    struct Slot {
      FigureKey key;
      bool taken = false;
      std::int64_t sum = 0;
    };
    Slot& slot_of(const FigureKey& key);
    std::vector<Slot> slots_ = std::vector<Slot>(1024);
    std::size_t taken_ = 0;
    std::vector<std::pair<FigureKey, std::int64_t>> sorted_;
  };

  void begin_provider(std::string_view provider);
  void end_provider();
  void write_column(Table table, std::uint8_t number, Column& column);

  const RuleBook& rules_;
  Loader& loader_;
  std::vector<Target> targets_;
  std::string provider_;
  std::string row_key_;  ///< begins with what all rows of the provider begin with
  std::size_t row_begin_ = 0;
  std::string entry_key_;
  Derived derived_;
  Sums sums_;
  std::vector<Parked> parked_;
  std::array<std::uint64_t, 32> rows_{};
};

}  // namespace geleit
