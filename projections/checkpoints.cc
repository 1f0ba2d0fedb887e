#include "projections/checkpoints.h"

#include <algorithm>
#include <charconv>

namespace geleit {
namespace {

namespace fs = std::filesystem;

/// Sorted files never change and are shared; the others are the copy's own.
void copy_tables(const fs::path& from, const fs::path& to) {
  fs::create_directories(to);
  for (const fs::directory_entry& entry : fs::directory_iterator(from)) {
    const fs::path target = to / entry.path().filename();
    std::error_code error;
    if (entry.path().extension() == ".sst") fs::create_hard_link(entry.path(), target, error);
    if (entry.path().extension() != ".sst" || error) fs::copy_file(entry.path(), target);
  }
}

}  // namespace

fs::path Checkpoints::path_of(std::uint64_t events) const { return dir_ / std::to_string(events); }

std::vector<std::uint64_t> Checkpoints::kept() const {
  std::vector<std::uint64_t> out;
  std::error_code none;
  for (const fs::directory_entry& entry : fs::directory_iterator(dir_, none)) {
    const std::string name = entry.path().filename().string();
    std::uint64_t events = 0;
    const auto read = std::from_chars(name.data(), name.data() + name.size(), events);
    if (read.ec == std::errc{} && read.ptr == name.data() + name.size()) out.push_back(events);
  }
  std::sort(out.begin(), out.end());
  return out;
}

void Checkpoints::keep(const Store& store) const {
  std::vector<std::uint64_t> all = kept();
  std::uint64_t now = store.snapshot()->state().events;
  if (now < apart_ || (!all.empty() && now < all.back() + apart_)) return;
  try {
    fs::create_directories(dir_);
    const fs::path making = dir_ / "making";
    fs::remove_all(making);
    store.checkpoint(making);
    // The tables may have gone on meanwhile: it holds at least so many.
    if (!std::binary_search(all.begin(), all.end(), now)) fs::rename(making, path_of(now));
    all.push_back(now);
    for (std::size_t i = all.size() - 1; i-- > 1;) {
      const std::uint64_t gap = all[i + 1] - all[i - 1], age = now - all[i + 1];
      if (gap > std::max(age, 2 * apart_)) continue;
      fs::remove_all(path_of(all[i]));
      all.erase(all.begin() + static_cast<std::ptrdiff_t>(i));
    }
  } catch (const fs::filesystem_error& error) { throw StoreFailed(error.what()); }
}

std::unique_ptr<Store> Checkpoints::open_before(std::span<const Reached> until, const Uuid& log,
                                                const fs::path& scratch) const {
  std::uint64_t events_max = 0;
  for (const Reached& reached : until) events_max += reached.next.value;
  std::vector<std::uint64_t> all = kept();
  std::reverse(all.begin(), all.end());
  for (const std::uint64_t events : all) {
    if (events > events_max) continue;
    try {
      fs::remove_all(scratch);
      copy_tables(path_of(events), scratch);
      auto store = Store::open({.dir = scratch, .cache_octets = std::size_t{32} << 20});
      const StoreState state = store->snapshot()->state();
      const bool before = std::ranges::equal(state.reached, until, [](const Reached& a, const Reached& b) {
        return a.next < b.next || (a.next == b.next && a.last == b.last);
      });
      if (state.log == log && before && store->outdated().empty()) return store;
    } catch (const StoreFailed&) {
      // An older one may do.
    } catch (const fs::filesystem_error&) {
      // Given up just now, or no room: likewise.
    }
  }
  std::error_code ignored;
  fs::remove_all(scratch, ignored);
  return nullptr;
}

}  // namespace geleit
