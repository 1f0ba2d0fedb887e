#include "projections/rules/rule_difference.h"

#include <map>
#include <utility>

#include "events/civil_time.h"

namespace geleit {
namespace {

using RuleFields = std::vector<std::pair<std::string, std::string>>;

/// Everything that an entry says, values first.
RuleFields fields_of(const RuleEntry* entry) {
  if (entry == nullptr) return {};
  RuleFields fields;
  for (const RuleValue& value : entry->values) fields.emplace_back(value.name, value.value);
  for (const RuleValue& value : entry->values) {
    if (value.sure != entry->sure) fields.emplace_back(value.name + ".sure", word(value.sure));
  }
  fields.emplace_back("acts", word(entry->acts));
  fields.emplace_back("sure", word(entry->sure));
  fields.emplace_back("locked", entry->locked ? "true" : "false");
  fields.emplace_back("source", entry->source);
  if (entry->until) fields.emplace_back("until", to_string(*entry->until));
  fields.emplace_back("title_de", entry->title_de);
  fields.emplace_back("title_en", entry->title_en);
  fields.emplace_back("text_de", entry->text_de);
  fields.emplace_back("text_en", entry->text_en);
  return fields;
}

std::optional<std::string> take(RuleFields& fields, const std::string& name) {
  for (auto at = fields.begin(); at != fields.end(); ++at) {
    if (at->first != name) continue;
    std::string text = std::move(at->second);
    fields.erase(at);
    return text;
  }
  return std::nullopt;
}

std::vector<RuleChange> changes_of(const RuleEntry* a, const RuleEntry* b) {
  std::vector<RuleChange> changes;
  RuleFields new_fields = fields_of(b);
  for (auto& [name, old_text] : fields_of(a)) {
    std::optional<std::string> new_text = take(new_fields, name);
    if (new_text != old_text) changes.push_back({name, old_text, std::move(new_text)});
  }
  for (auto& [name, new_text] : new_fields) changes.push_back({name, std::nullopt, std::move(new_text)});
  return changes;
}

}  // namespace

std::vector<RuleDifference> differences_of(const RuleSet& a, const RuleSet& b) {
  using Period = std::pair<Rule, CivilDate>;
  std::map<Period, std::pair<const RuleEntry*, const RuleEntry*>> periods;
  for (const RuleEntry& entry : a.entries()) periods[{entry.rule, entry.from}].first = &entry;
  for (const RuleEntry& entry : b.entries()) periods[{entry.rule, entry.from}].second = &entry;
  std::vector<RuleDifference> differences;
  for (const auto& [period, entries] : periods) {
    std::vector<RuleChange> changes = changes_of(entries.first, entries.second);
    if (changes.empty()) continue;
    differences.push_back({period.first, period.second, entries.first, entries.second, std::move(changes)});
  }
  return differences;
}

}  // namespace geleit
