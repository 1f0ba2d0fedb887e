#include "services/text_table.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <set>

#include "services/json_slices.h"

namespace geleit {
namespace {

constexpr std::string_view between = "  ";
constexpr std::string_view nothing = "-";
constexpr std::size_t cut_min = 16;

bool is_object(std::string_view value) { return value.starts_with('{'); }
bool is_list(std::string_view value) { return value.starts_with('['); }
bool is_plain(std::string_view value) { return !is_object(value) && !is_list(value); }
bool is_number(std::string_view value) {
  return !value.empty() && (value[0] == '-' || (value[0] >= '0' && value[0] <= '9'));
}

/// On one line and without anything that a terminal would obey.
std::string tame(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return text;
}

std::string cell_of(std::string_view value) {
  if (value == "null") return std::string(nothing);
  if (is_plain(value)) return tame(plain_text(value));
  // What lies within a cell keeps its borders: `person={born=2024-07-14}`.
  const auto inner = [](std::string_view text) {
    return is_object(text) ? "{" + cell_of(text) + "}"
           : is_list(text) ? "[" + cell_of(text) + "]"
                           : cell_of(text);
  };
  std::string out;
  const auto add = [&](std::string_view separator, std::string_view text) {
    if (!out.empty()) out += separator;
    out += text;
  };
  if (is_list(value)) {
    for (const std::string_view element : elements_of(value)) add(", ", inner(element));
  } else {
    for (const auto& [name, member] : members_of(value)) {
      if (member != "null") add(" ", name + "=" + inner(member));
    }
  }
  return out.empty() ? std::string(nothing) : out;
}

std::string cut(std::string_view text, std::size_t columns) {
  std::size_t at = 0;
  for (std::size_t seen = 0; at < text.size(); ++at) {
    const bool begins = (static_cast<unsigned char>(text[at]) & 0xC0) != 0x80;
    if (begins && ++seen == columns) break;
  }
  return std::string(text.substr(0, at)) + "…";
}

using Members = std::vector<std::pair<std::string, std::string_view>>;

/// The members of all rows, with those objects opened that look the same in each.
std::vector<Members> open_rows(std::span<const std::string_view> rows) {
  std::vector<Members> out;
  std::map<std::string, std::vector<std::string>> names_within;
  std::set<std::string> closed;
  for (const std::string_view row : rows) {
    out.push_back(members_of(row));
    for (const auto& [name, value] : out.back()) {
      if (value == "null") continue;
      if (!is_object(value)) {
        closed.insert(name);
        continue;
      }
      std::vector<std::string> within;
      for (const auto& [inner, inner_value] : members_of(value)) {
        if (!is_plain(inner_value)) closed.insert(name);
        within.push_back(inner);
      }
      const auto [known, is_new] = names_within.try_emplace(name, within);
      if (within.empty() || (!is_new && known->second != within)) closed.insert(name);
    }
  }
  for (Members& row : out) {
    Members opened;
    for (auto& [name, value] : row) {
      const auto within = names_within.find(name);
      if (within == names_within.end() || closed.contains(name)) {
        opened.emplace_back(name, value);
      } else if (value == "null") {
        for (const std::string& inner : within->second) opened.emplace_back(name + "." + inner, value);
      } else {
        for (auto& [inner, inner_value] : members_of(value))
          opened.emplace_back(name + "." + inner, inner_value);
      }
    }
    row = std::move(opened);
  }
  return out;
}

struct Column {
  std::string name;
  std::vector<std::string> cells;
  bool numbers = true;
  std::size_t width = 0;
};

std::vector<Column> columns_of_rows(const std::vector<Members>& rows) {
  std::vector<Column> columns;
  std::map<std::string, std::size_t, std::less<>> by_name;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    for (const auto& [name, value] : rows[row]) {
      const auto [known, is_new] = by_name.try_emplace(name, columns.size());
      if (is_new) {
        columns.push_back({name, std::vector<std::string>(rows.size(), std::string(nothing))});
        columns.back().width = columns_of(name);
      }
      Column& column = columns[known->second];
      column.cells[row] = cell_of(value);
      column.width = std::max(column.width, columns_of(column.cells[row]));
      if (value != "null" && !is_number(value)) column.numbers = false;
    }
  }
  return columns;
}

void narrow(std::vector<Column>& columns, std::size_t width_max) {
  if (width_max == 0 || columns.empty()) return;
  std::size_t width = (columns.size() - 1) * between.size();
  for (const Column& column : columns) width += column.width;
  if (width <= width_max) return;
  Column& widest = *std::max_element(columns.begin(), columns.end(),
                                     [](const Column& a, const Column& b) { return a.width < b.width; });
  const std::size_t others = width - widest.width;
  const std::size_t left = width_max > others ? width_max - others : 0;
  widest.width = std::min(widest.width, std::max({left, cut_min, columns_of(widest.name)}));
  for (std::string& cell : widest.cells) {
    if (columns_of(cell) > widest.width) cell = cut(cell, widest.width);
  }
}

void append_cell(std::string& line, const Column& column, std::string_view text) {
  if (!line.empty()) line += between;
  const std::string gap(column.width - std::min(column.width, columns_of(text)), ' ');
  if (column.numbers)
    line.append(gap).append(text);
  else
    line.append(text).append(gap);
}

void append_line(std::string& out, std::string& line) {
  line.erase(line.find_last_not_of(' ') + 1);
  out.append(line).push_back('\n');
  line.clear();
}

}  // namespace

std::size_t columns_of(std::string_view utf8) {
  return static_cast<std::size_t>(std::count_if(
      utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string lay_out_rows(std::span<const std::string_view> rows, std::size_t width_max) {
  std::vector<Column> columns = columns_of_rows(open_rows(rows));
  narrow(columns, width_max);
  std::string out, line;
  for (const Column& column : columns) append_cell(line, column, column.name);
  append_line(out, line);
  for (std::size_t row = 0; row < rows.size(); ++row) {
    for (const Column& column : columns) append_cell(line, column, column.cells[row]);
    append_line(out, line);
  }
  return out;
}

std::string lay_out_turned(std::span<const std::string_view> rows, std::size_t width_max) {
  const std::vector<Column> columns = columns_of_rows(open_rows(rows));
  std::size_t names = 0;
  for (const Column& column : columns) names = std::max(names, columns_of(column.name));
  const auto width_of = [&](std::size_t row) {
    std::size_t width = 0;
    for (const Column& column : columns) width = std::max(width, columns_of(column.cells[row]));
    return width;
  };
  std::string out, line;
  for (std::size_t first = 0, end = 0; first < rows.size(); first = end) {
    std::vector<std::size_t> widths;
    for (std::size_t width = names; end < rows.size(); ++end) {
      widths.push_back(width_of(end));
      width += between.size() + widths.back();
      if (width_max > 0 && width > width_max && end > first) break;
    }
    if (first > 0) out.push_back('\n');
    for (const Column& column : columns) {
      line.append(column.name).append(names - columns_of(column.name), ' ');
      for (std::size_t row = first; row < end; ++row) {
        const std::string& cell = column.cells[row];
        line.append(between).append(widths[row - first] - columns_of(cell), ' ').append(cell);
      }
      append_line(out, line);
    }
  }
  return out;
}

std::string lay_out_object(std::string_view object, std::size_t width_max) {
  const std::vector<Members> opened = open_rows(std::span(&object, 1));
  std::size_t width = 0;
  const auto is_table = [](std::string_view value) {
    return is_list(value) && !elements_of(value).empty() && is_object(elements_of(value).front());
  };
  for (const auto& [name, value] : opened.front()) {
    if (!is_table(value)) width = std::max(width, columns_of(name));
  }
  std::string out;
  for (const auto& [name, value] : opened.front()) {
    if (!is_table(value)) out += fmt::format("{:<{}}{}{}\n", name, width, between, cell_of(value));
  }
  for (const auto& [name, value] : opened.front()) {
    if (is_table(value)) out += fmt::format("\n{}\n", name) + lay_out_rows(elements_of(value), width_max);
  }
  return out;
}

std::string json_list(std::span<const std::string> values) {
  std::string out = "[";
  for (const std::string& value : values) out.append(out.size() > 1 ? ",\n" : "\n").append(value);
  return out.append(values.empty() ? "]\n" : "\n]\n");
}

std::size_t terminal_width() {
  winsize size{};
  return ::isatty(STDOUT_FILENO) == 1 && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

}  // namespace geleit
