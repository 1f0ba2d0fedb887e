// A command out of JSON text, or the first thing that is wrong with it: everything in API.md, Refusals, that
// can be seen without the case and without a rule. `field` is the member's own name at the top (`happened`)
// and its name inside data otherwise (`minutes`, `person.born`, `diagnoses[0].icd`); a fault of the text
// itself has `command`.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <variant>

#include "services/access_role.h"
#include "services/intake/commands.h"
#include "services/intake/rejection.h"

namespace geleit {

/// Who sends a command: the service's own are refused from people.
enum class Caller : std::uint8_t { people, service };

/// Reads one command after another, reusing its memory. One per thread.
class CommandReader {
 public:
  /// What time it is for a command that says it was entered then; asked once a command, before its facts are
  /// compared with today.
  using AskNow = std::function<Instant(std::optional<Instant> entered)>;

  CommandReader();
  ~CommandReader();

  /// `json` is one object, blanks around it allowed. The answer does not view it. Never throws on any text.
  /// `roles`: only what these may send (access_role.h) is read; none: whatever people may.
  [[nodiscard]] std::variant<Command, Rejection> read(std::string_view json, const AskNow& ask_now,
                                                      Caller caller = Caller::people,
                                                      std::optional<AccessRoles> roles = std::nullopt);
  [[nodiscard]] std::variant<Command, Rejection> read(std::string_view json, Instant now,
                                                      Caller caller = Caller::people);

 private:
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

}  // namespace geleit
