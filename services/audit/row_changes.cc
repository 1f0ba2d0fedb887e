#include "services/audit/row_changes.h"

#include <algorithm>
#include <array>

#include "events/civil_time.h"
#include "projections/deadlines.h"
#include "services/audit/audit_catalogue.h"
#include "services/audit/audit_words.h"

namespace geleit {
namespace {

FieldChange named(std::string_view field, ColumnType type, Value value) {
  return {field, type, value, std::move(value)};
}

/// What tells a row apart from the others of its case.
std::vector<FieldChange> name_of_row(const AnyRow& row) {
  using Name = std::vector<FieldChange>;
  return std::visit(
      Overloaded{
          [](const CaseRow&) -> Name { return {}; },
          [](const DeadlineRow& r) -> Name {
            return {named("rule", ColumnType::vocabulary, std::string(word(r.rule))),
                    named("ordinal", ColumnType::integer, std::int64_t{r.ordinal})};
          },
          [](const OverdueStartRow&) -> Name { return {}; },
          [](const UnitBalanceRow&) -> Name { return {}; },
          [](const TaskRow& r) -> Name {
            return {named("task", ColumnType::text, std::string(word(r.task))),
                    named("ordinal", ColumnType::integer, std::int64_t{r.ordinal})};
          },
          [](const VisitRow& r) -> Name { return {named("visit", ColumnType::uuid, r.visit.value)}; },
          [](const AlertRow& r) -> Name {
            return {named("alert", ColumnType::uuid, r.alert.value),
                    named("rule", ColumnType::vocabulary, std::string(word(r.rule)))};
          },
          [](const FigureRow&) -> Name { return {}; },
          [](const HistoryRow&) -> Name { return {}; },
      },
      row);
}

/// What people know the row by.
std::string about_row(const ListTable& table, const AnyRow& row, const Asked& asked) {
  if (const auto* deadline = std::get_if<DeadlineRow>(&row))
    return rule_words_of(deadline->rule, asked.language);
  if (const auto* alert = std::get_if<AlertRow>(&row)) return rule_words_of(alert->rule, asked.language);
  if (const auto* visit = std::get_if<VisitRow>(&row)) return instant_words(visit->starts_at, asked.language);
  if (std::holds_alternative<TaskRow>(row)) {
    const Value title = table.column("title")->get(row, asked);
    const auto* text = std::get_if<std::string>(&title);
    return text ? *text : std::string();  // the case is finished
  }
  return {};
}

bool is_name(std::string_view table, std::string_view column) {
  return (table == "deadlines" && column == "rule") || (table == "tasks" && column == "task") ||
         (table == "visits" && column == "visit") ||
         (table == "alerts" && (column == "alert" || column == "rule" || column == "benefit"));
}

bool stands(const ListTable& table, const AnyRow& row, const Asked& asked) {
  return !table.stands || table.stands(row, asked.today);
}

}  // namespace

bool is_compared(const Column& column) {
  static constexpr std::array follows{
      std::string_view("case"),          std::string_view("version"),   std::string_view("explanation"),
      std::string_view("title"),         std::string_view("days_left"), std::string_view("days_overdue"),
      std::string_view("warning"),       std::string_view("person"),    std::string_view("acknowledged.note"),
      std::string_view("snoozed.reason")};
  return column.type != ColumnType::object && !column.name.starts_with("person.") &&
         std::find(follows.begin(), follows.end(), column.name) == follows.end();
}

void CaseRows::derive(const Case& c, const RuleBook& rules) {
  for (Derived& derived : rows_) derived.clear();
  if (!c.exists()) return;
  const Subject subject(c, rules);
  for (std::size_t i = 0; i < tables_.size(); ++i) {
    const auto models = read_models();
    const auto model = std::find_if(models.begin(), models.end(),
                                    [&](const ReadModel& one) { return one.table == tables_[i]; });
    assert(model != models.end());
    model->derive(subject, rows_[i]);
    std::sort(rows_[i].rows.begin(), rows_[i].rows.end(),
              [](const DerivedRow& a, const DerivedRow& b) { return a.key < b.key; });
  }
}

std::optional<RowChange> change_of(const ListTable& table, const AnyRow* before, const AnyRow* after,
                                   const RowView& view) {
  assert(before || after);
  RowChange change;
  change.table = table.name;
  change.kind = !before ? RowChangeKind::added : !after ? RowChangeKind::removed : RowChangeKind::changed;
  for (const Column& column : table.columns) {
    if (!is_compared(column) || is_name(table.name, column.name)) continue;
    if (column.name == "rule_set" && !view.rule_sets) continue;
    FieldChange field{column.name, column.type, {}, {}};
    if (before) field.before = column.get(*before, view.before);
    if (after) field.after = column.get(*after, view.after);
    if (field.before != field.after) change.fields.push_back(std::move(field));
  }
  if (change.kind == RowChangeKind::changed && change.fields.empty()) return std::nullopt;
  const AnyRow& row = after ? *after : *before;
  change.name = name_of_row(row);
  change.about = about_row(table, row, after ? view.after : view.before);
  return change;
}

/// Walks over two sorted runs of rows at once.
class RowComparison {
 public:
  RowComparison(const CaseRows& before, const CaseRows& after, const RowView& view)
      : before_(before), after_(after), view_(view) {}

  std::vector<RowChange> run() {
    for (std::size_t i = 0; i < before_.tables_.size(); ++i)
      compare(list_table(before_.tables_[i]), before_.rows_[i].rows, after_.rows_[i].rows);
    return std::move(changes_);
  }

 private:
  void compare(const ListTable& table, const std::vector<DerivedRow>& before,
               const std::vector<DerivedRow>& after) {
    const bool same_day = view_.before.today == view_.after.today;
    auto b = before.begin();
    auto a = after.begin();
    while (b != before.end() || a != after.end()) {
      const int order = b == before.end() ? 1 : a == after.end() ? -1 : b->key.compare(a->key);
      // The same octets seen on the same day say the same.
      if (order != 0 || !same_day || b->bytes != a->bytes)
        tell(table, order <= 0 ? &*b : nullptr, order >= 0 ? &*a : nullptr);
      if (order <= 0) ++b;
      if (order >= 0) ++a;
    }
  }
  void tell(const ListTable& table, const DerivedRow* before, const DerivedRow* after) {
    const bool was = before && decoded(table, *before, view_.before, was_row_);
    const bool is = after && decoded(table, *after, view_.after, is_row_);
    if (!was && !is) return;
    if (auto change = change_of(table, was ? &was_row_ : nullptr, is ? &is_row_ : nullptr, view_))
      changes_.push_back(std::move(*change));
  }
  static bool decoded(const ListTable& table, const DerivedRow& row, const Asked& asked, AnyRow& out) {
    table.decode(row.key, row.bytes, out);
    return stands(table, out, asked);
  }

  const CaseRows& before_;
  const CaseRows& after_;
  const RowView& view_;
  AnyRow was_row_, is_row_;
  std::vector<RowChange> changes_;
};

std::vector<RowChange> changes_between(const CaseRows& before, const CaseRows& after, const RowView& view) {
  return RowComparison(before, after, view).run();
}

std::vector<RowChange> approval_changes(const Case& before, const Case& after, Language language) {
  const auto fields_of = [](const Approval* was, const Approval* is) {
    std::vector<FieldChange> fields;
    const auto add = [&](std::string_view name, ColumnType type, auto get) {
      FieldChange field{name, type, was ? get(*was) : Value(), is ? get(*is) : Value()};
      if (field.before != field.after) fields.push_back(std::move(field));
    };
    const auto truth = [](bool yes) -> Value { return std::string(yes ? "true" : "false"); };
    const auto date = [](CivilDate on) -> Value { return std::int64_t{on.days}; };
    add("units", ColumnType::integer, [](const Approval& a) -> Value { return std::int64_t{a.units}; });
    add("from", ColumnType::date, [&](const Approval& a) { return date(a.from); });
    add("until", ColumnType::date, [&](const Approval& a) { return date(a.until); });
    add("decided_on", ColumnType::date, [&](const Approval& a) { return date(a.decided_on); });
    add("extension", ColumnType::boolean, [&](const Approval& a) { return truth(a.extension); });
    add("revoked", ColumnType::boolean, [&](const Approval& a) { return truth(a.revoked); });
    add("lapsed", ColumnType::date, [&](const Approval& a) { return a.lapsed ? date(*a.lapsed) : Value(); });
    return fields;
  };
  std::vector<RowChange> changes;
  const auto tell = [&](const Approval* was, const Approval* is) {
    RowChange change;
    change.table = "approvals";
    change.kind = !was ? RowChangeKind::added : !is ? RowChangeKind::removed : RowChangeKind::changed;
    change.fields = fields_of(was, is);
    if (change.fields.empty()) return;
    const Approval& one = is ? *is : *was;
    change.name.push_back(named("approval", ColumnType::uuid, one.id.value));
    change.about = date_words(one.decided_on, language);
    changes.push_back(std::move(change));
  };
  for (const Approval& is : after.approvals) tell(before.find_approval(is.id), &is);
  for (const Approval& was : before.approvals) {
    if (!after.find_approval(was.id)) tell(&was, nullptr);
  }
  return changes;
}

// ---------------------------------------------------------------- for people

namespace {

const FieldChange* field_of(const RowChange& change, std::string_view name) {
  const auto found = std::ranges::find(change.fields, name, &FieldChange::field);
  return found == change.fields.end() ? nullptr : &*found;
}

}  // namespace

bool is_said(const RowChange& change, const FieldChange& field) {
  // The name of an event is for programs, and a date that moves with another is said once.
  if (field.field == "anchor.event") return false;
  if (field.field == "acts_on") {
    const FieldChange* due = field_of(change, "due_on");
    return !due || due->before != field.before || due->after != field.after;
  }
  if (change.table == "tasks" && field.field == "since") return false;
  if (change.kind != RowChangeKind::added) return field.field != "sent";
  const auto* text = std::get_if<std::string>(&field.after);
  if (change.table == "approvals") return field.field != "decided_on" && !(text && *text == "false");
  // Of what is new the event's own sentence has said the rest.
  if (change.table == "cases") return field.field == "state";
  if (change.table == "deadlines") return field.field != "calendar" && field.field != "rule_set";
  if (change.table == "alerts")
    return field.field != "sent" && field.field != "lead" && field.field != "team";
  if (change.table == "unit-balances") {
    const auto* minutes = std::get_if<std::int64_t>(&field.after);
    return minutes && *minutes != 0;
  }
  return true;
}

bool is_worth_saying(const RowChange& change) {
  return change.kind != RowChangeKind::changed ||
         std::ranges::any_of(change.fields, [&](const FieldChange& f) { return is_said(change, f); });
}

std::string row_words(const RowChange& change, Language language) {
  if (change.table == "cases") return say(language, message::changes_case);
  if (change.table == "deadlines") return say(language, message::changes_deadline, change.about);
  if (change.table == "unit-balances") return say(language, message::changes_balance);
  if (change.table == "tasks") return say(language, message::changes_task, change.about);
  if (change.table == "alerts") return say(language, message::changes_alert, change.about);
  if (change.table == "visits") return say(language, message::changes_visit, change.about);
  if (change.table == "approvals") return say(language, message::changes_approval, change.about);
  if (change.table == "overdue-starts") return say(language, message::changes_overdue, change.about);
  return std::string(change.table);
}

std::string field_change_words(const RowChange& change, const FieldChange& field, Language language) {
  const std::string name = field_words(change.table, field.field, language);
  const auto value = [&](const Value& one) {
    return value_words(change.table, field.field, field.type, one, language);
  };
  switch (change.kind) {
    case RowChangeKind::added: return say(language, message::field_is, name, value(field.after));
    case RowChangeKind::removed: return say(language, message::field_is, name, value(field.before));
    case RowChangeKind::changed:
      return say(language, message::field_from_to, name, value(field.before), value(field.after));
  }
  return {};
}

std::string change_words(const RowChange& change, Language language) {
  const std::string row = row_words(change, language);
  if (change.table == "tasks" && change.about.empty()) {
    return say(language,
               change.kind == RowChangeKind::removed ? message::something_to_do : message::nothing_to_do);
  }
  if (change.kind == RowChangeKind::removed) {
    return say(language, message::labelled, row,
               say(language, change.table == "tasks" ? message::task_is_gone : message::is_gone));
  }
  std::string fields;
  const bool all = change.kind == RowChangeKind::changed && !is_worth_saying(change);
  for (const FieldChange& field : change.fields) {
    if (!all && !is_said(change, field)) continue;
    fields += (fields.empty() ? "" : ", ") + field_change_words(change, field, language);
  }
  if (change.kind == RowChangeKind::added) {
    fields = fields.empty() ? say(language, message::is_new_plain) : say(language, message::is_new, fields);
  }
  return say(language, message::labelled, row, fields);
}

std::string change_json(const RowChange& change) {
  static constexpr std::array<std::string_view, 3> kinds{"added", "removed", "changed"};
  std::string out = "{\"table\":\"" + std::string(change.table) + "\",\"change\":\"" +
                    std::string(kinds[static_cast<std::size_t>(change.kind)]) + "\"";
  for (const FieldChange& part : change.name)
    out += ",\"" + std::string(part.field) + "\":" + value_json(part.type, part.after);
  out += ",\"fields\":{";
  for (const FieldChange& field : change.fields) {
    if (out.back() != '{') out += ',';
    out += "\"" + std::string(field.field) + "\":{\"before\":" + value_json(field.type, field.before) +
           ",\"after\":" + value_json(field.type, field.after) + "}";
  }
  return out + "}}";
}

}  // namespace geleit
