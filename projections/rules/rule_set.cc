#include "projections/rules/rule_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>

#include "events/civil_time.h"
#include "events/sha256.h"
#include "projections/rules/catalogue.h"
#include "projections/rules/toml_fields.h"
#include "schema/embedded.h"

namespace geleit {

std::span<const EmbeddedFile> shipped_rule_files();

namespace {

[[noreturn]] void refuse(std::string_view where, std::string_view what) {
  refuse_document("rule set", where, what);
}

class Fields : public TomlFields {
 public:
  Fields(const toml::table& table, std::string where) : TomlFields("rule set", table, std::move(where)) {}
};

std::string as_text(const toml::node& node) {
  if (const auto value = node.value_exact<std::string>()) return *value;
  if (const auto value = node.value_exact<std::int64_t>()) return std::to_string(*value);
  if (const auto value = node.value_exact<bool>()) return *value ? "true" : "false";
  if (const toml::array* array = node.as_array()) {
    std::string text;
    for (const toml::node& element : *array) {
      if (!text.empty()) text += ", ";
      text += as_text(element);
    }
    return text;
  }
  return {};
}

/// "Mindestens {units} Einheiten" with the values of the rule.
std::string with_values(std::string text, const std::vector<RuleValue>& values, std::string_view where) {
  for (const RuleValue& value : values) {
    const std::string placeholder = "{" + value.name + "}";
    for (std::size_t at = 0; (at = text.find(placeholder, at)) != std::string::npos;
         at += value.value.size()) {
      text.replace(at, placeholder.size(), value.value);
    }
  }
  if (text.find('{') != std::string::npos)
    refuse(where, "the text names a value that the rule does not have");
  return text;
}

/// "P05-P08" becomes P05, P06, P07, P08 and "F20.0-F20.6" the seven codes; what is no range stays as it is.
std::vector<std::string> expanded(const std::vector<std::string>& prefixes, std::string_view where) {
  std::vector<std::string> all;
  for (const std::string& prefix : prefixes) {
    const std::size_t dash = prefix.find('-');
    if (dash == std::string::npos) {
      all.push_back(prefix);
      continue;
    }
    const std::string first = prefix.substr(0, dash), last = prefix.substr(dash + 1);
    std::size_t digits = first.size();
    while (digits > 0 && first[digits - 1] >= '0' && first[digits - 1] <= '9') --digits;
    const std::size_t width = first.size() - digits;
    if (width == 0 || width > 3 || last.size() != first.size() ||
        last.substr(0, digits) != first.substr(0, digits) ||
        last.find_first_not_of("0123456789", digits) != std::string::npos) {
      refuse(where, fmt::format("expected a range like P05-P08, but it is {}", prefix));
    }
    const int from = std::stoi(first.substr(digits)), to = std::stoi(last.substr(digits));
    if (to < from) refuse(where, fmt::format("expected a range that goes up, but it is {}", prefix));
    for (int n = from; n <= to; ++n)
      all.push_back(fmt::format("{}{:0{}}", first.substr(0, digits), n, width));
  }
  return all;
}

/// The typed numbers of one rule. Every rule is named: one without numbers reads none, and a value that no
/// line here reads is refused as unknown.
void read_numbers(RuleNumbers& n, Rule rule, Fields& v) {
  switch (rule) {
    case Rule::smn_age:
      n.smn_age_years = v.number("years");
      n.smn_age_severe_years = v.number("severe_years");
      if (v.text("reference_day") != "first_unit") v.refuse("reference_day", "first_unit");
      return;
    case Rule::smn_severe:
      n.smn_severe_stays = v.number("stays");
      n.smn_severe_months = v.number("within_months");
      return;
    case Rule::smn_indication: n.smn_indication_prefixes = expanded(v.texts("prefixes"), v.where()); return;
    case Rule::smn_prescriber:
      n.smn_prescribers_at_any_time = v.choices<PrescriberKind>("at_any_time");
      n.smn_prescribers_within_window = v.choices<PrescriberKind>("within_window");
      return;
    case Rule::smn_prescriber_gp: n.smn_prescribers_flagged = v.choices<PrescriberKind>("kinds"); return;
    case Rule::smn_prescriber_window: n.smn_prescriber_window_days = v.number("days"); return;
    case Rule::smn_setting: n.smn_settings_with_reason = v.choices<Setting>("with_reason"); return;
    case Rule::smn_min_units: n.smn_min_units = v.number("units"); return;
    case Rule::smn_max_units: n.smn_max_units = v.number("units"); return;
    case Rule::smn_home: n.smn_home_minutes = minutes_of_units(v.number("units")); return;
    case Rule::smn_unit:
      if (v.number("minutes") != minutes_per_unit) v.refuse("minutes", fmt::format("{}", minutes_per_unit));
      n.smn_step_minutes = v.number("step_minutes");
      return;
    case Rule::smn_start: n.smn_start_days = v.number("days"); return;
    case Rule::smn_complete:
      n.smn_complete_days = v.number("days");
      n.smn_complete_amber_days = v.number("amber_days");
      return;
    case Rule::smn_complete_anchor: n.smn_complete_anchor = v.choice<CompleteAnchor>("anchor"); return;
    case Rule::smn_extension: n.smn_extension_units_max = v.number("units"); return;
    case Rule::smn_several_per_day:
      if (!v.yes_or_no("allowed")) v.refuse("allowed", "true");
      return;
    case Rule::smn_no_copay:
      if (v.number("cents") != 0) v.refuse("cents", "0");
      return;
    case Rule::smn_category:
      if (v.choices<Category>("categories").size() != words<Category>.size())
        v.refuse("categories", "every category");
      return;
    case Rule::st_total:
      n.st_total_minutes = Minutes{v.number("minutes")};
      n.st_total_years = v.number("years");
      return;
    case Rule::st_window: n.st_window = v.choice<StWindow>("window"); return;
    case Rule::st_referral: n.st_referral_units_max = v.number("units"); return;
    case Rule::st_trial:
      n.st_trial_units_max = v.number("units");
      n.st_trials_per_year = v.number("per_year");
      return;
    case Rule::st_trial_counts: n.st_trials_count = v.yes_or_no("counts"); return;
    case Rule::st_prescriber:
      n.st_prescribers = v.choices<PrescriberKind>("kinds");
      n.st_other_prescriber_units_max = v.number("others_units");
      return;
    case Rule::st_indication:
      n.st_indication_prefixes = expanded(v.texts("prefixes"), v.where());
      n.st_indication_other_prefixes = expanded(v.texts("other_prefixes"), v.where());
      n.st_gaf_max = v.number("gaf_max");
      n.st_gaf_upper_bound = v.number("gaf_upper_bound");
      return;
    case Rule::st_group:
      n.st_group_minutes = v.number("minutes");
      n.st_group_people_max = v.number("people");
      n.st_group_weight_minutes = v.number("weight_minutes");
      return;
    case Rule::st_copay:
      n.st_copay_percent = v.number("percent");
      n.st_copay_min = Cents{v.number("min_cents")};
      n.st_copay_max = Cents{v.number("max_cents")};
      n.st_copay_age_years = v.number("years");
      return;
    case Rule::st_copay_collector:
      if (const std::string who = v.text("collector"); who != "insurer" && who != "provider") {
        v.refuse("collector", "insurer or provider");
      }
      return;
    case Rule::gkv_decision: n.gkv_decision_weeks = v.number("weeks"); return;
    case Rule::gkv_decision_expert: n.gkv_decision_expert_weeks = v.number("weeks"); return;
    case Rule::gkv_fiction:
      if (v.yes_or_no("adds_billable")) v.refuse("adds_billable", "false");
      return;
    case Rule::gkv_regime:
      n.gkv_regime = v.choice<Regime>("default");
      n.gkv_sgb9_decision_weeks = v.number("decision_weeks");
      n.gkv_sgb9_opinion_weeks = v.number("opinion_weeks");
      n.gkv_sgb9_total_months = v.number("total_months");
      return;
    case Rule::gkv_notice: (void)v.number("days"); return;  // dated: RuleSet::notice_days
    case Rule::gkv_objection:
      n.gkv_objection_months = v.number("months");
      n.gkv_objection_no_instruction_years = v.number("no_instruction_years");
      return;
    case Rule::rec_retention:
      n.rec_treatment_years = v.number("treatment_years");
      n.rec_invoice_years = v.number("invoice_years");
      return;
    case Rule::smn_sapv:
    case Rule::smn_before_discharge:
    case Rule::smn_death:
    case Rule::st_approval:
    case Rule::st_plan:
    case Rule::cal_event_day:
    case Rule::cal_birthday:
    case Rule::cal_weeks:
    case Rule::cal_months:
    case Rule::cal_roll:
    case Rule::cal_no_roll:
    case Rule::cal_holidays:
    case Rule::rec_birth:
    case Rule::rec_original:
    case Rule::rec_erase:
    case Rule::rec_access:
    case Rule::rec_pseudonym: return;
  }
}

RuleEntry read_entry(const toml::table& table, std::size_t number, RuleNumbers& numbers) {
  const auto id = table["id"].value<std::string>();
  if (!id) refuse(fmt::format("entry {}", number), "expected an id, but it is missing");
  const std::optional<Rule> rule = parse_word<Rule>(*id);
  if (!rule) refuse(*id, "expected the id of a known rule, but it is not");

  Fields fields(table, *id);
  (void)fields.text("id");
  RuleEntry entry;
  entry.rule = *rule;
  entry.title_de = fields.text("title_de");
  entry.title_en = fields.text("title_en");
  entry.acts = fields.choice<Acts>("acts");
  entry.sure = fields.choice<Sure>("sure");
  entry.locked = fields.yes_or_no("locked");
  if (entry.locked != (entry.sure == Sure::firm))
    fields.refuse("locked", "true for a firm rule and false for others");
  entry.source = fields.text("source");
  entry.from = fields.date("from");
  entry.until = fields.date_if_any("until");
  if (entry.until && *entry.until < entry.from) fields.refuse("until", "a day not before from");

  static const toml::table none;
  const toml::table* values = fields.table_if_any("values");
  if (values == nullptr) values = &none;
  Fields value_fields(*values, *id);
  read_numbers(numbers, *rule, value_fields);
  value_fields.refuse_unknown();

  const toml::table* sure_of = fields.table_if_any("sure_of");
  if (sure_of == nullptr) sure_of = &none;
  Fields sure_fields(*sure_of, *id + ".sure_of");
  for (const auto& [key, node] : *values) {
    RuleValue value{std::string(key.str()), as_text(node), entry.sure, entry.locked};
    if (sure_of->contains(key.str())) {
      value.sure = sure_fields.choice<Sure>(key.str());
      value.locked = value.sure == Sure::firm;
    }
    entry.values.push_back(std::move(value));
  }
  sure_fields.refuse_unknown();
  entry.text_de = with_values(fields.text("text_de"), entry.values, *id + ".text_de");
  entry.text_en = with_values(fields.text("text_en"), entry.values, *id + ".text_en");
  fields.refuse_unknown();
  return entry;
}

}  // namespace

bool is_listed(const std::vector<std::string>& prefixes, std::string_view icd) {
  std::string code(icd);
  for (char& c : code) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](const std::string& prefix) { return code.starts_with(prefix); });
}

namespace {

toml::table document_of(std::string_view content) { return read_toml("rule set", content); }

void insert(toml::table& values, const RuleOverride& adopted) {
  const auto insert_one = [&](const auto& value) {
    if constexpr (std::is_same_v<std::decay_t<decltype(value)>, std::vector<std::string>>) {
      toml::array list;
      for (const std::string& one : value) list.push_back(one);
      values.insert_or_assign(adopted.value_name, std::move(list));
    } else {
      values.insert_or_assign(adopted.value_name, value);
    }
  };
  std::visit(insert_one, adopted.value);
}

}  // namespace

struct RuleSet::Document {
  toml::table table;
};

std::shared_ptr<const RuleSet> RuleSet::with(std::span<const AdoptedRules> layers, std::string name,
                                             const Hash& hash) const {
  Document document{document_of(content_)};
  std::map<std::pair<Rule, std::string>, SettingsScope> set_by;
  for (const AdoptedRules& layer : layers) {
    for (const RuleOverride& adopted : layer.rules) {
      for (toml::node& node : *document.table["rule"].as_array()) {
        toml::table& table = *node.as_table();
        toml::table* values = table["values"].as_table();
        if (table["id"].value<std::string_view>() != word(adopted.rule) || values == nullptr) continue;
        if (!values->contains(adopted.value_name)) continue;
        insert(*values, adopted);
        set_by[{adopted.rule, adopted.value_name}] = layer.scope;
      }
    }
  }
  const auto set = read(document);
  for (RuleEntry& entry : set->entries_) {
    for (RuleValue& value : entry.values) {
      if (const auto found = set_by.find({entry.rule, value.name}); found != set_by.end())
        value.set_by = found->second;
    }
  }
  set->content_ = content_;
  set->name_ = std::move(name);
  set->hash_ = hash;
  return set;
}

std::shared_ptr<const RuleSet> RuleSet::parse(std::string_view content) {
  const auto set = read({document_of(content)});
  set->content_ = std::string(content);
  set->hash_ = sha256(content);
  return set;
}

std::shared_ptr<RuleSet> RuleSet::read(const Document& given) {
  const toml::table& document = given.table;
  Fields fields(document, "document");
  auto set = std::make_shared<RuleSet>();
  set->name_ = fields.text("name");
  set->from_ = fields.date("from");

  const toml::array* rules = document["rule"].as_array();
  if (rules == nullptr) fields.refuse("rule", "a list of rules");
  for (const toml::node& node : *rules) {
    if (node.as_table() == nullptr) fields.refuse("rule", "a list of rules");
    RuleEntry entry = read_entry(*node.as_table(), set->entries_.size() + 1, set->numbers_);
    const std::string_view id = word(entry.rule);
    Periods& periods = set->periods_[static_cast<std::size_t>(entry.rule)];
    if (periods.count > 0) {
      const RuleEntry& before = set->entries_.back();
      if (before.rule != entry.rule) refuse(id, "expected its entries to stand together, but they do not");
      if (entry.rule != Rule::gkv_notice) refuse(id, "expected one entry, but there are more");
      if (!before.until || entry.from != *before.until + 1) {
        refuse(id, "expected each period to begin on the day after the one before, but it does not");
      }
    } else {
      periods.first = set->entries_.size();
      if (entry.from > set->from_)
        refuse(id, "expected it to hold as long as the set does, but it begins later");
    }
    ++periods.count;
    if (entry.rule == Rule::gkv_notice) {
      set->notice_.push_back({entry.from, std::stoi(entry.values.front().value)});
    }
    set->entries_.push_back(std::move(entry));
  }
  for (std::size_t i = 0; i < rule_count; ++i) {
    const auto rule = static_cast<Rule>(i);
    const Periods& periods = set->periods_[i];
    if (periods.count == 0) refuse(word(rule), "expected an entry for every rule, but it is missing");
    if (set->latest(rule).until) refuse(word(rule), "expected the last period to be open, but it ends");
    if (i > 0 && periods.first < set->periods_[i - 1].first) {
      refuse(word(rule),
             fmt::format("expected it after {}, but it stands before", word(static_cast<Rule>(i - 1))));
    }
  }
  for (const auto& [key, value] : document) {
    if (key != "name" && key != "from" && key != "rule") refuse(key.str(), "unknown field");
  }
  return set;
}

int RuleSet::notice_days(CivilDate posted_on) const {
  int days = notice_.front().days;
  for (const NoticePeriod& period : notice_) {
    if (posted_on >= period.from) days = period.days;
  }
  return days;
}

const RuleEntry& RuleSet::latest(Rule rule) const {
  const Periods& periods = periods_[static_cast<std::size_t>(rule)];
  return entries_[periods.first + periods.count - 1];
}

const RuleEntry& RuleSet::entry(Rule rule, CivilDate on) const {
  const Periods& periods = periods_[static_cast<std::size_t>(rule)];
  std::size_t found = periods.first;
  for (std::size_t i = 1; i < periods.count; ++i) {
    if (on >= entries_[periods.first + i].from) found = periods.first + i;
  }
  return entries_[found];
}

Acts RuleSet::acts(Rule rule) const { return latest(rule).acts; }

const std::string& RuleSet::title(Rule rule, Language language) const {
  const RuleEntry& entry = latest(rule);
  return language == Language::de ? entry.title_de : entry.title_en;
}

const std::string& RuleSet::text(Rule rule, Language language) const {
  const RuleEntry& entry = latest(rule);
  return language == Language::de ? entry.text_de : entry.text_en;
}

const std::vector<std::shared_ptr<const RuleSet>>& shipped_rule_sets() {
  static const std::vector<std::shared_ptr<const RuleSet>> sets = [] {
    std::vector<std::shared_ptr<const RuleSet>> read;
    for (const EmbeddedFile& file : shipped_rule_files()) read.push_back(RuleSet::parse(file.bytes));
    std::sort(read.begin(), read.end(), [](const auto& a, const auto& b) { return a->from() < b->from(); });
    return read;
  }();
  return sets;
}

std::shared_ptr<const RuleSet> shipped_rule_set_on(CivilDate day) {
  std::shared_ptr<const RuleSet> found = shipped_rule_sets().front();
  for (const auto& set : shipped_rule_sets()) {
    if (set->from() <= day) found = set;
  }
  return found;
}

}  // namespace geleit
