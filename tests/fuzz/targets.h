// What fuzzers feed (tests/README.md, Fuzzing): each takes any bytes, throws nothing, and aborts where a
// promise is broken. The fuzzers of a `fuzz` build and the test that replays the corpus call the same
// functions.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace geleit::fuzz {

/// The JSON text of a command: read, decided on an empty case, made an event, encoded and decoded.
void take_command(std::string_view bytes);
/// A query string, its first byte choosing the list: filters, sorts, limits and cursors over some cases.
void take_query(std::string_view bytes);
/// Stored bytes, the first one choosing what they are: an event's record, a group of the embedded log, a
/// stored case, a row of any table, the clear text of a sealed field.
void take_record(std::string_view bytes);
/// The bytes of a connection: a request's head and body, its target, what its fields say.
void take_request(std::string_view bytes);

/// The file that is being replayed, for whoever reads why it ended.
inline std::string feeding;

/// Assertions of the targets; they stay on in every build.
inline void require(bool condition, std::string_view what) {
  if (condition) return;
  std::fprintf(stderr, "%s: %.*s\n", feeding.c_str(), static_cast<int>(what.size()), what.data());
  std::abort();
}

}  // namespace geleit::fuzz
