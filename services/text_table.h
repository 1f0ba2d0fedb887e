// Rows as people read them: JSON objects laid out in aligned columns. Names of columns are those of the API.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace geleit {

/// Columns that a text takes on a terminal: its characters, not its bytes.
[[nodiscard]] std::size_t columns_of(std::string_view utf8);

/// `rows` are the texts of JSON objects. A head with the names, then a line a row; numbers to the right. An
/// object of plain values that has the same members in every row becomes columns (`anchor.date`); other
/// objects and lists are written into their cell (`rule=SMN-HOME text=…`). What is null or absent is `-`.
/// With `width_max`, the widest column is cut (`…`) to make the lines that wide, but never below 16.
[[nodiscard]] std::string lay_out_rows(std::span<const std::string_view> rows, std::size_t width_max = 0);

/// The same for rows of many columns and few rows: a line a column, headed by its name, and a column a row,
/// all to the right. With `width_max`, so many rows beside one another as fit, then the next ones below; one
/// row at least.
[[nodiscard]] std::string lay_out_turned(std::span<const std::string_view> rows, std::size_t width_max = 0);

/// One JSON object: a line for each plain member, and a table under its name for each list of objects.
[[nodiscard]] std::string lay_out_object(std::string_view object, std::size_t width_max = 0);

/// JSON values as one list, a line each, with a line end.
[[nodiscard]] std::string json_list(std::span<const std::string> values);

/// How wide a line of standard output may be; 0 where nobody looks at it.
[[nodiscard]] std::size_t terminal_width();

}  // namespace geleit
