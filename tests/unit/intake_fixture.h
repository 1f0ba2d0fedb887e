// Verbs for telling a case to intake: each command goes the whole way from JSON text through decide to the
// fold, and what was refused can be looked at.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "events/civil_time.h"
#include "events/uuid.h"
#include "projections/evolve.h"
#include "projections/rules/rule_set.h"
#include "services/intake/command_json.h"
#include "services/intake/decide.h"

namespace geleit {

/// Members of an object by name, each as JSON text; one that is empty is left out.
using Members = std::map<std::string, std::string>;

inline std::string text(std::string_view said) { return "\"" + std::string(said) + "\""; }
inline std::string object_of(const Members& members) {
  std::string out = "{";
  for (const auto& [name, json] : members) {
    if (json.empty()) continue;
    out += (out.size() > 1 ? "," : "") + text(name) + ":" + json;
  }
  return out + "}";
}
inline Members with(Members members, const Members& changes) {
  for (const auto& [name, json] : changes) members[name] = json;
  return members;
}

/// Seals by writing the field's number before the text: readable by tests, different for every field.
class OpenSealer final : public Sealer {
 public:
  Sealed seal(SealedField field, std::string_view clear) override {
    kept_.push_back(std::to_string(static_cast<int>(field)) + ":" + std::string(clear));
    return {kept_.back()};
  }

 private:
  std::deque<std::string> kept_;
};

inline std::string case_uuid() { return "0190a000-0000-7000-8000-00000000ca5e"; }
/// A v4 id that ends in this number.
inline std::string uuid_number(int number) { return fmt::format("00000000-0000-4000-8000-{:012}", number); }

/// Today is Monday, 1 June 2026, noon in Berlin, until a test says otherwise.
class IntakeTest : public testing::Test {
 protected:
  IntakeTest() { book_.adopt({SettingsScope::shipped, rules.from(), rules.hash(), rules.content()}); }

  SettingsInForce settings;

  // ---- telling

  /// Whatever the answer is; an accepted command moves the case.
  const std::variant<Proposal, Rejection>& tries(std::string_view command, const Members& data,
                                                 const Members& top = {}) {
    Members members{{"command", text(command)},
                    {"id", text(uuid_number(++ids_))},
                    {"case", text(case_uuid())},
                    {"data", object_of(data)}};
    return decides(reader_.read(object_of(with(members, top)), now));
  }
  /// What the service asks of itself: its id follows from what it says.
  const std::variant<Proposal, Rejection>& asks(std::string_view command, const Members& data) {
    const Members members{{"command", text(command)}, {"case", text(case_uuid())}, {"data", object_of(data)}};
    return decides(reader_.read(object_of(members), now, Caller::service));
  }
  /// Must be accepted.
  const Proposal& does(std::string_view command, const Members& data, const Members& top = {}) {
    const auto& answer = tries(command, data, top);
    if (const auto* rejection = std::get_if<Rejection>(&answer)) {
      ADD_FAILURE() << command << " was refused: " << rejection->detail.en;
      static const Proposal none{};
      return none;
    }
    return std::get<Proposal>(answer);
  }
  /// Must be refused, and leaves the case as it is.
  const Rejection& refused(std::string_view command, const Members& data, const Members& top = {}) {
    const Case before = state;
    const auto& answer = tries(command, data, top);
    EXPECT_EQ(state, before);
    if (std::holds_alternative<Proposal>(answer)) {
      ADD_FAILURE() << command << " was accepted";
      static const Rejection none{};
      return none;
    }
    const Rejection& rejection = std::get<Rejection>(answer);
    EXPECT_TRUE(rejection.detail.de.starts_with("erwartet ")) << rejection.detail.de;
    EXPECT_NE(rejection.detail.de.find(", aber "), std::string::npos) << rejection.detail.de;
    EXPECT_TRUE(rejection.detail.en.starts_with("expected ")) << rejection.detail.en;
    EXPECT_NE(rejection.detail.en.find(", but "), std::string::npos) << rejection.detail.en;
    return rejection;
  }

  // ---- what is told

  /// Ten units from a hospital for a girl born on 2020-05-10, discharged on 2026-02-20.
  static Members referral(const Members& changes = {}) {
    return with({{"benefit", text("SMN")},
                 {"provider", text("hana-muenchen")},
                 {"land", text("DE-BY")},
                 {"person", R"({"given_name":"Mia","family_name":"Muster","born":"2020-05-10"})"},
                 {"prescriber", R"({"kind":"hospital"})"},
                 {"prescribed_on", text("2026-02-18")},
                 {"received_on", text("2026-02-19")},
                 {"units", "10"},
                 {"diagnoses", R"([{"icd":"P07.1"}])"},
                 {"setting", text("inpatient")},
                 {"discharged_on", text("2026-02-20")}},
                changes);
  }
  static Members born(std::string_view day, const Members& changes = {}) {
    return referral(with(
        {{"person", R"({"given_name":"Mia","family_name":"Muster","born":")" + std::string(day) + "\"}"}},
        changes));
  }
  static Members reason(std::string_view rule, std::string_view said = "So ist es besser") {
    return {{"reasons", "{" + text(rule) + ":" + text(said) + "}"}};
  }
  static std::string at(std::string_view day, std::string_view time = "10:00") {
    const auto date = parse_date(day);
    const int hours = std::stoi(std::string(time.substr(0, 2)));
    return text(to_string(berlin_time(*date, hours, std::stoi(std::string(time.substr(3, 2))))));
  }
  Members visit(int number, std::string_view day, const Members& changes = {}) const {
    return with({{"visit", text(uuid_number(1000 + number))},
                 {"started_at", at(day)},
                 {"minutes", "60"},
                 {"staff", text("m.roth")},
                 {"place", text("home")},
                 {"category", text("guidance")}},
                changes);
  }
  Members planned(int number, std::string_view day, const Members& changes = {}) const {
    Members plan = visit(number, day, {{"started_at", ""}, {"starts_at", at(day)}});
    return with(plan, changes);
  }
  static Members granted(int number, int units, const Members& changes = {}) {
    return with({{"approval", text(uuid_number(2000 + number))},
                 {"reference", text("AZ 1")},
                 {"decided_on", text("2026-03-01")},
                 {"units", std::to_string(units)},
                 {"from", text("2026-02-20")},
                 {"until", text("2026-12-31")}},
                changes);
  }
  static Members denied(const Members& changes = {}) {
    return with({{"reference", text("AZ 2")},
                 {"decided_on", text("2026-03-01")},
                 {"posted_on", text("2026-03-02")},
                 {"instruction_given", "true"}},
                changes);
  }
  static Members application(const Members& changes = {}) {
    return with({{"units", "10"}, {"submitted_on", text("2026-02-21")}}, changes);
  }
  static Members follow_up(int units = 10) {
    return {{"prescribed_on", text("2026-04-01")},
            {"units", std::to_string(units)},
            {"prescriber", R"({"kind":"paediatrician"})"}};
  }
  static Members extension(int units = 10) {
    return {{"units", std::to_string(units)},
            {"requested_on", text("2026-04-02")},
            {"documentation_form_on", text("2026-04-02")},
            {"reason", text("Ziel nicht erreicht")}};
  }

  // ---- stretches of a case

  void is_referred(const Members& changes = {}) { does("ReceiveReferral", referral(changes)); }
  void is_applied(const Members& changes = {}) {
    is_referred(changes);
    does("SubmitApplication", application());
  }
  void is_approved(const Members& changes = {}) {
    is_applied(changes);
    does("GrantApproval", granted(1, 10));
  }
  /// One hour at home on 2026-02-27: SMN-COMPLETE until 2026-05-22.
  void is_running(const Members& changes = {}) {
    is_approved(changes);
    does("DeliverVisit", visit(1, "2026-02-27"));
  }
  void is_completed(std::string_view on = "2026-05-20") {
    is_running();
    does("CompleteCare", {{"completed_on", text(on)}, {"goal_reached", "true"}});
  }
  void is_discontinued(std::string_view cause, std::string_view on = "2026-05-20") {
    is_running();
    does("DiscontinueCare", {{"discontinued_on", text(on)}, {"cause", text(cause)}});
  }
  void is_withdrawn() {
    is_referred();
    does("WithdrawReferral", {{"reason", text("Familie will nicht")}});
  }
  void is_denied() {
    is_applied();
    does("DenyApproval", denied());
  }

  Instant now = berlin_time(civil(2026, 6, 1), 12, 0);
  const RuleSet& rules = *shipped_rule_sets().back();
  Case state;
  std::optional<PersonData> person;        ///< as it would be opened from the case
  std::optional<PersonData> known_person;  ///< for `person_id`

 private:
  const std::variant<Proposal, Rejection>& decides(std::variant<Command, Rejection> read) {
    if (auto* rejection = std::get_if<Rejection>(&read)) return answer_.emplace(std::move(*rejection));
    commands_.push_back(std::get<Command>(std::move(read)));
    answer_.emplace(decide(state, commands_.back(),
                           {.now = now,
                            .today = berlin_date(now),
                            .rules = rules,
                            .person = person ? &*person : nullptr,
                            .known_person = known_person ? &*known_person : nullptr,
                            .rule_book = book_,
                            .seal = sealer_,
                            .settings = settings}));
    if (const auto* proposal = std::get_if<Proposal>(&*answer_)) record(commands_.back(), *proposal);
    return *answer_;
  }
  void record(const Command& command, const Proposal& proposal) {
    if (const auto* c = std::get_if<ReceiveReferral>(&command.data)) {
      person = c->person ? person_of_referral(*c) : *known_person;
    } else if (const auto* a = std::get_if<AmendReferral>(&command.data); a && a->person) {
      person->born = a->person->born;
    }
    Event event;
    event.id = command.id;
    event.stream = case_of(command);
    event.version = next(state.head.version);
    event.previous = state.head.hash;
    event.happened = command.happened;
    event.decided = now;
    event.provider = "hana-muenchen";
    event.judged_by.shipped = rules.hash();
    event.findings = proposal.findings;
    event.deviations = proposal.deviations;
    event.payload = proposal.payload;
    evolve(state, event, Hash{{event.version.value, 1, 2, 3}});
  }
  static PersonData person_of_referral(const ReceiveReferral& c) {
    PersonData data;
    data.given_name = c.person->given_name;
    data.family_name = c.person->family_name;
    data.born = c.person->born;
    return data;
  }

  RuleBook book_;
  CommandReader reader_;
  OpenSealer sealer_;
  std::deque<Command> commands_;
  std::optional<std::variant<Proposal, Rejection>> answer_;
  int ids_ = 0;
};

inline bool has(const std::vector<Rule>& rules, Rule rule) {
  return std::find(rules.begin(), rules.end(), rule) != rules.end();
}

}  // namespace geleit
