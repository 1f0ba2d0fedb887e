#include "services/alert_table.h"

#include <fmt/format.h>

#include <optional>
#include <set>
#include <utility>

#include "projections/rules/alert_policy.h"
#include "projections/rules/settings.h"
#include "services/base64.h"
#include "services/config_file.h"

namespace geleit {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t timeout_seconds_min = 1;
constexpr std::int64_t timeout_seconds_max = 120;
constexpr std::size_t mail_address_max = 254;  // RFC 5321, 4.5.3.1.3, without its brackets
constexpr std::size_t recipients_max = 50;
constexpr std::string_view secret_prefix = "whsec_";
constexpr std::size_t secret_octets_min = 24;  // Standard Webhooks 1.0
constexpr std::size_t secret_octets_max = 64;

/// What an address of the configuration consists of.
struct UrlParts {
  std::string_view scheme, host;
  bool has_path = false;  ///< more than "/" behind the host
  bool has_query = false;
};

bool is_host(std::string_view host) {
  if (host.starts_with('[')) {
    return host.ends_with(']') && host.size() > 2 &&
           host.substr(1, host.size() - 2).find_first_not_of("0123456789abcdefABCDEF:.") ==
               std::string_view::npos;
  }
  return !host.empty() &&
         host.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") ==
             std::string_view::npos;
}

bool is_port(std::string_view port) {
  if (port.empty() || port.size() > 5 || port.find_first_not_of("0123456789") != std::string_view::npos)
    return false;
  const int number = std::stoi(std::string(port));
  return number >= 1 && number <= 65535;
}

/// Nothing for what is no address, and for one with a user, a fragment or octets that an address has not:
/// secrets have files of their own.
std::optional<UrlParts> url_parts(std::string_view url) {
  const auto is_of_urls = [](char c) { return c > ' ' && c < '\x7f' && c != '"' && c != '<' && c != '>'; };
  const std::size_t end = url.find("://");
  if (end == std::string_view::npos || end == 0) return std::nullopt;
  if (!std::all_of(url.begin(), url.end(), is_of_urls)) return std::nullopt;
  UrlParts parts;
  parts.scheme = url.substr(0, end);
  const std::string_view rest = url.substr(end + 3);
  const std::size_t authority_end = std::min(rest.find_first_of("/?#"), rest.size());
  const std::string_view authority = rest.substr(0, authority_end);
  const std::string_view behind = rest.substr(authority_end);
  if (authority.find('@') != std::string_view::npos || behind.find('#') != std::string_view::npos)
    return std::nullopt;
  parts.has_path = !behind.empty() && behind != "/";
  parts.has_query = behind.find('?') != std::string_view::npos;
  const std::size_t bracket = authority.find(']');
  const std::size_t colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  parts.host = authority.substr(0, colon);
  if (!is_host(parts.host)) return std::nullopt;
  if (colon != std::string_view::npos && !is_port(authority.substr(colon + 1))) return std::nullopt;
  return parts;
}

bool is_this_machine(std::string_view host) {
  return host == "localhost" || host == "[::1]" ||
         (host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string_view::npos);
}

/// An address as it may stand in a header and in a command of SMTP: no name before it, no quotes.
bool is_mail_address(std::string_view text) {
  const std::size_t at = text.find('@');
  if (at == 0 || at == std::string_view::npos || text.size() > mail_address_max) return false;
  const std::string_view domain = text.substr(at + 1);
  return std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at),
                     [](char c) {
                       return c > ' ' && c < '\x7f' &&
                              std::string_view("\"(),:;<>@[]\\").find(c) == std::string_view::npos;
                     }) &&
         is_host(domain) && !domain.starts_with('[') && !domain.starts_with('.') && !domain.ends_with('.');
}

bool is_label_name(std::string_view name) {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
  return !name.empty() && !name.starts_with("__") && letters.find(name[0]) != std::string_view::npos &&
         std::all_of(name.begin(), name.end(), [&](char c) {
           return (c >= '0' && c <= '9') || letters.find(c) != std::string_view::npos;
         });
}

std::string trimmed_url(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

/// What stands there, as a sentence ends.
std::string found(const toml::node* node) {
  if (node == nullptr) return "it is missing";
  if (const auto* text = node->as_string()) return fmt::format("it is \"{}\"", text->get());
  if (const auto* number = node->as_integer()) return fmt::format("it is {}", number->get());
  if (const auto* truth = node->as_boolean()) return truth->get() ? "it is true" : "it is false";
  if (node->is_array()) return "it is a list of something else";
  if (node->is_table()) return "it is a table";
  return "it is something else";
}

/// A table of settings, each of which is asked for by its name; what nobody asked for is refused at the end.
class AlertTable {
 public:
  AlertTable(const toml::table& table, const fs::path& file, std::string where)
      : table_(table), file_(file), where_(std::move(where)) {}

  /// Sentences begin with this.
  [[nodiscard]] RefuseConfig refuse(std::string_view setting) const {
    return RefuseConfig(fmt::format("{}: {} '{}'", file_.string(), where_, setting));
  }
  [[noreturn]] void refuse(std::string_view setting, std::string_view expected) const {
    refuse(setting)("expected {}, but {}", expected, found(table_.get(setting)));
  }

  [[nodiscard]] const toml::node* node(std::string_view setting) {
    asked_.emplace(setting);
    return table_.get(setting);
  }
  [[nodiscard]] std::optional<std::string> text(std::string_view setting) {
    const toml::node* at = node(setting);
    if (at == nullptr) return std::nullopt;
    const auto* text = at->as_string();
    if (text == nullptr || text->get().empty()) refuse(setting, "a text");
    return text->get();
  }
  [[nodiscard]] std::string required_text(std::string_view setting, std::string_view expected) {
    std::optional<std::string> given = text(setting);
    if (!given) refuse(setting, expected);
    return *std::move(given);
  }
  [[nodiscard]] bool truth(std::string_view setting, bool otherwise) {
    const toml::node* at = node(setting);
    if (at == nullptr) return otherwise;
    const auto* truth = at->as_boolean();
    if (truth == nullptr) refuse(setting, "true or false");
    return truth->get();
  }
  [[nodiscard]] std::int64_t number(std::string_view setting, std::int64_t least, std::int64_t most,
                                    std::int64_t otherwise) {
    const toml::node* at = node(setting);
    if (at == nullptr) return otherwise;
    const auto* number = at->as_integer();
    if (number == nullptr || number->get() < least || number->get() > most)
      refuse(setting, fmt::format("a whole number from {} to {}", least, most));
    return number->get();
  }
  template <Vocabulary E>
  [[nodiscard]] E word(std::string_view setting, std::optional<E> otherwise) {
    const std::optional<std::string> given = text(setting);
    if (!given && otherwise) return *otherwise;
    const std::optional<E> value = parse_word<E>(given.value_or(""));
    if (!value) refuse(setting, fmt::format("one of {}", fmt::join(words<E>, ", ")));
    return *value;
  }
  /// Each of them is one that `fits`, and none is there twice; left out: none.
  template <class Fits>
  [[nodiscard]] std::vector<std::string> texts(std::string_view setting, std::string_view expected,
                                               Fits fits) {
    const toml::node* at = node(setting);
    if (at == nullptr) return {};
    const toml::array* array = at->as_array();
    if (array == nullptr || array->empty()) refuse(setting, expected);
    std::vector<std::string> values;
    for (const toml::node& one : *array) {
      const auto* value = one.as_string();
      if (value == nullptr || !fits(value->get()))
        refuse(setting)("expected {}, but one is not: {}", expected, found(&one));
      require_new(setting, values, value->get());
      values.push_back(value->get());
    }
    return values;
  }
  [[nodiscard]] std::vector<std::int32_t> levels(std::string_view setting) {
    const toml::node* at = node(setting);
    if (at == nullptr) return {};
    const std::string expected = fmt::format("a list of levels from 1 to {}", alert_levels);
    const toml::array* array = at->as_array();
    if (array == nullptr || array->empty()) refuse(setting, expected);
    std::vector<std::int32_t> values;
    for (const toml::node& one : *array) {
      const auto* value = one.as_integer();
      if (value == nullptr || value->get() < 1 || value->get() > alert_levels)
        refuse(setting)("expected {}, but one is not: {}", expected, found(&one));
      const auto level = static_cast<std::int32_t>(value->get());
      require_new(setting, values, level);
      values.push_back(level);
    }
    return values;
  }
  /// SETTING.file: what stands in that file.
  [[nodiscard]] std::optional<std::string> secret(std::string_view setting) {
    const toml::node* at = node(setting);
    if (at == nullptr) return std::nullopt;
    const toml::table* table = at->as_table();
    const toml::node* named = table == nullptr ? nullptr : table->get("file");
    if (named == nullptr || !named->is_string() || table->size() != 1) {
      refuse(setting)("expected {}.file = \"…\" and the secret in that file, but it is something else",
                      setting);
    }
    return config_secret(beside(named->as_string()->get()), refuse(fmt::format("{}.file", setting)));
  }
  [[nodiscard]] std::map<std::string, std::string> labels(std::string_view setting) {
    std::map<std::string, std::string> values;
    const toml::node* at = node(setting);
    if (at == nullptr) return values;
    const toml::table* table = at->as_table();
    if (table == nullptr) refuse(setting, "a table of labels");
    for (const auto& [key, one] : *table) {
      const std::string name(key.str());
      if (!is_label_name(name))
        refuse(setting)("expected names of letters, digits and _, but one is '{}'", name);
      if (std::find(own_alert_labels.begin(), own_alert_labels.end(), name) != own_alert_labels.end())
        refuse(setting)("expected labels that are not Geleit's own, but one is '{}'", name);
      const auto* value = one.as_string();
      if (value == nullptr || value->get().empty())
        refuse(setting)("expected a text for '{}', but {}", name, found(&one));
      values.emplace(name, value->get());
    }
    return values;
  }
  [[nodiscard]] fs::path beside(const std::string& name) const { return file_.parent_path() / name; }

  void refuse_unknown(std::string_view of_what) const {
    for (const auto& [key, at] : table_) {
      if (!asked_.contains(key.str()))
        refuse(key.str())("expected no such setting {}, but it is there", of_what);
    }
  }

 private:
  template <class Value>
  void require_new(std::string_view setting, const std::vector<Value>& values, const Value& value) const {
    if (std::find(values.begin(), values.end(), value) != values.end())
      refuse(setting)("expected each once, but {} is there twice", value);
  }

  const toml::table& table_;
  const fs::path& file_;
  std::string where_;
  std::set<std::string, std::less<>> asked_;
};

/// An address with one of two schemes; `wanted` says so in sentences.
UrlParts read_url(AlertTable& table, ChannelConfig& channel, std::string_view safe, std::string_view plain,
                  std::string_view wanted) {
  channel.url = table.required_text("url", wanted);
  if (channel.url.find('@') != std::string::npos) {
    table.refuse("url")(
        "expected {}, but there is an @ in it; a user is a setting of its own, and a secret "
        "stands in a file",
        wanted);
  }
  const std::optional<UrlParts> parts = url_parts(channel.url);
  if (!parts || (parts->scheme != safe && parts->scheme != plain)) table.refuse("url", wanted);
  return *parts;
}

void read_ca(AlertTable& table, ChannelConfig& channel) {
  const std::optional<std::string> ca = table.text("ca");
  if (!ca) return;
  channel.ca = table.beside(*ca);
  require_config_file(channel.ca, ConfigFileKind::open, table.refuse("ca"));
}

void read_login(AlertTable& table, ChannelConfig& channel) {
  const std::optional<std::string> user = table.text("user");
  const std::optional<std::string> password = table.secret("password");
  if (user && !password) table.refuse("password", "password.file beside user");
  if (password && !user) table.refuse("user", "a user beside password.file");
  channel.user = user.value_or("");
  channel.password = password.value_or("");
}

void read_mail(AlertTable& table, ChannelConfig& channel) {
  constexpr std::string_view wanted = "smtp://HOST[:PORT] or smtps://HOST[:PORT]";
  const UrlParts url = read_url(table, channel, "smtps", "smtp", wanted);
  if (url.has_path) table.refuse("url", wanted);
  const bool is_smtps = url.scheme == "smtps";
  if (is_smtps && table.node("starttls") != nullptr)
    table.refuse("starttls")("expected it with smtp:// only, but the address begins with smtps://");
  channel.starttls = table.word<StartTls>("starttls", StartTls::required);
  read_ca(table, channel);
  read_login(table, channel);
  const bool is_safe = is_smtps || channel.starttls == StartTls::required || is_this_machine(url.host);
  if (!channel.password.empty() && !is_safe) {
    table.refuse("starttls")("expected \"required\" where a password is sent to {}, but it is \"{}\"",
                             url.host, word(channel.starttls));
  }
  channel.url = trimmed_url(std::move(channel.url));

  channel.from = table.required_text("from", "a mail address");
  if (!is_mail_address(channel.from)) table.refuse("from", "a mail address like geleit@example.org");
  const std::string recipients = fmt::format("a list of 1 to {} mail addresses", recipients_max);
  channel.to = table.texts("to", recipients, is_mail_address);
  if (channel.to.empty() || channel.to.size() > recipients_max) table.refuse("to", recipients);
  const std::string language = table.text("language").value_or("de");
  if (language != "de" && language != "en") table.refuse("language", "one of de, en");
  channel.german = language == "de";
}

void read_webhook(AlertTable& table, ChannelConfig& channel) {
  channel.allow_private = table.truth("allow_private", channel.allow_private);
  const std::string_view wanted =
      channel.allow_private ? "https://… or http://…" : "https://… (http:// with allow_private = true only)";
  const UrlParts url = read_url(table, channel, "https", "http", wanted);
  if (url.scheme == "http" && !channel.allow_private) table.refuse("url", wanted);
  read_ca(table, channel);

  const std::string expected =
      fmt::format("secret.file with a line {}… of {} to {} octets in base64 for each secret", secret_prefix,
                  secret_octets_min, secret_octets_max);
  const std::optional<std::string> lines = table.secret("secret");
  if (!lines) table.refuse("secret", expected);
  std::string_view rest = *lines;
  for (int number = 1; !rest.empty(); ++number) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
    if (line.empty()) continue;
    std::optional<std::string> secret;
    if (line.starts_with(secret_prefix)) secret = from_base64(line.substr(secret_prefix.size()));
    if (!secret || secret->size() < secret_octets_min || secret->size() > secret_octets_max)
      table.refuse("secret")("expected {}, but line {} of that file is none", expected, number);
    channel.secrets.push_back(*std::move(secret));
  }
  if (channel.secrets.empty()) table.refuse("secret")("expected {}, but that file has none", expected);
}

void read_alertmanager(AlertTable& table, ChannelConfig& channel) {
  constexpr std::string_view wanted = "http://HOST[:PORT][/PREFIX] or https://…";
  const UrlParts url = read_url(table, channel, "https", "http", wanted);
  if (url.has_query) table.refuse("url", wanted);
  read_ca(table, channel);
  read_login(table, channel);
  if (!channel.password.empty() && url.scheme == "http" && !is_this_machine(url.host))
    table.refuse("url")("expected https:// where a password is sent to {}, but it is http://", url.host);
  channel.url = trimmed_url(std::move(channel.url));
  channel.labels = table.labels("labels");
}

ChannelConfig read_channel(AlertTable& table, const AlertConfig& alert, bool allow_private) {
  ChannelConfig channel;
  channel.public_url = alert.public_url;
  channel.allow_private = allow_private;
  channel.name = table.required_text("name", "a slug");
  channel.kind = table.word<ChannelKind>("kind", std::nullopt);
  channel.providers = table.texts("providers", "a list of slugs", is_provider_slug);
  channel.teams = table.texts("teams", "a list of slugs", is_provider_slug);
  channel.levels = table.levels("levels");
  channel.quiet = table.truth("quiet", channel.kind == ChannelKind::mail);
  channel.timeout = std::chrono::seconds(
      table.number("timeout_seconds", timeout_seconds_min, timeout_seconds_max, channel.timeout.count()));
  switch (channel.kind) {
    case ChannelKind::mail: read_mail(table, channel); break;
    case ChannelKind::webhook: read_webhook(table, channel); break;
    case ChannelKind::alertmanager: read_alertmanager(table, channel); break;
    case ChannelKind::file: {
      const std::string path = table.required_text("path", "a file, or \"-\" for standard output");
      channel.path = path == "-" ? fs::path(path) : table.beside(path);
      break;
    }
  }
  table.refuse_unknown(fmt::format("with kind = \"{}\"", word(channel.kind)));
  return channel;
}

}  // namespace

AlertConfig read_alert_table(const toml::table& given, const fs::path& file) {
  AlertConfig alert;
  alert.configured = true;
  AlertTable table(given, file, "the alert setting");
  if (const std::optional<std::string> url = table.text("public_url")) {
    const std::optional<UrlParts> parts = url_parts(*url);
    if (!parts || (parts->scheme != "https" && parts->scheme != "http") || parts->has_query)
      table.refuse("public_url", "https://HOST[:PORT][/PREFIX] or http://…");
    alert.public_url = trimmed_url(*url);
  }
  const bool allow_private = table.truth("allow_private", false);
  const toml::node* node = table.node("channel");
  table.refuse_unknown("under [alert]");
  if (node == nullptr) return alert;

  const toml::array* channels = node->as_array();
  if (channels == nullptr || channels->size() > channels_max)
    table.refuse("channel", fmt::format("at most {} tables [[alert.channel]]", channels_max));
  std::set<std::string> names;
  for (const toml::node& one : *channels) {
    const toml::table* of_channel = one.as_table();
    if (of_channel == nullptr) table.refuse("channel", "tables [[alert.channel]]");
    const auto* name = of_channel->get_as<std::string>("name");
    if (name == nullptr || !is_provider_slug(name->get())) {
      RefuseConfig(fmt::format("{}: 'name' of alert channel {}", file.string(), alert.channels.size() + 1))(
          "expected a slug of a–z, 0–9, dot, hyphen and underscore, but {}", found(of_channel->get("name")));
    }
    AlertTable of_table(*of_channel, file, fmt::format("the alert channel '{}', setting", name->get()));
    if (!names.insert(name->get()).second)
      of_table.refuse("name")("expected a name of its own, but another channel has it");
    alert.channels.push_back(read_channel(of_table, alert, allow_private));
  }
  return alert;
}

}  // namespace geleit
