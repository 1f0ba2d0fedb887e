// `geleit export`: the events of a log as NDJSON, without a service or beside one.
#pragma once

#include "services/command_line.h"

namespace geleit {

/// `geleit export [--case ID] [--provider P] [--from PARTITION:OFFSET …] [--data DIR]
/// [--log DIR|kafka://…] [--config FILE] [--sealed] [--records]`
///
/// A CloudEvent a line (schema/README.md), stale records included and marked, by partition and offset. A
/// partition without `--from` is told from its beginning. Personal data is opened where the keys can be read;
/// with --sealed, or where they cannot, it stands as base64. Records that are no events of this program are
/// counted on standard error; with --records each is a line too, and every line has its record's octets. Exit
/// status 3 when there is no log.
void add_export(CommandLine& line);

}  // namespace geleit
