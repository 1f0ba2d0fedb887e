#include "projections/rule_book.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "events/sha256.h"

namespace geleit {
namespace {

std::shared_ptr<const Settings> read_settings(std::string_view content) {
  auto read = Settings::parse(content);
  if (const auto* fault = std::get_if<SettingsFault>(&read)) {
    throw std::invalid_argument(
        fmt::format("settings: {}: expected {}, but {}", fault->field, fault->expected_en, fault->found_en));
  }
  return std::get<std::shared_ptr<const Settings>>(std::move(read));
}

/// The hash by which rows name a set that is made of several: half of the shipped set's own, and a quarter
/// each of the settings' that change it. A row has no room for three.
Hash name_of(const RuleSet& shipped, const Settings* installation, const Settings* provider) {
  Hash name = shipped.hash();
  name.words[2] = installation ? installation->hash().words[0] : 0;
  name.words[3] = provider ? provider->hash().words[0] : 0;
  return name;
}

}  // namespace

void RuleBook::adopt(const SettingsAdopted& settings) {
  {
    const std::shared_lock lock(mutex_);
    if (by_hash_.contains(settings.hash.words[0])) return;
  }
  auto set = RuleSet::parse(settings.content);
  const std::unique_lock lock(mutex_);
  by_hash_.emplace(set->hash().words[0], std::move(set));
}

void RuleBook::adopt(const Event& event) {
  const auto& adopted = std::get<SettingsAdopted>(event.payload);
  if (adopted.scope == SettingsScope::shipped) return adopt(adopted);
  auto settings = read_settings(adopted.content);
  const bool installation = settings->scope() == SettingsScope::installation;
  const CaseId stream = installation ? installation_stream() : provider_stream(settings->provider());
  if (event.stream != stream || adopted.scope != settings->scope() || adopted.from != settings->from() ||
      adopted.hash != settings->hash()) {
    throw std::invalid_argument(
        "settings: expected them to be of the stream, scope, day and hash that their event says, but they "
        "are not");
  }
  adopt(std::move(settings), event.version);
}

void RuleBook::adopt(std::string_view content, Version version) { adopt(read_settings(content), version); }

void RuleBook::adopt(std::shared_ptr<const Settings> settings, Version version) {
  const std::unique_lock lock(mutex_);
  // Whoever was given one keeps it: the same content read again is the same object.
  const auto known = settings_.try_emplace(settings->hash(), settings).first;
  adopted_[settings->provider()][version] = known->second;
}

void RuleBook::assume(std::shared_ptr<const RuleSet> shipped) { assumed_shipped_ = std::move(shipped); }

void RuleBook::assume(std::shared_ptr<const Settings> settings) {
  (settings->scope() == SettingsScope::installation ? assumed_installation_ : assumed_provider_) =
      std::move(settings);
}

RuleBook::Three RuleBook::parts_of(const JudgedBy& judged_by) const {
  const auto settings_of = [&](const Hash& hash) -> std::shared_ptr<const Settings> {
    const auto found = settings_.find(hash);
    return found == settings_.end() ? nullptr : found->second;
  };
  const std::shared_lock lock(mutex_);
  Three parts;
  const auto found = by_hash_.find(judged_by.shipped.words[0]);
  if (found != by_hash_.end()) parts.shipped = found->second.get();
  if (!judged_by.installation.is_zero()) parts.settings.installation = settings_of(judged_by.installation);
  if (!judged_by.provider.is_zero()) parts.settings.provider = settings_of(judged_by.provider);
  if (assumed_shipped_) parts.shipped = assumed_shipped_.get();
  if (assumed_installation_) parts.settings.installation = assumed_installation_;
  if (assumed_provider_) parts.settings.provider = assumed_provider_;
  const auto is_there = [](const auto& settings, const Hash& hash) { return hash.is_zero() || settings; };
  parts.complete = parts.shipped && is_there(parts.settings.installation, judged_by.installation) &&
                   is_there(parts.settings.provider, judged_by.provider);
  return parts;
}

const RuleSet* RuleBook::composed(const Three& parts, const Contract* contract) const {
  const auto changes = [](const std::shared_ptr<const Settings>& settings) {
    return settings && !settings->rules().empty() ? settings.get() : nullptr;
  };
  const Settings* installation = changes(parts.settings.installation);
  const Settings* provider = changes(parts.settings.provider);
  if (contract && contract->rules.empty()) contract = nullptr;
  if (!installation && !provider && !contract) return parts.shipped;
  const Parts key{parts.shipped, installation, provider, contract};
  {
    const std::shared_lock lock(mutex_);
    if (const auto found = composed_.find(key); found != composed_.end()) return found->second.get();
  }
  std::vector<AdoptedRules> layers;
  std::string name = parts.shipped->name();
  for (const Settings* settings : {installation, provider}) {
    if (!settings) continue;
    layers.push_back({settings->scope(), settings->rules()});
    name += "+" + settings->name();
  }
  if (contract) {
    layers.push_back(
        {parts.settings.provider ? SettingsScope::provider : SettingsScope::installation, contract->rules});
    name += "+" + contract->contract;
  }
  auto set = parts.shipped->with(layers, std::move(name), name_of(*parts.shipped, installation, provider));
  const std::unique_lock lock(mutex_);
  return composed_.emplace(key, std::move(set)).first->second.get();
}

const RuleSet* RuleBook::find(const JudgedBy& judged_by) const {
  const Three parts = parts_of(judged_by);
  return parts.complete ? composed(parts, nullptr) : nullptr;
}

const RuleSet* RuleBook::find(const JudgedBy& judged_by, std::string_view insurer_ik) const {
  const Three parts = parts_of(judged_by);
  if (!parts.complete) return nullptr;
  // Contracts are a provider's own; those of the installation hold for who has none with this insurer.
  const Contract* contract = nullptr;
  for (const auto& settings : {parts.settings.provider, parts.settings.installation}) {
    if (settings && !contract && !insurer_ik.empty()) contract = settings->contract_with(insurer_ik);
  }
  return composed(parts, contract);
}

const RuleSet& RuleBook::at(const JudgedBy& judged_by) const {
  const RuleSet* set = find(judged_by);
  if (!set) throw std::runtime_error("the rule set it was judged by was never read");
  return *set;
}

const RuleSet* RuleBook::find_named(const Hash& name) const {
  JudgedBy judged_by;
  {
    const std::shared_lock lock(mutex_);
    const auto shipped = by_hash_.find(name.words[0]);
    if (shipped == by_hash_.end()) return nullptr;
    judged_by.shipped = shipped->second->hash();
    if (judged_by.shipped == name) return shipped->second.get();
    for (const auto& [hash, settings] : settings_) {
      const bool installation = settings->scope() == SettingsScope::installation;
      if (installation && hash.words[0] == name.words[2]) judged_by.installation = hash;
      if (!installation && hash.words[0] == name.words[3]) judged_by.provider = hash;
    }
  }
  const RuleSet* found = find(judged_by);
  return found && found->hash() == name ? found : nullptr;
}

std::vector<Hash> RuleBook::missing(const JudgedBy& judged_by) const {
  const Three parts = parts_of(judged_by);
  std::vector<Hash> out;
  if (!parts.shipped && !judged_by.shipped.is_zero()) out.push_back(judged_by.shipped);
  if (!parts.settings.installation && !judged_by.installation.is_zero())
    out.push_back(judged_by.installation);
  if (!parts.settings.provider && !judged_by.provider.is_zero()) out.push_back(judged_by.provider);
  return out;
}

SettingsInForce RuleBook::settings(const JudgedBy& judged_by) const { return parts_of(judged_by).settings; }

Hash RuleBook::in_force_of(std::string_view provider, CivilDate on) const {
  const auto adopted = adopted_.find(provider);
  const Settings* latest = nullptr;
  if (adopted == adopted_.end()) return {};
  for (const auto& [version, settings] : adopted->second) {
    if (settings->from() <= on && (!latest || settings->from() >= latest->from())) latest = settings.get();
  }
  return latest ? latest->hash() : Hash{};
}

JudgedBy RuleBook::in_force(std::string_view provider, CivilDate on) const {
  JudgedBy in_force;
  in_force.shipped = shipped_rule_set_on(on)->hash();
  const std::shared_lock lock(mutex_);
  in_force.installation = in_force_of("", on);
  if (!provider.empty()) in_force.provider = in_force_of(provider, on);
  return in_force;
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

std::vector<RuleBook::Adopted> RuleBook::adopted() const {
  std::vector<Adopted> out;
  const std::shared_lock lock(mutex_);
  for (const auto& [provider, versions] : adopted_) {
    for (const auto& [version, settings] : versions) out.push_back({settings, version});
  }
  return out;
}

Version RuleBook::last_adopted(std::string_view provider) const {
  const std::shared_lock lock(mutex_);
  const auto adopted = adopted_.find(provider);
  return adopted == adopted_.end() ? Version{} : adopted->second.rbegin()->first;
}

}  // namespace geleit
