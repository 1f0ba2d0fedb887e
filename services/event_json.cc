#include "services/event_json.h"

#include "events/civil_time.h"
#include "events/codec.h"
#include "events/sha256.h"
#include "events/uuid.h"
#include "services/http/json_text.h"

namespace geleit {
namespace {

template <class T>
concept Described = requires {
  T::fields;
};

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

void append_sealed(std::string& out, Sealed sealed, const ShowSealed& shown) {
  if (shown) {
    shown(out, sealed);
  } else {
    out += "null";
  }
}

class Writer {
 public:
  Writer(std::string& out, const OpenSealed& open, const ShowSealed& shown)
      : out_(out), open_(open), shown_(shown) {}

  template <Described T>
  void value(const T& described) {
    out_ += '{';
    bool first = true;
    for_each_field(described, [&](std::string_view name, const auto& field) { member(name, field, first); });
    out_ += '}';
  }

 private:
  template <class T>
  void member(std::string_view name, const T& field, bool& first) {
    if constexpr (is_optional<T>) {
      if (field) member(name, *field, first);
    } else if constexpr (std::is_same_v<T, std::string_view> ||
                         std::is_same_v<T, std::vector<std::string_view>>) {
      if (field.empty()) return;
      begin(name, first);
      value(field);
    } else if constexpr (std::is_same_v<T, Sealed>) {
      if (!field.present()) return;
      begin(name, first);
      sealed(*sealed_field(name), field);
    } else {
      begin(name, first);
      value(field);
    }
  }
  void begin(std::string_view name, bool& first) {
    if (!first) out_ += ',';
    first = false;
    out_.append("\"").append(name).append("\":");
  }

  void text(std::string_view plain) { out_.append("\"").append(plain).append("\""); }
  void value(bool b) { out_ += b ? "true" : "false"; }
  void value(std::int32_t number) { http::append_number(out_, std::int64_t{number}); }
  void value(Minutes minutes) { value(minutes.value); }
  void value(Version version) { http::append_number(out_, std::uint64_t{version.value}); }
  void value(CivilDate date) { text(to_string(date)); }
  void value(Instant at) { text(to_string(at)); }
  void value(const Hash& hash) { text(to_hex(hash)); }
  template <class Tag>
  void value(const Id<Tag>& id) {
    char digits[36];
    write_uuid(id.value, digits);
    text({digits, sizeof digits});
  }
  template <Vocabulary E>
  void value(E e) {
    text(word(e));
  }
  void value(std::string_view plain) { http::append_json_string(out_, plain); }
  template <class T>
  void value(const std::vector<T>& items) {
    out_ += '[';
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i > 0) out_ += ',';
      value(std::string_view(items[i]));
    }
    out_ += ']';
  }

  void sealed(SealedField field, Sealed bytes) {
    const auto clear = open_ ? open_(field, bytes) : std::nullopt;
    if (!clear) return append_sealed(out_, bytes, shown_);
    switch (field) {
      case SealedField::person: person(decode_person(*clear)); return;
      case SealedField::diagnoses: diagnoses(decode_texts(*clear)); return;
      case SealedField::goals: value(decode_texts(*clear)); return;
      case SealedField::prescriber_name:
      case SealedField::reference:
      case SealedField::reason:
      case SealedField::note:
      case SealedField::to:
      case SealedField::deviation: value(std::string_view(*clear)); return;
    }
  }
  void person(const PersonData& p) {
    out_ += '{';
    bool first = true;
    const auto given = [&](std::string_view name, std::string_view plain) { member(name, plain, first); };
    given("given_name", p.given_name);
    given("family_name", p.family_name);
    member("born", p.born, first);
    given("insurance_number", p.insurance_number);
    given("insurer_ik", p.insurer_ik);
    given("guardian", p.guardian);
    given("phone", p.phone);
    given("email", p.email);
    given("postal_code", p.postal_code);
    out_ += '}';
  }
  void diagnoses(const std::vector<std::string>& codes) {
    out_ += '[';
    for (std::size_t i = 0; i < codes.size(); ++i) {
      out_ += i > 0 ? ",{\"icd\":" : "{\"icd\":";
      value(std::string_view(codes[i]));
      out_ += '}';
    }
    out_ += ']';
  }

  std::string& out_;
  const OpenSealed& open_;
  const ShowSealed& shown_;
};

}  // namespace

void append_event_data(std::string& out, const Payload& payload, const OpenSealed& open,
                       const ShowSealed& shown) {
  std::visit([&](const auto& event) { Writer(out, open, shown).value(event); }, payload);
}

void append_event_data(std::string& out, const Event& event, const OpenSealed& open,
                       const ShowSealed& shown) {
  std::string data;
  append_event_data(data, event.payload, open, shown);
  if (std::holds_alternative<ReferralReceived>(event.payload)) {
    std::string provider = "\"provider\":";
    http::append_json_string(provider, event.provider);
    data.insert(1, provider + ",");
  }
  out += data;
}

void append_reasons(std::string& out, const std::vector<Deviation>& deviations, const OpenSealed& open,
                    const ShowSealed& shown) {
  out += '{';
  for (std::size_t i = 0; i < deviations.size(); ++i) {
    if (i > 0) out += ',';
    out.append("\"").append(word(deviations[i].rule)).append("\":");
    const auto clear = open ? open(SealedField::deviation, deviations[i].reason) : std::nullopt;
    if (clear) {
      http::append_json_string(out, *clear);
    } else {
      append_sealed(out, deviations[i].reason, shown);
    }
  }
  out += '}';
}

}  // namespace geleit
