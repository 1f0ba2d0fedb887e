#include "services/audit/replay_differences.h"

#include <fmt/format.h>

#include <algorithm>

#include "events/civil_time.h"
#include "events/uuid.h"
#include "projections/difference.h"
#include "projections/projector.h"
#include "services/audit/audit_words.h"

namespace geleit {
namespace {

std::string octets_hex(std::string_view octets) {
  std::string out;
  for (const char octet : octets) out += fmt::format("{:02x}", static_cast<unsigned char>(octet));
  return out;
}

FieldChange octets_field(std::string_view name, const std::string* before, const std::string* after) {
  const auto value = [](const std::string* octets) { return octets ? Value(octets_hex(*octets)) : Value(); };
  return {name, ColumnType::text, value(before), value(after)};
}

}  // namespace

bool is_list_table(Table table) {
  return std::ranges::any_of(list_tables(), [&](const ListTable& one) { return one.table == table; });
}

// ---------------------------------------------------------------- the list

void DifferenceList::add(const CaseId& id, std::string_view provider, std::span<const RowChange> changes) {
  if (changes.empty()) return;
  std::string told;
  if (json_) {
    for (const RowChange& change : changes) {
      told += fmt::format("{{\"case\":{},\"provider\":\"{}\",",
                          id.is_nil() ? "null" : "\"" + to_string(id) + "\"", provider);
      told += std::string_view(change_json(change)).substr(1);
      told += ",\n";
    }
  } else {
    for (const RowChange& change : changes) told += "  " + change_words(change, language_) + "\n";
  }
  const std::lock_guard lock(mutex_);
  rows_ += changes.size();
  for (const RowChange& change : changes) ++by_table_[std::string(change.table)];
  std::string& all = told_[id];
  if (!json_ && all.empty()) all = fmt::format("{} ({})\n", id.is_nil() ? "-" : to_string(id), provider);
  all += told;
}

void DifferenceList::add_failure(const CaseId& id, std::string failure) {
  const std::lock_guard lock(mutex_);
  failures_.emplace(id, std::move(failure));
}

std::uint64_t DifferenceList::rows_of(std::string_view table) const {
  const auto found = by_table_.find(table);
  return found == by_table_.end() ? 0 : found->second;
}

void DifferenceList::append(std::string& out) const {
  for (const auto& [id, told] : told_) out += told;
  if (json_ && !told_.empty()) out.erase(out.size() - 2);  // the last comma and its line end
}

// ---------------------------------------------------------------- octets

RowChange octets_change(Table table, std::string_view key, const std::string* before,
                        const std::string* after, const RowView& view) {
  if (is_list_table(table)) {
    const ListTable& list = list_table(table);
    AnyRow was, is;
    try {
      if (before) list.decode(key, *before, was);
      if (after) list.decode(key, *after, is);
      if (auto change = change_of(list, before ? &was : nullptr, after ? &is : nullptr, view)) return *change;
    } catch (const BadRow&) {
      // Then its octets are all there is to tell.
    }
  }
  RowChange change;
  change.table = name_of(table);
  change.kind = !before ? RowChangeKind::added : !after ? RowChangeKind::removed : RowChangeKind::changed;
  change.name.push_back({"key", ColumnType::text, octets_hex(key), octets_hex(key)});
  change.fields.push_back(octets_field("octets", before, after));
  return change;
}

void compare_stores(const Store& live, const Store& replayed, std::span<const Table> tables,
                    const RowView& view, DifferenceList& out) {
  const auto was = live.snapshot(), is = replayed.snapshot();
  for (const Table table : tables) {
    live.compare(replayed, table, [&](std::string_view key) {
      const auto before = was->get(table, key), after = is->get(table, key);
      std::string_view row = key, provider;
      const bool of_read_model = !is_from_log(table) && table != Table::key_figures;
      if (of_read_model && !key.empty()) {
        // 0x00 provider 0x00 key, or an index entry that ends in a row's key.
        const std::size_t begin = key.front() == row_space ? 1 : 2;
        const std::size_t end = key.find('\0', begin);
        if (end != std::string_view::npos) {
          provider = key.substr(begin, end - begin);
          row = key.front() == row_space ? key.substr(end + 1) : key_in_index(key);
        }
      }
      CaseId id;
      if (table != Table::key_figures && row.size() >= id_octets) id = CaseId{read_id(row)};
      RowChange change;
      if (of_read_model && key.front() != row_space) {
        change.table = name_of(table);
        change.kind = !before  ? RowChangeKind::added
                      : !after ? RowChangeKind::removed
                               : RowChangeKind::changed;
        change.name.push_back({"index", ColumnType::text, octets_hex(key), octets_hex(key)});
        change.fields.push_back(
            octets_field("octets", before ? &*before : nullptr, after ? &*after : nullptr));
      } else {
        change = octets_change(table, row, before ? &*before : nullptr, after ? &*after : nullptr, view);
      }
      out.add(id, provider, std::span(&change, 1));
    });
  }
}

// ---------------------------------------------------------------- some cases against the tables

void LiveComparison::add(const ReplayedCase& one) {
  if (!one.failure.empty()) out_.add_failure(one.id, one.failure);
  {
    const std::lock_guard lock(mutex_);
    cases_.insert(one.id);
  }
  Derived derived;
  for (const Table table : tables_) {
    if (table != Table::stored_cases) continue;
    const std::string stored = encode_stored_case({one.head, one.state});
    const auto live = live_.get(Table::stored_cases, id_key(one.id.value));
    if (live && *live == stored) continue;
    const RowChange change =
        octets_change(table, id_key(one.id.value), live ? &*live : nullptr, &stored, view_);
    out_.add(one.id, one.state.provider, std::span(&change, 1));
  }
  if (!one.state.exists()) return;
  try {
    const Subject subject(one.state, rules_);
    for (const ReadModel& model : read_models()) {
      if (std::ranges::find(tables_, model.table) == tables_.end()) continue;
      derived.clear();
      model.derive(subject, derived);
      compare(model.table, one.state.provider, one.id, derived);
    }
  } catch (const std::exception& failure) { out_.add_failure(one.id, failure.what()); }
}

void LiveComparison::compare(Table table, std::string_view provider, const CaseId& id, Derived& derived) {
  if (table == Table::key_figures) {
    const std::lock_guard lock(mutex_);
    for (const Contribution& one : derived.counts) counters_[counter_key(provider, one.key)] += one.amount;
    return;
  }
  std::map<std::string_view, std::string_view> rows;
  for (const DerivedRow& row : derived.rows) rows.emplace(row.key, row.bytes);
  std::vector<RowChange> changes;
  const std::string first = row_key(provider, id_key(id.value));
  const std::size_t prefix = rows_of(provider).size();
  live_.scan(table, first, false, [&](std::string_view full, std::string_view bytes) {
    if (!full.starts_with(first)) return false;
    const std::string_view key = full.substr(prefix);
    const std::string before(bytes);
    const auto found = rows.find(key);
    if (found == rows.end()) {
      changes.push_back(octets_change(table, key, &before, nullptr, view_));
    } else {
      const std::string after(found->second);
      if (before != after) changes.push_back(octets_change(table, key, &before, &after, view_));
      rows.erase(found);
    }
    return true;
  });
  for (const auto& [key, bytes] : rows) {
    const std::string after(bytes);
    changes.push_back(octets_change(table, key, nullptr, &after, view_));
  }
  out_.add(id, provider, changes);
}

void LiveComparison::finish_provider(std::string_view provider) {
  for (const Table table : tables_) {
    if (is_from_log(table)) continue;
    if (table == Table::key_figures) {
      std::vector<RowChange> changes;
      const auto tell = [&](const std::string& key, std::int64_t before, std::int64_t after) {
        if (before == after) return;
        RowChange change;
        change.table = name_of(table);
        change.name.push_back({"key", ColumnType::text, octets_hex(key), octets_hex(key)});
        change.fields.push_back({"count", ColumnType::integer, before, after});
        changes.push_back(std::move(change));
      };
      const std::string first = std::string(provider) + '\0';
      live_.scan(table, first, false, [&](std::string_view key, std::string_view value) {
        if (!key.starts_with(first)) return false;
        const auto counted = counters_.find(std::string(key));
        tell(std::string(key), decode_counter(value), counted == counters_.end() ? 0 : counted->second);
        if (counted != counters_.end()) counters_.erase(counted);
        return true;
      });
      for (const auto& [key, count] : counters_) tell(key, 0, count);
      out_.add({}, provider, changes);
      continue;
    }
    const std::string first = rows_of(provider);
    live_.scan(table, first, false, [&](std::string_view full, std::string_view bytes) {
      if (!full.starts_with(first)) return false;
      const std::string_view key = full.substr(first.size());
      if (key.size() < id_octets || cases_.contains(CaseId{read_id(key)})) return true;
      const std::string before(bytes);
      const RowChange change = octets_change(table, key, &before, nullptr, view_);
      out_.add(CaseId{read_id(key)}, provider, std::span(&change, 1));
      return true;
    });
  }
}

// ---------------------------------------------------------------- what if

WhatIf::WhatIf(const RuleBook& in_force, const RuleBook& other, std::span<const Table> tables, Instant now,
               Language language, DifferenceList& out)
    : books_{&in_force, &other}, now_(now), language_(language), out_(out) {
  for (const Table table : tables) {
    if (table == Table::alerts)
      alerts_ = true;
    else
      tables_.push_back(table);
  }
  const CivilDate today = berlin_date(now);
  // Every row names another set; that alone is no difference.
  view_ = {
      {today, language, &in_force, nullptr, nullptr}, {today, language, &other, nullptr, nullptr}, false};
}

ReplayHooks WhatIf::hooks() {
  ReplayHooks hooks;
  if (alerts_) {
    hooks.before_event = [](ReplayedCase& one, Instant recorded) {
      for (AlertWatch& watch : one.watches) watch.pass(recorded);
    };
    hooks.after_event = [this](ReplayedCase& one, Instant recorded) {
      try {
        for (std::size_t i = 0; i < books_.size(); ++i) one.watches[i].look(one.state, recorded, *books_[i]);
      } catch (const std::runtime_error& failure) { one.failure = failure.what(); }
    };
  }
  hooks.done = [this](ReplayedCase& one) { done(one); };
  return hooks;
}

void WhatIf::done(ReplayedCase& one) {
  if (!one.failure.empty()) return out_.add_failure(one.id, one.failure);
  CaseRows in_force(tables_), other(tables_);
  try {
    in_force.derive(one.state, *books_[0]);
    other.derive(one.state, *books_[1]);
  } catch (const std::exception& failure) { return out_.add_failure(one.id, failure.what()); }
  std::vector<RowChange> changes = changes_between(in_force, other, view_);
  if (alerts_) {
    for (AlertWatch& watch : one.watches) watch.pass(Instant{now_.ms + 1});
    for (RowChange& change : alert_changes(one)) changes.push_back(std::move(change));
  }
  out_.add(one.id, one.state.provider, changes);
}

std::vector<RowChange> WhatIf::alert_changes(const ReplayedCase& one) const {
  std::vector<RowChange> changes;
  const auto tell = [&](const RaisedAlert* before, const RaisedAlert* after) {
    RowChange change;
    change.table = name_of(Table::alerts);
    change.kind = !before ? RowChangeKind::added : !after ? RowChangeKind::removed : RowChangeKind::changed;
    const auto add = [&](std::string_view field, ColumnType type, auto get) {
      FieldChange value{field, type, before ? get(*before) : Value(), after ? get(*after) : Value()};
      if (value.before != value.after) change.fields.push_back(std::move(value));
    };
    add("raised", ColumnType::instant, [](const RaisedAlert& a) -> Value { return a.at.ms; });
    add("due_on", ColumnType::date,
        [](const RaisedAlert& a) -> Value { return std::int64_t{a.due_on.days}; });
    add("acts_on", ColumnType::date,
        [](const RaisedAlert& a) -> Value { return std::int64_t{a.acts_on.days}; });
    if (change.fields.empty()) return;
    const RaisedAlert& alert = after ? *after : *before;
    const Value rule = std::string(word(alert.rule));
    const Value generation = std::int64_t{alert.generation.value};
    change.name.push_back({"rule", ColumnType::vocabulary, rule, rule});
    change.name.push_back({"generation", ColumnType::integer, generation, generation});
    change.about = rule_words_of(alert.rule, language_);
    changes.push_back(std::move(change));
  };
  const auto same_in = [](const std::vector<RaisedAlert>& alerts, const RaisedAlert& one) {
    const auto found = std::ranges::find_if(alerts, [&](const RaisedAlert& other) {
      return other.rule == one.rule && other.generation == one.generation;
    });
    return found == alerts.end() ? nullptr : &*found;
  };
  const auto& before = one.watches[0].raised();
  const auto& after = one.watches[1].raised();
  for (const RaisedAlert& alert : before) tell(&alert, same_in(after, alert));
  for (const RaisedAlert& alert : after) {
    if (!same_in(before, alert)) tell(nullptr, &alert);
  }
  return changes;
}

}  // namespace geleit
