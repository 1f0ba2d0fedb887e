// The channels of the configuration (`--config FILE`), each optional, several per provider and level. Which
// service reaches whom belongs to a machine and its secrets, so it is no part of the log and of no table.
//
//   [alert]
//   public_url = "https://geleit.example.org"   what links in messages begin with; left out: no links
//   allow_private = false                       whether webhooks may go to private and loopback addresses,
//                                               and without TLS; a channel may say otherwise
//   [[alert.channel]]
//   name = "leitung-mail"        slug; AlertSent names it
//   kind = "mail"                mail | webhook | alertmanager | file
//   providers = ["hana-muenchen"]   left out: all
//   levels = [2, 3]                 left out: all
//   teams = ["nord"]                left out: all, and cases without a team
//   quiet = true                    waits while the provider wants quiet; default: mail true, others false
//   timeout_seconds = 10            of one attempt, 1 to 120
//
//   mail          url = "smtp://127.0.0.1:2525" | "smtps://…", from = "…", to = ["…"], user, password.file,
//                 starttls = "required" | "if_offered" | "no", ca = "ca.pem", language = "de" | "en"
//   webhook       url, secret.file = "…" (whsec_…, one a line: each signs, so that they can be changed one
//                 after the other), ca, allow_private
//   alertmanager  url, labels = { … }, user, password.file, ca
//   file          path = "alerts.ndjson", or "-" for standard output
//
// A secret lies in a file of its own; a file without a directory lies beside the configuration. A password
// never leaves without TLS but to this machine itself.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "events/event_words.h"

namespace geleit {

enum class ChannelKind : std::uint8_t { mail, webhook, alertmanager, file };
enum class StartTls : std::uint8_t { required, if_offered, no };

template <>
inline constexpr std::array<std::string_view, 4> words<ChannelKind>{"mail", "webhook", "alertmanager",
                                                                    "file"};
template <>
inline constexpr std::array<std::string_view, 3> words<StartTls>{"required", "if_offered", "no"};

struct ChannelConfig {
  std::string name;
  ChannelKind kind{};
  std::vector<std::string> providers, teams;  ///< empty: all
  std::vector<std::int32_t> levels;           ///< empty: all
  bool quiet = false;
  std::chrono::seconds timeout{10};
  std::string public_url;  ///< of [alert]; without a slash at its end
  bool allow_private = false;

  std::string url;              ///< without a slash at its end, but for a webhook's
  std::string user, password;   ///< mail, alertmanager
  std::filesystem::path ca;     ///< certificates to trust; empty: the system's
  std::string from;             ///< mail
  std::vector<std::string> to;  ///< mail
  StartTls starttls = StartTls::required;
  bool german = true;                         ///< mail: the language that comes first
  std::vector<std::string> secrets;           ///< webhook: raw octets, 24 to 64 each
  std::map<std::string, std::string> labels;  ///< alertmanager
  std::filesystem::path path;                 ///< file

  /// Whether a notice of that provider, team and level goes through it.
  [[nodiscard]] bool takes(const std::string& provider, const std::string& team, std::int32_t level) const {
    const auto is_of = [](const auto& some, const auto& one) {
      return some.empty() || std::find(some.begin(), some.end(), one) != some.end();
    };
    return is_of(providers, provider) && is_of(teams, team) && is_of(levels, level);
  }
};

struct AlertConfig {
  bool configured = false;  ///< there is a table [alert]
  std::string public_url;   ///< without a slash at its end; empty: none
  std::vector<ChannelConfig> channels;
};

/// Labels that Geleit gives alerts in Alertmanager by itself.
inline constexpr std::array<std::string_view, 9> own_alert_labels{
    "alertname", "service", "rule", "provider", "team", "case", "alert", "benefit", "severity"};

}  // namespace geleit
