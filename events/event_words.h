// The closed vocabularies of API.md. A value is for ever (in schema/event.capnp it is one more, 0 being
// `unset`); each text is the word on the wire.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace geleit {

enum class Benefit : std::uint8_t { smn, st };
enum class PrescriberKind : std::uint8_t {
  hospital,
  rehab,
  paediatrician,
  general_practitioner,
  neurology,
  psychiatry,
  child_psychiatry,
  psychosomatics,
  psychotherapy_title,
  psychological_psychotherapist,
  child_psychotherapist,
  psychiatric_outpatient_clinic,
  other,
};
enum class Setting : std::uint8_t {
  inpatient,
  day_patient,
  pre_post_inpatient,
  ambulatory_surgery,
  inpatient_rehab,
  ambulatory,
};
enum class Coverage : std::uint8_t { insured, unresolved, uninsured };
enum class Regime : std::uint8_t { sgb5_13_3a, sgb9_14_18 };
enum class Place : std::uint8_t { home, facility, hospital, phone, video, other };
enum class Category : std::uint8_t { preparation, coordination, guidance };
enum class Cause : std::uint8_t { moved, refused, readmitted, died, other };
enum class ErasureGrounds : std::uint8_t { retention_over, request, other };
enum class Land : std::uint8_t { bw, by, be, bb, hb, hh, he, mv, ni, nw, rp, sl, sn, st, sh, th };

/// The words of a vocabulary in the order of its values: words<Place>[0] == "home".
template <class E>
inline constexpr std::array<std::string_view, 0> words{};
template <>
inline constexpr std::array<std::string_view, 2> words<Benefit>{"SMN", "ST"};
template <>
inline constexpr std::array<std::string_view, 13> words<PrescriberKind>{"hospital",
                                                                        "rehab",
                                                                        "paediatrician",
                                                                        "general_practitioner",
                                                                        "neurology",
                                                                        "psychiatry",
                                                                        "child_psychiatry",
                                                                        "psychosomatics",
                                                                        "psychotherapy_title",
                                                                        "psychological_psychotherapist",
                                                                        "child_psychotherapist",
                                                                        "psychiatric_outpatient_clinic",
                                                                        "other"};
template <>
inline constexpr std::array<std::string_view, 6> words<Setting>{
    "inpatient", "day_patient", "pre_post_inpatient", "ambulatory_surgery", "inpatient_rehab", "ambulatory"};
template <>
inline constexpr std::array<std::string_view, 3> words<Coverage>{"insured", "unresolved", "uninsured"};
template <>
inline constexpr std::array<std::string_view, 2> words<Regime>{"Sgb5_13_3a", "Sgb9_14_18"};
template <>
inline constexpr std::array<std::string_view, 6> words<Place>{"home",  "facility", "hospital",
                                                              "phone", "video",    "other"};
template <>
inline constexpr std::array<std::string_view, 3> words<Category>{"preparation", "coordination", "guidance"};
template <>
inline constexpr std::array<std::string_view, 5> words<Cause>{"moved", "refused", "readmitted", "died",
                                                              "other"};
template <>
inline constexpr std::array<std::string_view, 3> words<ErasureGrounds>{"retention_over", "request", "other"};
template <>
inline constexpr std::array<std::string_view, 16> words<Land>{
    "DE-BW", "DE-BY", "DE-BE", "DE-BB", "DE-HB", "DE-HH", "DE-HE", "DE-MV",
    "DE-NI", "DE-NW", "DE-RP", "DE-SL", "DE-SN", "DE-ST", "DE-SH", "DE-TH"};

template <class E>
concept Vocabulary = (words<E>.size() > 0);

template <Vocabulary E>
[[nodiscard]] constexpr std::string_view word(E value) {
  return words<E>[static_cast<std::size_t>(value)];
}

template <Vocabulary E>
[[nodiscard]] constexpr std::optional<E> parse_word(std::string_view text) {
  for (std::size_t i = 0; i < words<E>.size(); ++i) {
    if (words<E>[i] == text) return static_cast<E>(i);
  }
  return std::nullopt;
}

}  // namespace geleit
