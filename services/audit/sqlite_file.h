// Writing an SQLite file whose bytes follow from what is written into it, in that order. SQLite's one place.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace geleit {

struct SqliteFailed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

enum class SqlType : std::uint8_t { integer, real, text };
struct SqlColumn {
  std::string name;
  SqlType type{};
};
/// Null, a number, or a text.
using SqlValue = std::variant<std::monostate, std::int64_t, double, std::string>;

/// Everything throws SqliteFailed. A file that was not finished is none.
class SqliteFile {
 public:
  /// `file` must not exist. `application_id` tells programs whose file it is.
  SqliteFile(const std::filesystem::path& file, std::int32_t application_id);
  ~SqliteFile();
  SqliteFile(const SqliteFile&) = delete;
  SqliteFile& operator=(const SqliteFile&) = delete;

  /// Begins a table; `insert` then fills it. Names are quoted here.
  void create(std::string_view table, std::span<const SqlColumn> columns);
  /// A row of the table begun last, a value a column.
  void insert(std::span<const SqlValue> values);
  /// An index of a table over these columns.
  void index(std::string_view table, std::span<const std::string_view> columns);
  /// Packs and closes it.
  void finish();

 private:
  struct Database;
  std::unique_ptr<Database> database_;
};

}  // namespace geleit
