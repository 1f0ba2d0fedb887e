#include "services/alert/channel.h"

#include <stdexcept>

#include "services/alert/alert_file.h"
#include "services/alert/alertmanager.h"
#include "services/alert/mail.h"
#include "services/alert/webhook.h"

namespace geleit {

std::unique_ptr<Channel> make_channel(const ChannelConfig& config) {
  switch (config.kind) {
    case ChannelKind::mail: return make_mail(config);
    case ChannelKind::webhook: return make_webhook(config);
    case ChannelKind::alertmanager: return make_alertmanager(config);
    case ChannelKind::file: return make_alert_file(config);
  }
  throw std::logic_error("unknown kind of channel");
}

}  // namespace geleit
