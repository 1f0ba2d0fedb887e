// Messages to a program, after Standard Webhooks 1.0: signed, with an id that stays the same, and thin.
#pragma once

#include <memory>
#include <string>

#include "services/alert/channel.h"

namespace geleit {

[[nodiscard]] std::unique_ptr<Channel> make_webhook(const ChannelConfig& config);

/// The body: {"type", "timestamp", "data"}. The same octets however often a message is tried.
///   alert.opened, alert.closed       of one notice: data is it
///   alerts.opened, alerts.closed     of several, all of one kind: data.alerts
///   alerts.changed                   of several that are of both kinds
///   alerts.digest                    data.alerts (new and closed ones), data.still_open, data.warnings
/// In data.alerts each one has its own `type`.
[[nodiscard]] std::string webhook_body(const AlertMessage& message, const std::string& public_url);

}  // namespace geleit
