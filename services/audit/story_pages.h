// The story of a case on paper: as text, as JSON and as a page to be printed.
#pragma once

#include <string>

#include "events/log.h"
#include "services/audit/told_case.h"

namespace geleit {

/// A story and what its head says.
struct StoryPage {
  const CaseId& id;
  const Story& story;
  const RuleBook& rules;
  const StoryOpener& opener;
  LogInfo log;
  std::optional<Instant> known_at;  ///< as asked
  Instant now;                      ///< deadlines and alerts at the end are seen on its Berlin day
  Language language = Language::de;
};

/// Lines for a terminal.
[[nodiscard]] std::string story_text(const StoryPage& page);
/// One object; members and codes are the same in every language, `text` is a sentence in the page's.
[[nodiscard]] std::string story_json(const StoryPage& page);
/// A whole page for A4 without scripts or anything from elsewhere. Everything that was ever entered is
/// escaped.
[[nodiscard]] std::string story_html(const StoryPage& page);

}  // namespace geleit
