#include "services/intake/command_json.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>

#include "events/civil_time.h"
#include "events/uuid.h"
#include "projections/rules/settings.h"
#include "services/http/json_text.h"
#include "services/intake/command_limits.h"
#include "services/intake/json_tree.h"
#include "services/service_commands.h"
#include "services/text_measure.h"

namespace geleit {
namespace {

template <class T>
struct Plain {
  using type = T;
};
template <class T>
struct Plain<std::optional<T>> {
  using type = T;
};
/// Appends a value as JSON, members in the order of their names.
void append_json(const JsonTree& tree, const JsonValue& value, std::string& out) {
  http::JsonWriter json(out);
  switch (value.type) {
    case JsonType::null: json.null(); return;
    case JsonType::boolean: json.boolean(value.boolean); return;
    case JsonType::integer: json.number(value.integer); return;
    case JsonType::real: {
      char digits[32];
      out.append(digits, std::to_chars(digits, digits + sizeof digits, value.real).ptr);
      return;
    }
    case JsonType::string: json.string(value.text); return;
    case JsonType::array:
    case JsonType::object: break;
  }
  std::vector<const JsonValue*> children;
  tree.for_each(value, [&](const JsonValue& child) { children.push_back(&child); });
  const bool object = value.type == JsonType::object;
  if (object) std::ranges::sort(children, {}, &JsonValue::name);
  out += object ? '{' : '[';
  for (std::size_t i = 0; i < children.size(); ++i) {
    if (i > 0) out += ',';
    if (object) {
      http::append_json_string(out, children[i]->name);
      out += ':';
    }
    append_json(tree, *children[i], out);
  }
  out += object ? '}' : ']';
}

template <class T>
inline constexpr bool is_id = false;
template <class Tag>
inline constexpr bool is_id<Id<Tag>> = true;

template <class T>
concept Described = requires {
  T::members;
};

bool is_slug(std::string_view text) {
  if (text.empty() || text.size() > limits::slug_characters_max) return false;
  const auto alphanumeric = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return alphanumeric(text.front()) && std::all_of(text.begin(), text.end(), [&](char c) {
           return alphanumeric(c) || c == '.' || c == '-' || c == '_';
         });
}

bool in_years(CivilDate date) {
  static const CivilDate first = civil(limits::year_min, 1, 1);
  static const CivilDate last = civil(limits::year_max, 12, 31);
  return date >= first && date <= last;
}

template <class E>
std::string all_words() {
  std::string all;
  for (const std::string_view w : words<E>) all.append(all.empty() ? "" : ", ").append(w);
  return all;
}

template <class Members>
std::string names_of(const Members& members) {
  std::string all;
  std::apply([&](const auto&... m) { ((all.append(all.empty() ? "" : ", ").append(m.name)), ...); }, members);
  return all;
}

Sentence instant_wanted() { return sentence(message::an_instant, limits::year_min, limits::year_max); }
Sentence date_wanted() { return sentence(message::a_date, limits::year_min, limits::year_max); }

/// Where reading stands: the tree, what counts as today, and the first fault.
class JsonReading {
 public:
  explicit JsonReading(JsonTree& tree) : tree_(tree) {}

  Instant now;
  CivilDate today;
  std::optional<Rejection> refused;

  [[nodiscard]] JsonTree& tree() const { return tree_; }

  bool refuse(std::string field, const Sentence& expected, const Sentence& found) {
    refused = Rejection{
        .kind = RejectionKind::malformed, .detail = expected_but(expected, found), .field = std::move(field)};
    return false;
  }
  /// The member (below where reading stands) should be `wanted`.
  bool wrong(std::string_view name, const Sentence& wanted, const Sentence& found) {
    std::string field = prefix + std::string(name);
    const Sentence expected = sentence(message::member_as, std::string_view(field), wanted);
    return refuse(std::move(field), expected, found);
  }
  bool wrong(std::string_view name, const Sentence& wanted, const JsonValue& came) {
    return wrong(name, wanted, describe(came));
  }

  /// What came, for people; texts beyond a word's length are not repeated.
  static Sentence describe(const JsonValue& value) {
    constexpr std::size_t shown_max = 40;
    switch (value.type) {
      case JsonType::object: return sentence(message::got, sentence(message::got_object));
      case JsonType::array:
        return sentence(message::got, sentence(message::got_entries, static_cast<int>(value.count)));
      case JsonType::null: return sentence(message::got, std::string_view("null"));
      case JsonType::boolean:
        return sentence(message::got, std::string_view(value.boolean ? "true" : "false"));
      case JsonType::integer: return sentence(message::got, std::string_view(std::to_string(value.integer)));
      case JsonType::real: {
        char digits[32];
        const auto end = std::to_chars(digits, digits + sizeof digits, value.real).ptr;
        return sentence(message::got, std::string_view(digits, static_cast<std::size_t>(end - digits)));
      }
      case JsonType::string: break;
    }
    const Measured m = measure(value.text);
    if (m.blank) return sentence(message::got, sentence(message::got_blank));
    if (m.characters > shown_max) {
      return sentence(message::got, sentence(message::got_characters, static_cast<int>(m.characters)));
    }
    return sentence(message::got, std::string_view(fmt::format("\"{}\"", value.text)));
  }

  template <class T>
  bool read(const JsonValue& v, std::string_view name, std::optional<T>& out, Shape shape) {
    return read(v, name, out.emplace(), shape);
  }

  bool read(const JsonValue& v, std::string_view name, bool& out, Shape) {
    if (v.type != JsonType::boolean) return wrong(name, sentence(message::true_or_false), v);
    out = v.boolean;
    return true;
  }

  bool read(const JsonValue& v, std::string_view name, std::int32_t& out, Shape shape) {
    std::int64_t least = 0, most = 0;
    switch (shape) {
      case Shape::minutes: least = limits::minutes_min, most = limits::minutes_max; break;
      case Shape::units: least = limits::units_min, most = limits::units_max; break;
      case Shape::people: least = limits::group_people_min, most = limits::group_people_max; break;
      case Shape::gaf: least = limits::gaf_min, most = limits::gaf_max; break;
      case Shape::stays: least = limits::stays_min, most = limits::stays_max; break;
      case Shape::number: least = 1, most = limits::number_max; break;
      case Shape::as_typed:
      case Shape::fact:
      case Shape::plan:
      case Shape::chosen_id:
      case Shape::known_id:
      case Shape::slug:
      case Shape::name:
      case Shape::text: break;
    }
    if (v.type != JsonType::integer || v.integer < least || v.integer > most) {
      return wrong(name, sentence(message::whole_number, least, most), v);
    }
    out = static_cast<std::int32_t>(v.integer);
    return true;
  }
  bool read(const JsonValue& v, std::string_view name, Minutes& out, Shape shape) {
    return read(v, name, out.value, shape);
  }

  template <Vocabulary E>
  bool read(const JsonValue& v, std::string_view name, E& out, Shape) {
    const auto found = v.type == JsonType::string ? parse_word<E>(v.text) : std::nullopt;
    if (!found) { return wrong(name, sentence(message::one_of, std::string_view(all_words<E>())), v); }
    out = *found;
    return true;
  }

  template <class Tag>
  bool read(const JsonValue& v, std::string_view name, Id<Tag>& out, Shape shape) {
    const auto id = v.type == JsonType::string ? parse_uuid(v.text) : std::nullopt;
    constexpr std::uint64_t variant_mask = 0xc000'0000'0000'0000, variant_rfc = 0x8000'0000'0000'0000;
    const bool chosen = shape == Shape::chosen_id;
    const bool fits = id && (id->low & variant_mask) == variant_rfc &&
                      (id->version() == 4 || id->version() == 7 || (!chosen && id->version() == 5));
    if (!fits) {
      return wrong(name, chosen ? sentence(message::a_chosen_id) : sentence(message::a_known_id), v);
    }
    out.value = *id;
    return true;
  }

  bool read(const JsonValue& v, std::string_view name, CivilDate& out, Shape shape) {
    const auto date = v.type == JsonType::string ? parse_date(v.text) : std::nullopt;
    if (!date || !in_years(*date)) return wrong(name, date_wanted(), v);
    if (shape == Shape::fact && *date > today) {
      return wrong(name, sentence(message::day_until_today, today), sentence(message::lies_ahead, *date));
    }
    out = *date;
    return true;
  }

  bool read(const JsonValue& v, std::string_view name, Instant& out, Shape shape) {
    const auto at = v.type == JsonType::string ? parse_instant(v.text) : std::nullopt;
    if (!at || !in_years(berlin_date(*at))) return wrong(name, instant_wanted(), v);
    if (shape == Shape::fact && !until_now(name, *at)) return false;
    out = *at;
    return true;
  }
  bool until_now(std::string_view name, Instant at) {
    if (at.ms <= now.ms + limits::ahead_ms_max) return true;
    return wrong(name, sentence(message::moment_until_now, std::string_view(to_string(now))),
                 sentence(message::lies_ahead, std::string_view(to_string(at))));
  }

  bool read(const JsonValue& v, std::string_view name, std::string_view& out, Shape shape) {
    if (shape == Shape::slug) {
      if (v.type != JsonType::string || !is_slug(v.text)) {
        return wrong(name, sentence(message::a_slug, static_cast<int>(limits::slug_characters_max)), v);
      }
    } else {
      const std::size_t most =
          shape == Shape::name ? limits::name_characters_max : limits::text_characters_max;
      const Measured m = v.type == JsonType::string ? measure(v.text) : Measured{};
      if (m.blank || m.characters > most) {
        return wrong(name, sentence(message::a_text, static_cast<int>(most)), v);
      }
    }
    out = v.text;
    return true;
  }

  bool read(const JsonValue& v, std::string_view name, std::vector<std::string_view>& out, Shape shape) {
    const bool staff = shape == Shape::slug;
    return read_list(v, name, out, shape, staff ? limits::members_max : limits::goals_max);
  }
  bool read(const JsonValue& v, std::string_view name, std::vector<DiagnosisGiven>& out, Shape shape) {
    if (v.type == JsonType::array && v.count == 0) {
      return wrong(name, sentence(message::a_list, static_cast<int>(limits::diagnoses_max)), v);
    }
    return read_list(v, name, out, shape, limits::diagnoses_max);
  }
  template <class T>
  bool read_list(const JsonValue& v, std::string_view name, std::vector<T>& out, Shape shape,
                 std::size_t most) {
    if (v.type != JsonType::array || v.count > most) {
      return wrong(name, sentence(message::a_list_or_empty, static_cast<int>(most)), v);
    }
    out.resize(v.count);
    std::uint32_t i = v.first;
    for (std::size_t n = 0; n < out.size(); ++n, i = tree_.at(i).next) {
      if (!read(tree_.at(i), fmt::format("{}[{}]", name, n), out[n], shape)) return false;
    }
    return true;
  }

  bool read(const JsonValue& v, std::string_view name, SettingsGiven& out, Shape) {
    if (v.type != JsonType::object) return wrong(name, sentence(message::an_object), v);
    append_json(tree_, v, out.document);
    return true;
  }

  template <Described T>
  bool read(const JsonValue& v, std::string_view name, T& out, Shape) {
    if (v.type != JsonType::object) return wrong(name, sentence(message::an_object), v);
    const std::size_t shorter = prefix.size();
    prefix.append(name).append(".");
    const bool good = read_members(v, out);
    if (good) prefix.resize(shorter);
    return good;
  }

  /// All members of one object; the first that is wrong, else one that is missing, else one nobody asked for.
  template <Described T>
  bool read_members(const JsonValue& object, T& out) {
    std::uint32_t taken = 0;
    const bool good =
        std::apply([&](const auto&... m) { return (read_member(object, out, m, taken) && ...); }, T::members);
    if (!good) return false;
    if (taken == object.count) return true;
    std::string_view extra;
    tree_.for_each(object, [&](const JsonValue& v) {
      const bool known =
          std::apply([&](const auto&... m) { return ((m.name == v.name) || ...); }, T::members);
      if (!known && extra.empty()) extra = v.name;
    });
    return unknown_member(extra, names_of(T::members));
  }
  bool unknown_member(std::string_view name, std::string_view known) {
    constexpr std::size_t shown_max = 100;
    const std::string field = prefix + std::string(measure(name).characters > shown_max ? "?" : name);
    return refuse(field, sentence(message::no_other_members, known),
                  sentence(message::got, std::string_view(field)));
  }

  /// Empty, or the path of the object that is being read, with its dot.
  std::string prefix;

 private:
  template <class T, class M>
  bool read_member(const JsonValue& object, T& out, const M& member, std::uint32_t& taken) {
    const JsonValue* v = tree_.find(object, member.name);
    if (!v) {
      return !member.required ||
             wrong(member.name, wanted(out.*(member.at), member.shape), sentence(message::is_missing));
    }
    ++taken;
    return read(*v, member.name, out.*(member.at), member.shape);
  }

  /// What a missing member should have been.
  template <class T>
  static Sentence wanted(const T&, Shape shape) {
    if constexpr (std::is_same_v<T, bool>) {
      return sentence(message::true_or_false);
    } else if constexpr (std::is_same_v<T, CivilDate>) {
      return date_wanted();
    } else if constexpr (std::is_same_v<T, Instant>) {
      return instant_wanted();
    } else if constexpr (std::is_same_v<T, Minutes>) {
      return sentence(message::whole_number, limits::minutes_min, limits::minutes_max);
    } else if constexpr (std::is_same_v<T, std::int32_t>) {
      return sentence(message::whole_number, limits::units_min, limits::units_max);
    } else if constexpr (is_id<T>) {
      return sentence(message::a_known_id);
    } else if constexpr (std::is_same_v<T, std::string_view>) {
      if (shape == Shape::slug)
        return sentence(message::a_slug, static_cast<int>(limits::slug_characters_max));
      return sentence(message::a_text, static_cast<int>(shape == Shape::name ? limits::name_characters_max
                                                                             : limits::text_characters_max));
    } else if constexpr (std::is_same_v<T, std::vector<DiagnosisGiven>>) {
      return sentence(message::a_list, static_cast<int>(limits::diagnoses_max));
    } else if constexpr (std::is_same_v<T, std::vector<std::string_view>>) {
      return sentence(message::a_list_or_empty, static_cast<int>(limits::goals_max));
    } else if constexpr (Described<typename Plain<T>::type> || std::is_same_v<T, SettingsGiven>) {
      return sentence(message::an_object);
    } else {
      return sentence(message::one_of, std::string_view(all_words<typename Plain<T>::type>()));
    }
  }

  JsonTree& tree_;
};

// ---------------------------------------------------------------- what members say together

template <class T>
bool together(JsonReading&, const JsonValue&, const T&) {
  return true;
}

bool until_after_from(JsonReading& r, std::optional<CivilDate> from, std::optional<CivilDate> until) {
  if (!from || !until || *until >= *from) return true;
  return r.refuse("until", sentence(message::not_before_from, *from), sentence(message::got, *until));
}
bool together(JsonReading& r, const JsonValue&, const GrantApproval& c) {
  return until_after_from(r, c.from, c.until);
}
bool together(JsonReading& r, const JsonValue&, const RecordExemption& c) {
  return until_after_from(r, c.from, c.until);
}
bool together(JsonReading& r, const JsonValue&, const GrantExtension& c) {
  return until_after_from(r, c.from, c.until);
}

/// `other_members` stand in every such command; one more is a change.
bool changes_something(JsonReading& r, const JsonValue& data, std::uint32_t other_members) {
  if (data.count > other_members) return true;
  return r.refuse("data", sentence(message::a_change), sentence(message::none_came));
}
bool together(JsonReading& r, const JsonValue& data, const AmendReferral&) {
  return changes_something(r, data, 0);
}
bool together(JsonReading& r, const JsonValue& data, const CorrectVisit&) {
  return changes_something(r, data, 2);
}
bool together(JsonReading& r, const JsonValue& data, const CorrectApproval& c) {
  return changes_something(r, data, 2) && until_after_from(r, c.from, c.until);
}

bool together(JsonReading& r, const JsonValue&, const ReceiveReferral& c) {
  if (c.person.has_value() == c.person_id.has_value()) {
    return r.refuse("person", sentence(message::person_or_id),
                    c.person ? sentence(message::both_came) : sentence(message::neither_came));
  }
  if (const auto stranger = field_of_the_other(c.benefit, c)) {
    return r.refuse(std::string(*stranger), sentence(message::no_such_field_for, *stranger, word(c.benefit)),
                    sentence(message::it_came));
  }
  if (c.benefit == Benefit::smn && !c.setting) {
    return r.wrong("setting", sentence(message::one_of, std::string_view(all_words<Setting>())),
                   sentence(message::is_missing));
  }
  return true;
}

// Without `started_at` the visit began at its `starts_at`, which then is a fact.
bool together(JsonReading& r, const JsonValue&, const DeliverVisit& c) {
  return !c.starts_at || c.started_at || r.until_now("starts_at", *c.starts_at);
}

/// The document is whole with day and provider; what is wrong with it whatever the rules say is found here.
bool together(JsonReading& r, const JsonValue&, AdoptSettings& c) {
  std::string document;
  http::JsonWriter json(document);
  json.object().member("from").string(to_string(c.from));
  if (!c.provider.empty()) json.member("provider").string(c.provider);
  json.member("settings").raw(c.settings.document).end();
  c.settings.document = std::move(document);
  const auto read = Settings::parse(c.settings.document);
  const auto* fault = std::get_if<SettingsFault>(&read);
  return !fault ||
         r.refuse(fault->field, {fault->expected_de, fault->expected_en}, {fault->found_de, fault->found_en});
}

// ---------------------------------------------------------------- the commands by name

using ReadData = bool (*)(JsonReading&, const JsonValue&, CommandData&);
struct Known {
  std::string_view name;
  ReadData read;
  bool of_the_service;
};

template <class T>
bool read_data(JsonReading& r, const JsonValue& data, CommandData& out) {
  T& command = out.emplace<T>();
  return r.read_members(data, command) && together(r, data, command);
}

template <class... T>
constexpr std::array<Known, sizeof...(T)> known_of(std::variant<T...>*) {
  return {Known{T::command, &read_data<T>, OfTheService<T>}...};
}
constexpr auto known_commands = known_of(static_cast<CommandData*>(nullptr));

const Known* find_command(std::string_view name) {
  for (const Known& k : known_commands) {
    if (k.name == name) return &k;
  }
  return nullptr;
}

// ---------------------------------------------------------------- canonical content

// One way to write every value: texts with their length before them, members in the order of their bytes,
// whole numbers in digits. So different values never give the same text.
class Canonical {
 public:
  Canonical(JsonTree& tree, std::string& out) : tree_(tree), out_(out) {}

  void member(const JsonValue& value) {
    text(value.name);
    write(value);
  }
  void write(const JsonValue& value) {
    switch (value.type) {
      case JsonType::null: out_ += 'n'; return;
      case JsonType::boolean: out_ += value.boolean ? 't' : 'f'; return;
      case JsonType::integer: number(value.integer); return;
      case JsonType::real: number(value.real); return;
      case JsonType::string:
        text(value.text);
        views_.push_back({tree_.index_of(value), out_.size() - value.text.size()});
        return;
      case JsonType::array:
        out_ += '[';
        tree_.for_each(value, [&](const JsonValue& v) { write(v); });
        out_ += ']';
        return;
      case JsonType::object: members(value); return;
    }
  }
  /// Lets the texts that were written view the content instead of what was read.
  void move_views() {
    for (const View& view : views_) {
      JsonValue& v = tree_.at(view.value);
      v.text = {out_.data() + view.at, v.text.size()};
    }
    views_.clear();
  }
  void begin() { views_.clear(); }

 private:
  struct View {
    std::uint32_t value;
    std::size_t at;
  };

  void text(std::string_view s) {
    digits(static_cast<std::int64_t>(s.size()));
    out_ += ':';
    out_ += s;
  }
  template <class N>
  void digits(N n) {
    char buffer[32];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, n).ptr;
    out_.append(buffer, static_cast<std::size_t>(end - buffer));
  }
  template <class N>
  void number(N n) {
    out_ += '#';
    digits(n);
    out_ += ';';
  }
  void members(const JsonValue& object) {
    std::array<std::uint32_t, limits::object_members_max> order;
    std::size_t n = 0;
    for (std::uint32_t i = object.first; i != JsonValue::none; i = tree_.at(i).next) {
      std::size_t at = n++;
      for (; at > 0 && tree_.at(order[at - 1]).name > tree_.at(i).name; --at) order[at] = order[at - 1];
      order[at] = i;
    }
    out_ += '{';
    for (std::size_t i = 0; i < n; ++i) member(tree_.at(order[i]));
    out_ += '}';
  }

  JsonTree& tree_;
  std::string& out_;
  std::vector<View> views_;
};

constexpr std::string_view top_members =
    "command, id, case, happened, by, expect_version, reasons, entered, data";
constexpr std::string_view own_top_members = "command, case, happened, data";
constexpr std::string_view settings_top_members = "command, id, happened, by, expect_version, entered, data";

}  // namespace

CaseId case_of(const Command& command) {
  if (const auto* settings = std::get_if<AdoptSettings>(&command.data))
    return settings->provider.empty() ? installation_stream() : provider_stream(settings->provider);
  return command.case_id ? *command.case_id : CaseId{uuid_v5(command.id.value, "case")};
}
EventId own_id_of(const CaseId& id, const CommandData& data) {
  const auto named = [&](const auto&... parts) {
    std::string name;
    ((name += fmt::format("/{}", parts)), ...);
    return EventId{uuid_v5(id.value, name)};
  };
  return std::visit(
      [&]<class T>(const T& c) -> EventId {
        if constexpr (std::is_same_v<T, MissStartDeadline>) {
          return named("missed", word(Rule::smn_start), c.generation);
        } else if constexpr (std::is_same_v<T, MissDeadline>) {
          return named("missed", word(c.rule), c.generation);
        } else if constexpr (std::is_same_v<T, LapseApprovalPeriod>) {
          return named("lapsed", to_string(c.approval), to_string(c.until));
        } else if constexpr (std::is_same_v<T, SendAlert>) {
          return notice_id(c.alert, c.channel, c.level, c.number);
        } else if constexpr (std::is_same_v<T, EscalateAlert>) {
          return named("escalated", to_string(c.alert), c.level);
        } else if constexpr (std::is_same_v<T, ErasePersonalData>) {
          return named("erased");
        } else {
          static_assert(!OfTheService<T>, "a command of the service needs an id");
          assert(false && "a command of people brings its id, or is given one");
          return {};
        }
      },
      data);
}
PersonId person_of(const Command& command, const ReceiveReferral& referral) {
  return referral.person_id ? *referral.person_id : PersonId{uuid_v5(command.id.value, "person")};
}

struct CommandReader::Inside {
  JsonTree tree;
};

CommandReader::CommandReader() : inside_(std::make_unique<Inside>()) {}
CommandReader::~CommandReader() = default;

std::variant<Command, Rejection> CommandReader::read(std::string_view json, Instant now, Caller caller) {
  return read(
      json, [now](std::optional<Instant>) { return now; }, caller);
}

std::variant<Command, Rejection> CommandReader::read(std::string_view json, const AskNow& ask_now,
                                                     Caller caller, std::optional<AccessRoles> roles) {
  JsonTree& tree = inside_->tree;
  JsonReading r(tree);
  const auto too_large = [] {
    return Rejection{.kind = RejectionKind::too_large,
                     .detail = expected_but(
                         sentence(message::command_of_bytes, static_cast<int>(limits::command_bytes_max),
                                  static_cast<int>(limits::json_values_max)),
                         sentence(message::it_is_larger))};
  };
  if (json.size() > limits::command_bytes_max) return too_large();
  if (const JsonFault fault = tree.read(json); fault.kind != JsonFault::Kind::none) {
    switch (fault.kind) {
      case JsonFault::Kind::none: break;
      case JsonFault::Kind::too_large: return too_large();
      case JsonFault::Kind::repeated_member:
        r.refuse(fault.what, sentence(message::only_once, std::string_view(fault.what)),
                 sentence(message::it_came_twice));
        break;
      case JsonFault::Kind::syntax:
        r.refuse(
            "command", sentence(message::a_json_object),
            sentence(message::wrong_at_byte, static_cast<int>(fault.at + 1), std::string_view(fault.what)));
        break;
    }
    return std::move(*r.refused);
  }
  const JsonValue& root = tree.root();
  if (root.type != JsonType::object) {
    r.refuse("command", sentence(message::a_json_object), JsonReading::describe(root));
    return std::move(*r.refused);
  }

  const JsonValue *name = nullptr, *id = nullptr, *case_id = nullptr, *happened = nullptr, *by = nullptr,
                  *expect_version = nullptr, *reasons = nullptr, *entered = nullptr, *data = nullptr;
  std::optional<std::string_view> unknown;
  tree.for_each(root, [&](const JsonValue& v) {
    if (v.name == "command") {
      name = &v;
    } else if (v.name == "id") {
      id = &v;
    } else if (v.name == "case") {
      case_id = &v;
    } else if (v.name == "happened") {
      happened = &v;
    } else if (v.name == "by") {
      by = &v;
    } else if (v.name == "expect_version") {
      expect_version = &v;
    } else if (v.name == "reasons") {
      reasons = &v;
    } else if (v.name == "entered") {
      entered = &v;
    } else if (v.name == "data") {
      data = &v;
    } else if (!unknown) {
      unknown = v.name;
    }
  });

  Command c;
  const auto refused = [&] { return std::move(*r.refused); };
  const Known* known = name && name->type == JsonType::string ? find_command(name->text) : nullptr;
  if (!known) {
    std::string all;
    for (const Known& k : known_commands) {
      if (!k.of_the_service) all.append(all.empty() ? "" : ", ").append(k.name);
    }
    r.refuse("command", sentence(message::a_command, std::string_view(all)),
             name ? JsonReading::describe(*name) : sentence(message::is_missing));
    return refused();
  }
  if (known->of_the_service && caller != Caller::service) {
    return Rejection{.kind = RejectionKind::forbidden,
                     .detail = expected_but(sentence(message::a_command_of_people),
                                            sentence(message::services_own, known->name)),
                     .field = "command"};
  }
  if (roles && !known->of_the_service && !may_send(*roles, known->name)) {
    return Rejection{.kind = RejectionKind::forbidden,
                     .detail = expected_but(sentence(message::a_command_of_the_role),
                                            sentence(message::not_of_the_role, known->name)),
                     .field = "command"};
  }
  if (unknown) {
    r.unknown_member(*unknown, top_members);
    return refused();
  }
  if (entered && !r.read(*entered, "entered", c.entered, Shape::plan)) return refused();
  r.now = ask_now(c.entered);
  r.today = berlin_date(r.now);

  // The content first: what is read from here on views it.
  c.content.reserve(std::max<std::size_t>(json.size(), 64));
  Canonical canonical(tree, c.content);
  for (const JsonValue* v : {case_id, name, data, happened, reasons}) {
    if (v) canonical.member(*v);
  }
  canonical.move_views();

  if (id && known->of_the_service) {
    r.unknown_member("id", own_top_members);
    return refused();
  }
  if (id) {
    if (!r.read(*id, "id", c.id, Shape::chosen_id)) return refused();
    c.id_given = true;
  }
  const bool opens = name->text == ReceiveReferral::command;
  const bool settings = name->text == AdoptSettings::command;
  if (settings) {
    // They belong to no case, and no person's key could seal a reason.
    if (case_id || reasons) {
      r.unknown_member(case_id ? "case" : "reasons", settings_top_members);
      return refused();
    }
  } else if (case_id) {
    if (!r.read(*case_id, "case", c.case_id, opens ? Shape::chosen_id : Shape::known_id)) return refused();
  } else if (!opens) {
    r.wrong("case", sentence(message::a_known_id), sentence(message::is_missing));
    return refused();
  }

  c.happened = {r.today, r.now};
  if (happened) {
    c.happened_given = true;
    if (happened->type == JsonType::string && parse_date(happened->text)) {
      c.happened.at.reset();
      if (!r.read(*happened, "happened", c.happened.date, Shape::fact)) return refused();
    } else if (happened->type == JsonType::string && parse_instant(happened->text)) {
      if (!r.read(*happened, "happened", c.happened.at, Shape::fact)) return refused();
      c.happened.date = berlin_date(*c.happened.at);
    } else {
      r.wrong("happened", sentence(message::a_date_or_instant, limits::year_min, limits::year_max),
              *happened);
      return refused();
    }
  }
  if (by) {
    std::string_view slug;
    if (!r.read(*by, "by", slug, Shape::slug)) return refused();
    c.by = slug;
  }
  if (expect_version) {
    if (expect_version->type != JsonType::integer || expect_version->integer < 0 ||
        expect_version->integer > limits::expect_version_max) {
      r.wrong("expect_version", sentence(message::whole_number, std::int64_t{0}, limits::expect_version_max),
              *expect_version);
      return refused();
    }
    c.expect_version = Version{static_cast<std::uint32_t>(expect_version->integer)};
  }
  if (reasons) {
    if (reasons->type != JsonType::object) {
      r.wrong("reasons", sentence(message::an_object), *reasons);
      return refused();
    }
    bool good = true;
    tree.for_each(*reasons, [&](const JsonValue& v) {
      if (!good) return;
      const auto rule = parse_word<Rule>(v.name);
      if (!rule) {
        JsonValue named;
        named.type = JsonType::string;
        named.text = v.name;
        good = r.refuse("reasons", sentence(message::rule_ids), JsonReading::describe(named));
        return;
      }
      const Measured m = v.type == JsonType::string ? measure(v.text) : Measured{};
      if (v.type != JsonType::string || m.characters > limits::text_characters_max) {
        r.prefix = "reasons.";
        good = r.wrong(v.name, sentence(message::a_reason, static_cast<int>(limits::text_characters_max)), v);
      } else if (!m.blank) {
        c.reasons.push_back({*rule, v.text});
      }
    });
    if (!good) return refused();
  }
  if (!data || data->type != JsonType::object) {
    r.wrong("data", sentence(message::an_object),
            data ? JsonReading::describe(*data) : sentence(message::is_missing));
    return refused();
  }
  if (!known->read(r, *data, c.data)) return refused();
  if (known->of_the_service) c.id = own_id_of(*c.case_id, c.data);
  return c;
}

}  // namespace geleit
