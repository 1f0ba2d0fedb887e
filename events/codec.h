// Events to and from the bytes of a record: one single-segment Cap'n Proto message followed by its SHA-256.
// The same bytes go into every log.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "events/event.h"

namespace geleit {

/// The bytes are no event of this schema; says why. What cannot be decoded is `foreign`: counted, never
/// accepted.
struct BadRecord : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A record, a multiple of 8 octets long, its hash at the end.
[[nodiscard]] std::string encode(const Event& event);

/// The event in a record; views `record`, which must be aligned to 8 and outlive it. The stated hash is not
/// recomputed (see `recompute_hash`). Throws BadRecord.
void decode(std::string_view record, Event& out);
[[nodiscard]] inline Event decode(std::string_view record) {
  Event e;
  decode(record, e);
  return e;
}

/// What the chain needs, without reading the payload.
struct Link {
  EventId id;
  CaseId stream;
  Version version;
  Hash previous;
  Hash hash;  ///< as stated at the end of the record
};
/// Nothing when the record is not even that.
[[nodiscard]] std::optional<Link> link_of(std::string_view record);

/// The hash that the record states: its last 32 octets. The record must be at least that long.
[[nodiscard]] Hash stated_hash(std::string_view record);
/// SHA-256 of everything before the stated hash.
[[nodiscard]] Hash recompute_hash(std::string_view record);

/// The clear text of ReferralReceived.person. Empty texts are absent fields.
struct PersonData {
  std::string given_name, family_name;
  CivilDate born;
  std::string insurance_number, insurer_ik, guardian, phone, email, postal_code;
  friend bool operator==(const PersonData&, const PersonData&) = default;
};
[[nodiscard]] std::string encode_person(const PersonData& person);
/// Throws BadRecord.
[[nodiscard]] PersonData decode_person(std::string_view clear);
/// The clear text of `diagnoses` and `goals`.
[[nodiscard]] std::string encode_texts(const std::vector<std::string>& texts);
[[nodiscard]] std::vector<std::string> decode_texts(std::string_view clear);

}  // namespace geleit
