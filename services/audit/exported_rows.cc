#include "services/audit/exported_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <charconv>
#include <iterator>

#include "events/civil_time.h"
#include "events/uuid.h"
#include "services/audit/audit_words.h"
#include "services/file_text.h"

namespace geleit {
namespace {

namespace json = boost::json;

/// Not compared: what a reader's language and rights make of a row.
bool is_passed_over(std::string_view column) {
  static constexpr std::array names{std::string_view("explanation"),   std::string_view("title"),
                                    std::string_view("acknowledged"),  std::string_view("snoozed"),
                                    std::string_view("person"),        std::string_view("acknowledged.note"),
                                    std::string_view("snoozed.reason")};
  return column.starts_with("person.") || std::find(names.begin(), names.end(), column) != names.end();
}

/// The fields of each line (RFC 4180 with `;`), quotes taken away.
std::vector<std::vector<std::string>> lines_of_csv(std::string_view text) {
  std::vector<std::vector<std::string>> lines;
  std::vector<std::string> line(1);
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c != '"') {
        line.back() += c;
      } else if (i + 1 < text.size() && text[i + 1] == '"') {
        line.back() += text[++i];
      } else {
        quoted = false;
      }
    } else if (c == '"') {
      quoted = true;
    } else if (c == ';') {
      line.emplace_back();
    } else if (c == '\n') {
      lines.push_back(std::move(line));
      line.assign(1, {});
    } else if (c != '\r') {
      line.back() += c;
    }
  }
  if (line.size() > 1 || !line.front().empty()) lines.push_back(std::move(line));
  return lines;
}

std::map<std::string, std::string> texts_of(const json::object& row) {
  std::map<std::string, std::string> out;
  for (const auto& member : row)
    out.emplace(std::string(member.key().data(), member.key().size()), json::serialize(member.value()));
  return out;
}

}  // namespace

ExportedRows::ExportedRows(const std::string& file, const ListTable& table) : file_(file), table_(table) {
  const std::string text = read_text(file).value_or("");
  if (text.empty())
    throw ExportRefused(fmt::format("expected an export of {} to read, but {} is none", table.name, file));
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  csv_ = begin == std::string::npos || (text[begin] != '[' && text[begin] != '{');
  if (csv_)
    read_csv(text);
  else
    read_json(text);
}

void ExportedRows::read_json(const std::string& text) {
  json::error_code error;
  const json::value value = json::parse(text, error);
  if (error) throw ExportRefused(fmt::format("expected JSON in {}, but {}", file_, error.message()));
  const json::array* rows = value.if_array();
  if (const json::object* page = value.if_object()) {
    if (const auto* items = page->if_contains("items")) rows = items->if_array();
    const auto* as_at = page->if_contains("as_at");
    if (const json::object* at = as_at ? as_at->if_object() : nullptr) {
      if (const auto* today = at->if_contains("today"); today && today->is_string())
        today_ = parse_date(std::string_view(today->as_string()));
      if (const auto* all = at->if_contains("positions"); all && all->is_object()) {
        positions_.emplace();
        for (const auto& one : all->as_object()) {
          std::uint16_t partition = 0;
          const std::string_view digits(one.key().data(), one.key().size());
          const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), partition);
          if (parsed.ec != std::errc{} || !one.value().is_int64() || one.value().as_int64() < 0)
            throw ExportRefused(fmt::format("expected positions in as_at of {}, but they are none", file_));
          positions_->emplace(partition, static_cast<std::uint64_t>(one.value().as_int64()));
        }
      }
    }
  }
  if (!rows) throw ExportRefused(fmt::format("expected a list of rows in {}, but there is none", file_));
  for (std::size_t i = 0; i < rows->size(); ++i) {
    const json::object* row = (*rows)[i].if_object();
    if (!row)
      throw ExportRefused(fmt::format("expected row {} of {} to be an object, but it is not", i + 1, file_));
    keep(texts_of(*row), i + 1);
  }
}

void ExportedRows::read_csv(const std::string& text) {
  std::string_view rest = text;
  if (rest.starts_with("\xEF\xBB\xBF")) rest.remove_prefix(3);
  const auto lines = lines_of_csv(rest);
  if (lines.empty())
    throw ExportRefused(fmt::format("expected a line of names in {}, but there is none", file_));
  const auto& names = lines.front();
  for (std::size_t i = 1; i < lines.size(); ++i) {
    if (lines[i].size() != names.size()) {
      throw ExportRefused(fmt::format("expected {} fields in line {} of {}, but there are {}", names.size(),
                                      i + 1, file_, lines[i].size()));
    }
    Fields fields;
    for (std::size_t f = 0; f < names.size(); ++f) fields.emplace(names[f], lines[i][f]);
    keep(std::move(fields), i);
  }
}

void ExportedRows::keep(Fields fields, std::size_t number) {
  const auto id_text = fields.find("case");
  std::string_view id = id_text == fields.end() ? std::string_view() : std::string_view(id_text->second);
  if (id.size() > 2 && id.front() == '"') id = id.substr(1, id.size() - 2);
  const auto parsed = parse_uuid(id);
  if (!parsed)
    throw ExportRefused(
        fmt::format("expected row {} of {} to name its case, but it does not", number, file_));
  for (const auto& [name, value] : fields) {
    if (!table_.column(name)) {
      throw ExportRefused(
          fmt::format("expected columns of {} in {}, but '{}' is none of them", table_.name, file_, name));
    }
    if (!is_passed_over(name)) columns_.insert(name);
  }
  rows_[CaseId{*parsed}].push_back(std::move(fields));
}

/// What names a row within its case, as far as columns do: of several deadlines of a rule the anchor's day
/// decides, by the order of their texts.
std::string ExportedRows::place_of(const Fields& fields) const {
  std::string out;
  for (const char* name : {"rule", "task", "visit", "alert"}) {
    if (table_.name == std::string_view("overdue-starts") ||
        (table_.name == std::string_view("alerts") && std::string_view(name) == "rule"))
      continue;
    if (const auto found = fields.find(name); found != fields.end()) out += found->second + "\n";
  }
  return out;
}

ExportedRows::Fields ExportedRows::fields_of(const AnyRow& row, const Asked& asked) const {
  std::string text;
  if (!csv_) {
    append_row_json(text, table_.columns, row, asked);
    return texts_of(json::parse(text).as_object());
  }
  append_csv_header(text, table_.columns);
  append_row_csv(text, table_.columns, row, asked);
  const auto lines = lines_of_csv(std::string_view(text).substr(3));
  Fields fields;
  for (std::size_t f = 0; f < lines.front().size(); ++f) fields.emplace(lines.front()[f], lines.at(1)[f]);
  return fields;
}

RowChange ExportedRows::change(const Fields* before, const Fields* after, Language language) const {
  RowChange change;
  change.table = table_.name;
  change.kind = !before ? RowChangeKind::added : !after ? RowChangeKind::removed : RowChangeKind::changed;
  const auto value = [&](const Fields* fields, const std::string& name) -> Value {
    if (!fields) return {};
    const auto found = fields->find(name);
    if (found == fields->end() || found->second.empty() || (!csv_ && found->second == "null")) return {};
    if (csv_ || found->second.front() != '"') return found->second;
    return std::string(json::parse(found->second).as_string());
  };
  const auto type = [&](const std::string& name) {
    const ColumnType of = table_.column(name)->type;
    return of == ColumnType::vocabulary ? of : ColumnType::text;
  };
  for (const std::string& name : columns_) {
    if (name == "case") continue;
    FieldChange field{table_.column(name)->name, type(name), value(before, name), value(after, name)};
    if (name == "rule" || name == "task" || name == "visit" || name == "alert") {
      const Value& one = after ? field.after : field.before;
      if (table_.name != std::string_view("overdue-starts")) {
        change.name.push_back({field.field, field.type, one, one});
        if (const auto* text = std::get_if<std::string>(&one)) {
          const auto rule = parse_word<Rule>(*text);
          change.about = rule ? rule_words_of(*rule, language) : *text;
        }
        continue;
      }
    }
    if (field.before != field.after) change.fields.push_back(std::move(field));
  }
  return change;
}

std::vector<RowChange> ExportedRows::compare(const CaseId& id, const std::vector<AnyRow>& rows,
                                             const Asked& asked) const {
  // Rows of one place in the order of what they say, the same ones taken out first.
  std::map<std::string, std::pair<std::vector<Fields>, std::vector<Fields>>> places;
  if (const auto found = rows_.find(id); found != rows_.end()) {
    for (const Fields& fields : found->second) {
      Fields kept;
      for (const std::string& name : columns_) {
        if (const auto one = fields.find(name); one != fields.end()) kept.insert(*one);
      }
      places[place_of(fields)].first.push_back(std::move(kept));
    }
  }
  for (const AnyRow& row : rows) {
    if (table_.stands && !table_.stands(row, asked.today)) continue;
    const Fields fields = fields_of(row, asked);
    Fields kept;
    for (const std::string& name : columns_) {
      if (const auto one = fields.find(name); one != fields.end()) kept.insert(*one);
    }
    places[place_of(fields)].second.push_back(std::move(kept));
  }
  std::vector<RowChange> changes;
  for (auto& [place, both] : places) {
    auto& [before, after] = both;
    std::sort(before.begin(), before.end());
    std::sort(after.begin(), after.end());
    std::vector<Fields> only_before, only_after;
    std::set_difference(before.begin(), before.end(), after.begin(), after.end(),
                        std::back_inserter(only_before));
    std::set_difference(after.begin(), after.end(), before.begin(), before.end(),
                        std::back_inserter(only_after));
    for (std::size_t i = 0; i < std::max(only_before.size(), only_after.size()); ++i) {
      changes.push_back(change(i < only_before.size() ? &only_before[i] : nullptr,
                               i < only_after.size() ? &only_after[i] : nullptr, asked.language));
    }
  }
  return changes;
}

std::vector<RowChange> ExportedRows::compare_missing(const CaseId& id, Language language) const {
  std::vector<RowChange> changes;
  if (const auto found = rows_.find(id); found != rows_.end()) {
    for (const Fields& fields : found->second) changes.push_back(change(&fields, nullptr, language));
  }
  return changes;
}

std::set<CaseId> ExportedRows::cases() const {
  std::set<CaseId> out;
  for (const auto& [id, rows] : rows_) out.insert(id);
  return out;
}

}  // namespace geleit
