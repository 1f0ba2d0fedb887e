// The kinds of personal data that events carry, each sealed with the person's key.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace geleit {

/// Every kind of personal data that an event carries. Sealed bytes are bound to the number: it is for ever,
/// new ones are added at the end.
enum class SealedField : std::uint8_t {
  person,     ///< a PersonData (codec.h)
  diagnoses,  ///< a list of texts (codec.h), ICD codes
  prescriber_name,
  reference,
  reason,
  note,
  goals,  ///< a list of texts (codec.h)
  to,
  deviation,  ///< a reason given for a rule
};

/// The kind of a payload's sealed field, by its name in `fields`; none for a name that no sealed field has.
[[nodiscard]] constexpr std::optional<SealedField> sealed_field(std::string_view name) {
  if (name == "person") return SealedField::person;
  if (name == "diagnoses") return SealedField::diagnoses;
  if (name == "name") return SealedField::prescriber_name;
  if (name == "reference") return SealedField::reference;
  if (name == "reason") return SealedField::reason;
  if (name == "note") return SealedField::note;
  if (name == "goals") return SealedField::goals;
  if (name == "to") return SealedField::to;
  return std::nullopt;
}

}  // namespace geleit
