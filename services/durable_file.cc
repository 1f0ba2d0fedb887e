#include "services/durable_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <vector>

#include "events/sha256.h"

namespace geleit {
namespace {

constexpr std::size_t piece_octets = 1 << 20;

[[noreturn]] void fail(const std::filesystem::path& what) {
  throw std::system_error(errno, std::generic_category(), what.string());
}

class Descriptor {
 public:
  Descriptor(const std::filesystem::path& path, int flags)
      : path_(path), fd_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {
    if (fd_ < 0) fail(path_);
  }
  ~Descriptor() { ::close(fd_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  std::size_t read(char* to, std::size_t octets) const {
    for (;;) {
      const ssize_t got = ::read(fd_, to, octets);
      if (got >= 0) return static_cast<std::size_t>(got);
      if (errno != EINTR) fail(path_);
    }
  }
  void write(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t put = ::write(fd_, text.data(), text.size());
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) fail(path_);
      text.remove_prefix(static_cast<std::size_t>(put));
    }
  }
  void begin_at(std::uint64_t octet) const {
    if (::ftruncate(fd_, static_cast<off_t>(octet)) != 0) fail(path_);
    if (::lseek(fd_, static_cast<off_t>(octet), SEEK_SET) < 0) fail(path_);
  }
  void sync() const {
    if (::fsync(fd_) != 0) fail(path_);
  }

 private:
  std::filesystem::path path_;
  int fd_;
};

std::filesystem::path folder_of(const std::filesystem::path& file) {
  return file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
}

FileDigest read_through(const Descriptor& in, const Descriptor* out) {
  FileDigest digest;
  Sha256 hash;
  std::vector<char> piece(piece_octets);
  while (const std::size_t got = in.read(piece.data(), piece.size())) {
    const std::string_view bytes(piece.data(), got);
    hash.update(bytes);
    digest.octets += got;
    if (out != nullptr) out->write(bytes);
  }
  digest.sha256 = hash.finish();
  return digest;
}

}  // namespace

FileLock::FileLock(const std::filesystem::path& path, bool waits) {
  const int flags = std::filesystem::is_directory(path) ? O_RDONLY | O_DIRECTORY : O_RDWR | O_CREAT;
  fd_ = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
  if (fd_ < 0) fail(path);
  do held_ = ::flock(fd_, waits ? LOCK_EX : LOCK_EX | LOCK_NB) == 0;
  while (!held_ && errno == EINTR);
  if (held_ || errno == EWOULDBLOCK) return;
  const int error = errno;
  ::close(fd_);
  errno = error;
  fail(path);
}
FileLock::~FileLock() { ::close(fd_); }

void write_at_end(const std::filesystem::path& file, std::uint64_t at, std::string_view text) {
  {
    const Descriptor out(file, O_WRONLY | O_CREAT);
    out.begin_at(at);
    out.write(text);
    out.sync();
  }
  sync_directory(folder_of(file));
}

void write_whole(const std::filesystem::path& file, std::string_view text) {
  std::error_code absent;
  if (std::filesystem::exists(file, absent) && !std::filesystem::is_regular_file(file)) {
    Descriptor(file, O_WRONLY).write(text);
    return;
  }
  const std::filesystem::path beside = file.string() + ".new";
  {
    const Descriptor out(beside, O_WRONLY | O_CREAT | O_TRUNC);
    out.write(text);
    out.sync();
  }
  std::filesystem::rename(beside, file);
  sync_directory(folder_of(file));
}

FileDigest copy_durably(const std::filesystem::path& from, const std::filesystem::path& to) {
  const Descriptor in(from, O_RDONLY);
  const Descriptor out(to, O_WRONLY | O_CREAT | O_EXCL);
  const FileDigest digest = read_through(in, &out);
  out.sync();
  return digest;
}

FileDigest digest_of(const std::filesystem::path& file) {
  return read_through(Descriptor(file, O_RDONLY), nullptr);
}

void sync_directory(const std::filesystem::path& dir) { Descriptor(dir, O_RDONLY | O_DIRECTORY).sync(); }

}  // namespace geleit
