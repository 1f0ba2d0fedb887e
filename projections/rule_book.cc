#include "projections/rule_book.h"

#include <algorithm>
#include <stdexcept>

namespace geleit {

void RuleBook::adopt(const SettingsAdopted& settings) {
  {
    const std::shared_lock lock(mutex_);
    if (by_hash_.contains(settings.hash.words[0])) return;
  }
  auto set = RuleSet::parse(settings.content);
  const std::unique_lock lock(mutex_);
  by_hash_.emplace(set->hash().words[0], std::move(set));
}

const RuleSet* RuleBook::find(const JudgedBy& judged_by) const {
  const std::shared_lock lock(mutex_);
  const auto found = by_hash_.find(judged_by.shipped.words[0]);
  return found == by_hash_.end() ? nullptr : found->second.get();
}

const RuleSet& RuleBook::at(const JudgedBy& judged_by) const {
  const RuleSet* set = find(judged_by);
  if (!set) throw std::runtime_error("the rule set it was judged by was never read");
  return *set;
}

std::vector<std::shared_ptr<const RuleSet>> RuleBook::all() const {
  std::vector<std::shared_ptr<const RuleSet>> sets;
  {
    const std::shared_lock lock(mutex_);
    for (const auto& [hash, set] : by_hash_) sets.push_back(set);
  }
  std::sort(sets.begin(), sets.end(), [](const auto& a, const auto& b) { return a->from() < b->from(); });
  return sets;
}

}  // namespace geleit
