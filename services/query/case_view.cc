#include "services/query/case_view.h"

#include <algorithm>

#include "events/civil_time.h"
#include "events/uuid.h"
#include "projections/deadlines.h"
#include "projections/read_model.h"
#include "projections/tasks.h"
#include "projections/unit_balances.h"
#include "services/query/copay_days.h"

namespace geleit {
namespace {

/// Writes the members of one object, one after another.
class View {
 public:
  View(const Case& c, CivilDate today, const ListQuestion& question)
      : case_(c), question_(question), asked_{today, question.language, question.rules, nullptr} {}

  void person() {
    if (!question_.opener || !question_.opener->person) return;
    person_ = question_.opener->person(case_.id, case_.person);
    if (person_) asked_.person = &*person_;
  }

  void row() {
    const auto rows = rows_of(Table::cases);
    append_row_json(out, list_table(Table::cases).columns, rows.front().row, asked_);
    out.pop_back();  // the members below belong to the same object
  }

  void balance() {
    member("balance");
    append_row_json(out, list_table(Table::unit_balances).columns, balance_of(case_, *question_.rules),
                    asked_);
  }

  void list(std::string_view name, Table table) {
    list(name, table, [](const AnyRow&) {});
  }
  /// Each row, with what `more` adds to its members.
  template <class More>
  void list(std::string_view name, Table table, More&& more) {
    member(name);
    out.push_back('[');
    const bool is_read = !question_.reads || question_.reads(name);
    const auto rows = is_read ? rows_of(table) : decltype(rows_of(table)){};
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (i > 0) out.push_back(',');
      std::optional<std::string> note;
      if (const auto* alert = std::get_if<AlertRow>(&rows[i].row);
          alert && question_.opener && question_.opener->note)
        note = question_.opener->note(*alert);
      asked_.note = note ? &*note : nullptr;
      append_row_json(out, list_table(table).columns, rows[i].row, asked_);
      out.pop_back();
      more(rows[i].row);
      out.push_back('}');
    }
    out.push_back(']');
  }

  // Only here a task shows its checklist, where it has one: what is ticked is the case's, what there is to
  // tick the settings' that its tasks go by.
  void tasks() {
    const SettingsInForce settings = settings_of(case_, *question_.rules);
    list("tasks", Table::tasks, [&](const AnyRow& row) {
      const std::string_view step = word(std::get<TaskRow>(row).task);
      const auto items = settings.checklist(step, case_.benefit);
      if (items.empty()) return;
      objects("checklist", items, [&](const ChecklistItem& item) {
        const auto tick = std::find_if(case_.ticks.begin(), case_.ticks.end(),
                                       [&](const Tick& t) { return t.step == step && t.item == item.item; });
        const bool done = tick != case_.ticks.end();
        const bool english = question_.language == Language::en && !item.text.en.empty();
        text("item", item.item);
        text("text", english ? item.text.en : item.text.de);
        plain("done", done ? "true" : "false");
        if (done && !tick->by.empty()) {
          text("by", tick->by);
        } else {
          plain("by", "null");
        }
        if (done) {
          text("on", to_string(tick->on));
        } else {
          plain("on", "null");
        }
      });
    });
  }

  void approvals() {
    objects("approvals", case_.approvals, [&](const Approval& a) {
      text("approval", to_string(a.id));
      std::optional<std::string> reference;
      if (question_.opener && question_.opener->reference) {
        reference = question_.opener->reference(case_.id, a.reference);
      }
      if (reference) {
        text("reference", *reference);
      } else {
        plain("reference", "null");
      }
      text("decided_on", to_string(a.decided_on));
      plain("units", std::to_string(a.units));
      text("from", to_string(a.from));
      text("until", to_string(a.until));
      plain("extension", a.extension ? "true" : "false");
      plain("revoked", a.revoked ? "true" : "false");
    });
  }

  // What events were flagged with or gave a reason for, and what is open now: the home visits still to be
  // made.
  void findings() {
    struct Finding {
      Rule rule{};
      std::optional<Version> version;
      bool deviation = false;
    };
    std::vector<Finding> findings;
    for (const CaseFinding& f : case_.findings) findings.push_back({f.rule, f.version, f.deviation});
    const RuleSet& rules = question_.rules->at(case_.judged.at(case_.latest_judged));
    if (case_.benefit == Benefit::smn && state_of(case_) == CaseState::running &&
        balance_of(case_, *question_.rules).at_home < rules.numbers().smn_home_minutes) {
      findings.push_back({Rule::smn_home, std::nullopt, false});
    }
    objects("findings", findings, [&](const Finding& f) {
      text("rule", word(f.rule));
      text("text", title_of(rules, f.rule));
      plain("version", f.version ? std::to_string(f.version->value) : "null");
      plain("deviation", f.deviation ? "true" : "false");
    });
  }

  // ST-COPAY, for who may see the person. A price says itself on which days it holds and may be agreed late,
  // so the settings in force on the day that is asked about count, not those that a visit was judged by.
  void copay() {
    if (case_.benefit != Benefit::st) return;
    if (!person_) {
      plain("copay_days", "null");
      plain("copay_note", "null");
      return;
    }
    const RuleBook& rules = *question_.rules;
    const SettingsInForce settings = rules.settings(rules.in_force(case_.provider, asked_.today));
    const auto days = copay_days(case_, book(case_, rules), rules, person_->born, [&](CivilDate day) {
      return settings.price_on(Benefit::st, day, person_->insurer_ik);
    });
    const auto amount = [](const std::optional<Cents>& cents) {
      return cents ? std::to_string(cents->value) : std::string("null");
    };
    objects("copay_days", days, [&](const CopayDay& day) {
      text("date", to_string(day.date));
      plain("cost", amount(day.cost));
      plain("copay", amount(day.copay));
    });
    if (std::all_of(days.begin(), days.end(), [](const CopayDay& day) { return day.cost.has_value(); })) {
      plain("copay_note", "null");
    } else {
      text("copay_note", say(question_.language, message::no_unit_price));
    }
  }

  void as_at(const StoreState& state) {
    member("as_at");
    append_as_at(out, state, question_.lag_ms, asked_.today, question_.times);
    out.push_back('}');
  }

  std::string out;

 private:
  struct Placed {
    RowPlace place;
    AnyRow row;
  };

  /// The case's rows in a table that stand on that day, in the table's default order.
  [[nodiscard]] std::vector<Placed> rows_of(Table table) const {
    const ListTable& shown = list_table(table);
    Derived derived;
    for (const ReadModel& model : read_models()) {
      if (model.table == table) model.derive(Subject(case_, *question_.rules), derived);
    }
    std::vector<Placed> rows;
    for (const DerivedRow& d : derived.rows) {
      Placed& placed = rows.emplace_back();
      placed.place.key = d.key;
      for (const IndexKey& index : d.index) {
        if (index.column == shown.sorts.front().index) placed.place.value = index.value;
      }
      shown.decode(d.key, d.bytes, placed.row);
      if (shown.stands && !shown.stands(placed.row, asked_.today)) rows.pop_back();
    }
    std::sort(rows.begin(), rows.end(), [](const Placed& a, const Placed& b) { return a.place < b.place; });
    return rows;
  }

  [[nodiscard]] std::string_view title_of(const RuleSet& rules, Rule rule) const {
    for (const RuleEntry& entry : rules.entries()) {
      if (entry.rule == rule) return asked_.language == Language::de ? entry.title_de : entry.title_en;
    }
    return word(rule);
  }

  void member(std::string_view name) {
    if (out.back() != '{') out.push_back(',');
    out.append("\"").append(name).append("\":");
  }
  void text(std::string_view name, std::string_view value) {
    member(name);
    append_json_text(out, value);
  }
  void plain(std::string_view name, std::string_view json) {
    member(name);
    out.append(json);
  }
  template <class Items, class Write>
  void objects(std::string_view name, const Items& items, Write&& write) {
    member(name);
    out.push_back('[');
    for (const auto& item : items) {
      if (out.back() != '[') out.push_back(',');
      out.push_back('{');
      write(item);
      out.push_back('}');
    }
    out.push_back(']');
  }

  const Case& case_;
  const ListQuestion& question_;
  Asked asked_;
  std::optional<PersonData> person_;
};

}  // namespace

std::string case_view(const Case& c, const StoreState& state, CivilDate today, const ListQuestion& question) {
  View view(c, today, question);
  view.person();
  view.row();
  view.list("deadlines", Table::deadlines);
  view.balance();
  view.list("visits", Table::visits);
  view.tasks();
  view.approvals();
  view.list("alerts", Table::alerts);
  view.findings();
  view.copay();
  view.as_at(state);
  return std::move(view.out);
}

}  // namespace geleit
