#include "services/config.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <toml++/toml.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "events/kafka_settings.h"
#include "events/log.h"

namespace geleit {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t file_bytes_max = 1 << 20;
constexpr std::string_view file_suffix = ".file";
constexpr mode_t mode_of_others = S_IWGRP | S_IXGRP | S_IRWXO;

/// Everything that is refused is refused by what it is called there.
class Refuse {
 public:
  explicit Refuse(std::string where) : where_(std::move(where)) {}
  template <class... Args>
  [[noreturn]] void operator()(fmt::format_string<Args...> what, Args&&... args) const {
    throw ConfigRefused(fmt::format("{}: {}", where_, fmt::format(what, std::forward<Args>(args)...)));
  }

 private:
  std::string where_;
};

class Descriptor {
 public:
  explicit Descriptor(const fs::path& file) : fd_(::open(file.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

void require_private(int fd, const fs::path& file, const Refuse& refuse) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) refuse("expected to read {}, but: {}", file.string(), std::strerror(errno));
  if ((info.st_mode & mode_of_others) != 0) {
    refuse(
        "expected {} to be readable by its owner and at most its group, but its mode is {:04o}; run chmod "
        "600 {}",
        file.string(), info.st_mode & 07777, file.string());
  }
}

std::string text_of(const fs::path& file, bool is_secret, const Refuse& refuse) {
  const Descriptor descriptor(file);
  if (descriptor.get() < 0) refuse("expected to read {}, but: {}", file.string(), std::strerror(errno));
  if (is_secret) require_private(descriptor.get(), file, refuse);
  std::string text;
  char some[4096];
  while (true) {
    const ssize_t got = ::read(descriptor.get(), some, sizeof some);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) refuse("expected to read {}, but: {}", file.string(), std::strerror(errno));
    if (got == 0) return text;
    text.append(some, static_cast<std::size_t>(got));
    if (text.size() > file_bytes_max) refuse("expected at most 1 MiB, but {} is larger", file.string());
  }
}

std::string secret_in(const fs::path& file, const Refuse& refuse) {
  std::string secret = text_of(file, true, refuse);
  while (secret.ends_with('\n') || secret.ends_with('\r')) secret.pop_back();
  if (secret.empty()) refuse("expected a secret in {}, but it is empty", file.string());
  if (secret.find('\0') != std::string::npos)
    refuse("expected a text in {}, but it has a zero octet", file.string());
  return secret;
}

std::string to_text(const toml::node& node, const Refuse& refuse) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* number = node.as_floating_point()) return fmt::format("{}", number->get());
  if (const auto* truth = node.as_boolean()) return truth->get() ? "true" : "false";
  refuse("expected a text, a number, true or false");
}

class Reading {
 public:
  explicit Reading(const fs::path& file) : file_(file) {}

  Config read() {
    const Refuse refuse(file_.string());
    const std::string text = text_of(file_, false, refuse);
    const toml::table root = parsed(text);
    for (const auto& [name, node] : root) {
      if (name.str() != "kafka" || !node.is_table()) {
        refuse("expected nothing but a table [kafka], but it has '{}'", name.str());
      }
      take("", *node.as_table());
    }
    try {
      check_kafka_settings(config_.kafka);
    } catch (const LogRefused& refused) { refuse("{}", refused.what()); }
    return std::move(config_);
  }

 private:
  toml::table parsed(const std::string& text) const {
    try {
      return toml::parse(text);
    } catch (const toml::parse_error& error) {
      const Refuse refuse(fmt::format("{}, line {}", file_.string(), error.source().begin.line));
      refuse("expected TOML, but: {}", error.description());
    }
  }

  // A name with dots is a table in a table to TOML.
  void take(const std::string& prefix, const toml::table& table) {
    for (const auto& [key, node] : table) {
      const std::string name = prefix + std::string(key.str());
      if (const toml::table* inner = node.as_table()) {
        take(name + ".", *inner);
        continue;
      }
      const Refuse refuse(fmt::format("{}: the Kafka setting '{}'", file_.string(), name));
      const std::string value = to_text(node, refuse);
      if (name.ends_with(file_suffix)) {
        put(name.substr(0, name.size() - file_suffix.size()), secret_in(beside(value), refuse), refuse);
      } else if (is_secret_kafka_setting(name)) {
        refuse("expected {}.file = \"…\" and the secret in that file, but it stands in the configuration",
               name);
      } else if (file_of_kafka_setting(name) != KafkaSettingFile::none && value != "probe") {
        put(name, file_named(name, value, refuse), refuse);
      } else {
        put(name, value, refuse);
      }
    }
  }

  void put(const std::string& name, std::string value, const Refuse& refuse) {
    if (!config_.kafka.emplace(name, std::move(value)).second) refuse("expected it once, but it is twice");
  }

  std::string file_named(const std::string& name, const std::string& value, const Refuse& refuse) const {
    const fs::path file = beside(value);
    const Descriptor descriptor(file);
    if (descriptor.get() < 0) refuse("expected to read {}, but: {}", file.string(), std::strerror(errno));
    if (file_of_kafka_setting(name) == KafkaSettingFile::secret)
      require_private(descriptor.get(), file, refuse);
    return file.string();
  }

  fs::path beside(const std::string& value) const { return file_.parent_path() / value; }

  const fs::path& file_;
  Config config_;
};

}  // namespace

Config read_config(const fs::path& file) { return file.empty() ? Config{} : Reading(file).read(); }

}  // namespace geleit
