#include "services/alert/alertmanager.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <vector>

#include "events/civil_time.h"
#include "events/uuid.h"
#include "services/alert/notice_words.h"
#include "services/alert/transfer.h"

namespace geleit {
namespace {

constexpr std::string_view alerts_path = "/api/v2/alerts";

void put_added(http::JsonWriter& json, const std::map<std::string, std::string>& added) {
  for (const auto& [name, value] : added) json.member(name).string(value);
}

Instant later(Instant at, std::chrono::seconds by) {
  return Instant{at.ms + std::chrono::milliseconds(by).count()};
}

class Alertmanager final : public Channel {
 public:
  explicit Alertmanager(const ChannelConfig& config)
      : config_(config),
        url_(config.url + std::string(alerts_path)),
        transfer_({config.timeout, config.ca}) {}

  [[nodiscard]] Outcome deliver(const AlertMessage& message, Instant now) override {
    Posts posts;
    for (const auto* notices : {&message.notices, &message.still_open}) {
      for (const Notice& notice : *notices) {
        if (notice.kind() == NoticeKind::open) {
          fire(posts, notice, now);
        } else {
          resolve(posts, notice, now);
        }
      }
    }
    return send(posts, now);
  }

  [[nodiscard]] std::optional<std::chrono::seconds> refresh_every() const override {
    return alertmanager_refresh;
  }

  [[nodiscard]] Outcome refresh(const std::vector<Notice>& open, bool alive, Instant now) override {
    Posts posts;
    if (alive) posts.alerts.push_back(heartbeat(now));
    // Of one alert that is told at several levels the highest counts: the level is no label.
    std::map<EventId, const Notice*> highest;
    for (const Notice& notice : open) {
      const Notice*& known = highest[notice.alert];
      if (known == nullptr || known->level < notice.level) known = &notice;
    }
    for (const auto& [alert, notice] : highest) fire(posts, *notice, now);
    for (const auto& [labels, notice] : shown_) {
      const auto found = highest.find(notice.alert);
      if (found == highest.end() || alertmanager_labels(*found->second, config_.labels) != labels)
        resolve(posts, notice, now);
    }
    return send(posts, now);
  }

  void stop() override { transfer_.stop(); }

 private:
  struct Posts {
    std::vector<std::string> alerts;
    std::map<std::string, Notice> fired;  ///< by their labels
    std::set<std::string> resolved;
  };

  void fire(Posts& posts, const Notice& notice, Instant now) const {
    posts.alerts.push_back(alertmanager_alert(notice, config_, later(now, alertmanager_believes)));
    posts.fired.insert_or_assign(alertmanager_labels(notice, config_.labels), notice);
  }
  void resolve(Posts& posts, const Notice& notice, Instant now) const {
    posts.alerts.push_back(alertmanager_alert(notice, config_, std::max(now, notice.raised)));
    posts.resolved.insert(alertmanager_labels(notice, config_.labels));
  }

  [[nodiscard]] std::string heartbeat(Instant now) {
    if (!beats_since_) beats_since_ = now;
    std::string out;
    http::JsonWriter json(out);
    json.object().member("labels").object();
    json.member("alertname").string(heartbeat_alert);
    json.member("service").string("geleit");
    json.member("severity").string("none");
    put_added(json, config_.labels);
    json.end().member("annotations").object();
    json.member("summary").string(say(Language::de, message::alert_heartbeat) + " / " +
                                  say(Language::en, message::alert_heartbeat));
    // Left out it would be the end.
    json.end().member("startsAt").string(to_string(std::min(*beats_since_, now)));
    json.member("endsAt").string(to_string(later(now, alertmanager_believes)));
    if (!config_.public_url.empty()) json.member("generatorURL").string(config_.public_url);
    json.end();
    return out;
  }

  /// Some hundred at a time. What was taken is known to be shown, or no longer; after a failure all of it is
  /// posted again, which changes nothing there.
  Outcome send(Posts& posts, Instant now) {
    // Whatever may have arrived must be resolved one day, so it is noted before.
    for (auto& [labels, notice] : posts.fired) shown_.insert_or_assign(labels, notice);
    for (std::size_t from = 0; from < posts.alerts.size(); from += alerts_a_post_max) {
      const std::size_t until = std::min(from + alerts_a_post_max, posts.alerts.size());
      std::string body = "[";
      for (std::size_t i = from; i < until; ++i) {
        if (i > from) body += ',';
        body += posts.alerts[i];
      }
      body += ']';
      HttpPost request;
      request.url = url_;
      request.headers = {{"Content-Type", "application/json"}};
      request.body = body;
      request.user = config_.user;
      request.password = config_.password;
      Outcome delivery = judge(transfer_.post(request), now);
      if (delivery.result != Outcome::Result::delivered) return delivery;
    }
    for (const std::string& labels : posts.resolved) {
      if (!posts.fired.contains(labels)) shown_.erase(labels);
    }
    return {};
  }

  [[nodiscard]] Outcome judge(const std::variant<HttpAnswer, NoAnswer>& outcome, Instant now) const {
    if (const auto* none = std::get_if<NoAnswer>(&outcome))
      return {Outcome::Result::again, none->detail, {}, true};
    const auto& answer = std::get<HttpAnswer>(outcome);
    if (answer.status / 100 == 2) return {};
    const std::string detail =
        fmt::format("expected 2xx of {}, but it is {}{}{}", server_of(config_.url), answer.status,
                    answer.body.empty() ? "" : ": ", answer.body.substr(0, 300));
    const bool is_refused =
        answer.status == 400 || answer.status == 413 || answer.status == 422 || answer.status / 100 == 3;
    if (is_refused) return {Outcome::Result::refused, detail, {}, false};
    return {Outcome::Result::again, detail, wait_of_retry_after(answer.retry_after, now), false};
  }

  ChannelConfig config_;
  std::string url_;
  Transfer transfer_;
  std::optional<Instant> beats_since_;
  std::map<std::string, Notice> shown_;  ///< what Alertmanager may take for firing, by its labels
};

}  // namespace

std::unique_ptr<Channel> make_alertmanager(const ChannelConfig& config) {
  return std::make_unique<Alertmanager>(config);
}

std::string alertmanager_labels(const Notice& notice, const std::map<std::string, std::string>& added) {
  std::string out;
  http::JsonWriter json(out);
  json.object();
  json.member("alertname")
      .string(notice.rule == Rule::smn_start ? "GeleitStartDeadlineMissed" : "GeleitDeadlineMissed");
  json.member("service").string("geleit");
  json.member("rule").string(word(notice.rule));
  json.member("provider").string(notice.provider);
  if (!notice.team.empty()) json.member("team").string(notice.team);
  json.member("case").string(to_string(notice.case_id));
  json.member("alert").string(to_string(notice.alert));
  json.member("benefit").string(word(notice.benefit));
  json.member("severity").string(notice.urgent ? "critical" : "warning");
  put_added(json, added);
  json.end();
  return out;
}

std::string alertmanager_alert(const Notice& notice, const ChannelConfig& config, Instant ends) {
  const auto in_both = [](const auto& tell) { return tell(Language::de) + " / " + tell(Language::en); };
  std::string out;
  http::JsonWriter json(out);
  json.object().member("labels").raw(alertmanager_labels(notice, config.labels));
  json.member("annotations").object();
  json.member("summary").string(in_both([&](Language language) {
    return say(language, message::alert_subject, word(notice.rule), to_string(notice.case_id));
  }));
  json.member("description").string(in_both([&](Language language) {
    return say(language, message::alert_described, rule_words(notice.rule, language),
               last_day_words(notice.due_on, notice.acts_on, language));
  }));
  json.member("level").string(std::to_string(notice.level));
  json.member("due_on").string(to_string(notice.due_on));
  json.end();
  json.member("startsAt").string(to_string(notice.raised));
  json.member("endsAt").string(to_string(ends));
  if (!config.public_url.empty())
    json.member("generatorURL").string(case_link(config.public_url, notice.case_id));
  json.end();
  return out;
}

}  // namespace geleit
