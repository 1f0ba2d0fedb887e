// Earlier states of the tables, kept so that a past need not be made from the log's beginning. They cost disk
// space only (hard links to files that the tables still have, or had); one that is missing, damaged or of
// another program costs time.
//
//   <dir>/<events>   the tables when they held so many events; the further back, the further apart
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "projections/store.h"

namespace geleit {

/// The least number of events between two checkpoints.
inline constexpr std::uint64_t checkpoint_events_apart = 1'000'000;

/// One thread at a time keeps, any thread opens.
class Checkpoints {
 public:
  explicit Checkpoints(std::filesystem::path dir, std::uint64_t events_apart = checkpoint_events_apart)
      : dir_(std::move(dir)), apart_(events_apart) {}
  /// Keeps the tables as they are now, if the last were kept long enough ago, and gives up those that lie too
  /// close together for their age: with n times `events_apart` events some 2 log n stay. Throws StoreFailed.
  void keep(const Store& store) const;
  /// The numbers of events of those that are kept, ascending.
  [[nodiscard]] std::vector<std::uint64_t> kept() const;
  /// A copy, at `scratch`, of the latest one that has read nothing from `until` on; null when there is none.
  [[nodiscard]] std::unique_ptr<Store> open_before(std::span<const Reached> until, const Uuid& log,
                                                   const std::filesystem::path& scratch) const;

 private:
  [[nodiscard]] std::filesystem::path path_of(std::uint64_t events) const;

  std::filesystem::path dir_;
  std::uint64_t apart_;
};

}  // namespace geleit
