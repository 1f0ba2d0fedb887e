#include "services/privacy.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <map>
#include <memory>
#include <thread>

#include "events/civil_time.h"
#include "events/kafka_topics.h"
#include "events/uuid.h"
#include "projections/reading.h"
#include "projections/row_codec.h"
#include "services/file_text.h"
#include "services/http/json_text.h"
#include "services/http/problem.h"
#include "services/json_member.h"
#include "services/kafka_keys.h"
#include "services/service.h"
#include "services/service_commands.h"
#include "services/text_measure.h"

namespace geleit {

struct Privacy::KeptCase {
  CaseId id;
  std::string provider;
  CaseState state{};
  std::optional<CivilDate> closed_on, kept_until;
  PersonalDataState data{};
  KeyId key;
  bool parked = false;  ///< it may be going on in events that were not understood
};
struct Privacy::Person {
  PersonId id;
  std::vector<KeptCase> cases;
  /// Another provider's person has the same id: both were opened by a command of the same id. They have no
  /// more in common than that.
  bool shares_id = false;
  /// Of the cases whose data is not erased.
  std::optional<CivilDate> kept_until;
  [[nodiscard]] bool all_erased() const {
    return std::ranges::all_of(cases, [](const KeptCase& c) { return c.data == PersonalDataState::erased; });
  }
};

namespace {

constexpr std::chrono::milliseconds look_again{10};
constexpr int looks_max = 500;
constexpr int tries_max = 20;
constexpr std::chrono::milliseconds try_again{250};

void write_day(http::JsonWriter& json, std::string_view name, const std::optional<CivilDate>& day) {
  json.member(name);
  day ? json.string(to_string(*day)) : json.null();
}

http::Response not_now(Language in, std::string_view why) {
  return http::problem_response(http::ProblemKind::not_ready, to_http(in),
                                say(in, message::expected_but, say(in, message::privacy_possible), why));
}

http::Response unknown(Language in, std::string_view about) {
  return http::problem_response(http::ProblemKind::not_found, to_http(in),
                                say(in, message::expected_but, say(in, message::person_with_cases),
                                    say(in, message::no_such_person, about)),
                                "person");
}

void write_gone(http::JsonWriter& json, const KeysGone& gone) {
  write_day(json, "backups_gone_on", gone.backups_on);
  json.member("topic_gone_by");
  gone.topic_by ? json.string(to_string(*gone.topic_by)) : json.null();
}

}  // namespace

KeysGone keys_gone(Instant erased, std::optional<Instant> last_backup, bool on_kafka) {
  KeysGone gone;
  // A backup made after the erasure holds the keys no more, but one made just before it may.
  if (last_backup) gone.backups_on = berlin_date(std::min(*last_backup, erased)) + key_backup_days;
  if (on_kafka) gone.topic_by = Instant{erased.ms + keys_compaction_lag_ms_max};
  return gone;
}

std::optional<Instant> Privacy::last_backup() const {
  const auto told = read_text(service_.data().last_backup());
  return told ? parse_instant(text_member(*told, "made")) : std::nullopt;
}

std::vector<Privacy::Person> Privacy::persons() const {
  const auto snapshot = service_.store().snapshot();
  const RuleBook& rules = service_.rules();
  const CivilDate today = berlin_date(service_.clock().now());
  std::map<std::pair<PersonId, std::string>, Person> persons;
  snapshot->scan(Table::stored_cases, {}, false, [&](std::string_view, std::string_view bytes) {
    const StoredCase stored = decode_stored_case(bytes);
    const Case& c = stored.state;
    if (!c.exists()) return true;
    const bool parked = stored.head != c.head;
    const RuleSet* set = rules.find(rules.in_force(c.provider, today));
    if (!set) set = &rules.at(c.judged.at(c.latest_judged));
    Person& person = persons[{c.person_id, std::string(c.provider)}];
    person.id = c.person_id;
    person.cases.push_back({c.id, c.provider, state_of(c), closed_on(c),
                            parked ? std::nullopt : kept_until(c, *set), c.personal_data, c.person.key,
                            parked});
    return true;
  });
  std::vector<Person> all;
  for (auto at = persons.begin(); at != persons.end(); ++at) {
    const auto is_same = [&](const auto& other) { return other.first.first == at->first.first; };
    Person& person = at->second;
    person.shares_id = (at != persons.begin() && is_same(*std::prev(at))) ||
                       (std::next(at) != persons.end() && is_same(*std::next(at)));
    if (only_ && at->first.second != *only_) continue;
    std::vector<std::optional<CivilDate>> kept;
    for (const KeptCase& c : person.cases) {
      if (c.data != PersonalDataState::erased) kept.push_back(c.kept_until);
    }
    person.kept_until = kept_longest(kept);
    all.push_back(std::move(person));
  }
  return all;
}

std::optional<Privacy::Person> Privacy::find(std::string_view about) const {
  const auto id = parse_uuid(about);
  if (!id) return std::nullopt;
  std::vector<Person> all = persons();
  const auto is_about = [&](const Person& person) {
    return person.id.value == *id ||
           std::ranges::any_of(person.cases, [&](const KeptCase& c) { return c.id.value == *id; });
  };
  const auto found = std::ranges::find_if(all, is_about);
  return found == all.end() ? std::nullopt : std::optional(std::move(*found));
}

/// Once they have read what the log held when this was asked.
bool Privacy::tables_have_all() const {
  const Positions ends = service_.log().ends();
  for (int look = 0; look < looks_max; ++look) {
    const Positions reached = service_.store().snapshot()->state().positions();
    bool all = true;
    for (std::size_t p = 0; p < ends.size(); ++p) all = all && reached[p] >= ends[p];
    if (all) return true;
    service_.projector().hurry();
    std::this_thread::sleep_for(look_again);
  }
  return false;
}

std::vector<Erasure> Privacy::erasures() const {
  std::vector<Erasure> all = ErasureJournal(service_.data().erasures()).all();
  // What another process erased is told by the topic.
  if (const auto* keys = dynamic_cast<const KafkaKeys*>(&service_.keys())) {
    for (const Erasure& one : keys->erasures()) {
      if (std::ranges::none_of(all, [&](const Erasure& here) { return here.key == one.key; }))
        all.push_back(one);
    }
  }
  return all;
}

/// True when every command was recorded, now or before.
bool Privacy::record(const std::string& lines, std::size_t count) {
  if (count == 0) return true;
  for (int attempt = 0; attempt < tries_max; ++attempt) {
    const auto told = std::make_shared<std::promise<std::vector<PortAnswer>>>();
    auto answers = told->get_future();
    service_.port().submit(lines,
                           [told](std::vector<PortAnswer> given) { told->set_value(std::move(given)); });
    const std::vector<PortAnswer> given = answers.get();
    // What is refused was recorded by another hand.
    if (std::ranges::none_of(given, [](PortAnswer one) { return one == PortAnswer::later; })) {
      return tables_have_all();
    }
    std::this_thread::sleep_for(try_again);
  }
  return false;
}

http::Response Privacy::due(std::optional<CivilDate> on, Language) {
  const CivilDate day = on.value_or(berlin_date(service_.clock().now()));
  std::vector<Person> all = persons();
  std::erase_if(all, [&](const Person& p) { return p.all_erased() || !may_go_on(day, p.kept_until); });
  std::ranges::sort(all, [](const Person& a, const Person& b) {
    return std::pair(a.kept_until, a.id) < std::pair(b.kept_until, b.id);
  });
  std::string out;
  http::JsonWriter json(out);
  json.object().member("on").string(to_string(day)).member("items").array();
  for (const Person& person : all) {
    json.object().member("person").string(to_string(person.id));
    write_day(json, "kept_until", person.kept_until);
    json.member("cases").array();
    for (const KeptCase& c : person.cases) {
      json.object().member("case").string(to_string(c.id)).member("provider").string(c.provider);
      json.member("state").string(word(c.state));
      write_day(json, "closed_on", c.closed_on);
      write_day(json, "kept_until", c.kept_until);
      json.member("personal_data").string(word(c.data)).end();
    }
    json.end().end();
  }
  json.end().end();
  return http::Response::json(std::move(out));
}

http::Response Privacy::status(Language) {
  const std::vector<Person> all = persons();
  const auto backup = last_backup();
  struct Of {
    Instant at;
    std::size_t keys = 0;
  };
  std::map<PersonId, Of> erased;
  for (const Erasure& one : erasures()) {
    Of& of = erased[one.person];
    of.at = std::max(of.at, one.at);
    ++of.keys;
  }
  std::string out;
  http::JsonWriter json(out);
  json.object().member("erased").array();
  for (const auto& [id, of] : erased) {
    if (only_ && std::ranges::none_of(all, [&](const Person& person) { return person.id == id; })) continue;
    json.object().member("person").string(to_string(id)).member("at").string(to_string(of.at));
    json.member("keys").number(of.keys).member("cases").array();
    bool recorded = true;
    for (const Person& person : all) {
      if (person.id != id) continue;
      for (const KeptCase& c : person.cases) json.string(to_string(c.id));
      recorded = person.all_erased();
    }
    json.end().member("recorded").boolean(recorded);
    write_gone(json, keys_gone(of.at, backup, service_.data().kafka.has_value()));
    json.end();
  }
  json.end().member("restricted").array();
  for (const Person& person : all) {
    for (const KeptCase& c : person.cases) {
      if (c.data != PersonalDataState::restricted) continue;
      json.object().member("case").string(to_string(c.id)).member("provider").string(c.provider);
      json.member("person").string(to_string(person.id)).end();
    }
  }
  json.end().end();
  return http::Response::json(std::move(out));
}

http::Response Privacy::erase(std::string_view about, ErasureGrounds grounds, std::string_view by,
                              Language in) {
  try {
    if (!tables_have_all()) return not_now(in, say(in, message::tables_stand_still));
    auto found = find(about);
    if (!found) return unknown(in, about);
    const Instant now = service_.clock().now();
    const std::vector<Erasure> before = erasures();
    std::vector<KeyId> own_keys;
    for (const KeptCase& c : found->cases) own_keys.push_back(c.key);
    const auto of_person = [&](const Erasure& one) {
      return one.person == found->id &&
             (!found->shares_id || std::ranges::find(own_keys, one.key) != own_keys.end());
    };
    const bool begun = std::ranges::any_of(before, of_person);
    const bool repeated = found->all_erased();
    if (!repeated && std::ranges::any_of(found->cases, &KeptCase::parked))
      return not_now(in, say(in, message::case_parked));
    if (!repeated && !begun && !may_go_on(berlin_date(now), found->kept_until)) {
      http::Problem problem;
      problem.kind = http::ProblemKind::rule_rejected;
      problem.rule = word(Rule::rec_retention);
      problem.detail = say(
          in, message::expected_but, say(in, message::retention_passed),
          found->kept_until ? say(in, message::kept_to, to_string(*found->kept_until), to_string(found->id))
                            : say(in, message::not_ended_yet, to_string(found->id)));
      problem.extra.emplace_back("kept_until", found->kept_until ? "\"" + to_string(*found->kept_until) + "\""
                                                                 : std::string("null"));
      return http::to_response(problem, to_http(in));
    }
    if (!repeated) {
      ErasureJournal journal(service_.data().erasures());
      if (found->shares_id)
        erase_keys(found->id, own_keys, service_.keys(), journal, now, grounds);
      else
        erase_person(found->id, service_.keys(), journal, now, grounds);
      std::string lines;
      std::size_t count = 0;
      for (const KeptCase& c : found->cases) {
        if (c.data == PersonalDataState::erased) continue;
        append_erase_command(lines, c.id, grounds, by);
        ++count;
      }
      if (!record(lines, count)) return not_now(in, say(in, message::erasure_not_recorded));
    }
    Instant erased_at = now;
    std::size_t keys = 0;
    for (const Erasure& one : erasures()) {
      if (!of_person(one)) continue;
      erased_at = keys++ == 0 ? one.at : std::max(erased_at, one.at);
    }
    std::string out;
    http::JsonWriter json(out);
    json.object().member("person").string(to_string(found->id)).member("at").string(to_string(erased_at));
    json.member("keys").number(keys).member("cases").array();
    for (const KeptCase& c : found->cases) json.string(to_string(c.id));
    json.end();
    write_gone(json, keys_gone(erased_at, last_backup(), service_.data().kafka.has_value()));
    if (repeated) json.member("repeated").boolean(true);
    json.end();
    return http::Response::json(std::move(out));
  } catch (const std::runtime_error& failure) { return not_now(in, failure.what()); }
}

http::Response Privacy::restrict(std::string_view about, std::string_view reason, std::string_view by,
                                 bool lift, Language in) {
  if (!is_text(reason)) {
    return http::problem_response(
        http::ProblemKind::malformed, to_http(in),
        say(in, message::expected_but, say(in, message::a_reason_object), say(in, message::another_value)),
        "reason");
  }
  try {
    if (!tables_have_all()) return not_now(in, say(in, message::tables_stand_still));
    const auto found = find(about);
    if (!found) return unknown(in, about);
    if (found->all_erased()) {
      return http::problem_response(
          http::ProblemKind::wrong_state, to_http(in),
          say(in, message::expected_but, say(in, message::readable_person), say(in, message::erased_person)),
          "person");
    }
    const auto from = lift ? PersonalDataState::restricted : PersonalDataState::kept;
    std::string lines;
    std::vector<CaseId> cases;
    for (const KeptCase& c : found->cases) {
      if (c.data != from) continue;
      append_restrict_command(lines, c.id, lift, reason, by);
      cases.push_back(c.id);
    }
    if (!record(lines, cases.size())) return not_now(in, say(in, message::log_unavailable));
    // Another hand may have been faster, or what was asked for was refused.
    const Reading present(service_.store().snapshot());
    const bool done = std::ranges::none_of(cases, [&](const CaseId& id) {
      const auto now = present.find_case(id);
      return now && now->personal_data == from;
    });
    if (!done) return not_now(in, say(in, message::tables_stand_still));
    std::string out;
    http::JsonWriter json(out);
    json.object().member("person").string(to_string(found->id));
    json.member("personal_data").string(word(lift ? PersonalDataState::kept : PersonalDataState::restricted));
    json.member("cases").array();
    for (const CaseId& id : cases) json.string(to_string(id));
    json.end();
    if (cases.empty()) json.member("repeated").boolean(true);
    json.end();
    return http::Response::json(std::move(out));
  } catch (const std::runtime_error& failure) { return not_now(in, failure.what()); }
}

std::size_t Privacy::complete() {
  const std::vector<Erasure> all = erasures();
  if (all.empty() || !tables_have_all()) return 0;
  std::map<PersonId, ErasureGrounds> grounds;
  for (const Erasure& one : all) grounds[one.person] = one.grounds;
  std::string lines;
  std::size_t count = 0;
  for (const Person& person : persons()) {
    const auto found = grounds.find(person.id);
    if (found == grounds.end()) continue;
    for (const KeptCase& c : person.cases) {
      if (c.data == PersonalDataState::erased || service_.keys().find(c.key)) continue;
      append_erase_command(lines, c.id, found->second, {});
      ++count;
    }
  }
  return record(lines, count) ? count : 0;
}

}  // namespace geleit
