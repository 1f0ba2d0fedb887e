// Alerts in Prometheus' Alertmanager, by its API v2: shown as long as they are open, and a heartbeat.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>

#include "services/alert/channel.h"

namespace geleit {

/// How often everything is posted again …
inline constexpr std::chrono::seconds alertmanager_refresh{60};
/// … and how long Alertmanager believes it: four posts may be lost.
inline constexpr std::chrono::seconds alertmanager_believes{5 * 60};
inline constexpr std::size_t alerts_a_post_max = 200;
/// Always firing while Geleit's alerting works: whoever waits for it notices silence.
inline constexpr std::string_view heartbeat_alert = "GeleitHeartbeat";

[[nodiscard]] std::unique_ptr<Channel> make_alertmanager(const ChannelConfig& config);

/// The labels, which identify an alert there, as a JSON object: always the same for the same alert, so no
/// level and nothing that changes; no personal data.
[[nodiscard]] std::string alertmanager_labels(const Notice& notice,
                                              const std::map<std::string, std::string>& added);
/// One alert of a POST; `ends` in the past is how one is resolved.
[[nodiscard]] std::string alertmanager_alert(const Notice& notice, const ChannelConfig& config, Instant ends);

}  // namespace geleit
