// How far a database had come, kept in a small file beside it. A file that lost its end looks like one that
// was never written so far; this one knows better.
//
// It is written after what it speaks of was synced and before anybody hears of it, and is itself not synced:
// a killed process loses nothing of it, and after a power cut it may say less than was true, never more.
//
// The file holds two slots that are written in turn, so that one is whole whatever happens:
//   "GELEITHW" · u64 turn · u32 count · u32 CRC-32C of turn, count and values · count × u64
// each slot on a multiple of 512 octets; all numbers little-endian.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace geleit {

class HighWater {
 public:
  /// `reached`: what was acknowledged; `listed`: how much of which list of files (rocks_disk.h).
  enum class Of : std::uint8_t { reached, listed };

  /// What the file in this directory says; nothing when there is none or it cannot be understood.
  [[nodiscard]] static std::optional<std::vector<std::uint64_t>> read(const std::filesystem::path& dir,
                                                                      Of of = Of::reached);

  /// True for the name of such a file.
  [[nodiscard]] static bool is_name(std::string_view name);

  explicit HighWater(Of of = Of::reached) : of_(of) {}
  ~HighWater();
  HighWater(const HighWater&) = delete;
  HighWater& operator=(const HighWater&) = delete;

  /// Begins to keep `values` in the file, which is made if need be. What cannot be written is not: there is
  /// then less evidence, nothing else.
  void begin(const std::filesystem::path& dir, std::span<const std::uint64_t> values);
  /// As many values as at the beginning.
  void write(std::span<const std::uint64_t> values);

 private:
  Of of_;
  int file_ = -1;
  std::uint64_t turn_ = 0;
  std::vector<char> slot_;
};

}  // namespace geleit
