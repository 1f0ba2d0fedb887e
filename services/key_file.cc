#include "services/key_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>

#include "events/sha256.h"

namespace geleit {
namespace {

constexpr std::size_t key_digits = 64;

}  // namespace

KeyBytes load_or_make_key_file(const std::filesystem::path& file, const KeyBytes& fresh,
                               std::string_view what) {
  const std::string name = file.string();
  const int made = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (made >= 0) {
    std::string text;
    for (const unsigned char octet : fresh) text += fmt::format("{:02x}", octet);
    text += "\n";
    const bool written =
        ::write(made, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(made) == 0;
    ::close(made);
    if (!written) {
      ::unlink(name.c_str());
      throw KeyStoreFailed(fmt::format("{} cannot be written to {}: {}", what, name, std::strerror(errno)));
    }
    return fresh;
  }
  if (errno != EEXIST)
    throw KeyStoreFailed(fmt::format("{} cannot be made at {}: {}", what, name, std::strerror(errno)));
  return load_key_file(file);
}

KeyBytes load_key_file(const std::filesystem::path& file) {
  const std::string name = file.string();
  struct stat info {};
  if (::stat(name.c_str(), &info) != 0)
    throw KeyStoreFailed(fmt::format("{}: {}", name, std::strerror(errno)));
  if ((info.st_mode & 077) != 0) {
    throw KeyStoreFailed(
        fmt::format("expected {} to be readable by its owner only, but its mode is {:o}; run chmod 600", name,
                    info.st_mode & 0777));
  }
  std::ifstream in(file);
  std::string text;
  in >> text;
  const auto value = text.size() == key_digits ? parse_hash(text) : std::nullopt;
  if (!value)
    throw KeyStoreFailed(fmt::format("expected 64 hexadecimal digits in {}, but found something else", name));
  KeyBytes key{};
  write_octets(*value, reinterpret_cast<char*>(key.data()));
  return key;
}

}  // namespace geleit
