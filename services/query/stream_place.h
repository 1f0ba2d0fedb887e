// Where a listener of the stream stands, as the `id` of an event says and `Last-Event-ID` gives it back.
//
//   0:123,4:45         everything up to these records, the last ones read of partitions 0 and 4
//   0:123,4:45/7~4:48  and the first 7 of the rows that changed between there and 4:48
//   -                  nothing at all
//
// Which rows changed between two places, and in which order they are told, the log alone decides: the same
// words mean the same to every process that reads it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "events/log.h"

namespace geleit {

struct StreamPlace {
  Positions at;          ///< by partition, of the next record
  std::size_t rows = 0;  ///< of those that changed on the way to …
  Positions to = at;
};

[[nodiscard]] std::string to_string(const StreamPlace& place);
/// Nothing where it is none, or names a partition that a log of so many has not.
[[nodiscard]] std::optional<StreamPlace> parse_stream_place(std::string_view text, std::size_t partitions);

}  // namespace geleit
