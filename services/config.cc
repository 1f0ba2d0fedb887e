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
constexpr std::int64_t heads_every_records_max = 10'000'000;
constexpr std::int64_t heads_every_minutes_max = 7 * 24 * 60;

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
      } else if (name.str() == "audit" && node.is_table()) {
        for (const auto& [key, value] : *node.as_table()) take_audit(std::string(key.str()), value);
      } else {
        refuse("expected nothing but the tables [kafka], [audit] and [alert], but it has '{}'", name.str());
      }
    }
    const AuditConfig& audit = config_.audit;
    if (audit.deposit_webhook.starts_with("http://") && !audit.allow_private)
      refuse("expected deposit_webhook of [audit] to be https://…, or allow_private = true, but it is {}",
             audit.deposit_webhook);
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

  void take_audit(const std::string& name, const toml::node& node) {
    const RefuseConfig refuse(fmt::format("{}: the setting '{}' of [audit]", file_.string(), name));
    AuditConfig& audit = config_.audit;
    const auto whole = [&](std::int64_t max) {
      const auto* number = node.as_integer();
      if (number == nullptr || number->get() < 1 || number->get() > max)
        refuse("expected a whole number from 1 to {}, but it is {}", max, to_text(node, refuse));
      return number->get();
    };
    const auto text = [&] {
      const auto* given = node.as_string();
      if (given == nullptr || given->get().empty()) refuse("expected a text, but there is none");
      return given->get();
    };
    if (name == "heads_every_records") {
      audit.heads_every_records = static_cast<std::uint64_t>(whole(heads_every_records_max));
    } else if (name == "heads_every_minutes") {
      audit.heads_every_minutes = whole(heads_every_minutes_max);
    } else if (name == "deposit_file") {
      audit.deposit_file = beside(text());
    } else if (name == "deposit_webhook") {
      audit.deposit_webhook = text();
      if (!audit.deposit_webhook.starts_with("https://") && !audit.deposit_webhook.starts_with("http://"))
        refuse("expected an address like https://…, but it is {}", audit.deposit_webhook);
    } else if (name == "ca") {
      audit.ca = beside(text());
      require_config_file(audit.ca, ConfigFileKind::open, refuse);
    } else if (name == "allow_private") {
      if (!node.is_boolean()) refuse("expected true or false");
      audit.allow_private = node.as_boolean()->get();
    } else {
      refuse(
          "expected heads_every_records, heads_every_minutes, deposit_file, deposit_webhook, ca or "
          "allow_private");
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
