// `geleit rebuild` and `geleit check`: the tables made anew from the log, and held against it.
#pragma once

#include <filesystem>
#include <memory>
#include <string_view>

#include "projections/store.h"
#include "services/command_line.h"

namespace geleit {

/// For tools, also beside a service that writes: its tables as they are now. Throws as Store::open.
[[nodiscard]] std::unique_ptr<Store> open_tables_read_only(const std::filesystem::path& dir);

/// By the name that people know it by; null: there is none.
[[nodiscard]] const TableInfo* find_table(std::string_view name);
/// An argument that names one.
[[nodiscard]] CLI::Validator a_table();

/// `geleit rebuild [TABLE] [--data DIR] [--log DIR] [--json]`
///
/// Builds all tables beside the present ones (or one of them, from the stored cases), says in how many keys
/// they differ, switches to the new ones and keeps the old; then reads on to the end of the log. Refused
/// while a service holds the directory (exit status 3).
void add_rebuild(CommandLine& line);

/// `geleit check [--data DIR] [--log DIR] [--json]`
///
/// Derives everything afresh from the log and compares it with the tables, byte for byte; also beside a
/// running service, whose tables are taken as they are at this moment. Exit status 0 nothing differs, 1
/// something does, 3 there are no tables or no log.
void add_check(CommandLine& line);

}  // namespace geleit
