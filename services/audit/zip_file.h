// ZIP files whose bytes follow from what is in them alone: no times, no owners, entries in the order of their
// names, one compression. libzip's one place.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace geleit {

/// It is no ZIP, or what is in it is not what it says; or it cannot be written. Says what.
struct ZipFailed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Packs all regular files below `dir`, each under its path there, into `to`, which must not exist. When it
/// was asked to stop there is no `to`. Throws ZipFailed.
void pack_zip(const std::filesystem::path& dir, const std::filesystem::path& to, const std::stop_token& stop);

/// Not thread-safe.
class ZipReader {
 public:
  /// Throws ZipFailed.
  explicit ZipReader(const std::filesystem::path& file);
  ~ZipReader();
  ZipReader(const ZipReader&) = delete;
  ZipReader& operator=(const ZipReader&) = delete;

  /// As they lie there.
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
  /// Gives the content of the first entry of that name piece by piece. Throws ZipFailed, also when its own
  /// checksum does not fit.
  void read(const std::string& name, const std::function<void(std::string_view piece)>& piece) const;

 private:
  struct Archive;
  std::unique_ptr<Archive> archive_;
  std::vector<std::string> names_;
};

}  // namespace geleit
