#include "services/audit/sqlite_file.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cassert>

namespace geleit {
namespace {

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close(database); }
};
struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

std::string in_quotes(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) out.append(c == '"' ? 2 : 1, c);
  return out + "\"";
}

std::string_view word(SqlType type) {
  switch (type) {
    case SqlType::integer: return "INTEGER";
    case SqlType::real: return "REAL";
    case SqlType::text: break;
  }
  return "TEXT";
}

}  // namespace

struct SqliteFile::Database {
  std::unique_ptr<sqlite3, CloseDatabase> handle;
  Statement insert;

  void check(int code) const {
    if (code != SQLITE_OK && code != SQLITE_DONE)
      throw SqliteFailed(fmt::format("the SQLite file cannot be written: {}", sqlite3_errmsg(handle.get())));
  }
  void run(const std::string& sql) const {
    check(sqlite3_exec(handle.get(), sql.c_str(), nullptr, nullptr, nullptr));
  }
};

SqliteFile::SqliteFile(const std::filesystem::path& file, std::int32_t application_id)
    : database_(std::make_unique<Database>()) {
  sqlite3* opened = nullptr;
  const int code =
      sqlite3_open_v2(file.c_str(), &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  database_->handle.reset(opened);
  database_->check(code);
  // The file is expendable until it is finished, so nothing is journalled; what is temporary stays in memory.
  database_->run(
      fmt::format("PRAGMA page_size = 4096; PRAGMA encoding = 'UTF-8'; PRAGMA auto_vacuum = NONE;"
                  "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA temp_store = MEMORY;"
                  "PRAGMA application_id = {}; PRAGMA user_version = 1; BEGIN",
                  application_id));
}

SqliteFile::~SqliteFile() = default;

void SqliteFile::create(std::string_view table, std::span<const SqlColumn> columns) {
  std::string declared, places;
  for (const SqlColumn& column : columns) {
    declared +=
        fmt::format("{}{} {}", declared.empty() ? "" : ", ", in_quotes(column.name), word(column.type));
    places += places.empty() ? "?" : ", ?";
  }
  database_->run(fmt::format("CREATE TABLE {} ({})", in_quotes(table), declared));
  const std::string insert = fmt::format("INSERT INTO {} VALUES ({})", in_quotes(table), places);
  sqlite3_stmt* prepared = nullptr;
  database_->check(sqlite3_prepare_v2(database_->handle.get(), insert.c_str(), -1, &prepared, nullptr));
  database_->insert.reset(prepared);
}

void SqliteFile::insert(std::span<const SqlValue> values) {
  sqlite3_stmt* statement = database_->insert.get();
  assert(statement != nullptr && sqlite3_bind_parameter_count(statement) == static_cast<int>(values.size()));
  int place = 0;
  for (const SqlValue& value : values) {
    ++place;
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
      database_->check(sqlite3_bind_int64(statement, place, *number));
    } else if (const auto* real = std::get_if<double>(&value)) {
      database_->check(sqlite3_bind_double(statement, place, *real));
    } else if (const auto* text = std::get_if<std::string>(&value)) {
      database_->check(
          sqlite3_bind_text64(statement, place, text->data(), text->size(), SQLITE_STATIC, SQLITE_UTF8));
    } else {
      database_->check(sqlite3_bind_null(statement, place));
    }
  }
  database_->check(sqlite3_step(statement));
  database_->check(sqlite3_reset(statement));
}

void SqliteFile::index(std::string_view table, std::span<const std::string_view> columns) {
  std::string name(table), over;
  for (const std::string_view column : columns) {
    name.append("_").append(column);
    over += fmt::format("{}{}", over.empty() ? "" : ", ", in_quotes(column));
  }
  database_->run(fmt::format("CREATE INDEX {} ON {} ({})", in_quotes(name), in_quotes(table), over));
}

void SqliteFile::finish() {
  database_->insert.reset();
  database_->run("COMMIT; VACUUM");
  database_->check(sqlite3_close(database_->handle.get()));
  static_cast<void>(database_->handle.release());
}

}  // namespace geleit
