#include "services/intake/decide.h"

#include <algorithm>
#include <cassert>

#include "events/uuid.h"
#include "services/intake/judgement.h"

namespace geleit {
namespace {

// REC-BIRTH holds for every date that a command tells, plans included; which those are its description knows.
// What is said about a person's birth itself is no fact of the care.
template <class T>
std::optional<CivilDate> day_told(const T& value) {
  if constexpr (std::is_same_v<T, CivilDate> || std::is_same_v<T, std::optional<CivilDate>>) {
    return value;
  } else if constexpr (std::is_same_v<T, Instant>) {
    return berlin_date(value);
  } else if constexpr (std::is_same_v<T, std::optional<Instant>>) {
    return value ? std::optional(berlin_date(*value)) : std::nullopt;
  } else {
    return std::nullopt;
  }
}

template <class Data>
void judge_dates(Judgement& j, std::optional<CivilDate> born, const Data& data) {
  if (!born) return;
  const auto judge = [&](std::string_view name, std::optional<CivilDate> on) {
    if (on) j.judge_birth(born, name, *on);
  };
  judge("happened", j.command().happened.date);
  std::apply([&](const auto&... m) { (judge(m.name, day_told(data.*(m.at))), ...); }, Data::members);
}

/// While the data is restricted it is stored and nothing is added to it: what the service finds by itself
/// goes on, an alert can be answered, and the restriction lifted.
bool goes_on_restricted(const Command& command) {
  return command.of_the_service() || std::holds_alternative<RestrictProcessing>(command.data) ||
         std::holds_alternative<LiftRestriction>(command.data) ||
         std::holds_alternative<AcknowledgeAlert>(command.data) ||
         std::holds_alternative<SnoozeAlert>(command.data);
}

std::optional<CivilDate> born_of(const PersonData* person) {
  return person ? std::optional(person->born) : std::nullopt;
}
template <class Data>
std::optional<CivilDate> born(const Circumstances& circumstances, const Data&) {
  return born_of(circumstances.person);
}
std::optional<CivilDate> born(const Circumstances& circumstances, const ReceiveReferral& c) {
  return c.person ? std::optional(c.person->born) : born_of(circumstances.known_person);
}
std::optional<CivilDate> born(const Circumstances& circumstances, const AmendReferral& c) {
  return c.person ? std::optional(c.person->born) : born_of(circumstances.person);
}

}  // namespace

std::variant<Proposal, Rejection> decide(const Case& state, const Command& command,
                                         const Circumstances& circumstances) {
  assert(!command.id.is_nil());
  Judgement j(state, command, circumstances);
  if (const auto* settings = std::get_if<AdoptSettings>(&command.data)) return decide_on(j, *settings);
  const bool opens = std::holds_alternative<ReceiveReferral>(command.data);
  const CaseId case_id = case_of(command);
  if (opens && state.exists()) return case_in_use(case_id);
  if (!opens && !state.exists()) {
    return Rejection{
        .kind = RejectionKind::no_such_case,
        .detail = expected_but(sentence(message::a_known_case), sentence(message::case_is_unknown)),
        .case_id = case_id};
  }
  if (state.personal_data == PersonalDataState::restricted && !goes_on_restricted(command)) {
    return Rejection{
        .kind = RejectionKind::wrong_state,
        .detail = expected_but(sentence(message::unrestricted_data), sentence(message::data_is_restricted)),
        .rule = Rule::rec_erase,
        .case_id = case_id,
        .state = state_of(state)};
  }
  Decided answer = std::visit(
      [&](const auto& data) {
        judge_dates(j, born(circumstances, data), data);
        return decide_on(j, data);
      },
      command.data);
  if (auto* rejection = std::get_if<Rejection>(&answer)) rejection->case_id = case_id;
  return answer;
}

// ---------------------------------------------------------------- Judgement

bool Judgement::in_state(std::initializer_list<CaseState> states) {
  const CaseState is = state_of(state_);
  if (std::find(states.begin(), states.end(), is) != states.end()) return true;
  std::string all;
  for (const CaseState s : states) all.append(all.empty() ? "" : ", ").append(word(s));
  return stands(false, sentence(message::case_in_state, std::string_view(all)),
                sentence(message::case_is, word(is)));
}

bool Judgement::not_ended() {
  return in_state({CaseState::referred, CaseState::applied, CaseState::approved, CaseState::running});
}

bool Judgement::stands(bool condition, const Sentence& expected, const Sentence& found, std::string field) {
  if (condition || refused_) return condition;
  refused_ = Rejection{.kind = RejectionKind::wrong_state,
                       .detail = expected_but(expected, found),
                       .field = std::move(field),
                       .state = state_of(state_)};
  return false;
}

bool Judgement::refers(bool condition, RejectionKind kind, std::string field, const Sentence& expected,
                       const Sentence& found) {
  if (condition || refused_) return condition;
  refused_ = Rejection{.kind = kind,
                       .detail = expected_but(expected, found),
                       .field = std::move(field),
                       .state = state_.exists() ? std::optional(state_of(state_)) : std::nullopt};
  return false;
}

void Judgement::breaks(Rule rule, const Sentence& expected, const Sentence& found, std::string field) {
  switch (rules().acts(rule)) {
    case Acts::reject:
      if (!rejecting_) rejecting_ = Broken{rule, expected, found, std::move(field)};
      return;
    case Acts::reason:
      if (!reason_given(rule)) want_reason_.push_back({rule, expected, found, std::move(field)});
      return;
    case Acts::flag: flags(rule); return;
    case Acts::computed: return;
  }
}

void Judgement::flags(Rule rule) {
  if (std::find(findings_.begin(), findings_.end(), rule) == findings_.end()) findings_.push_back(rule);
}

void Judgement::judge_birth(std::optional<CivilDate> born, std::string_view field, CivilDate fact_on) {
  if (!born || fact_on >= *born) return;
  breaks(Rule::rec_birth, sentence(message::not_before_birth, field), sentence(message::day_is, fact_on),
         std::string(field));
}

bool Judgement::passes() const { return !refused_ && !rejecting_ && want_reason_.empty(); }

Rejection Judgement::refusal() const {
  if (refused_) return *refused_;
  if (rejecting_) {
    return Rejection{.kind = RejectionKind::rule_rejected,
                     .detail = expected_but(rejecting_->expected, rejecting_->found),
                     .rule = rejecting_->rule,
                     .field = rejecting_->field};
  }
  assert(!want_reason_.empty());
  Rejection rejection{
      .kind = RejectionKind::reason_required, .detail = {}, .rule = want_reason_.front().rule};
  Sentence expected, found;
  for (const Broken& b : want_reason_) {
    rejection.reasons_required.push_back(b.rule);
    const Sentence one = sentence(message::rule_wants, word(b.rule), b.expected);
    expected.de.append(expected.de.empty() ? "" : "; ").append(one.de);
    expected.en.append(expected.en.empty() ? "" : "; ").append(one.en);
    found.de.append(found.de.empty() ? "" : "; ").append(b.found.de);
    found.en.append(found.en.empty() ? "" : "; ").append(b.found.en);
  }
  rejection.detail =
      expected_but(sentence(message::a_reason_for, expected), sentence(message::without_reason, found));
  return rejection;
}

bool Judgement::reason_given(Rule rule) const {
  return std::any_of(command_.reasons.begin(), command_.reasons.end(),
                     [&](const ReasonGiven& given) { return given.rule == rule; });
}

std::vector<Deviation> Judgement::sealed_reasons() const {
  std::vector<Deviation> deviations;
  deviations.reserve(command_.reasons.size());
  for (const ReasonGiven& given : command_.reasons) {
    deviations.push_back({given.rule, seal(SealedField::deviation, given.text)});
  }
  return deviations;
}

Sealed Judgement::seal(const PersonData& person) const {
  return seal(SealedField::person, encode_person(person));
}

Sealed Judgement::seal(const std::vector<DiagnosisGiven>& diagnoses) const {
  if (diagnoses.empty()) return {};
  std::vector<std::string> codes;
  codes.reserve(diagnoses.size());
  for (const DiagnosisGiven& diagnosis : diagnoses) codes.emplace_back(diagnosis.icd);
  return seal(SealedField::diagnoses, encode_texts(codes));
}

Uuid Judgement::own_id(std::string_view kind) const { return uuid_v5(command_.id.value, kind); }

PersonData person_data(const PersonGiven& given) {
  return {std::string(given.given_name),
          std::string(given.family_name),
          given.born,
          std::string(given.insurance_number),
          std::string(given.insurer_ik),
          std::string(given.guardian),
          std::string(given.phone),
          std::string(given.email),
          std::string(given.postal_code)};
}

}  // namespace geleit
