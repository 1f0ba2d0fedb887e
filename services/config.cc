#include "services/config.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <string>
#include <string_view>

#include "events/kafka_settings.h"
#include "events/log.h"
#include "services/alert_table.h"

namespace geleit {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view file_suffix = ".file";

std::string to_text(const toml::node& node, const RefuseConfig& refuse) {
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
    const RefuseConfig refuse(file_.string());
    const std::string text = config_text(file_, refuse);
    const toml::table root = parsed(text);
    for (const auto& [name, node] : root) {
      if (name.str() == "kafka" && node.is_table()) {
        take("", *node.as_table());
      } else if (name.str() == "alert" && node.is_table()) {
        config_.alert = read_alert_table(*node.as_table(), file_);
      } else {
        refuse("expected nothing but the tables [kafka] and [alert], but it has '{}'", name.str());
      }
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
      const RefuseConfig refuse(fmt::format("{}, line {}", file_.string(), error.source().begin.line));
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
      const RefuseConfig refuse(fmt::format("{}: the Kafka setting '{}'", file_.string(), name));
      const std::string value = to_text(node, refuse);
      if (name.ends_with(file_suffix)) {
        put(name.substr(0, name.size() - file_suffix.size()), config_secret(beside(value), refuse), refuse);
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

  void put(const std::string& name, std::string value, const RefuseConfig& refuse) {
    if (!config_.kafka.emplace(name, std::move(value)).second) refuse("expected it once, but it is twice");
  }

  std::string file_named(const std::string& name, const std::string& value,
                         const RefuseConfig& refuse) const {
    const fs::path file = beside(value);
    const bool is_secret = file_of_kafka_setting(name) == KafkaSettingFile::secret;
    require_config_file(file, is_secret ? ConfigFileKind::secret : ConfigFileKind::open, refuse);
    return file.string();
  }

  fs::path beside(const std::string& value) const { return file_.parent_path() / value; }

  const fs::path& file_;
  Config config_;
};

}  // namespace

Config read_config(const fs::path& file) { return file.empty() ? Config{} : Reading(file).read(); }

}  // namespace geleit
