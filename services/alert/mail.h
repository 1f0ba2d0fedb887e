// Messages to people by SMTP.
#pragma once

#include <memory>

#include "services/alert/channel.h"

namespace geleit {

[[nodiscard]] std::unique_ptr<Channel> make_mail(const ChannelConfig& config);

}  // namespace geleit
