#include "services/alert/mail.h"

#include <fmt/format.h>

#include <algorithm>

#include "services/alert/mail_text.h"
#include "services/alert/transfer.h"

namespace geleit {
namespace {

class Mail final : public Channel {
 public:
  explicit Mail(const ChannelConfig& config) : config_(config), transfer_({config.timeout, config.ca}) {}

  [[nodiscard]] Outcome deliver(const AlertMessage& message, Instant) override {
    const std::string text = mail_text(message, config_);
    SmtpMail mail;
    mail.url = config_.url;
    mail.from = config_.from;
    mail.to = config_.to;
    mail.user = config_.user;
    mail.password = config_.password;
    mail.starttls = config_.starttls;
    mail.text = text;
    const auto outcome = transfer_.send(mail);
    // A log-in that is refused, TLS that is missing: not this mail's fault, and to be mended without losing
    // it.
    if (const auto* none = std::get_if<NoAnswer>(&outcome))
      return {Outcome::Result::again, none->detail, {}, true};
    return judge(std::get<SmtpAnswer>(outcome));
  }

  void stop() override { transfer_.stop(); }

 private:
  [[nodiscard]] Outcome judge(const SmtpAnswer& answer) const {
    Outcome delivery;
    if (!answer.refusals.empty()) {
      delivery.detail =
          fmt::format("expected {} to take a mail, but to {} it says: {}", server_of(config_.url),
                      answer.refusals.front().to, answer.refusals.front().text);
      if (answer.refusals.size() > 1)
        delivery.detail += fmt::format(" (and {} more)", answer.refusals.size() - 1);
    }
    if (answer.accepted) return delivery;
    const bool may_change = std::any_of(answer.refusals.begin(), answer.refusals.end(),
                                        [](const SmtpReply& reply) { return reply.code / 100 == 4; });
    delivery.result = may_change ? Outcome::Result::again : Outcome::Result::refused;
    return delivery;
  }

  ChannelConfig config_;
  Transfer transfer_;
};

}  // namespace

std::unique_ptr<Channel> make_mail(const ChannelConfig& config) { return std::make_unique<Mail>(config); }

}  // namespace geleit
