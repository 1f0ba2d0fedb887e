#include "services/config_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace geleit {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t config_bytes_max = 1 << 20;
constexpr mode_t mode_of_others = S_IWGRP | S_IXGRP | S_IRWXO;

class ConfigDescriptor {
 public:
  ConfigDescriptor(const fs::path& file, ConfigFileKind kind, const RefuseConfig& refuse)
      : fd_(::open(file.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (fd_ < 0) refuse("expected to read {}, but: {}", file.string(), std::strerror(errno));
    if (kind == ConfigFileKind::secret) require_private(file, refuse);
  }
  ~ConfigDescriptor() { ::close(fd_); }
  ConfigDescriptor(const ConfigDescriptor&) = delete;
  ConfigDescriptor& operator=(const ConfigDescriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }

 private:
  void require_private(const fs::path& file, const RefuseConfig& refuse) const {
    struct stat info {};
    const bool known = ::fstat(fd_, &info) == 0;
    if (known && (info.st_mode & mode_of_others) == 0) return;
    const int error = errno;
    ::close(fd_);
    if (!known) refuse("expected to read {}, but: {}", file.string(), std::strerror(error));
    refuse(
        "expected {} to be readable by its owner and at most its group, but its mode is {:04o}; run chmod "
        "600 {}",
        file.string(), info.st_mode & 07777, file.string());
  }

  int fd_;
};

std::string octets_of(const fs::path& file, ConfigFileKind kind, const RefuseConfig& refuse) {
  const ConfigDescriptor descriptor(file, kind, refuse);
  std::string text;
  char some[4096];
  while (true) {
    const ssize_t got = ::read(descriptor.get(), some, sizeof some);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) refuse("expected to read {}, but: {}", file.string(), std::strerror(errno));
    if (got == 0) return text;
    text.append(some, static_cast<std::size_t>(got));
    if (text.size() > config_bytes_max) refuse("expected at most 1 MiB, but {} is larger", file.string());
  }
}

}  // namespace

std::string config_text(const fs::path& file, const RefuseConfig& refuse) {
  return octets_of(file, ConfigFileKind::open, refuse);
}

std::string config_secret(const fs::path& file, const RefuseConfig& refuse) {
  std::string secret = octets_of(file, ConfigFileKind::secret, refuse);
  while (secret.ends_with('\n') || secret.ends_with('\r')) secret.pop_back();
  if (secret.empty()) refuse("expected a secret in {}, but it is empty", file.string());
  if (secret.find('\0') != std::string::npos)
    refuse("expected a text in {}, but it has a zero octet", file.string());
  return secret;
}

void require_config_file(const fs::path& file, ConfigFileKind kind, const RefuseConfig& refuse) {
  const ConfigDescriptor descriptor(file, kind, refuse);
}

}  // namespace geleit
