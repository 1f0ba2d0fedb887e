#include "services/query/settings_view.h"

#include "events/civil_time.h"
#include "events/sha256.h"
#include "services/http/json_text.h"

namespace geleit {
namespace {

/// `{"from":…,"provider":…,"settings":{…}}`: the document begins with day and provider, which stand beside it
/// already. Its members are sorted, so the settings come last.
std::string_view settings_within(std::string_view content) {
  const std::size_t at = content.find("\"settings\":{") + std::string_view("\"settings\":").size();
  return content.substr(at, content.size() - at - 1);
}

void write_set(http::JsonWriter& json, std::string_view member, const std::shared_ptr<const Settings>& set) {
  json.member(member);
  if (!set) {
    json.null();
    return;
  }
  json.object().member("name").string(set->name()).member("hash").string(to_hex(set->hash()));
  json.member("from").string(to_string(set->from()));
  json.member("settings").raw(settings_within(set->content())).end();
}

void write_rule(http::JsonWriter& json, const RuleEntry& entry, Language language) {
  const bool german = language == Language::de;
  json.object().member("rule").string(word(entry.rule));
  json.member("title").string(german ? entry.title_de : entry.title_en);
  json.member("text").string(german ? entry.text_de : entry.text_en);
  json.member("acts").string(word(entry.acts)).member("sure").string(word(entry.sure));
  json.member("locked").boolean(entry.locked).member("source").string(entry.source);
  json.member("values").array();
  for (const RuleValue& value : entry.values) {
    json.object().member("name").string(value.name).member("value").string(value.value);
    json.member("sure").string(word(value.sure)).member("locked").boolean(value.locked);
    json.member("set_by").string(word(value.set_by)).end();
  }
  json.end().end();
}

}  // namespace

std::string settings_view(const RuleBook& rules, std::string_view provider, CivilDate on, Language language) {
  const JudgedBy judged_by = rules.in_force(provider, on);
  const RuleSet* set = rules.find(judged_by);
  const RuleSet* shipped = rules.find({judged_by.shipped, {}, {}});
  if (!set || !shipped) return {};
  const SettingsInForce settings = rules.settings(judged_by);
  std::string out;
  http::JsonWriter json(out);
  json.object().member("provider");
  provider.empty() ? json.null() : json.string(provider);
  json.member("on").string(to_string(on)).member("rule_set").string(set->name());
  json.member("shipped").object().member("name").string(shipped->name());
  json.member("hash").string(to_hex(shipped->hash())).member("from").string(to_string(shipped->from())).end();
  write_set(json, "installation", settings.installation);
  write_set(json, "provider_set", settings.provider);
  json.member("rules").array();
  for (std::size_t i = 0; i < rule_count; ++i)
    write_rule(json, set->entry(static_cast<Rule>(i), on), language);
  json.end().end();
  return out;
}

}  // namespace geleit
