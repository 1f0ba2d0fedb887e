// Messages as lines of a file or of standard output (NDJSON), for whoever pipes them on.
#pragma once

#include <memory>
#include <string>

#include "services/alert/channel.h"

namespace geleit {

/// Appends each message with one write; a file that was moved away is begun anew. Throws ConfigRefused for a
/// file that cannot be written.
[[nodiscard]] std::unique_ptr<Channel> make_alert_file(const ChannelConfig& config);

/// One line for each notice, and for each warning of a digest. `type` says what it is: alert.opened,
/// alert.closed, alert.still_open, deadline.near; `message` is the message's id.
[[nodiscard]] std::string alert_lines(const AlertMessage& message, const std::string& public_url);

}  // namespace geleit
