// Reading the tables as lists do: one provider's rows or all providers' as one ordered run, a case's rows,
// and sums of counters. Over one snapshot, so that whatever one answer is made of belongs together.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "projections/case.h"
#include "projections/key_figures.h"
#include "projections/store.h"

namespace geleit {

/// A row's place in a list sorted by a column: by the column's value (order_key), ties by the row's key. For
/// column 0, the order of the keys, `value` is empty.
struct RowPlace {
  std::string value;
  std::string key;
  friend auto operator<=>(const RowPlace&, const RowPlace&) = default;
};

struct FoundRow {
  std::string_view provider;
  std::string_view value;  ///< of the column, as order_key made it; empty for column 0
  std::string_view key;
  std::string_view bytes;
};

/// Where a run of rows begins and which way it goes.
struct Run {
  std::uint8_t column = 0;  ///< 0: the order of keys
  bool descending = false;
  std::optional<RowPlace> after;    ///< exclusive: where the page before ended
  std::optional<std::string> from;  ///< the first value of the column, inclusive (the last when descending)
  /// Other columns, whose rows belong to the run by their values too, between two values (inclusive).
  struct Beside {
    std::uint8_t column = 0;
    std::optional<std::string> low, high;
  };
  std::vector<Beside> beside;
};

/// Not thread-safe; cheap to make.
class Reading {
 public:
  explicit Reading(std::shared_ptr<const Snapshot> snapshot) : snapshot_(std::move(snapshot)) {}

  [[nodiscard]] const StoreState& state() const { return snapshot_->state(); }
  [[nodiscard]] std::vector<std::string> providers() const { return snapshot_->providers(); }
  /// The folded case; nothing when there is none.
  [[nodiscard]] std::optional<Case> find_case(const CaseId& id) const;
  /// The rows of one provider, or of all of them merged, in the run's order. What is visited is valid during
  /// the call; false ends it.
  void rows(Table table, std::optional<std::string_view> provider, const Run& run,
            const std::function<bool(const FoundRow&)>& visit) const;
  /// The rows of one case in the order of their keys.
  void rows_of_case(Table table, std::string_view provider, const CaseId& id,
                    const std::function<bool(const FoundRow&)>& visit) const;
  /// A provider's counters of one benefit, figure and span, first days from `from` to `to` inclusive, in
  /// their order.
  void counters(std::string_view provider, Span span, Benefit benefit, Figure figure, CivilDate from,
                CivilDate to, const std::function<void(const FigureKey&, std::int64_t)>& visit) const;
  /// Day of a provider's first and last counter of a benefit; nothing when it has none.
  [[nodiscard]] std::optional<std::pair<CivilDate, CivilDate>> counted_days(std::string_view provider,
                                                                            Benefit benefit) const;

 private:
  std::shared_ptr<const Snapshot> snapshot_;
};

}  // namespace geleit
