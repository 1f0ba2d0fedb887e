#include "services/alert/webhook.h"

#include <fmt/format.h>

#include <algorithm>

#include "events/civil_time.h"
#include "events/uuid.h"
#include "services/alert/notice_words.h"
#include "services/alert/signature.h"
#include "services/alert/transfer.h"

namespace geleit {
namespace {

constexpr int status_gone = 410;

std::string_view type_of(const AlertMessage& message) {
  if (message.form == AlertMessage::Form::digest) return "alerts.digest";
  if (message.form == AlertMessage::Form::single && message.notices.size() == 1)
    return type_of(message.notices.front());
  const auto is_open = [](const Notice& notice) { return notice.kind() == NoticeKind::open; };
  if (std::all_of(message.notices.begin(), message.notices.end(), is_open)) return "alerts.opened";
  if (std::none_of(message.notices.begin(), message.notices.end(), is_open)) return "alerts.closed";
  return "alerts.changed";
}

class Webhook final : public Channel {
 public:
  explicit Webhook(const ChannelConfig& config)
      : config_(config), transfer_({config.timeout, config.ca, !config.allow_private}) {}

  Outcome deliver(const AlertMessage& message, Instant now) override {
    const std::string id = to_string(message.id);
    const std::int64_t seconds = now.ms / 1'000;
    const std::string body = webhook_body(message, config_.public_url);
    HttpPost request;
    request.url = config_.url;
    request.headers = {{"Content-Type", "application/json"},
                       {"webhook-id", id},
                       {"webhook-timestamp", std::to_string(seconds)},
                       {"webhook-signature", webhook_signature(config_.secrets, id, seconds, body)}};
    request.body = body;
    const auto outcome = transfer_.post(request);
    if (const auto* none = std::get_if<NoAnswer>(&outcome)) {
      if (none->why == NoAnswer::Why::not_public) return {Outcome::Result::refused, none->detail, {}, false};
      return {Outcome::Result::again, none->detail, {}, true};
    }
    return judge(std::get<HttpAnswer>(outcome), now);
  }

  void stop() override { transfer_.stop(); }

 private:
  // Whatever is no 2xx is tried again, as the specification says: a receiver that is being replaced answers
  // 404 for a while. A redirect would send what is signed to somebody who was not configured.
  [[nodiscard]] Outcome judge(const HttpAnswer& answer, Instant now) const {
    const int status = answer.status;
    if (status / 100 == 2) return {};
    const std::string detail =
        fmt::format("expected 2xx of {}, but it is {}", server_of(config_.url), status);
    if (status == status_gone)
      return {Outcome::Result::gone, detail + ": it wants no more messages", {}, false};
    if (status / 100 == 3) {
      return {Outcome::Result::refused,
              detail + ": the address has moved, and redirects are not followed; mend the channel's url",
              {},
              false};
    }
    return {Outcome::Result::again, detail, wait_of_retry_after(answer.retry_after, now), false};
  }

  ChannelConfig config_;
  Transfer transfer_;
};

}  // namespace

std::unique_ptr<Channel> make_webhook(const ChannelConfig& config) {
  return std::make_unique<Webhook>(config);
}

std::string webhook_body(const AlertMessage& message, const std::string& public_url) {
  std::string body;
  http::JsonWriter json(body);
  const auto put_notices = [&](std::string_view name, const std::vector<Notice>& notices) {
    json.member(name).array();
    for (const Notice& notice : notices) {
      json.object().member("type").string(type_of(notice));
      put_notice(json, notice, public_url);
      json.end();
    }
    json.end();
  };
  const std::string_view type = type_of(message);
  json.object().member("type").string(type);
  json.member("timestamp").string(to_string(message.at));
  json.member("data").object();
  if (type.starts_with("alert.")) {
    put_notice(json, message.notices.front(), public_url);
  } else {
    json.member("provider").string(message.provider);
    if (!message.team.empty()) json.member("team").string(message.team);
    json.member("day").string(to_string(message.day));
    put_notices("alerts", message.notices);
    if (message.form == AlertMessage::Form::digest) {
      put_notices("still_open", message.still_open);
      json.member("warnings").array();
      for (const Warning& warning : message.warnings) {
        json.object();
        put_warning(json, warning, public_url);
        json.end();
      }
      json.end();
    }
  }
  json.end().end();
  return body;
}

}  // namespace geleit
