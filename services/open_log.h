// The log that `--log` names, wherever it lies, for commands that only read it.
#pragma once

#include <memory>
#include <string>

#include "events/log.h"
#include "services/config.h"

namespace geleit {

/// `where` is kafka://HOST:PORT/TOPIC or a directory. Throws what the two logs' `open_read_only` throw.
[[nodiscard]] std::unique_ptr<ReadableLog> open_log_read_only(const std::string& where, const Config& config);

}  // namespace geleit
