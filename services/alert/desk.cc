#include "services/alert/desk.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cassert>
#include <fstream>
#include <sstream>

#include "events/civil_time.h"
#include "events/uuid.h"
#include "projections/rules/settings.h"
#include "services/durable_file.h"
#include "services/service_commands.h"

namespace geleit {
namespace {

/// Deadlines that lie further ahead are warned of by nobody (warning_days_max, with its weekends and
/// holidays).
constexpr int warned_days_max = 2 * warning_days_max;
/// As much of an outcome as an event keeps.
constexpr std::size_t outcome_octets_max = 160;

std::string outcome_of(const Outcome& delivery) {
  std::string outcome(word(delivery.result));
  if (delivery.result != Outcome::Result::delivered && !delivery.detail.empty())
    outcome += ": " + delivery.detail;
  if (outcome.size() > outcome_octets_max) {
    std::size_t end = outcome_octets_max;
    while (end > 0 && (static_cast<unsigned char>(outcome[end]) & 0xc0U) == 0x80U) --end;
    outcome.resize(end);
  }
  return outcome;
}

Uuid id_of_several(const std::vector<Notice>& notices) {
  std::string all;
  for (const Notice& one : notices) all += to_string(one.id);
  return uuid_v5(notices.front().id.value, all);
}

std::string digest_key(const ChannelConfig& config, const std::string& provider) {
  return config.name + "/" + provider;
}

}  // namespace

struct AlertDesk::Look {
  explicit Look(const Reading& all) : reading(all) {}
  const Reading& reading;
  Instant now;
  CivilDate today;
  std::int64_t moment = 0;
  std::map<std::string, ProviderNow> providers;
  std::map<Group, std::vector<Wanted>> at_once;
  std::map<Group, std::vector<Notice>> by_digest, still_open;
  std::vector<std::vector<Notice>> shown;  ///< by channel
  std::set<EventId> wanted;
  std::uint64_t open = 0, answered = 0;
};

AlertDesk::AlertDesk(Store& store, const RuleBook& rules, const Clock& clock, Chance& chance,
                     CommandPort& port, std::vector<Opened> channels, std::filesystem::path memory)
    : store_(store), rules_(rules), clock_(clock), port_(port), memory_(std::move(memory)) {
  for (Opened& opened : channels) {
    const std::size_t index = lines_.size();
    lines_.push_back(
        std::make_unique<ChannelLine>(std::move(opened.config), std::move(opened.channel), clock, chance,
                                      [this, index](const AlertMessage& message, const Outcome& delivery,
                                                    int) { done(index, message, delivery); }));
  }
  read_memory();
}

AlertDesk::~AlertDesk() {
  for (const auto& line : lines_) line->stop();
}

void AlertDesk::measure(http::Metrics& metrics) {
  for (const auto& line : lines_) line->measure(metrics);
}

void AlertDesk::tables_advanced() {
  {
    const std::lock_guard lock(mutex_);
    nudged_ = true;
  }
  wake_.notify_one();
}

DeskStatus AlertDesk::status() const {
  DeskStatus status;
  {
    const std::lock_guard lock(mutex_);
    status = status_;
  }
  for (const auto& line : lines_) status.lines.push_back(line->status());
  return status;
}

void AlertDesk::run(std::stop_token stop) {
  for (const auto& line : lines_) line->start();
  while (!stop.stop_requested()) {
    std::string trouble;
    try {
      step();
    } catch (const std::exception& failure) { trouble = failure.what(); }
    std::unique_lock lock(mutex_);
    status_.trouble = std::move(trouble);
    // What came due at one midnight comes in many steps of the tables: a moment's rest lets it gather.
    wake_.wait_for(lock, stop, std::chrono::milliseconds(100), [] { return false; });
    wake_.wait_for(lock, stop, desk_looks_after, [this] { return nudged_; });
    nudged_ = false;
  }
  for (const auto& line : lines_) line->stop();
  record();
}

// ---------------------------------------------------------------- what is wanted

std::vector<AlertDesk::Row> AlertDesk::rows_of(const Reading& reading, CivilDate today) const {
  std::vector<Row> rows;
  Run run;
  run.column = alerts_unsettled;
  reading.rows(Table::alerts, std::nullopt, run, [&](const FoundRow& found) {
    Row& row = rows.emplace_back();
    row.provider = found.provider;
    decode(found.key, found.bytes, row.alert);
    row.state = state_on(row.alert, today);
    return true;
  });
  return rows;
}

AlertDesk::ProviderNow& AlertDesk::provider_now(Look& look, const std::string& provider) const {
  const auto [found, fresh] = look.providers.try_emplace(provider);
  if (fresh) {
    ProviderNow& one = found->second;
    one.settings = rules_.settings(rules_.in_force(provider, look.today));
    one.policy = alert_policy(one.settings, look.today);
    one.calendar = one.policy->calendar(Calendar{});
  }
  return found->second;
}

void AlertDesk::want(Look& look, std::size_t line, const Row& row) {
  const ChannelConfig& config = lines_[line]->config();
  const AlertRow& alert = row.alert;
  Notice notice;
  notice.alert = alert.alert;
  notice.case_id = alert.case_id;
  notice.provider = row.provider;
  notice.team = alert.team;
  notice.benefit = alert.benefit;
  notice.rule = alert.rule;
  notice.due_on = alert.due_on;
  notice.acts_on = alert.acts_on;
  notice.raised = alert.raised_at;
  notice.urgent = provider_now(look, row.provider).policy->is_urgent(alert.rule);
  const Group group{line, row.provider, alert.team};
  const bool ours =
      !owned_ ||
      owned_(partition_of(alert.case_id, static_cast<std::uint16_t>(look.reading.state().reached.size())));
  const auto add = [&](std::int32_t level, std::int32_t number, bool forced) {
    notice.level = level;
    notice.number = number;
    notice.id = notice_id(alert.alert, config.name, level, number);
    if (config.kind == ChannelKind::mail && !notice.urgent && !forced) {
      look.wanted.insert(notice.id);
      look.by_digest[group].push_back(notice);
    } else if (ours) {
      look.wanted.insert(notice.id);
      look.at_once[group].push_back({notice, forced});
    }
  };
  if (!row.holds()) {
    notice.closed_cause = word(alert.closed);
    for (std::int32_t level = 1; level <= alert_levels; ++level) {
      const SentNotice* last = last_notice(alert.sent, config.name, level);
      if (last && last->number % 2 == 1) add(level, last->number + 1, false);
    }
    return;
  }
  if (row.is_answered() || !config.takes(row.provider, alert.team, alert.level)) return;
  const SentNotice* last = last_notice(alert.sent, config.name, alert.level);
  const bool told = last && last->number % 2 == 1;
  const bool woke =
      told && alert.answer == AlertAnswer::snoozed && last->at < berlin_midnight(alert.snoozed_until);
  const bool forced = resend_.contains(alert.alert);
  if (!told) {
    add(alert.level, last ? last->number + 1 : 1, forced);
  } else if (woke || forced) {
    add(alert.level, last->number + 2, forced);
  } else {
    notice.level = alert.level;
    notice.number = last->number;
    notice.id = notice_id(alert.alert, config.name, alert.level, last->number);
    if (config.kind == ChannelKind::mail) look.still_open[group].push_back(notice);
  }
  if (ours) look.shown[line].push_back(notice);
}

bool AlertDesk::step() {
  record();
  const Reading reading(store_.snapshot());
  Look look(reading);
  look.now = clock_.now();
  look.today = berlin_date(look.now);
  look.moment = monotonic_ms();
  look.shown.resize(lines_.size());
  const std::vector<Row> rows = rows_of(reading, look.today);
  {
    const std::lock_guard lock(mutex_);
    for (const Row& row : rows) {
      for (std::size_t line = 0; line < lines_.size(); ++line) want(look, line, row);
      if (row.holds()) ++(row.is_answered() ? look.answered : look.open);
    }
    resend_.clear();
  }
  for (std::size_t line = 0; line < lines_.size(); ++line) lines_[line]->show(std::move(look.shown[line]));
  const bool moved = hand_on(look);
  digests(look);

  std::vector<std::pair<std::size_t, Uuid>> unwanted;
  {
    const std::lock_guard lock(mutex_);
    for (auto at = in_flight_.begin(); at != in_flight_.end();) {
      const InFlight& one = at->second;
      const bool over =
          !look.wanted.contains(at->first) &&
          (one.stage == Stage::recorded || (one.stage == Stage::offered && one.alone && !one.forced));
      if (!over) {
        ++at;
        continue;
      }
      if (one.stage == Stage::offered) unwanted.emplace_back(one.line, one.message);
      at = in_flight_.erase(at);
    }
    std::erase_if(wanted_since_, [&](const auto& one) { return !look.wanted.contains(one.first); });
    status_.open = look.open;
    status_.answered = look.answered;
    status_.unsent = 0;
    status_.unrecorded = 0;
    status_.oldest_unsent.reset();
    for (const auto& [id, since] : wanted_since_) {
      const auto flying = in_flight_.find(id);
      if (flying != in_flight_.end() && flying->second.stage != Stage::offered) {
        if (flying->second.stage != Stage::recorded) ++status_.unrecorded;
        continue;
      }
      ++status_.unsent;
      if (!status_.oldest_unsent || since < *status_.oldest_unsent) status_.oldest_unsent = since;
    }
  }
  for (const auto& [line, message] : unwanted) lines_[line]->forget(message);
  return moved;
}

// ---------------------------------------------------------------- at once

bool AlertDesk::hand_on(Look& look) {
  bool moved = false;
  for (auto& [group, wanted] : look.at_once) {
    const auto& [line, provider, team] = group;
    const ChannelConfig& config = lines_[line]->config();
    const ProviderNow& now = provider_now(look, provider);
    std::erase_if(wanted, [&](const Wanted& one) {
      if (config.quiet && !one.forced && quiet_until(look.now, one.notice.urgent, *now.policy, now.calendar))
        return true;
      const std::lock_guard lock(mutex_);
      wanted_since_.try_emplace(one.notice.id, look.now);
      return in_flight_.contains(one.notice.id);
    });
    if (!wanted.empty()) moved = hand_on_group(look, group, std::move(wanted)) || moved;
  }
  return moved;
}

bool AlertDesk::hand_on_group(Look& look, const Group& group, std::vector<Wanted> wanted) {
  const auto& [line, provider, team] = group;
  const ChannelKind kind = lines_[line]->config().kind;
  const auto singles_max = static_cast<std::size_t>(provider_now(look, provider).policy->singles_max);
  std::deque<std::int64_t>& singles = singles_[group];
  while (!singles.empty() && singles.front() <= look.moment - singles_window_ms) singles.pop_front();
  const bool to_people = kind == ChannelKind::mail || kind == ChannelKind::webhook;
  const bool flood = to_people && singles.size() + wanted.size() > singles_max;
  const bool together = flood || (kind == ChannelKind::alertmanager && wanted.size() > 1);
  if (flood) {
    const auto [last, first] = collected_.try_emplace(group, look.moment);
    if (!first && look.moment - last->second < collective_every_ms) return false;
    last->second = look.moment;
  }
  AlertMessage message;
  message.provider = provider;
  message.team = team;
  message.at = look.now;
  message.day = look.today;
  const std::size_t piece = together ? message_notices_max : 1;
  bool moved = false;
  for (std::size_t from = 0; from < wanted.size(); from += piece) {
    AlertMessage one = message;
    std::set<EventId> forced;
    for (std::size_t i = from; i < std::min(from + piece, wanted.size()); ++i) {
      one.notices.push_back(wanted[i].notice);
      if (wanted[i].forced) forced.insert(wanted[i].notice.id);
    }
    one.form = one.notices.size() > 1 ? AlertMessage::Form::collective : AlertMessage::Form::single;
    one.id = one.notices.size() > 1 ? id_of_several(one.notices) : one.notices.front().id.value;
    if (!offer(line, std::move(one), forced)) break;
    if (!together) singles.push_back(look.moment);
    moved = true;
  }
  return moved;
}

bool AlertDesk::offer(std::size_t line, AlertMessage message, const std::set<EventId>& forced) {
  const Uuid id = message.id;
  const bool alone = message.form == AlertMessage::Form::single;
  {
    // Before it is offered, for it may be done at once.
    const std::lock_guard lock(mutex_);
    for (const Notice& one : message.notices) {
      InFlight& flying = in_flight_[one.id];
      flying = {};
      flying.line = line;
      flying.message = id;
      flying.alone = alone;
      flying.forced = forced.contains(one.id);
      flying.case_id = one.case_id;
      flying.alert = one.alert;
      flying.sent = {lines_[line]->config().name, one.level, one.number, {}, {}};
    }
  }
  const std::vector<Notice> notices = message.notices;
  if (lines_[line]->offer(std::move(message))) return true;
  const std::lock_guard lock(mutex_);
  for (const Notice& one : notices) in_flight_.erase(one.id);
  return false;
}

// ---------------------------------------------------------------- digests

void AlertDesk::digests(Look& look) {
  std::optional<std::vector<std::string>> providers;
  for (std::size_t line = 0; line < lines_.size(); ++line) {
    if (lines_[line]->config().kind != ChannelKind::mail) continue;
    if (!providers) providers = look.reading.providers();
    for (const std::string& provider : *providers) digest_of(look, line, provider);
  }
  std::vector<std::pair<std::string, CivilDate>> over;
  {
    const std::lock_guard lock(mutex_);
    over = std::exchange(digests_done_, {});
  }
  if (over.empty()) return;
  for (const auto& [key, day] : over) digested_[key] = day;
  keep_memory();
}

void AlertDesk::digest_of(Look& look, std::size_t line, const std::string& provider) {
  const ChannelConfig& config = lines_[line]->config();
  const bool for_provider = config.providers.empty() || std::ranges::count(config.providers, provider) > 0;
  const auto partitions = static_cast<std::uint16_t>(look.reading.state().reached.size());
  if (!for_provider || (owned_ && !owned_(partition_of(provider_stream(provider), partitions)))) return;
  const std::string key = digest_key(config, provider);
  const auto known = digested_.find(key);
  if (known != digested_.end() && known->second >= look.today) return;
  const ProviderNow& now = provider_now(look, provider);
  const DayMinute at = now.policy->digest_at;
  if (!is_working_day(look.today, now.calendar)) return;
  if (look.now < berlin_time(look.today, at.value / 60, at.value % 60)) return;
  {
    const std::lock_guard lock(mutex_);
    if (open_digests_.contains(key)) return;
  }
  const CivilDate after =
      known != digested_.end() ? known->second : working_days_before(look.today, 1, now.calendar);
  std::map<std::string, std::vector<Warning>> warnings = warnings_of(look, provider, after);
  std::set<std::string> teams;
  for (const auto& [team, some] : warnings) teams.insert(team);
  for (const auto* notices : {&look.by_digest, &look.still_open}) {
    for (const auto& [group, some] : *notices) {
      if (std::get<0>(group) == line && std::get<1>(group) == provider) teams.insert(std::get<2>(group));
    }
  }
  std::vector<AlertMessage> messages;
  for (const std::string& team : teams) {
    AlertMessage message;
    message.form = AlertMessage::Form::digest;
    message.id = uuid_v5(provider_stream(provider).value,
                         fmt::format("digest/{}/{}/{}", config.name, team, to_string(look.today)));
    message.provider = provider;
    message.team = team;
    message.at = look.now;
    message.day = look.today;
    const Group group{line, provider, team};
    if (const auto found = look.by_digest.find(group); found != look.by_digest.end())
      message.notices = found->second;
    if (const auto found = look.still_open.find(group); found != look.still_open.end())
      message.still_open = found->second;
    if (config.takes(provider, team, 1)) message.warnings = std::move(warnings[team]);
    if (message.notices.empty() && message.still_open.empty() && message.warnings.empty()) continue;
    messages.push_back(std::move(message));
  }
  {
    const std::lock_guard lock(mutex_);
    if (messages.empty()) digests_done_.emplace_back(key, look.today);
    for (const AlertMessage& message : messages) open_digests_[key].insert(message.id);
  }
  for (AlertMessage& message : messages) {
    const Uuid id = message.id;
    if (offer(line, std::move(message))) continue;
    // No room: it comes again with the next look, under the same id.
    const std::lock_guard lock(mutex_);
    open_digests_[key].erase(id);
    if (open_digests_[key].empty()) open_digests_.erase(key);
  }
}

/// By team: the deadlines that have come close enough to be warned of since the last digest.
std::map<std::string, std::vector<Warning>> AlertDesk::warnings_of(Look& look, const std::string& provider,
                                                                   CivilDate after) const {
  const ProviderNow& now = provider_now(look, provider);
  std::map<std::string, std::vector<Warning>> warnings;
  Run run;
  run.column = 1;
  run.from = order_key(look.today);
  look.reading.rows(Table::deadlines, provider, run, [&](const FoundRow& found) {
    DeadlineRow row;
    decode(found.key, found.bytes, row);
    if (row.acts_on > look.today + warned_days_max) return false;
    const bool has_come = std::ranges::any_of(row.warnings, [&](const DeadlineRow::Warning& warning) {
      return warning.from > after && warning.from <= look.today;
    });
    if (!has_come || state_on(row, look.today) != DeadlineState::open) return true;
    CaseRow of_case;
    look.reading.rows_of_case(Table::cases, provider, row.id, [&](const FoundRow& one) {
      decode(one.key, one.bytes, of_case);
      return false;
    });
    warnings[std::string(now.settings.team_of(of_case.lead))].push_back(
        {row.id, row.rule, row.due_on, row.acts_on,
         working_days_between(look.today, row.acts_on, now.policy->calendar(row.calendar))});
    return true;
  });
  return warnings;
}

// ---------------------------------------------------------------- what became of it

void AlertDesk::done(std::size_t line, const AlertMessage& message, const Outcome& delivery) {
  const Instant now = clock_.now();
  const std::string outcome = outcome_of(delivery);
  {
    const std::lock_guard lock(mutex_);
    for (const Notice& one : message.notices) {
      InFlight& flying = in_flight_[one.id];
      flying.line = line;
      flying.message = message.id;
      flying.case_id = one.case_id;
      flying.alert = one.alert;
      flying.sent = {lines_[line]->config().name, one.level, one.number, now, outcome};
      flying.stage = Stage::unrecorded;
      flying.again_ms = 0;
    }
    for (auto at = open_digests_.begin(); at != open_digests_.end(); ++at) {
      if (at->second.erase(message.id) == 0) continue;
      if (at->second.empty()) {
        digests_done_.emplace_back(at->first, message.day);
        open_digests_.erase(at);
      }
      break;
    }
    nudged_ = true;
  }
  wake_.notify_one();
}

void AlertDesk::record() {
  std::string lines;
  std::vector<EventId> ids;
  {
    const std::lock_guard lock(mutex_);
    const std::int64_t moment = monotonic_ms();
    for (auto& [id, flying] : in_flight_) {
      if (flying.stage != Stage::unrecorded || flying.again_ms > moment) continue;
      if (ids.size() == message_notices_max) break;
      append_send_command(lines, flying.case_id, flying.alert, flying.sent);
      flying.stage = Stage::recording;
      ids.push_back(id);
    }
  }
  if (ids.empty()) return;
  port_.submit(std::move(lines), [this, ids = std::move(ids)](const std::vector<PortAnswer>& answers) {
    assert(ids.size() == answers.size());
    {
      const std::lock_guard lock(mutex_);
      for (std::size_t i = 0; i < ids.size(); ++i) {
        const auto found = in_flight_.find(ids[i]);
        if (found == in_flight_.end()) continue;
        const bool later = answers[i] == PortAnswer::later;
        found->second.stage = later ? Stage::unrecorded : Stage::recorded;
        if (later) found->second.again_ms = monotonic_ms() + record_again_after_ms;
      }
      nudged_ = true;
    }
    wake_.notify_one();
  });
}

Resent AlertDesk::resend(EventId alert, const std::string* only_provider) {
  Resent resent;
  const Reading reading(store_.snapshot());
  for (const Row& row : rows_of(reading, berlin_date(clock_.now()))) {
    if (row.alert.alert != alert || !row.holds()) continue;
    if (only_provider && row.provider != *only_provider) continue;
    resent.known = true;
    for (const auto& line : lines_) {
      if (line->config().takes(row.provider, row.alert.team, row.alert.level))
        resent.channels.push_back(line->config().name);
    }
  }
  if (!resent.known) return resent;
  {
    const std::lock_guard lock(mutex_);
    resend_.insert(alert);
    nudged_ = true;
  }
  wake_.notify_one();
  return resent;
}

// ---------------------------------------------------------------- memory

void AlertDesk::read_memory() {
  std::ifstream in(memory_);
  std::ostringstream text;
  text << in.rdbuf();
  boost::json::error_code error;
  const boost::json::value value = boost::json::parse(text.str(), error);
  const auto* days = error ? nullptr : value.if_object();
  if (!days) return;  // nothing is known: the digests of today go out, under the ids they had
  for (const auto& [key, day] : *days) {
    const auto date = day.is_string() ? parse_date(std::string_view(day.get_string())) : std::nullopt;
    if (date) digested_[std::string(key)] = *date;
  }
}

void AlertDesk::keep_memory() {
  boost::json::object days;
  for (const auto& [key, day] : digested_) days[key] = to_string(day);
  write_whole(memory_, boost::json::serialize(days) + "\n");
}

}  // namespace geleit
