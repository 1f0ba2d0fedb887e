#include "projections/rules/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "events/civil_time.h"
#include "events/sha256.h"
#include "events/uuid.h"
#include "projections/rules/catalogue.h"
#include "projections/rules/rule_set.h"
#include "projections/rules/settable.h"
#include "projections/rules/workflow.h"

namespace geleit {
namespace {

namespace json = boost::json;

constexpr std::int32_t date_year_min = 1900;  ///< as for every date of the surface
constexpr std::int32_t year_min = 1990, year_max = 2100;
constexpr std::int32_t target_units_max = 1'000'000;
constexpr std::int32_t step_days_max = 1'000;
constexpr std::size_t slug_characters_max = 64;

/// One half of a refusal in both languages.
struct Said {
  std::string de, en;
};
template <class... Args>
Said said(const Message<Args...>& message, const std::type_identity_t<Args>&... args) {
  return {say(Language::de, message, args...), say(Language::en, message, args...)};
}
Said member_as(std::string_view field, const Said& wanted) {
  return {say(Language::de, message::member_as, field, wanted.de),
          say(Language::en, message::member_as, field, wanted.en)};
}

SettingsFault fault(std::string field, const Said& expected, const Said& found,
                    std::optional<Rule> rule = {}) {
  return {std::move(field), rule, expected.de, expected.en, found.de, found.en};
}

/// What came, as people read it; a long text is not repeated.
Said got(const json::value& value) {
  constexpr std::size_t shown_max = 60;
  std::string text = json::serialize(value);
  if (text.size() <= shown_max) return said(message::got, text);
  const auto wrapped = [](const Said& what) {
    return Said{say(Language::de, message::got, what.de), say(Language::en, message::got, what.en)};
  };
  if (value.is_object()) return wrapped(said(message::got_object));
  if (value.is_array()) return wrapped(said(message::got_entries, static_cast<int>(value.as_array().size())));
  return wrapped(said(message::got_characters, static_cast<int>(text.size())));
}

std::string_view text_of(const json::value& value) {
  const json::string& text = value.as_string();
  return {text.data(), text.size()};
}

bool is_ik(std::string_view text) {
  return text.size() == 9 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

/// "P07", "F32.3"; "P05-P08" and "F20.0-F20.6", whose last digits go up.
bool is_icd_prefix(std::string_view text) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto is_code = [&](std::string_view code) {
    return code.size() >= 2 && code.size() <= 6 && code[0] >= 'A' && code[0] <= 'Z' && is_digit(code[1]) &&
           is_digit(code.back()) &&
           std::ranges::all_of(code.substr(1), [&](char c) { return is_digit(c) || c == '.'; });
  };
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return is_code(text);
  const std::string_view first = text.substr(0, dash), last = text.substr(dash + 1);
  const auto stem = [&](std::string_view code) {
    while (is_digit(code.back())) code.remove_suffix(1);
    return code;
  };
  return is_code(first) && is_code(last) && first.size() == last.size() && stem(first) == stem(last) &&
         first <= last;
}

json::value as_json(const SettingValue& value) {
  return std::visit(
      [](const auto& one) -> json::value {
        if constexpr (std::is_same_v<std::decay_t<decltype(one)>, std::vector<std::string>>) {
          json::array list;
          for (const std::string& text : one) list.emplace_back(text);
          return list;
        } else {
          return json::value(one);
        }
      },
      value);
}

std::string values_of(const RuleEntry& entry) {
  std::string names;
  for (const RuleValue& value : entry.values) names += (names.empty() ? "" : ", ") + value.name;
  return names;
}

/// What a value must look like.
Said shape_of(const Settable& value, const std::string& shipped) {
  std::string words;
  for (const std::string_view one : value.words) words.append(words.empty() ? "" : ", ").append(one);
  switch (value.kind) {
    case SettableKind::number: return said(message::whole_number, value.least, value.most);
    case SettableKind::yes_or_no: return said(message::true_or_false);
    case SettableKind::one_word: return said(message::one_of, words);
    case SettableKind::some_words: return said(message::a_list_of, words);
    case SettableKind::icd_prefixes: return said(message::icd_prefixes);
    case SettableKind::fixed: return said(message::nothing_but, shipped);
  }
  return {};
}

bool fits(const Settable& settable, const SettingValue& value, const std::string& shipped) {
  const auto known = [&](std::string_view word) {
    return std::ranges::find(settable.words, word) != settable.words.end();
  };
  const auto* number = std::get_if<std::int64_t>(&value);
  const auto* text = std::get_if<std::string>(&value);
  const auto* texts = std::get_if<std::vector<std::string>>(&value);
  switch (settable.kind) {
    case SettableKind::number: return number && *number >= settable.least && *number <= settable.most;
    case SettableKind::yes_or_no: return std::holds_alternative<bool>(value);
    case SettableKind::one_word: return text && known(*text);
    case SettableKind::some_words: return texts && !texts->empty() && std::ranges::all_of(*texts, known);
    case SettableKind::icd_prefixes:
      return texts && !texts->empty() && std::ranges::all_of(*texts, is_icd_prefix);
    case SettableKind::fixed:
      if (number) return std::to_string(*number) == shipped;
      if (text) return *text == shipped;
      if (const auto* yes = std::get_if<bool>(&value)) return (*yes ? "true" : "false") == shipped;
      return texts && fmt::format("{}", fmt::join(*texts, ", ")) == shipped;
  }
  return false;
}

std::optional<SettingsFault> not_allowed_in(const std::string& path, std::span<const RuleOverride> rules,
                                            const RuleSet& shipped, bool in_contract) {
  for (const RuleOverride& adopted : rules) {
    const std::string_view id = word(adopted.rule);
    const std::string field = fmt::format("{}.{}.{}", path, id, adopted.value_name);
    const auto refused = [&](const Said& expected, const Said& found) {
      return fault(field, expected, found, adopted.rule);
    };
    const RuleEntry& entry = shipped.entry(adopted.rule, shipped.from());
    const auto value = std::ranges::find(entry.values, adopted.value_name, &RuleValue::name);
    if (entry.locked && (value == entry.values.end() || value->locked))
      return refused(said(message::an_open_value), said(message::value_is_locked, id, entry.source));
    if (entry.values.empty())
      return refused(said(message::rule_without_values, id), said(message::it_has_none));
    if (value == entry.values.end())
      return refused(said(message::a_value_of_rule, id, values_of(entry)),
                     said(message::got, adopted.value_name));
    const Settable* settable = find_settable(adopted.rule, adopted.value_name);
    if (value->locked || settable == nullptr)
      return refused(said(message::an_open_value), said(message::value_is_locked, id, entry.source));
    if (in_contract && !is_decided_only(adopted.rule)) {
      std::string known;
      for (std::size_t i = 0; i < rule_count; ++i) {
        const auto rule = static_cast<Rule>(i);
        if (is_decided_only(rule)) known.append(known.empty() ? "" : ", ").append(word(rule));
      }
      return refused(said(message::rules_of_contracts, known), said(message::acts_in_tables, id));
    }
    if (!fits(*settable, adopted.value, value->value))
      return refused(member_as(adopted.value_name, shape_of(*settable, value->value)),
                     got(as_json(adopted.value)));
  }
  return std::nullopt;
}

}  // namespace

/// Reads a content member by member; the first fault ends it.
class SettingsReader {
 public:
  std::variant<std::shared_ptr<const Settings>, SettingsFault> read(std::string_view content) {
    auto out = std::make_shared<Settings>();
    out->content_ = content;
    out->hash_ = sha256(content);
    json::error_code error;
    const json::value document = json::parse(json::string_view(content.data(), content.size()), error);
    try {
      if (error) refuse({}, said(message::an_object), said(message::got, error.message()));
      Members all = members("", document);
      out->from_ = date(all, "from");
      if (all.has("provider")) out->provider_ = slug(all, "provider");
      read_settings(all.take("settings"), *out);
      all.finish();
    } catch (SettingsFault& fault) { return std::move(fault); }
    return out;
  }

 private:
  [[noreturn]] static void refuse(std::string field, const Said& expected, const Said& found) {
    throw fault(std::move(field), expected, found);
  }
  [[noreturn]] static void wrong(const std::string& field, const Said& wanted, const json::value* value) {
    refuse(field, member_as(field, wanted), value ? got(*value) : said(message::is_missing));
  }

  /// The members of one object and which of them were asked for.
  struct Members {
    std::string path;
    const json::object* object;
    std::set<std::string, std::less<>> known;

    [[nodiscard]] std::string field(std::string_view name) const {
      return path.empty() ? std::string(name) : fmt::format("{}.{}", path, name);
    }
    [[nodiscard]] const json::value* find(std::string_view name) {
      known.emplace(name);
      return object->if_contains(json::string_view(name.data(), name.size()));
    }
    [[nodiscard]] bool has(std::string_view name) { return find(name) != nullptr; }
    [[nodiscard]] std::pair<std::string, const json::value*> take(std::string_view name) {
      return {field(name), find(name)};
    }
    void finish() const {
      for (const auto& member : *object) {
        const std::string_view name(member.key().data(), member.key().size());
        if (known.contains(name)) continue;
        refuse(field(name), said(message::no_other_members, fmt::format("{}", fmt::join(known, ", "))),
               said(message::got, name));
      }
    }
  };

  static Members members(std::string path, const json::value& value) {
    if (!value.is_object()) wrong(path, said(message::an_object), &value);
    return {std::move(path), &value.as_object(), {}};
  }
  static Members object_of(const std::pair<std::string, const json::value*>& member) {
    if (!member.second) wrong(member.first, said(message::an_object), nullptr);
    return members(member.first, *member.second);
  }

  static std::string slug(Members& in, std::string_view name) {
    const auto [field, value] = in.take(name);
    return slug(field, value);
  }
  static std::string slug(const std::string& field, const json::value* value) {
    if (!value || !value->is_string() || !is_provider_slug(text_of(*value)))
      wrong(field, said(message::a_slug, static_cast<int>(slug_characters_max)), value);
    return std::string(text_of(*value));
  }
  static std::string ik(const std::string& field, const json::value* value) {
    if (!value || !value->is_string() || !is_ik(text_of(*value))) wrong(field, said(message::an_ik), value);
    return std::string(text_of(*value));
  }
  static std::string text(Members& in, std::string_view name) {
    const auto [field, value] = in.take(name);
    const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
    const auto characters = [](const json::string& s) {
      return std::ranges::count_if(s, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80; });
    };
    if (!value || !value->is_string() || std::ranges::all_of(value->as_string(), blank) ||
        static_cast<std::size_t>(characters(value->as_string())) > settings_text_characters_max)
      wrong(field, said(message::a_text, static_cast<int>(settings_text_characters_max)), value);
    return std::string(text_of(*value));
  }
  static CivilDate date(Members& in, std::string_view name) {
    const auto [field, value] = in.take(name);
    const auto day = value && value->is_string() ? parse_date(text_of(*value)) : std::nullopt;
    if (!day || to_ymd(*day).year < date_year_min || to_ymd(*day).year > year_max)
      wrong(field, said(message::a_date, date_year_min, year_max), value);
    return *day;
  }
  static std::int64_t number(Members& in, std::string_view name, std::int64_t least, std::int64_t most) {
    const auto [field, value] = in.take(name);
    if (!value || !value->is_int64() || value->as_int64() < least || value->as_int64() > most)
      wrong(field, said(message::whole_number, least, most), value);
    return value->as_int64();
  }
  static bool yes_or_no(Members& in, std::string_view name) {
    const auto [field, value] = in.take(name);
    if (!value || !value->is_bool()) wrong(field, said(message::true_or_false), value);
    return value->as_bool();
  }
  static Benefit benefit(Members& in, std::string_view name) {
    const auto [field, value] = in.take(name);
    const auto found = value && value->is_string() ? parse_word<Benefit>(text_of(*value)) : std::nullopt;
    if (!found)
      wrong(field, said(message::one_of, fmt::format("{}", fmt::join(words<Benefit>, ", "))), value);
    return *found;
  }
  static std::optional<Benefit> benefit_if_any(Members& in) {
    return in.has("benefit") ? std::optional(benefit(in, "benefit")) : std::nullopt;
  }
  static SettingText text_in_both(Members& in, std::string_view name) {
    Members texts = object_of(in.take(name));
    SettingText out;
    out.de = text(texts, "de");
    if (texts.has("en")) out.en = text(texts, "en");
    texts.finish();
    return out;
  }

  /// Calls `each(field, value)` for every entry of a list, which may be missing.
  template <class Each>
  static void list(Members& in, std::string_view name, std::size_t least, Each&& each) {
    const auto [field, value] = in.take(name);
    if (!value && least == 0) return;
    if (!value || !value->is_array() || value->as_array().size() < least ||
        value->as_array().size() > settings_entries_max) {
      const int most = static_cast<int>(settings_entries_max);
      wrong(field, least > 0 ? said(message::a_list, most) : said(message::a_list_or_empty, most), value);
    }
    for (std::size_t i = 0; i < value->as_array().size(); ++i)
      each(fmt::format("{}[{}]", field, i), value->as_array()[i]);
  }
  /// The same for a list of objects.
  template <class Each>
  static void objects(Members& in, std::string_view name, std::size_t least, Each&& each) {
    list(in, name, least, [&](const std::string& field, const json::value& value) {
      Members one = members(field, value);
      each(one);
      one.finish();
    });
  }
  /// What names an entry may come once.
  template <class Key>
  static void once(std::set<Key>& seen, Key key, const std::string& field) {
    if (!seen.insert(std::move(key)).second)
      refuse(field, said(message::only_once, field), said(message::it_came_twice));
  }

  static std::vector<RuleOverride> rules(Members& in) {
    std::vector<RuleOverride> out;
    if (!in.has("rules")) return out;
    const Members by_rule = object_of(in.take("rules"));
    for (const auto& member : *by_rule.object) {
      const std::string_view id(member.key().data(), member.key().size());
      const auto rule = parse_word<Rule>(id);
      if (!rule) refuse(by_rule.field(id), said(message::a_rule_id), said(message::got, id));
      const Members values = members(by_rule.field(id), member.value());
      for (const auto& value : *values.object) {
        const std::string_view name(value.key().data(), value.key().size());
        out.push_back({*rule, std::string(name), setting_value(values.field(name), value.value())});
      }
    }
    return out;
  }
  static SettingValue setting_value(const std::string& field, const json::value& value) {
    if (value.is_int64()) return value.as_int64();
    if (value.is_bool()) return value.as_bool();
    if (value.is_string()) return std::string(text_of(value));
    std::vector<std::string> texts;
    if (value.is_array()) {
      for (const json::value& one : value.as_array()) {
        if (one.is_string()) texts.emplace_back(text_of(one));
      }
      if (texts.size() == value.as_array().size()) return texts;
    }
    wrong(field, said(message::a_rule_value), &value);
  }

  static void read_settings(const std::pair<std::string, const json::value*>& member, Settings& out) {
    Members in = object_of(member);
    out.rules_ = rules(in);
    read_contracts(in, out);
    read_prices(in, out);
    std::set<std::pair<std::int32_t, int>> years;
    objects(in, "targets", 0, [&](Members& one) {
      Target target;
      target.year = static_cast<std::int32_t>(number(one, "year", year_min, year_max));
      target.units = static_cast<std::int32_t>(number(one, "units", 0, target_units_max));
      target.benefit = benefit_if_any(one);
      once(years, {target.year, target.benefit ? static_cast<int>(*target.benefit) : -1}, one.field("year"));
      out.targets_.push_back(target);
    });
    read_steps(in, out);
    std::set<std::string> teams;
    objects(in, "teams", 0, [&](Members& one) {
      Team team;
      team.team = slug(one, "team");
      if (one.has("lead")) team.lead = slug(one, "lead");
      list(one, "members", 0, [&](const std::string& field, const json::value& value) {
        team.members.push_back(slug(field, &value));
      });
      once(teams, team.team, one.field("team"));
      out.teams_.push_back(std::move(team));
    });
    if (in.has("alerts")) out.alerts_ = alerts(object_of(in.take("alerts")));
    in.finish();
  }

  // -- alerts

  static AlertSettings alerts(Members in) {
    AlertSettings out;
    if (in.has("warnings")) out.warnings = warnings(object_of(in.take("warnings")));
    if (in.has("urgent")) {
      std::set<Rule> seen;
      list(in, "urgent", 0, [&](const std::string& field, const json::value& value) {
        if (!value.is_string()) wrong(field, said(message::an_alert_rule, alert_rule_ids()), &value);
        once(seen, alert_rule(field, text_of(value)), field);
      });
      out.urgent.emplace(seen.begin(), seen.end());
    }
    if (in.has("escalate_after_hours")) {
      const auto hours =
          numbers(in, "escalate_after_hours", alert_levels - 1, alert_levels - 1, escalate_hours_max);
      std::ranges::copy(hours, out.escalate_after_hours.emplace().begin());
    }
    if (in.has("work")) {
      Members work = object_of(in.take("work"));
      out.work = DaySpan{time_of_day(work, "from"), time_of_day(work, "until")};
      work.finish();
      if (out.work->until <= out.work->from)
        refuse(work.field("until"), said(message::later_than, to_string(out.work->from)),
               said(message::got, to_string(out.work->until)));
    }
    if (in.has("quiet")) {
      Members quiet = object_of(in.take("quiet"));
      if (quiet.has("from") || quiet.has("until"))
        out.quiet = DaySpan{time_of_day(quiet, "from"), time_of_day(quiet, "until")};
      if (quiet.has("free_days")) out.quiet_on_free_days = yes_or_no(quiet, "free_days");
      quiet.finish();
    }
    if (in.has("digest_at")) {
      out.digest_at = time_of_day(in, "digest_at");
      if (out.quiet && is_within(*out.digest_at, *out.quiet))
        refuse(in.field("digest_at"),
               said(message::not_in_quiet, to_string(out.quiet->from), to_string(out.quiet->until)),
               said(message::got, to_string(*out.digest_at)));
    }
    const auto at_most = [&](std::string_view name, std::int64_t most) -> std::optional<std::int32_t> {
      if (!in.has(name)) return std::nullopt;
      return static_cast<std::int32_t>(number(in, name, 1, most));
    };
    out.singles_max = at_most("singles_max", singles_limit);
    out.snooze_days_max = at_most("snooze_days_max", snooze_days_limit);
    if (in.has("land")) {
      const auto [field, value] = in.take("land");
      out.land = value->is_string() ? parse_word<Land>(text_of(*value)) : std::nullopt;
      if (!out.land)
        wrong(field, said(message::one_of, fmt::format("{}", fmt::join(words<Land>, ", "))), value);
    }
    in.finish();
    return out;
  }
  static std::vector<RuleWarnings> warnings(Members by_rule) {
    std::vector<RuleWarnings> out;
    for (const auto& member : *by_rule.object) {
      const std::string_view id(member.key().data(), member.key().size());
      const std::string field = by_rule.field(id);
      RuleWarnings one{alert_rule(field, id), numbers(by_rule, id, 0, warnings_max, warning_days_max)};
      std::ranges::sort(one.working_days, std::ranges::greater{});
      if (std::ranges::adjacent_find(one.working_days) != one.working_days.end())
        refuse(field, said(message::each_once), said(message::it_came_twice));
      out.push_back(std::move(one));
    }
    return out;
  }
  static Rule alert_rule(const std::string& field, std::string_view id) {
    const auto rule = parse_word<Rule>(id);
    if (!rule || !is_alert_rule(*rule))
      refuse(field, said(message::an_alert_rule, alert_rule_ids()), said(message::got, id));
    return *rule;
  }
  static DayMinute time_of_day(Members& in, std::string_view name) {
    const auto [field, value] = in.take(name);
    const auto at = value && value->is_string() ? parse_day_minute(text_of(*value)) : std::nullopt;
    if (!at) wrong(field, said(message::a_time_of_day), value);
    return *at;
  }
  /// From `least` to `most` whole numbers from 1 to `number_max`.
  static std::vector<std::int32_t> numbers(Members& in, std::string_view name, std::size_t least,
                                           std::size_t most, std::int32_t number_max) {
    const auto [field, value] = in.take(name);
    std::vector<std::int32_t> out;
    const json::array* list = value ? value->if_array() : nullptr;
    const auto fits = [&](const json::value& one) {
      return one.is_int64() && one.as_int64() >= 1 && one.as_int64() <= number_max;
    };
    if (!list || list->size() < least || list->size() > most || !std::ranges::all_of(*list, fits)) {
      const auto& form = least == most ? message::numbers_exactly : message::numbers_up_to;
      wrong(field, said(form, static_cast<int>(most), static_cast<int>(number_max)), value);
    }
    for (const json::value& one : *list) out.push_back(static_cast<std::int32_t>(one.as_int64()));
    return out;
  }

  static void read_contracts(Members& in, Settings& out) {
    std::set<std::string> names, insurers;
    objects(in, "contracts", 0, [&](Members& one) {
      Contract contract;
      contract.contract = slug(one, "contract");
      once(names, contract.contract, one.field("contract"));
      list(one, "insurers", 1, [&](const std::string& field, const json::value& value) {
        contract.insurers.push_back(ik(field, &value));
        once(insurers, contract.insurers.back(), field);
      });
      contract.rules = rules(one);
      out.contracts_.push_back(std::move(contract));
    });
  }

  static void read_prices(Members& in, Settings& out) {
    objects(in, "prices", 0, [&](Members& one) {
      Price price;
      price.benefit = benefit(one, "benefit");
      price.per_unit = Cents{number(one, "cents_per_unit", 0, unit_cents_max)};
      price.from = date(one, "from");
      if (one.has("until")) {
        price.until = date(one, "until");
        if (*price.until < price.from)
          refuse(one.field("until"), said(message::not_before_from, to_string(price.from)),
                 said(message::got, to_string(*price.until)));
      }
      if (one.has("insurer_ik")) {
        const auto [field, value] = one.take("insurer_ik");
        price.insurer_ik = ik(field, value);
      }
      if (one.has("contract")) {
        price.contract = slug(one, "contract");
        if (!price.insurer_ik.empty())
          refuse(one.field("contract"), said(message::insurer_or_contract), said(message::both_came));
        if (std::ranges::find(out.contracts_, price.contract, &Contract::contract) == out.contracts_.end())
          refuse(one.field("contract"), said(message::a_contract_of_these),
                 said(message::got, price.contract));
      }
      out.prices_.push_back(std::move(price));
    });
  }

  static void read_steps(Members& in, Settings& out) {
    std::set<std::pair<std::string, int>> steps, lists;
    const auto key = [](const std::string& step, const std::optional<Benefit>& benefit) {
      return std::pair{step, benefit ? static_cast<int>(*benefit) : -1};
    };
    objects(in, "steps", 0, [&](Members& one) {
      StepSetting step;
      step.step = slug(one, "step");
      step.benefit = benefit_if_any(one);
      once(steps, key(step.step, step.benefit), one.field("step"));
      if (one.has("days")) step.days = static_cast<std::int32_t>(number(one, "days", 0, step_days_max));
      if (one.has("role")) step.role = slug(one, "role");
      if (one.has("off")) step.off = yes_or_no(one, "off");
      if (one.has("title")) step.title = text_in_both(one, "title");
      out.steps_.push_back(std::move(step));
    });
    objects(in, "checklists", 0, [&](Members& one) {
      Checklist checklist;
      checklist.step = slug(one, "step");
      checklist.benefit = benefit_if_any(one);
      once(lists, key(checklist.step, checklist.benefit), one.field("step"));
      std::set<std::string> items;
      objects(one, "items", 1, [&](Members& item) {
        checklist.items.push_back({slug(item, "item"), text_in_both(item, "text")});
        once(items, checklist.items.back().item, item.field("item"));
      });
      out.checklists_.push_back(std::move(checklist));
    });
  }
};

std::variant<std::shared_ptr<const Settings>, SettingsFault> Settings::parse(std::string_view content) {
  return SettingsReader().read(content);
}

std::optional<SettingsFault> Settings::not_allowed(const RuleSet& shipped) const {
  if (auto fault = not_allowed_in("settings.rules", rules_, shipped, false)) return fault;
  for (std::size_t i = 0; i < contracts_.size(); ++i) {
    const std::string path = fmt::format("settings.contracts[{}].rules", i);
    if (auto fault = not_allowed_in(path, contracts_[i].rules, shipped, true)) return fault;
  }
  const Workflow& workflow = shipped_workflow_on(from_);
  const auto known = [&](const std::string& step, std::optional<Benefit> benefit) {
    return is_step(step) && workflow.has(*parse_word<Task>(step), benefit);
  };
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    const StepSetting& set = steps_[i];
    const auto field = [&](std::string_view name) { return fmt::format("settings.steps[{}].{}", i, name); };
    if (!known(set.step, set.benefit))
      return fault(field("step"), said(message::a_known_step), said(message::step_is_unknown, set.step));
    if (!set.role.empty() && !parse_word<Role>(set.role)) {
      const std::string roles = fmt::format("{}", fmt::join(words<Role>, ", "));
      return fault(field("role"), member_as("role", said(message::one_of, roles)),
                   said(message::got, set.role));
    }
    if (set.off && workflow.requires_step(*parse_word<Task>(set.step), set.benefit))
      return fault(field("off"), said(message::a_step_to_do_without),
                   said(message::step_is_required, set.step));
  }
  for (std::size_t i = 0; i < checklists_.size(); ++i) {
    if (!known(checklists_[i].step, checklists_[i].benefit))
      return fault(fmt::format("settings.checklists[{}].step", i), said(message::a_known_step),
                   said(message::step_is_unknown, checklists_[i].step));
  }
  return std::nullopt;
}

std::string Settings::name() const {
  return fmt::format("{}@{}.{}", provider_.empty() ? "installation" : provider_, to_string(from_),
                     to_hex(hash_).substr(0, 8));
}

const Contract* Settings::contract_with(std::string_view insurer_ik) const {
  const auto found = std::ranges::find_if(contracts_, [&](const Contract& contract) {
    return std::ranges::find(contract.insurers, insurer_ik) != contract.insurers.end();
  });
  return found == contracts_.end() ? nullptr : &*found;
}

std::optional<Cents> Settings::price_on(Benefit benefit, CivilDate day, std::string_view insurer_ik) const {
  const Contract* contract = insurer_ik.empty() ? nullptr : contract_with(insurer_ik);
  const auto closeness = [&](const Price& price) {
    if (!price.insurer_ik.empty()) return price.insurer_ik == insurer_ik ? 3 : 0;
    if (!price.contract.empty()) return contract && price.contract == contract->contract ? 2 : 0;
    return 1;
  };
  const Price* best = nullptr;
  for (const Price& price : prices_) {
    const bool holds = price.benefit == benefit && price.from <= day && (!price.until || day <= *price.until);
    if (!holds || closeness(price) == 0) continue;
    if (!best || std::pair{closeness(price), price.from} > std::pair{closeness(*best), best->from})
      best = &price;
  }
  return best ? std::optional(best->per_unit) : std::nullopt;
}

namespace {

/// Asks the provider's settings first; what they do not know is the installation's to say.
template <class Ask>
auto first_of(const SettingsInForce& settings, Ask&& ask) -> decltype(ask(*settings.provider)) {
  for (const auto& one : {settings.provider, settings.installation}) {
    if (!one) continue;
    if (auto found = ask(*one)) return found;
  }
  return {};
}

template <class Entry>
const Entry* of_step(std::span<const Entry> entries, std::string_view step, Benefit benefit) {
  const Entry* found = nullptr;
  for (const Entry& entry : entries) {
    if (entry.step != step || (entry.benefit && *entry.benefit != benefit)) continue;
    if (!found || entry.benefit) found = &entry;
  }
  return found;
}

}  // namespace

std::optional<Cents> SettingsInForce::price_on(Benefit benefit, CivilDate day,
                                               std::string_view insurer_ik) const {
  return first_of(*this, [&](const Settings& one) { return one.price_on(benefit, day, insurer_ik); });
}

std::optional<std::int32_t> SettingsInForce::target_in(std::int32_t year,
                                                       std::optional<Benefit> benefit) const {
  return first_of(*this, [&](const Settings& one) -> std::optional<std::int32_t> {
    for (const Target& target : one.targets()) {
      if (target.year == year && target.benefit == benefit) return target.units;
    }
    return std::nullopt;
  });
}

const StepSetting* SettingsInForce::step(std::string_view step, Benefit benefit) const {
  return first_of(*this, [&](const Settings& one) { return of_step(one.steps(), step, benefit); });
}

std::vector<ChecklistItem> SettingsInForce::checklist(std::string_view step, Benefit benefit) const {
  std::vector<ChecklistItem> items;
  for (const auto& one : {installation, provider}) {
    if (!one) continue;
    for (const Checklist& list : one->checklists()) {
      if (list.step != step || (list.benefit && *list.benefit != benefit)) continue;
      for (const ChecklistItem& item : list.items) {
        const auto known = std::ranges::find(items, item.item, &ChecklistItem::item);
        if (known == items.end())
          items.push_back(item);
        else
          *known = item;
      }
    }
  }
  return items;
}

const Team* SettingsInForce::team(std::string_view team) const {
  return first_of(*this, [&](const Settings& one) -> const Team* {
    const auto found = std::ranges::find(one.teams(), team, &Team::team);
    return found == one.teams().end() ? nullptr : &*found;
  });
}

std::string_view SettingsInForce::team_of(std::string_view staff) const {
  if (staff.empty()) return {};
  for (const auto* one : {&provider, &installation}) {
    if (!*one) continue;
    for (const Team& team : (*one)->teams()) {
      if (team.lead == staff || std::ranges::find(team.members, staff) != team.members.end())
        return team.team;
    }
  }
  return {};
}

bool is_provider_slug(std::string_view text) {
  const auto alphanumeric = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !text.empty() && text.size() <= slug_characters_max && alphanumeric(text.front()) &&
         std::ranges::all_of(text,
                             [&](char c) { return alphanumeric(c) || c == '.' || c == '-' || c == '_'; });
}

CaseId installation_stream() { return {uuid_v5(geleit_namespace, "installation")}; }

CaseId provider_stream(std::string_view provider) {
  // No slug has a slash, so no provider's stream is the installation's.
  return {uuid_v5(geleit_namespace, fmt::format("provider/{}", provider))};
}

}  // namespace geleit
