// What becomes of a person's data once the care is over, or the person objects (REC-ERASE).
#pragma once

#include <optional>
#include <string_view>

#include "events/event_words.h"
#include "events/field.h"
#include "events/named.h"

namespace geleit {

/// The keys of the case's person were destroyed: nothing that was sealed can be read any more, anywhere. Its
/// own grounds are a word and not a text, for nothing could be sealed with a key that is gone.
struct PersonalDataErased {
  ErasureGrounds grounds{};
  std::optional<CivilDate> kept_until;  ///< last day of REC-RETENTION; none: the case had not ended
  static constexpr auto fields = std::tuple{field("grounds", &PersonalDataErased::grounds),
                                            field("kept_until", &PersonalDataErased::kept_until)};
  friend bool operator==(const PersonalDataErased&, const PersonalDataErased&) = default;
};

/// From now on the data is stored and nothing else (Art. 18 GDPR).
struct ProcessingRestricted {
  Sealed reason;
  static constexpr auto fields = std::tuple{field("reason", &ProcessingRestricted::reason)};
  friend bool operator==(const ProcessingRestricted&, const ProcessingRestricted&) = default;
};

struct RestrictionLifted {
  Sealed reason;
  static constexpr auto fields = std::tuple{field("reason", &RestrictionLifted::reason)};
  friend bool operator==(const RestrictionLifted&, const RestrictionLifted&) = default;
};

}  // namespace geleit
