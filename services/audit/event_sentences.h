// An event as a person would tell it, in a sentence.
#pragma once

#include <optional>
#include <string>

#include "events/event.h"
#include "events/sealed_field.h"
#include "projections/case.h"
#include "projections/rules/catalogue.h"
#include "services/key_store.h"

namespace geleit {

/// Whether personal data can be read, and if not, why.
enum class PersonalData : std::uint8_t {
  open,
  sealed,  ///< nobody asked for it, or the keys cannot be read
  erased,  ///< the key was destroyed
  lost,    ///< a key that the store has never known
};
template <>
inline constexpr std::array<std::string_view, 4> words<PersonalData>{"open", "sealed", "erased", "lost"};

/// Opens the sealed fields of events; without keys everything stays sealed.
class StoryOpener {
 public:
  /// `keys` outlives it.
  explicit StoryOpener(const KeyStore* keys) : keys_(keys) {}
  [[nodiscard]] PersonalData state(KeyId key) const;
  [[nodiscard]] std::optional<std::string> open(const Event& event, SealedField field, Sealed sealed) const;
  [[nodiscard]] std::optional<std::string> open(KeyId key, const CaseId& case_id, SealedField field,
                                                std::string_view sealed) const;

 private:
  const KeyStore* keys_;
};

/// "gelöscht", "versiegelt" …; not for `open`.
[[nodiscard]] std::string not_open_words(PersonalData state, Language language);

/// What an event is told from. `after` of a stale event is the case as it stands.
struct Telling {
  const Event& event;
  const Case& before;
  const Case& after;
  const StoryOpener& opener;
  Language language;
};
/// One sentence with its full stop.
[[nodiscard]] std::string sentence_of(const Telling& telling);

}  // namespace geleit
