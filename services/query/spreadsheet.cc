#include "services/query/spreadsheet.h"

#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <xlsxwriter.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "events/civil_time.h"
#include "events/uuid.h"

namespace geleit {
namespace {

constexpr std::int64_t day_ms = 86'400'000;
/// Day 0 of a spreadsheet is 1899-12-30.
constexpr double day_of_1970 = 25'569;
constexpr double narrow = 12, wide = 19, id_wide = 38;
/// What holds the sheet's parts while they are made; where there is none, the library's own choice.
constexpr const char* memory_dir = "/dev/shm";

double width_of(ColumnType type) {
  switch (type) {
    case ColumnType::uuid: return id_wide;
    case ColumnType::instant:
    case ColumnType::text:
    case ColumnType::vocabulary: return wide;
    case ColumnType::date:
    case ColumnType::integer:
    case ColumnType::decimal:
    case ColumnType::boolean:
    case ColumnType::object: break;
  }
  return narrow;
}

[[noreturn]] void fail(const std::string& what) {
  throw SpreadsheetFailed("a spreadsheet cannot be made: " + what);
}

}  // namespace

struct Spreadsheet::State {
  int file = -1;  ///< in memory
  lxw_workbook* book = nullptr;
  lxw_worksheet* sheet = nullptr;
  lxw_format* of_dates = nullptr;
  lxw_format* of_instants = nullptr;
  std::vector<const Column*> columns;
  std::size_t own = 0;  ///< the first ones; the others are beside
  lxw_row_t row = 0;

  ~State() {
    if (book != nullptr) (void)workbook_close(book);
    if (file >= 0) ::close(file);
  }
};

namespace {
/// Where its parts grow. Throws SpreadsheetFailed.
void require_room() {
  constexpr std::uint64_t least = std::uint64_t{4} << 20;
  struct statvfs room {};
  if (::statvfs(memory_dir, &room) != 0) fail(std::string(memory_dir) + ": " + std::strerror(errno));
  if (room.f_bavail * room.f_frsize < least) fail(std::string(memory_dir) + " is full");
}
}  // namespace

Spreadsheet::Spreadsheet(std::string_view name, std::span<const Column> columns,
                         std::span<const Column> beside)
    : state_(std::make_unique<State>()) {
  State& s = *state_;
  s.file = ::memfd_create("sheet", MFD_CLOEXEC);
  if (s.file < 0) fail(std::strerror(errno));
  const std::string path = "/proc/self/fd/" + std::to_string(s.file);
  std::string parts(memory_dir);
  lxw_workbook_options options{};
  options.constant_memory = LXW_TRUE;
  require_room();  // the library would take a disk instead
  options.tmpdir = parts.data();
  s.book = workbook_new_opt(path.c_str(), &options);
  if (s.book == nullptr) fail("no memory");
  s.sheet = workbook_add_worksheet(s.book, std::string(name).c_str());
  s.of_dates = workbook_add_format(s.book);
  s.of_instants = workbook_add_format(s.book);
  lxw_format* heading = workbook_add_format(s.book);
  if (s.sheet == nullptr || heading == nullptr || s.of_dates == nullptr || s.of_instants == nullptr)
    fail("no room for its parts");
  format_set_num_format(s.of_dates, "yyyy-mm-dd");
  format_set_num_format(s.of_instants, "yyyy-mm-dd hh:mm");
  format_set_bold(heading);
  const auto head = [&](const Column& column) {
    if (column.type == ColumnType::object) return;
    const auto at = static_cast<lxw_col_t>(s.columns.size());
    worksheet_set_column(s.sheet, at, at, width_of(column.type), nullptr);
    worksheet_write_string(s.sheet, 0, at, std::string(column.name).c_str(), heading);
    s.columns.push_back(&column);
  };
  std::for_each(columns.begin(), columns.end(), head);
  s.own = s.columns.size();
  std::for_each(beside.begin(), beside.end(), head);
  worksheet_freeze_panes(s.sheet, 1, 0);
}

Spreadsheet::~Spreadsheet() = default;

void Spreadsheet::add(const AnyRow& row, const AnyRow& beside, const Asked& asked) {
  State& s = *state_;
  ++s.row;
  for (std::size_t i = 0; i < s.columns.size(); ++i) {
    const Column& column = *s.columns[i];
    const auto at = static_cast<lxw_col_t>(i);
    const Value value = column.get(i < s.own ? row : beside, asked);
    if (const auto* id = std::get_if<Uuid>(&value)) {
      worksheet_write_string(s.sheet, s.row, at, to_string(*id).c_str(), nullptr);
    } else if (const auto* text = std::get_if<std::string>(&value)) {
      if (column.type == ColumnType::boolean) {
        worksheet_write_boolean(s.sheet, s.row, at, *text == "true" ? 1 : 0, nullptr);
      } else {
        // A text cell is never run as a formula.
        worksheet_write_string(s.sheet, s.row, at, text->c_str(), nullptr);
      }
    } else if (const auto* number = std::get_if<std::int64_t>(&value)) {
      const auto n = static_cast<double>(*number);
      if (column.type == ColumnType::date) {
        worksheet_write_number(s.sheet, s.row, at, n + day_of_1970, s.of_dates);
      } else if (column.type == ColumnType::instant) {
        // A spreadsheet knows no zones: it is the clock on the wall in Berlin.
        const double local_ms = n + berlin_offset_minutes(Instant{*number}) * 60'000.;
        worksheet_write_number(s.sheet, s.row, at, local_ms / day_ms + day_of_1970, s.of_instants);
      } else {
        worksheet_write_number(s.sheet, s.row, at, column.type == ColumnType::decimal ? n / 100 : n, nullptr);
      }
    }
  }
}

std::string Spreadsheet::finish() {
  State& s = *state_;
  if (!s.columns.empty())
    worksheet_autofilter(s.sheet, 0, 0, s.row, static_cast<lxw_col_t>(s.columns.size() - 1));
  require_room();  // what the library could not write it leaves out in silence
  const lxw_error error = workbook_close(std::exchange(s.book, nullptr));
  if (error != LXW_NO_ERROR) fail(lxw_strerror(error));
  const off_t length = ::lseek(s.file, 0, SEEK_END);
  if (length <= 0) fail("it is empty");
  std::string bytes(static_cast<std::size_t>(length), '\0');
  std::size_t got = 0;
  while (got < bytes.size()) {
    const ssize_t n = ::pread(s.file, bytes.data() + got, bytes.size() - got, static_cast<off_t>(got));
    if (n <= 0) fail(std::strerror(errno));
    got += static_cast<std::size_t>(n);
  }
  return bytes;
}

}  // namespace geleit
