// A sentence of the catalogue in every language at once: what a refusal carries until its reader is known.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "events/civil_time.h"
#include "projections/rules/catalogue.h"

namespace geleit {

/// A sentence in every language that people read.
struct Sentence {
  std::string de, en;
  [[nodiscard]] const std::string& in(Language language) const { return language == Language::de ? de : en; }
  friend bool operator==(const Sentence&, const Sentence&) = default;
};

/// Arguments of sentences, as each language writes them: "20.02.2026", "2026-02-20".
[[nodiscard]] inline std::string_view in(Language language, const Sentence& sentence) {
  return sentence.in(language);
}
[[nodiscard]] inline std::string_view in(Language, std::string_view text) { return text; }
[[nodiscard]] inline int in(Language, int number) { return number; }
[[nodiscard]] inline std::int64_t in(Language, std::int64_t number) { return number; }
[[nodiscard]] inline std::string in(Language language, CivilDate day) {
  if (language == Language::en) return to_string(day);
  const YearMonthDay ymd = to_ymd(day);
  return fmt::format("{:02}.{:02}.{}", ymd.day, ymd.month, ymd.year);
}

template <class... Parameters, class... Args>
[[nodiscard]] Sentence sentence(const Message<Parameters...>& message, const Args&... args) {
  return {say(Language::de, message, in(Language::de, args)...),
          say(Language::en, message, in(Language::en, args)...)};
}

}  // namespace geleit
