// Rows and stored cases to and from the bytes of the store, and the bytes that sort as their values do. What
// a row's key says is not repeated in its bytes: every decode takes both.
#pragma once

#include <array>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "projections/case.h"
#include "projections/read_model.h"
#include "projections/rules/calendar.h"
#include "projections/rules/step.h"

namespace geleit {

/// The bytes are no row of this version; the table has to be built again.
struct BadRow : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// ---------------------------------------------------------------- rows

/// `cases`; key: case.
struct CaseRow {
  CaseId id;
  std::string provider;
  Version version;
  Benefit benefit{};
  Land land{};
  CaseState state{};
  std::string lead;  ///< empty: none yet
  CivilDate referred_on;
  std::optional<CivilDate> discharged_on, first_unit_on, last_unit_on, closed_on;
  PersonId person_id;
  SealedCopy person;  ///< none unless the data is kept
  PersonalDataState personal_data = PersonalDataState::kept;
  friend bool operator==(const CaseRow&, const CaseRow&) = default;
};

/// `persons`; key: case. A person is found by index column 1.
struct PersonRow {
  CaseId id;
  PersonId person_id;
  friend bool operator==(const PersonRow&, const PersonRow&) = default;
};

/// `deadlines`; key: case, rule, ordinal (of the application or denial, else 0). Facts only: see state_on and
/// days_left in deadlines.h.
struct DeadlineRow {
  CaseId id;
  Rule rule{};
  std::uint16_t ordinal = 0;
  Hash rule_set;                  ///< what names the set it was computed by (RuleSet::hash)
  std::uint8_t anchor_event = 0;  ///< place in event_names
  CivilDate anchor_on;
  CivilDate due_on, acts_on;
  std::optional<CivilDate> hint_on;
  Calendar calendar;
  std::optional<CivilDate> met_on;  ///< none when moot
  bool moot = false;
  bool expert = false;            ///< GKV-DECISION: an expert opinion was told in time
  bool sgb9 = false;              ///< GKV-DECISION under SGB IX
  bool instruction_given = true;  ///< GKV-OBJECTION
  Version generation;             ///< of the event that last opened it
  struct Warning {
    std::int32_t working_days = 0;  ///< before acts_on
    CivilDate from;                 ///< the day that is
    friend bool operator==(const Warning&, const Warning&) = default;
  };
  std::vector<Warning> warnings;  ///< earliest first; none once it is met or moot
  friend bool operator==(const DeadlineRow&, const DeadlineRow&) = default;
};

/// `overdue-starts`; key: case. Stands in the answer from the day after `due_on`.
struct OverdueStartRow {
  CaseId id;
  CivilDate discharged_on, due_on;
  std::string lead;
  EventId alert;      ///< nil: none
  Instant raised_at;  ///< of the alert
  std::int32_t level = 1;
  bool acknowledged = false;
  std::optional<CivilDate> snoozed_until;  ///< the day on which it wakes
  friend bool operator==(const OverdueStartRow&, const OverdueStartRow&) = default;
};

/// `unit-balances`; key: case (RULES.md, Balance; API.md, Visits and balance).
struct UnitBalanceRow {
  CaseId id;
  Benefit benefit{};
  Minutes prescribed, applied, approved, extended, scheduled, delivered, at_home, preparatory, group, voided,
      billable, at_risk, remaining;
  friend bool operator==(const UnitBalanceRow&, const UnitBalanceRow&) = default;
};

/// `tasks`; key: case, task, ordinal (of the visit, application …). Stands from `since` to `until`.
struct TaskRow {
  CaseId id;
  Task task = Task::none;
  std::uint16_t ordinal = 0;
  CivilDate since;
  std::optional<CivilDate> until;  ///< the last day; none = until the case changes
  std::optional<CivilDate> due_on;
  std::optional<Role> role;  ///< none only for Task::none
  std::optional<Rule> why;
  CivilDate workflow;              ///< `from` of the file that tells the step (workflow.h)
  std::uint8_t entry = 0;          ///< its place there
  std::string title_de, title_en;  ///< adopted; empty: as the file says
  friend bool operator==(const TaskRow&, const TaskRow&) = default;
};

/// `visits`; key: case, visit.
struct VisitRow {
  CaseId case_id;
  VisitId visit;
  VisitState state{};
  Instant starts_at;
  Minutes minutes;
  std::string staff;
  Place place{};
  std::optional<Category> category;
  Minutes billable, at_risk;
  std::uint16_t corrected = 0;
  friend bool operator==(const VisitRow&, const VisitRow&) = default;
};

/// Why an alert is closed: by what is true of its deadline, by nobody's hand (alerts.h).
enum class AlertClosed : std::uint8_t {
  open,       ///< it is not
  met,        ///< what was missed has been done, or was all the time
  corrected,  ///< the deadline was opened anew, or is none any more
  ended,      ///< the case has ended
};
template <>
inline constexpr std::array<std::string_view, 4> words<AlertClosed>{"open", "met", "corrected", "ended"};

/// `alerts`; key: case, alert.
struct AlertRow {
  CaseId case_id;
  EventId alert;
  Benefit benefit{};
  Rule rule{};
  CivilDate due_on, acts_on;
  Instant raised_at;  ///< 00:00 of the day after acts_on
  AlertClosed closed = AlertClosed::open;
  std::int32_t level = 1;
  AlertAnswer answer = AlertAnswer::none;
  Instant answered_at;
  std::string answered_by;
  SealedCopy note;          ///< of an acknowledgement, or the reason of a snooze
  CivilDate snoozed_until;  ///< of a snoozed one: the day on which it wakes
  std::string lead, team;   ///< slugs; may be empty
  std::vector<SentNotice> sent;
  friend bool operator==(const AlertRow&, const AlertRow&) = default;
};

/// What will have to be recorded once its time has come.
enum class TimerKind : std::uint8_t {
  missed,      ///< a deadline that nobody meets
  lapsed,      ///< an approval's period
  escalation,  ///< an alert that nobody answers
};
template <>
inline constexpr std::array<std::string_view, 3> words<TimerKind>{"missed", "lapsed", "escalation"};

/// `timers`; key: case, kind, what it is about. Indexed by `due`, so that what has come due is one range.
struct TimerRow {
  CaseId id;
  TimerKind kind{};
  Instant due;
  Rule rule{};             ///< missed
  Version generation;      ///< missed
  ApprovalId approval;     ///< lapsed
  CivilDate until;         ///< lapsed: the last day
  EventId alert;           ///< escalation
  std::int32_t level = 0;  ///< escalation: to which it goes up
  friend bool operator==(const TimerRow&, const TimerRow&) = default;
};

/// The row's bytes, in the arena.
[[nodiscard]] std::string_view encode(const CaseRow& row, ByteArena& arena);
[[nodiscard]] std::string_view encode(const PersonRow& row, ByteArena& arena);
[[nodiscard]] std::string_view encode(const DeadlineRow& row, ByteArena& arena);
[[nodiscard]] std::string_view encode(const OverdueStartRow& row, ByteArena& arena);
[[nodiscard]] std::string_view encode(const UnitBalanceRow& row, ByteArena& arena);
[[nodiscard]] std::string_view encode(const TaskRow& row, ByteArena& arena);
[[nodiscard]] std::string_view encode(const VisitRow& row, ByteArena& arena);
[[nodiscard]] std::string_view encode(const AlertRow& row, ByteArena& arena);
[[nodiscard]] std::string_view encode(const TimerRow& row, ByteArena& arena);
template <class Row>
[[nodiscard]] std::string encode(const Row& row) {
  ByteArena arena;
  return std::string(encode(row, arena));
}

/// Replaces `out`. `key` and `bytes` as the table holds them, of any alignment. Throws BadRow.
void decode(std::string_view key, std::string_view bytes, CaseRow& out);
void decode(std::string_view key, std::string_view bytes, PersonRow& out);
void decode(std::string_view key, std::string_view bytes, DeadlineRow& out);
void decode(std::string_view key, std::string_view bytes, OverdueStartRow& out);
void decode(std::string_view key, std::string_view bytes, UnitBalanceRow& out);
void decode(std::string_view key, std::string_view bytes, TaskRow& out);
void decode(std::string_view key, std::string_view bytes, VisitRow& out);
void decode(std::string_view key, std::string_view bytes, AlertRow& out);
void decode(std::string_view key, std::string_view bytes, TimerRow& out);

// ---------------------------------------------------------------- keys

/// 16 octets, the case id, are the key of a table with one row a case and the beginning of every row's key.
[[nodiscard]] std::string_view key_of(const CaseRow& row, ByteArena& arena);
[[nodiscard]] std::string_view key_of(const PersonRow& row, ByteArena& arena);
[[nodiscard]] std::string_view key_of(const DeadlineRow& row, ByteArena& arena);
[[nodiscard]] std::string_view key_of(const OverdueStartRow& row, ByteArena& arena);
[[nodiscard]] std::string_view key_of(const UnitBalanceRow& row, ByteArena& arena);
[[nodiscard]] std::string_view key_of(const TaskRow& row, ByteArena& arena);
[[nodiscard]] std::string_view key_of(const VisitRow& row, ByteArena& arena);
[[nodiscard]] std::string_view key_of(const AlertRow& row, ByteArena& arena);
[[nodiscard]] std::string_view key_of(const TimerRow& row, ByteArena& arena);
template <class Row>
[[nodiscard]] std::string key_of(const Row& row) {
  ByteArena arena;
  return std::string(key_of(row, arena));
}
[[nodiscard]] std::string key_of(const CaseId& id);
/// The case a row's key begins with. Throws BadRow when it is too short.
[[nodiscard]] CaseId case_in_key(std::string_view key);

// ---------------------------------------------------------------- the case

/// The folded case with all its fields.
[[nodiscard]] std::string encode_case(const Case& c);
void append_case(std::string& out, const Case& c);
/// Replaces `out`, whose memory is used again. Throws BadRow.
void decode_case(std::string_view bytes, Case& out);
[[nodiscard]] inline Case decode_case(std::string_view bytes) {
  Case c;
  decode_case(bytes, c);
  return c;
}

// ---------------------------------------------------------------- order

// Bytes that compare as the values do. Null sorts last; no value's bytes are the beginning of another's.
class OrderKey {
 public:
  explicit OrderKey(CivilDate value);
  explicit OrderKey(const std::optional<CivilDate>& value);
  explicit OrderKey(Instant value);  ///< years 1 to 4000
  explicit OrderKey(std::int32_t value);
  explicit OrderKey(const Uuid& value);
  [[nodiscard]] std::string_view view() const { return {octets_.data(), size_}; }

 private:
  std::array<char, 16> octets_;
  std::uint8_t size_ = 0;
};
template <class Value>
[[nodiscard]] std::string order_key(const Value& value) {
  return std::string(OrderKey(value).view());
}
[[nodiscard]] std::string order_key(std::string_view value);  ///< no NUL in it
inline constexpr std::string_view order_key_of_null = "\xff";

// ---------------------------------------------------------------- for read models

/// Adds the row, its key and bytes; the answer is valid until the next one is added.
template <class Row>
DerivedRow& add_row(Derived& out, const Row& row) {
  return out.rows.emplace_back(DerivedRow{key_of(row, out.octets), encode(row, out.octets), {}});
}
/// Gives the row a place in the order of a column.
template <class Value>
void add_index(Derived& out, DerivedRow& row, std::uint8_t column, const Value& value) {
  row.index.push_back({column, out.octets.keep(OrderKey(value).view())});
}

}  // namespace geleit
