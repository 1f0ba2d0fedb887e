#include "events/log.h"

#include <fmt/format.h>

#include "events/murmur2.h"
#include "events/uuid.h"

namespace geleit {

Partition partition_of(const CaseId& stream, std::uint16_t partitions) {
  char text[36];
  write_uuid(stream.value, text);
  return Partition{static_cast<std::uint16_t>((murmur2({text, sizeof text}) & 0x7fffffff) % partitions)};
}

void require_reached(const ReadableLog& log, const Positions& known) {
  const LogInfo info = log.info();
  if (known.size() > info.partitions) {
    throw LogRefused(
        fmt::format("the log in {} has {} partitions, but the tables know {}: they belong to another log",
                    info.where, info.partitions, known.size()));
  }
  const Positions ends = log.ends();
  for (std::size_t p = 0; p < known.size(); ++p) {
    if (known[p] <= ends[p]) continue;
    throw LogCorrupt(fmt::format(
        "the log in {} has lost its tail: expected partition {} to reach offset {}, which the tables have "
        "read, but it ends at {}. Restore the log from its last backup, or, if those records are lost for "
        "good, move the tables away so that they are built again from what is left",
        info.where, p, known[p].value, ends[p].value));
  }
}

}  // namespace geleit
