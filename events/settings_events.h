// Settings as facts: whatever changes what people see.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "events/event_words.h"
#include "events/field.h"
#include "events/named.h"
#include "events/rule.h"

namespace geleit {

/// Whose settings: what ships with the program, the installation's, or one provider's.
enum class SettingsScope : std::uint8_t { shipped, installation, provider };
template <>
inline constexpr std::array<std::string_view, 3> words<SettingsScope>{"shipped", "installation", "provider"};

/// Full content and its hash; in force for what is decided after it is read back.
struct SettingsAdopted {
  SettingsScope scope{};
  CivilDate from{};
  Hash hash{};               ///< SHA-256 of `content`
  std::string_view content;  ///< a TOML rule set (shipped) or the settings of AdoptSettings
  static constexpr auto fields =
      std::tuple{field("scope", &SettingsAdopted::scope), field("from", &SettingsAdopted::from),
                 field("hash", &SettingsAdopted::hash), field("content", &SettingsAdopted::content)};
  friend bool operator==(const SettingsAdopted&, const SettingsAdopted&) = default;
};

}  // namespace geleit
