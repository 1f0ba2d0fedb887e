// The names of Geleit's quantities: every id, version, position, minute count and civil date is its own type,
// so that a minute never lands where a version belongs. Values are plain data: comparable, hashable, cheap to
// copy.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace geleit {

/// 128 bits as RFC 9562 orders them; `high` holds the first eight octets, big-endian.
struct Uuid {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  friend auto operator<=>(const Uuid&, const Uuid&) = default;
  [[nodiscard]] bool is_nil() const { return high == 0 && low == 0; }
  /// The version nibble (4, 5, 7 …); only meaningful for ids of the RFC variant.
  [[nodiscard]] int version() const { return static_cast<int>((high >> 12) & 0xf); }
};

/// A UUID that identifies one kind of thing.
template <class Tag>
struct Id {
  Uuid value;

  friend auto operator<=>(const Id&, const Id&) = default;
  [[nodiscard]] bool is_nil() const { return value.is_nil(); }
};

using EventId = Id<struct EventIdTag>;  ///< also the id of the command that asked for the event
using CaseId = Id<struct CaseIdTag>;    ///< also names the streams that are no case (provider, installation)
using PersonId = Id<struct PersonIdTag>;
using VisitId = Id<struct VisitIdTag>;
using ApprovalId = Id<struct ApprovalIdTag>;
using KeyId = Id<struct KeyIdTag>;      ///< one key of a person; a person may have several
using TraceId = Id<struct TraceIdTag>;  ///< W3C trace id; nil when the client sent none

/// A whole number of one kind. Arithmetic only where a kind asks for it (see Minutes).
template <class Tag, class Rep>
struct Number {
  Rep value{};

  constexpr Number() = default;
  constexpr explicit Number(Rep v) : value(v) {}
  friend constexpr auto operator<=>(const Number&, const Number&) = default;
};

using Version = Number<struct VersionTag, std::uint32_t>;  ///< 1, 2, 3 … within one stream; 0 = nothing yet
using Partition = Number<struct PartitionTag, std::uint16_t>;
using Offset = Number<struct OffsetTag, std::uint64_t>;  ///< of a record in its partition, from 0
using Cents = Number<struct CentsTag, std::int64_t>;

[[nodiscard]] constexpr Version next(Version v) { return Version{v.value + 1}; }
[[nodiscard]] constexpr Offset next(Offset o) { return Offset{o.value + 1}; }

/// An amount of care. A unit is 60 minutes (SMN-UNIT) and is never kept as floating hours.
struct Minutes : Number<struct MinutesTag, std::int32_t> {
  using Number::Number;
  constexpr Minutes& operator+=(Minutes o) {
    value += o.value;
    return *this;
  }
  constexpr Minutes& operator-=(Minutes o) {
    value -= o.value;
    return *this;
  }
  friend constexpr Minutes operator+(Minutes a, Minutes b) { return a += b; }
  friend constexpr Minutes operator-(Minutes a, Minutes b) { return a -= b; }
};
inline constexpr std::int32_t minutes_per_unit = 60;
[[nodiscard]] constexpr Minutes minutes_of_units(std::int32_t units) {
  return Minutes{units * minutes_per_unit};
}

/// A moment, in milliseconds since 1970-01-01T00:00:00Z.
struct Instant {
  std::int64_t ms = 0;
  friend constexpr auto operator<=>(const Instant&, const Instant&) = default;
};

/// A day of the Gregorian calendar without zone, as days since 1970-01-01. Rules are computed on these; an
/// instant becomes one by Europe/Berlin (civil_time.h), never by UTC.
struct CivilDate {
  std::int32_t days = 0;

  friend constexpr auto operator<=>(const CivilDate&, const CivilDate&) = default;
  friend constexpr CivilDate operator+(CivilDate d, int days) { return CivilDate{d.days + days}; }
  friend constexpr CivilDate operator-(CivilDate d, int days) { return CivilDate{d.days - days}; }
  friend constexpr int operator-(CivilDate a, CivilDate b) { return a.days - b.days; }
};

/// When something happened: an instant, or a whole civil day.
struct Happened {
  CivilDate date;             ///< always set: the day, or the Berlin date of `at`
  std::optional<Instant> at;  ///< set when the hour is known
  friend auto operator<=>(const Happened&, const Happened&) = default;
};

/// SHA-256. All zero is "no hash": before the first event of a stream, or no such rule set.
struct Hash {
  std::uint64_t words[4] = {};  ///< the 32 octets in order, each word big-endian

  friend auto operator<=>(const Hash&, const Hash&) = default;
  [[nodiscard]] bool is_zero() const {
    return words[0] == 0 && words[1] == 0 && words[2] == 0 && words[3] == 0;
  }
};

/// Where a record lies in a log.
struct Position {
  Partition partition;
  Offset offset;
  friend auto operator<=>(const Position&, const Position&) = default;
};

/// A field encrypted with a person's key (services/seal.h). Views the record or command it came from;
/// empty means the field is absent.
struct Sealed {
  std::string_view bytes;
  friend bool operator==(const Sealed&, const Sealed&) = default;
  [[nodiscard]] bool present() const { return !bytes.empty(); }
};

}  // namespace geleit

template <>
struct std::hash<geleit::Uuid> {
  std::size_t operator()(const geleit::Uuid& u) const noexcept {
    return static_cast<std::size_t>((u.high ^ (u.low * 0x9e3779b97f4a7c15ULL)) * 0xff51afd7ed558ccdULL);
  }
};
template <class Tag>
struct std::hash<geleit::Id<Tag>> {
  std::size_t operator()(const geleit::Id<Tag>& id) const noexcept {
    return std::hash<geleit::Uuid>{}(id.value);
  }
};
