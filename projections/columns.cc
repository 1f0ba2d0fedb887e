#include "projections/columns.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>

#include "events/civil_time.h"
#include "events/event.h"
#include "events/uuid.h"
#include "projections/alerts.h"
#include "projections/read_models.h"
#include "projections/rules/workflow.h"

namespace geleit {
namespace {

// ---------------------------------------------------------------- values

Value value(std::int64_t number) { return number; }
/// Empty is null.
Value value(std::string_view text) { return text.empty() ? Value() : Value(std::string(text)); }
Value value(CivilDate date) { return std::int64_t{date.days}; }
Value value(Instant at) { return at.ms; }
template <class Tag, class Rep>
Value value(Number<Tag, Rep> number) {
  return std::int64_t{number.value};
}
template <class Tag>
Value value(const Id<Tag>& id) {
  return id.value;
}
template <Vocabulary E>
Value value(E word_value) {
  return std::string(word(word_value));
}
template <class T>
Value value(const std::optional<T>& maybe) {
  return maybe ? value(*maybe) : Value();
}

template <class Member>
struct OwnerOf;
template <class Row, class Type>
struct OwnerOf<Type Row::*> {
  using type = Row;
};

/// A member of the row as it stands there.
template <auto Member>
Value get(const AnyRow& row, const Asked&) {
  return value(std::get<typename OwnerOf<decltype(Member)>::type>(row).*Member);
}
/// What follows from the row.
template <class Row, class Get>
constexpr auto computed(Get) {
  return [](const AnyRow& row, const Asked& asked) -> Value { return Get{}(std::get<Row>(row), asked); };
}
/// What the opened person says.
template <class Get>
constexpr auto of_person(Get) {
  return [](const AnyRow& row, const Asked& asked) -> Value {
    return asked.person ? Get{}(std::get<CaseRow>(row), *asked.person) : Value();
  };
}
template <auto Member>
constexpr auto person = of_person([](const CaseRow&, const PersonData& p) { return value(p.*Member); });

// ---------------------------------------------------------------- what a text may be

template <Vocabulary E>
bool is_word(std::string_view text) {
  return parse_word<E>(text).has_value();
}
bool is_slug(std::string_view text) {
  const auto small = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !text.empty() && text.size() <= 64 && small(text.front()) &&
         std::all_of(text.begin(), text.end(),
                     [&](char c) { return small(c) || c == '.' || c == '_' || c == '-'; });
}
bool is_event(std::string_view text) {
  return std::find(event_names.begin(), event_names.end(), text) != event_names.end();
}
/// What `happened` says: a day or an instant.
bool is_when(std::string_view text) { return parse_date(text) || parse_instant(text); }
/// 64 digits as hashes are written.
bool is_hash(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}
bool is_calendar(std::string_view text) { return parse_calendar(text).has_value(); }
/// "2026", "2026-03" or "2026-Q1".
bool is_period(std::string_view text) {
  const auto digits = [](std::string_view t) {
    return std::all_of(t.begin(), t.end(), [](char c) { return c >= '0' && c <= '9'; });
  };
  if (text.size() < 4 || !digits(text.substr(0, 4))) return false;
  if (text.size() == 4) return true;
  if (text.size() != 7 || text[4] != '-') return false;
  if (text[5] == 'Q') return text[6] >= '1' && text[6] <= '4';
  const std::string_view month = text.substr(5);
  return digits(month) && month >= "01" && month <= "12";
}

// ---------------------------------------------------------------- objects

void append_id(std::string& out, const Uuid& id) {
  const std::size_t at = out.size();
  out.resize(at + 36);
  write_uuid(id, out.data() + at);
}

std::string anchor_json(const DeadlineRow& r) {
  return "{\"event\":\"" + std::string(event_names[r.anchor_event]) + "\",\"date\":\"" +
         to_string(r.anchor_on) + "\"}";
}

AlertState state_on(const OverdueStartRow& r, CivilDate today) {
  const AlertAnswer answer = r.acknowledged    ? AlertAnswer::acknowledged
                             : r.snoozed_until ? AlertAnswer::snoozed
                                               : AlertAnswer::none;
  return open_state_on(r.level, answer, r.snoozed_until.value_or(CivilDate{}), today);
}

std::string alert_json(const OverdueStartRow& r, CivilDate today) {
  std::string out = "{\"id\":\"";
  append_id(out, r.alert.value);
  return out + "\",\"state\":\"" + std::string(word(state_on(r, today))) + "\",\"raised\":\"" +
         to_string(r.raised_at) + "\"}";
}

std::string sent_json(const AlertRow& r) {
  std::string out = "[";
  for (const SentNotice& one : r.sent) {
    out += out.size() > 1 ? ",{\"channel\":" : "{\"channel\":";
    append_json_text(out, one.channel);
    out += ",\"level\":" + std::to_string(one.level) + ",\"number\":" + std::to_string(one.number) +
           ",\"at\":\"" + to_string(one.at) + "\",\"outcome\":";
    append_json_text(out, one.outcome);
    out.push_back('}');
  }
  return out + "]";
}

std::string by_whom_json(const AlertRow& r) {
  std::string out = "{\"by\":";
  if (r.answered_by.empty()) {
    out += "null";
  } else {
    append_json_text(out, r.answered_by);
  }
  return out + ",\"at\":\"" + to_string(r.answered_at) + "\",";
}
std::string text_json(std::string_view name, const std::string* text) {
  std::string out = "\"" + std::string(name) + "\":";
  if (text == nullptr) return out + "null}";
  append_json_text(out, *text);
  return out + "}";
}
/// One that is open was closed by nothing.
bool is_closing(std::string_view text) {
  return text != word(AlertClosed::open) && is_word<AlertClosed>(text);
}
bool is_acknowledged(const AlertRow& r) { return r.answer == AlertAnswer::acknowledged; }
bool is_snoozed(const AlertRow& r) { return r.answer == AlertAnswer::snoozed; }

// ---------------------------------------------------------------- the tables

using enum ColumnType;

const std::array case_columns{
    Column{"case", uuid, get<&CaseRow::id>},
    Column{"version", integer, get<&CaseRow::version>},
    Column{"benefit", vocabulary, get<&CaseRow::benefit>, is_word<Benefit>},
    Column{"provider", text, get<&CaseRow::provider>, is_slug},
    Column{"land", vocabulary, get<&CaseRow::land>, is_word<Land>},
    Column{"state", vocabulary, get<&CaseRow::state>, is_word<CaseState>},
    Column{"person", object, of_person([](const CaseRow& r, const PersonData& p) -> Value {
             std::string json;
             append_person_json(json, r.person_id, p);
             return json;
           })},
    Column{"person", uuid, of_person([](const CaseRow& r, const PersonData&) { return value(r.person_id); }),
           nullptr, false},
    Column{"person.given_name", text, person<&PersonData::given_name>, nullptr, false},
    Column{"person.family_name", text, person<&PersonData::family_name>, nullptr, false},
    Column{"person.born", date, person<&PersonData::born>, nullptr, false},
    Column{"person.insurance_number", text, person<&PersonData::insurance_number>, nullptr, false},
    Column{"person.insurer_ik", text, person<&PersonData::insurer_ik>, nullptr, false},
    Column{"person.guardian", text, person<&PersonData::guardian>, nullptr, false},
    Column{"person.phone", text, person<&PersonData::phone>, nullptr, false},
    Column{"person.email", text, person<&PersonData::email>, nullptr, false},
    Column{"person.postal_code", text, person<&PersonData::postal_code>, nullptr, false},
    Column{"lead", text, get<&CaseRow::lead>, is_slug},
    Column{"referred_on", date, get<&CaseRow::referred_on>},
    Column{"discharged_on", date, get<&CaseRow::discharged_on>},
    Column{"first_unit_on", date, get<&CaseRow::first_unit_on>},
    Column{"last_unit_on", date, get<&CaseRow::last_unit_on>},
    Column{"closed_on", date, get<&CaseRow::closed_on>},
    Column{"personal_data", vocabulary, get<&CaseRow::personal_data>, is_word<PersonalDataState>},
};

const RuleSet* rules_of(const DeadlineRow& r, const Asked& asked) {
  return asked.rules ? asked.rules->find_named(r.rule_set) : nullptr;
}

const std::array deadline_columns{
    Column{"case", uuid, get<&DeadlineRow::id>},
    Column{"rule", vocabulary, get<&DeadlineRow::rule>, is_word<Rule>},
    Column{"rule_set", text, computed<DeadlineRow>([](const DeadlineRow& r, const Asked& asked) {
             const RuleSet* rules = rules_of(r, asked);
             return rules ? value(rules->name()) : Value();
           })},
    Column{"anchor", object,
           computed<DeadlineRow>([](const DeadlineRow& r, const Asked&) { return value(anchor_json(r)); })},
    Column{"anchor.event", text, computed<DeadlineRow>([](const DeadlineRow& r, const Asked&) {
             return value(event_names[r.anchor_event]);
           }),
           nullptr, false},
    Column{"anchor.date", date, get<&DeadlineRow::anchor_on>, nullptr, false},
    Column{"due_on", date, get<&DeadlineRow::due_on>},
    Column{"acts_on", date, get<&DeadlineRow::acts_on>},
    Column{"hint_on", date, get<&DeadlineRow::hint_on>},
    Column{"calendar", vocabulary, computed<DeadlineRow>([](const DeadlineRow& r, const Asked&) {
             return value(to_string(r.calendar));
           }),
           is_calendar},
    Column{"state", vocabulary, computed<DeadlineRow>([](const DeadlineRow& r, const Asked& asked) {
             return value(state_on(r, asked.today));
           }),
           is_word<DeadlineState>},
    Column{"met_on", date, get<&DeadlineRow::met_on>},
    Column{"days_left", integer, computed<DeadlineRow>([](const DeadlineRow& r, const Asked& asked) {
             return value(days_left(r, asked.today));
           })},
    Column{"explanation", text, computed<DeadlineRow>([](const DeadlineRow& r, const Asked& asked) {
             const RuleSet* rules = rules_of(r, asked);
             return rules ? value(explain(*rules, r, asked.language)) : Value();
           })},
    Column{"warning", integer, computed<DeadlineRow>([](const DeadlineRow& r, const Asked& asked) {
             return value(warning_on(r, asked.today));
           })},
};

template <class Get>
constexpr auto of_alert(Get) {
  return [](const AnyRow& row, const Asked& asked) -> Value {
    const auto& r = std::get<OverdueStartRow>(row);
    return r.alert.is_nil() ? Value() : Get{}(r, asked.today);
  };
}

const std::array overdue_columns{
    Column{"case", uuid, get<&OverdueStartRow::id>},
    Column{"discharged_on", date, get<&OverdueStartRow::discharged_on>},
    Column{"due_on", date, get<&OverdueStartRow::due_on>},
    Column{"days_overdue", integer,
           computed<OverdueStartRow>([](const OverdueStartRow& r, const Asked& asked) {
             return value(std::int64_t{asked.today - r.due_on});
           })},
    Column{"lead", text, get<&OverdueStartRow::lead>, is_slug},
    Column{"alert", object,
           of_alert([](const OverdueStartRow& r, CivilDate today) { return value(alert_json(r, today)); })},
    Column{"alert", uuid, of_alert([](const OverdueStartRow& r, CivilDate) { return value(r.alert); }),
           nullptr, false},
    Column{"alert.state", text,
           of_alert([](const OverdueStartRow& r, CivilDate today) { return value(state_on(r, today)); }),
           nullptr, false},
    Column{"alert.raised", instant,
           of_alert([](const OverdueStartRow& r, CivilDate) { return value(r.raised_at); }), nullptr, false},
};

template <bool (*Answered)(const AlertRow&), class Get>
constexpr auto of_answer(Get) {
  return [](const AnyRow& row, const Asked& asked) -> Value {
    const auto& r = std::get<AlertRow>(row);
    return Answered(r) ? Get{}(r, asked) : Value();
  };
}

const std::array alert_columns{
    Column{"alert", uuid, get<&AlertRow::alert>},
    Column{"case", uuid, get<&AlertRow::case_id>},
    Column{"benefit", vocabulary, get<&AlertRow::benefit>, is_word<Benefit>},
    Column{"rule", vocabulary, get<&AlertRow::rule>, is_word<Rule>},
    Column{"due_on", date, get<&AlertRow::due_on>},
    Column{"acts_on", date, get<&AlertRow::acts_on>},
    Column{"raised", instant, get<&AlertRow::raised_at>},
    Column{"state", vocabulary, computed<AlertRow>([](const AlertRow& r, const Asked& asked) {
             return value(state_on(r, asked.today));
           }),
           is_word<AlertState>},
    Column{"closed_by", vocabulary, computed<AlertRow>([](const AlertRow& r, const Asked&) {
             return r.closed == AlertClosed::open ? Value() : value(r.closed);
           }),
           is_closing},
    Column{"level", integer, get<&AlertRow::level>},
    Column{"lead", text, get<&AlertRow::lead>, is_slug},
    Column{"team", text, get<&AlertRow::team>, is_slug},
    Column{"sent", object,
           computed<AlertRow>([](const AlertRow& r, const Asked&) { return value(sent_json(r)); })},
    Column{"sent", integer, computed<AlertRow>([](const AlertRow& r, const Asked&) {
             return value(static_cast<std::int32_t>(r.sent.size()));
           }),
           nullptr, false},
    Column{"acknowledged", object, of_answer<is_acknowledged>([](const AlertRow& r, const Asked& asked) {
             return value(by_whom_json(r) + text_json("note", asked.note));
           })},
    Column{"acknowledged.by", text,
           of_answer<is_acknowledged>([](const AlertRow& r, const Asked&) { return value(r.answered_by); }),
           nullptr, false},
    Column{"acknowledged.at", instant,
           of_answer<is_acknowledged>([](const AlertRow& r, const Asked&) { return value(r.answered_at); }),
           nullptr, false},
    Column{"acknowledged.note", text, of_answer<is_acknowledged>([](const AlertRow&, const Asked& asked) {
             return asked.note ? value(*asked.note) : Value();
           }),
           nullptr, false},
    Column{"snoozed_until", date,
           of_answer<is_snoozed>([](const AlertRow& r, const Asked&) { return value(r.snoozed_until); })},
    Column{"snoozed", object, of_answer<is_snoozed>([](const AlertRow& r, const Asked& asked) {
             return value(by_whom_json(r) + text_json("reason", asked.note));
           })},
    Column{"snoozed.by", text,
           of_answer<is_snoozed>([](const AlertRow& r, const Asked&) { return value(r.answered_by); }),
           nullptr, false},
    Column{"snoozed.at", instant,
           of_answer<is_snoozed>([](const AlertRow& r, const Asked&) { return value(r.answered_at); }),
           nullptr, false},
    Column{"snoozed.reason", text, of_answer<is_snoozed>([](const AlertRow&, const Asked& asked) {
             return asked.note ? value(*asked.note) : Value();
           }),
           nullptr, false},
};

const std::array balance_columns{
    Column{"case", uuid, get<&UnitBalanceRow::id>},
    Column{"benefit", vocabulary, get<&UnitBalanceRow::benefit>, is_word<Benefit>},
    Column{"prescribed", integer, get<&UnitBalanceRow::prescribed>},
    Column{"applied", integer, get<&UnitBalanceRow::applied>},
    Column{"approved", integer, get<&UnitBalanceRow::approved>},
    Column{"extended", integer, get<&UnitBalanceRow::extended>},
    Column{"scheduled", integer, get<&UnitBalanceRow::scheduled>},
    Column{"delivered", integer, get<&UnitBalanceRow::delivered>},
    Column{"at_home", integer, get<&UnitBalanceRow::at_home>},
    Column{"preparatory", integer, get<&UnitBalanceRow::preparatory>},
    Column{"group", integer, get<&UnitBalanceRow::group>},
    Column{"voided", integer, get<&UnitBalanceRow::voided>},
    Column{"billable", integer, get<&UnitBalanceRow::billable>},
    Column{"at_risk", integer, get<&UnitBalanceRow::at_risk>},
    Column{"remaining", integer, get<&UnitBalanceRow::remaining>},
};

/// As the settings say it, else as the file does; empty where the case is finished.
const std::string& title_of(const TaskRow& row, Language language) {
  static const std::string none;
  const auto in = [&](const std::string& de, const std::string& en) -> const std::string& {
    return language == Language::en && !en.empty() ? en : de;
  };
  if (row.task == Task::none) return none;
  if (!row.title_de.empty()) return in(row.title_de, row.title_en);
  for (const auto& workflow : shipped_workflows()) {
    if (workflow->from() != row.workflow || row.entry >= workflow->steps().size()) continue;
    const WorkflowStep& step = workflow->steps()[row.entry];
    return in(step.title_de, step.title_en);
  }
  return none;
}

bool is_task(std::string_view text) { return text != word(Task::none) && is_word<Task>(text); }

const std::array task_columns{
    Column{"case", uuid, get<&TaskRow::id>},
    Column{"task", vocabulary, computed<TaskRow>([](const TaskRow& r, const Asked&) {
             return r.task == Task::none ? Value() : value(r.task);
           }),
           is_task},
    Column{"due_on", date, get<&TaskRow::due_on>},
    Column{"role", vocabulary, get<&TaskRow::role>, is_word<Role>},
    Column{"since", date, get<&TaskRow::since>},
    Column{"why", vocabulary, get<&TaskRow::why>, is_word<Rule>},
    Column{"title", text, computed<TaskRow>([](const TaskRow& r, const Asked& asked) {
             return value(std::string_view(title_of(r, asked.language)));
           })},
};

const std::array visit_columns{
    Column{"visit", uuid, get<&VisitRow::visit>},
    Column{"case", uuid, get<&VisitRow::case_id>},
    Column{"state", vocabulary, get<&VisitRow::state>, is_word<VisitState>},
    Column{"starts_at", instant, get<&VisitRow::starts_at>},
    Column{"minutes", integer, get<&VisitRow::minutes>},
    Column{"staff", text, get<&VisitRow::staff>, is_slug},
    Column{"place", vocabulary, get<&VisitRow::place>, is_word<Place>},
    Column{"category", vocabulary, get<&VisitRow::category>, is_word<Category>},
    Column{"billable", integer, get<&VisitRow::billable>},
    Column{"at_risk", integer, get<&VisitRow::at_risk>},
    Column{"corrected", integer, get<&VisitRow::corrected>},
};

template <Cause cause>
constexpr auto discontinued = computed<FigureRow>([](const FigureRow& row, const Asked&) {
  return value(row.discontinued[static_cast<std::size_t>(cause)]);
});
const std::array columns_of_figures{
    Column{"provider", text, get<&FigureRow::provider>, is_slug},
    Column{"period", text, get<&FigureRow::period>, is_period},
    Column{"from", date, get<&FigureRow::from>},
    Column{"until", date, get<&FigureRow::until>},
    Column{"referrals", integer, get<&FigureRow::referrals>},
    Column{"starts", integer, get<&FigureRow::starts>},
    Column{"starts_missed", integer, get<&FigureRow::starts_missed>},
    Column{"start_days_median", integer, get<&FigureRow::start_days_median>},
    Column{"start_days_p90", integer, get<&FigureRow::start_days_p90>},
    Column{"units_delivered", decimal, get<&FigureRow::units_delivered>},
    Column{"units_billable", decimal, get<&FigureRow::units_billable>},
    Column{"home_share", decimal, get<&FigureRow::home_share>},
    Column{"extensions", integer, get<&FigureRow::extensions>},
    Column{"completions", integer, get<&FigureRow::completions>},
    Column{"approval_days_median", integer, get<&FigureRow::approval_days_median>},
    Column{"approval_days_p90", integer, get<&FigureRow::approval_days_p90>},
    Column{"fictions", integer, get<&FigureRow::fictions>},
    Column{"benefit", vocabulary, get<&FigureRow::benefit>, is_word<Benefit>},
    Column{"starts_in_time", integer, get<&FigureRow::starts_in_time>},
    Column{"starts_in_time_share", decimal, get<&FigureRow::starts_in_time_share>},
    Column{"completions_home_met", integer, get<&FigureRow::completions_home_met>},
    Column{"completions_home_met_share", decimal, get<&FigureRow::completions_home_met_share>},
    Column{"completions_goal_reached", integer, get<&FigureRow::completions_goal_reached>},
    Column{"discontinuations", integer, get<&FigureRow::discontinuations>},
    Column{"discontinued_moved", integer, discontinued<Cause::moved>},
    Column{"discontinued_refused", integer, discontinued<Cause::refused>},
    Column{"discontinued_readmitted", integer, discontinued<Cause::readmitted>},
    Column{"discontinued_died", integer, discontinued<Cause::died>},
    Column{"discontinued_other", integer, discontinued<Cause::other>},
    Column{"withdrawals", integer, get<&FigureRow::withdrawals>},
    Column{"denials", integer, get<&FigureRow::denials>},
    Column{"coverage_unresolved", integer, get<&FigureRow::coverage_unresolved>},
    Column{"coverage_uninsured", integer, get<&FigureRow::coverage_uninsured>},
    Column{"coverage_unsettled_share", decimal, get<&FigureRow::coverage_unsettled_share>},
    Column{"corrections", integer, get<&FigureRow::corrections>},
    Column{"voids", integer, get<&FigureRow::voids>},
    Column{"staff_hours", decimal, get<&FigureRow::staff_hours>},
    Column{"target_state", vocabulary, get<&FigureRow::target_state>, is_word<TargetState>},
    Column{"target_units", integer, get<&FigureRow::target_units>},
    Column{"target_share", decimal, get<&FigureRow::target_share>},
    Column{"forecast_units", decimal, get<&FigureRow::forecast_units>},
    Column{"forecast_share", decimal, get<&FigureRow::forecast_share>},
    Column{"forecast_method", vocabulary, get<&FigureRow::forecast_method>, is_word<ForecastMethod>},
    Column{"forecast_from", date, get<&FigureRow::forecast_from>},
    Column{"forecast_until", date, get<&FigureRow::forecast_until>},
};

constexpr std::array case_sorts{SortColumn{"case", 0}, SortColumn{"referred_on", 1},
                                SortColumn{"discharged_on", 2}, SortColumn{"closed_on", 3}};
constexpr std::array deadline_sorts{SortColumn{"acts_on", 1}, SortColumn{"due_on", 2}, SortColumn{"case", 0}};
constexpr std::array overdue_sorts{SortColumn{"due_on", 1}, SortColumn{"case", 0}};
constexpr std::array balance_sorts{SortColumn{"case", 0}, SortColumn{"remaining", 1}};
constexpr std::array task_sorts{SortColumn{"due_on", tasks_by_due, tasks_once_due, tasks_until_due},
                                SortColumn{"case", 0}};
constexpr std::array visit_sorts{SortColumn{"starts_at", 1}, SortColumn{"case", 0}};
constexpr std::array alert_sorts{SortColumn{"raised", alerts_by_raised, 0, 0, alerts_unsettled},
                                 SortColumn{"case", 0}};

template <class Row>
void decode_as(std::string_view key, std::string_view bytes, AnyRow& out) {
  Row* row = std::get_if<Row>(&out);
  decode(key, bytes, row ? *row : out.emplace<Row>());
}

/// From the day after `due_on`.
bool overdue_stands(const AnyRow& row, CivilDate today) {
  return today > std::get<OverdueStartRow>(row).due_on;
}
bool task_stands(const AnyRow& row, CivilDate today) {
  const TaskRow& task = std::get<TaskRow>(row);
  return task.since <= today && (!task.until || today <= *task.until);
}

// ---------------------------------------------------------------- text

void append_number(std::string& out, std::int64_t number) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

/// Hundredths as "12.5", with `point` between.
void append_decimal(std::string& out, std::int64_t hundredths, char point) {
  if (hundredths < 0) {
    out.push_back('-');
    hundredths = -hundredths;
  }
  append_number(out, hundredths / 100);
  const auto rest = static_cast<char>(hundredths % 100);
  if (rest == 0) return;
  out.push_back(point);
  out.push_back(static_cast<char>('0' + rest / 10));
  if (rest % 10 != 0) out.push_back(static_cast<char>('0' + rest % 10));
}

/// Everything but text; `point` is that of decimals.
void append_plain(std::string& out, ColumnType type, const Value& v, char point) {
  if (const auto* id = std::get_if<Uuid>(&v)) return append_id(out, *id);
  const std::int64_t number = std::get<std::int64_t>(v);
  switch (type) {
    case date: out += to_string(CivilDate{static_cast<std::int32_t>(number)}); return;
    case instant: out += to_string(Instant{number}); return;
    case decimal: append_decimal(out, number, point); return;
    case integer: append_number(out, number); return;
    case uuid:
    case text:
    case vocabulary:
    case boolean:
    case object: break;
  }
  assert(false && "a value of another type than its column's");
}

bool is_number(ColumnType type) { return type == integer || type == decimal; }

void append_csv_text(std::string& out, std::string_view field) {
  // A spreadsheet would run a field that begins like this as a formula.
  const bool formula =
      !field.empty() && std::string_view("=+-@\t\r").find(field.front()) != std::string_view::npos;
  const bool quoted = field.find_first_of(";\"\r\n") != std::string_view::npos;
  if (quoted) out.push_back('"');
  if (formula) out.push_back('\'');
  for (const char c : field) {
    if (c == '"') out.push_back('"');
    out.push_back(c);
  }
  if (quoted) out.push_back('"');
}

}  // namespace

const Column* ListTable::column(std::string_view column_name) const {
  const auto found =
      std::find_if(columns.begin(), columns.end(), [&](const Column& c) { return c.name == column_name; });
  return found == columns.end() ? nullptr : &*found;
}

const SortColumn* ListTable::sort(std::string_view column_name) const {
  const auto found =
      std::find_if(sorts.begin(), sorts.end(), [&](const SortColumn& s) { return s.name == column_name; });
  return found == sorts.end() ? nullptr : &*found;
}

std::span<const ListTable> list_tables() {
  static const std::array tables{
      ListTable{Table::cases, "cases", case_columns, case_sorts, decode_as<CaseRow>, nullptr},
      ListTable{Table::deadlines, "deadlines", deadline_columns, deadline_sorts, decode_as<DeadlineRow>,
                nullptr},
      ListTable{Table::overdue_starts, "overdue-starts", overdue_columns, overdue_sorts,
                decode_as<OverdueStartRow>, overdue_stands},
      ListTable{Table::unit_balances, "unit-balances", balance_columns, balance_sorts,
                decode_as<UnitBalanceRow>, nullptr},
      ListTable{Table::tasks, "tasks", task_columns, task_sorts, decode_as<TaskRow>, task_stands},
      ListTable{Table::visits, "visits", visit_columns, visit_sorts, decode_as<VisitRow>, nullptr},
      ListTable{Table::alerts, "alerts", alert_columns, alert_sorts, decode_as<AlertRow>, nullptr},
  };
  return tables;
}

const ListTable& list_table(Table table) {
  const auto tables = list_tables();
  const auto found =
      std::find_if(tables.begin(), tables.end(), [&](const ListTable& t) { return t.table == table; });
  assert(found != tables.end());
  return *found;
}

std::span<const Column> figure_columns() { return columns_of_figures; }

std::span<const Column> history_columns() {
  static constexpr auto is_true_or_false = [](std::string_view given) {
    return given == "true" || given == "false";
  };
  static constexpr auto is_stale = [](const AnyRow& row, const Asked&) -> Value {
    return std::string(std::get<HistoryRow>(row).stale ? "true" : "false");
  };
  static constexpr std::array<Column, 11> columns{{
      Column{"version", integer, get<&HistoryRow::version>},
      Column{"event", text, get<&HistoryRow::event>, is_event},
      Column{"happened", text, get<&HistoryRow::happened>, is_when},
      Column{"recorded", instant, get<&HistoryRow::recorded>},
      Column{"by", text, get<&HistoryRow::by>, is_slug},
      Column{"data", object, get<&HistoryRow::data>},
      Column{"reasons", object, get<&HistoryRow::reasons>},
      Column{"rule_set", text, get<&HistoryRow::rule_set>},
      Column{"hash", text, get<&HistoryRow::hash>, is_hash},
      Column{"position", object, get<&HistoryRow::position>},
      Column{"stale", ColumnType::boolean, is_stale, is_true_or_false},
  }};
  return columns;
}

std::string key_text(const AnyRow& row) {
  const auto with = [](const CaseId& id, std::string_view what) {
    return to_string(id.value) + '/' + std::string(what);
  };
  const auto numbered = [](std::uint16_t number) { return '/' + std::to_string(number); };
  if (const auto* r = std::get_if<CaseRow>(&row)) return to_string(r->id.value);
  if (const auto* r = std::get_if<OverdueStartRow>(&row)) return to_string(r->id.value);
  if (const auto* r = std::get_if<UnitBalanceRow>(&row)) return to_string(r->id.value);
  if (const auto* r = std::get_if<VisitRow>(&row)) return with(r->case_id, to_string(r->visit.value));
  if (const auto* r = std::get_if<AlertRow>(&row)) return with(r->case_id, to_string(r->alert.value));
  if (const auto* r = std::get_if<DeadlineRow>(&row))
    return with(r->id, word(r->rule)) + numbered(r->ordinal);
  if (const auto* r = std::get_if<TaskRow>(&row)) return with(r->id, word(r->task)) + numbered(r->ordinal);
  return {};
}

void append_row_json(std::string& out, std::span<const Column> columns, const AnyRow& row,
                     const Asked& asked) {
  char separator = '{';
  for (const Column& column : columns) {
    if (!column.in_json) continue;
    out.push_back(separator);
    separator = ',';
    out.push_back('"');
    out.append(column.name);
    out.append("\":");
    const Value v = column.get(row, asked);
    if (std::holds_alternative<std::monostate>(v)) {
      out.append("null");
    } else if (const auto* t = std::get_if<std::string>(&v)) {
      if (column.type == object || column.type == ColumnType::boolean) {
        out.append(*t);
      } else {
        append_json_text(out, *t);
      }
    } else if (is_number(column.type)) {
      append_plain(out, column.type, v, '.');
    } else {
      out.push_back('"');
      append_plain(out, column.type, v, '.');
      out.push_back('"');
    }
  }
  out.push_back('}');
}

void append_row_csv(std::string& out, std::span<const Column> columns, const AnyRow& row,
                    const Asked& asked) {
  bool first = true;
  for (const Column& column : columns) {
    if (column.type == object) continue;
    if (!first) out.push_back(';');
    first = false;
    const Value v = column.get(row, asked);
    if (const auto* t = std::get_if<std::string>(&v)) {
      append_csv_text(out, *t);
    } else if (!std::holds_alternative<std::monostate>(v)) {
      append_plain(out, column.type, v, '.');
    }
  }
  out.append("\r\n");
}

void append_csv_header(std::string& out, std::span<const Column> columns) {
  out.append("\xEF\xBB\xBF");
  bool first = true;
  for (const Column& column : columns) {
    if (column.type == object) continue;
    if (!first) out.push_back(';');
    first = false;
    out.append(column.name);
  }
  out.append("\r\n");
}

void append_json_text(std::string& out, std::string_view text) {
  out.push_back('"');
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      constexpr std::string_view digits = "0123456789abcdef";
      out.append("\\u00");
      out.push_back(digits[static_cast<unsigned char>(c) >> 4]);
      out.push_back(digits[static_cast<unsigned char>(c) & 15]);
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

void append_person_json(std::string& out, const PersonId& id, const PersonData& person) {
  out.append("{\"person_id\":\"");
  append_id(out, id.value);
  out.push_back('"');
  const auto add = [&](std::string_view name, std::string_view member) {
    if (member.empty()) return;
    out.append(",\"").append(name).append("\":");
    append_json_text(out, member);
  };
  add("given_name", person.given_name);
  add("family_name", person.family_name);
  add("born", to_string(person.born));
  add("insurance_number", person.insurance_number);
  add("insurer_ik", person.insurer_ik);
  add("guardian", person.guardian);
  add("phone", person.phone);
  add("email", person.email);
  add("postal_code", person.postal_code);
  out.push_back('}');
}

}  // namespace geleit
