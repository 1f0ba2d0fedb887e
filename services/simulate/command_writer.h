// Writes commands as API.md spells them, straight into a buffer: no document tree, no allocation per field.
// Values are escaped as RFC 8259 asks; keys and command names are literals that need none.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "events/named.h"
#include "events/rule.h"
#include "services/simulate/almanac.h"

namespace geleit {

/// A written reason for a rule that acts by reason.
struct Reason {
  Rule rule;
  std::string_view text;
};

/// One command at a time: open, fields of `data`, close. `entered` stands in front of what is written here,
/// so that the same command can be sent twice without being written twice.
class CommandWriter {
 public:
  CommandWriter(std::string& out, const Almanac& almanac) : out_(out), almanac_(almanac) {}

  struct Head {
    std::string_view command;
    Uuid id, case_id;
    std::string_view by;
    std::span<const Reason> reasons = {};
    int expect_version = 0;  ///< 0: none
  };
  /// Writes `"command":…` up to the opening brace of `data`; `happened` a whole day or a minute.
  void open(const Head& head, CivilDate happened);
  void open(const Head& head, Moment happened);
  /// Closes `data` and the command; the line has no newline yet.
  void close();

  void text(std::string_view key, std::string_view value);
  void number(std::string_view key, std::int64_t value);
  void truth(std::string_view key, bool value);
  void date(std::string_view key, CivilDate value);
  void minute(std::string_view key, Moment value);
  void uuid(std::string_view key, const Uuid& value);
  void open_object(std::string_view key);
  void open_element();  ///< an object in a list
  void close_object();
  void open_list(std::string_view key);
  void element(std::string_view value);
  void close_list();

 private:
  void head(const Head& head);
  void tail(const Head& head);
  void key(std::string_view key);
  void comma();
  void string(std::string_view value);

  std::string& out_;
  const Almanac& almanac_;
  bool first_ = true;
};

}  // namespace geleit
