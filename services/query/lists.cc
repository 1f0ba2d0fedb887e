#include "services/query/lists.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <set>

#include "events/civil_time.h"
#include "events/uuid.h"
#include "projections/alerts.h"
#include "projections/rules/catalogue.h"
#include "projections/table_keys.h"
#include "services/query/spreadsheet.h"

namespace geleit {
namespace {

// ---------------------------------------------------------------- faults

ListFault fault(std::string_view field, const std::string& expected, const std::string& found,
                Language language) {
  return {std::string(field), say(language, message::expected_but, expected, found)};
}

/// What was sent, as far as a sentence can carry it.
std::string got(std::string_view value, Language language) {
  constexpr std::size_t shown_octets_max = 64;
  if (value.empty()) return say(language, message::got_blank);
  if (value.size() > shown_octets_max) return say(language, message::another_value);
  return say(language, message::got, value);
}

// ---------------------------------------------------------------- cursors

constexpr std::string_view base64_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string to_base64url(std::string_view bytes) {
  std::string out;
  std::uint32_t held = 0;
  int bits = 0;
  for (const char c : bytes) {
    held = (held << 8) | static_cast<unsigned char>(c);
    for (bits += 8; bits >= 6; bits -= 6) out.push_back(base64_digits[(held >> (bits - 6)) & 63]);
  }
  if (bits > 0) out.push_back(base64_digits[(held << (6 - bits)) & 63]);
  return out;
}

std::optional<std::string> from_base64url(std::string_view text) {
  std::string out;
  std::uint32_t held = 0;
  int bits = 0;
  for (const char c : text) {
    const auto digit = base64_digits.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    held = (held << 6) | static_cast<std::uint32_t>(digit);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out.push_back(static_cast<char>(held >> bits));
    }
  }
  return out;
}

// A cursor is the order it belongs to and the place of the last row seen; of a past, also its times:
//   'g' tag, column, direction, length of the value, value, key
//   'p' known_at in ms, as_of in days (the least number: not asked), and the same from the tag on
constexpr std::size_t cursor_head_octets = 5;
constexpr char cursor_mark = 'g', past_cursor_mark = 'p';

std::string cursor_times(const std::optional<PastTimes>& times) {
  if (!times) return {};
  std::string out(1, past_cursor_mark);
  append_big_endian(out, times->known_at ? times->known_at->ms : std::numeric_limits<std::int64_t>::min());
  append_big_endian(out, times->as_of ? times->as_of->days : std::numeric_limits<std::int32_t>::min());
  return out;
}

std::string write_cursor(std::uint8_t tag, std::uint8_t column, bool descending, const RowPlace& place,
                         const std::optional<PastTimes>& times) {
  const std::string head{cursor_mark, static_cast<char>(tag), static_cast<char>(column),
                         descending ? '-' : '+', static_cast<char>(place.value.size())};
  const std::string of = cursor_times(times);
  return to_base64url(of + head.substr(of.empty() ? 0 : 1) + place.value + place.key);
}

std::optional<RowPlace> read_cursor(std::string_view text, std::uint8_t tag, std::uint8_t column,
                                    bool descending, const std::optional<PastTimes>& times) {
  auto bytes = from_base64url(text);
  if (!bytes) return std::nullopt;
  if (const std::string of = cursor_times(times); !of.empty()) {
    if (!bytes->starts_with(of)) return std::nullopt;
    bytes->replace(0, of.size(), 1, cursor_mark);
  }
  if (bytes->size() <= cursor_head_octets) return std::nullopt;
  const std::string_view b = *bytes;
  if (b[0] != cursor_mark || b[1] != static_cast<char>(tag) || b[2] != static_cast<char>(column) ||
      b[3] != (descending ? '-' : '+')) {
    return std::nullopt;
  }
  const std::size_t length = static_cast<unsigned char>(b[4]);
  if (b.size() <= cursor_head_octets + length) return std::nullopt;
  return RowPlace{std::string(b.substr(cursor_head_octets, length)),
                  std::string(b.substr(cursor_head_octets + length))};
}

// ---------------------------------------------------------------- filters

/// What a column must hold: exactly a text or id, a number in a range, both ends included, or nothing.
struct Filter {
  const Column* column = nullptr;
  std::variant<std::string, Uuid, std::pair<std::int64_t, std::int64_t>, std::monostate> wanted;

  [[nodiscard]] bool keeps(const Value& value) const {
    if (std::holds_alternative<std::monostate>(wanted)) return std::holds_alternative<std::monostate>(value);
    if (const auto* text = std::get_if<std::string>(&wanted)) {
      const auto* held = std::get_if<std::string>(&value);
      return held && *held == *text;
    }
    if (const auto* id = std::get_if<Uuid>(&wanted)) {
      const auto* held = std::get_if<Uuid>(&value);
      return held && *held == *id;
    }
    const auto& [low, high] = std::get<std::pair<std::int64_t, std::int64_t>>(wanted);
    const auto* held = std::get_if<std::int64_t>(&value);
    return held && low <= *held && *held <= high;
  }
};

using Bounds = std::pair<std::int64_t, std::int64_t>;
constexpr Bounds unbounded{std::numeric_limits<std::int64_t>::min(),
                           std::numeric_limits<std::int64_t>::max()};

std::optional<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// "12", "12.5", "-0.25" in hundredths, as a range: a third digit narrows nothing.
std::optional<std::int64_t> parse_hundredths(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const std::size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  std::string_view part = point == std::string_view::npos ? "0" : text.substr(point + 1);
  if (whole.empty() || whole.size() > 15 || part.empty() || part.size() > 2) return std::nullopt;
  const auto digits = [](std::string_view t) {
    return std::all_of(t.begin(), t.end(), [](char c) { return c >= '0' && c <= '9'; });
  };
  if (!digits(whole) || !digits(part)) return std::nullopt;
  const std::int64_t hundredths =
      *parse_integer(whole) * 100 + *parse_integer(part) * (part.size() == 1 ? 10 : 1);
  return negative ? -hundredths : hundredths;
}

/// The numbers that a filter's text stands for: one, or all moments of a day.
std::optional<Bounds> parse_bounds(ColumnType type, std::string_view text) {
  const auto one = [](std::optional<std::int64_t> n) {
    return n ? std::optional(Bounds{*n, *n}) : std::nullopt;
  };
  switch (type) {
    case ColumnType::integer: return one(parse_integer(text));
    case ColumnType::decimal: return one(parse_hundredths(text));
    case ColumnType::date: {
      const auto date = parse_date(text);
      return date ? one(date->days) : std::nullopt;
    }
    case ColumnType::instant: {
      if (const auto date = parse_date(text))
        return Bounds{berlin_midnight(*date).ms, berlin_midnight(*date + 1).ms - 1};
      const auto at = parse_instant(text);
      return at ? one(at->ms) : std::nullopt;
    }
    case ColumnType::uuid:
    case ColumnType::text:
    case ColumnType::vocabulary:
    case ColumnType::boolean:
    case ColumnType::object: break;
  }
  return std::nullopt;
}

std::string kind_of(ColumnType type, Language language) {
  switch (type) {
    case ColumnType::uuid: return say(language, message::a_uuid);
    case ColumnType::text: return say(language, message::a_filter_text);
    case ColumnType::vocabulary: return say(language, message::a_known_word);
    case ColumnType::boolean: return say(language, message::either_true_or_false);
    case ColumnType::date: return say(language, message::a_filter_date);
    case ColumnType::instant: return say(language, message::a_filter_instant);
    case ColumnType::integer: return say(language, message::an_integer);
    case ColumnType::decimal: return say(language, message::a_decimal);
    case ColumnType::object: break;
  }
  return say(language, message::known_parameter);
}

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

// ---------------------------------------------------------------- the row's case

/// Small letters for ASCII and Latin-1 (Ä, É, Ø …); everything else as it is.
std::string lower(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  bool latin = false;
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    const bool capital =
        latin ? octet >= 0x80 && octet <= 0x9E && octet != 0x97 : octet >= 'A' && octet <= 'Z';
    out.push_back(static_cast<char>(capital ? octet + 0x20 : octet));
    latin = octet == 0xC3;
  }
  return out;
}

std::vector<std::string> parts_of(std::string_view text, char between) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const auto end = std::min(text.find(between), text.size());
    if (end > 0) parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

const CaseId* case_of(const AnyRow& row) {
  struct {
    const CaseId* operator()(const CaseRow& r) const { return &r.id; }
    const CaseId* operator()(const DeadlineRow& r) const { return &r.id; }
    const CaseId* operator()(const OverdueStartRow& r) const { return &r.id; }
    const CaseId* operator()(const UnitBalanceRow& r) const { return &r.id; }
    const CaseId* operator()(const TaskRow& r) const { return &r.id; }
    const CaseId* operator()(const VisitRow& r) const { return &r.case_id; }
    const CaseId* operator()(const AlertRow& r) const { return &r.case_id; }
    const CaseId* operator()(const FigureRow&) const { return nullptr; }
    const CaseId* operator()(const HistoryRow&) const { return nullptr; }
  } id;
  return std::visit(id, row);
}

/// What is asked of the case that a row belongs to, whatever the row's own table holds.
struct CaseFilter {
  std::vector<std::string> leads;  ///< led by one of them; empty: by anybody
  std::vector<std::string> name;   ///< each is part of the person's name, in any case of letters
  std::optional<bool> ended;

  [[nodiscard]] bool asks() const { return !leads.empty() || !name.empty() || ended; }
  [[nodiscard]] bool keeps(const CaseRow& row, const PersonData* person) const {
    if (!leads.empty() && std::find(leads.begin(), leads.end(), row.lead) == leads.end()) return false;
    if (ended && *ended != row.closed_on.has_value()) return false;
    if (name.empty()) return true;
    if (!person) return false;
    const std::string whole = lower(person->given_name + ' ' + person->family_name);
    return std::all_of(name.begin(), name.end(),
                       [&](const std::string& part) { return whole.find(part) != std::string::npos; });
  }
};

/// Of the case, what `with=person` shows beside a row: the person, and the lead where the table has none.
std::vector<Column> columns_beside(std::span<const Column> own) {
  std::vector<Column> beside;
  for (const Column& column : list_table(Table::cases).columns) {
    const bool wanted =
        column.name == "person" || column.name.starts_with("person.") || column.name == "lead";
    const bool there =
        std::any_of(own.begin(), own.end(), [&](const Column& c) { return c.name == column.name; });
    if (wanted && !there) beside.push_back(column);
  }
  return beside;
}

// ---------------------------------------------------------------- the plan

/// A question understood.
struct Plan {
  std::vector<Filter> filters;
  SortColumn sort;
  bool descending = false;
  std::size_t limit = static_cast<std::size_t>(page_rows_default);
  bool whole = false;  ///< what is beyond `limit` is counted, and then refused
  std::optional<RowPlace> after;
  std::optional<std::string> provider;
  std::optional<CaseId> only_case;
  CaseFilter of_case;
  bool with_person = false;
  bool counts = false;
  Asked asked;

  [[nodiscard]] bool asks_for(std::string_view column) const {
    return std::any_of(filters.begin(), filters.end(),
                       [&](const Filter& f) { return f.column->name == column; });
  }
  [[nodiscard]] bool keeps(const AnyRow& row) const {
    return std::all_of(filters.begin(), filters.end(),
                       [&](const Filter& f) { return f.keeps(f.column->get(row, asked)); });
  }
};

struct ListShape {
  std::span<const Column> columns;
  std::span<const SortColumn> sorts;
  std::uint8_t tag = 0;
  std::span<const std::string_view> passed_over;
  bool of_cases = false;  ///< every row belongs to a case

  [[nodiscard]] const Column* column(std::string_view name) const {
    const auto found =
        std::find_if(columns.begin(), columns.end(), [&](const Column& c) { return c.name == name; });
    return found == columns.end() ? nullptr : &*found;
  }
};

std::optional<ListFault> read_filter(const ListShape& shape, const http::QueryParameter& parameter,
                                     Plan& plan) {
  const Language language = plan.asked.language;
  std::string_view name = parameter.name;
  enum class Edge : std::uint8_t { none, from, to } edge = Edge::none;
  if (name.ends_with(".from")) edge = Edge::from;
  if (name.ends_with(".to")) edge = Edge::to;
  if (edge != Edge::none) name = name.substr(0, name.rfind('.'));
  const Column* column = shape.column(name);
  const bool passed =
      std::find(shape.passed_over.begin(), shape.passed_over.end(), name) != shape.passed_over.end();
  if (!column || passed || !column->filters() || (edge != Edge::none && !column->has_range())) {
    return fault(parameter.name, say(language, message::known_parameter),
                 say(language, message::unknown_parameter), language);
  }
  const auto wrong = [&] {
    return fault(parameter.name, kind_of(column->type, language), got(parameter.value, language), language);
  };
  if (column->type == ColumnType::uuid) {
    const auto id = parse_uuid(parameter.value);
    if (!id) return wrong();
    if (name == "case") plan.only_case = CaseId{*id};
    plan.filters.push_back({column, *id});
    return std::nullopt;
  }
  if (column->name == "task" && parameter.value == "none") {
    plan.filters.push_back({column, std::monostate{}});
    return std::nullopt;
  }
  if (!column->has_range()) {
    if (is_blank(parameter.value) || (column->accepts && !column->accepts(parameter.value))) return wrong();
    plan.filters.push_back({column, std::string(parameter.value)});
    return std::nullopt;
  }
  auto bounds = parse_bounds(column->type, parameter.value);
  if (!bounds) return wrong();
  if (edge == Edge::from) bounds->second = unbounded.second;
  if (edge == Edge::to) bounds->first = unbounded.first;
  plan.filters.push_back({column, *bounds});
  return std::nullopt;
}

std::optional<ListFault> read_sort(const ListShape& shape, std::string_view value, Plan& plan) {
  std::string_view name = value;
  // A plus that nobody escaped reads as a space in a query string.
  if (name.starts_with('+') || name.starts_with('-') || name.starts_with(' ')) {
    plan.descending = name.front() == '-';
    name.remove_prefix(1);
  }
  const auto found = std::find_if(shape.sorts.begin(), shape.sorts.end(),
                                  [&](const SortColumn& s) { return s.name == name; });
  if (found == shape.sorts.end()) {
    std::string known;
    for (const SortColumn& sort : shape.sorts) known.append(known.empty() ? "" : ", ").append(sort.name);
    return fault("sort", say(plan.asked.language, message::one_of, known), got(value, plan.asked.language),
                 plan.asked.language);
  }
  plan.sort = *found;
  return std::nullopt;
}

std::optional<ListFault> read_limit(std::string_view value, Plan& plan) {
  const auto limit = parse_integer(value);
  if (!limit || *limit < 1 || *limit > page_rows_max) {
    return fault("limit", say(plan.asked.language, message::whole_number, std::int64_t{1}, page_rows_max),
                 got(value, plan.asked.language), plan.asked.language);
  }
  plan.limit = static_cast<std::size_t>(*limit);
  return std::nullopt;
}

/// Nobody asks for other days; each month from one to the other is a row of the key figures.
const CivilDate asked_day_min = civil(1900, 1, 1);
const CivilDate asked_day_max = civil(2200, 12, 31);

std::optional<ListFault> read_today(std::string_view value, Language language, CivilDate& today) {
  const auto date = parse_date(value);
  if (!date || *date < asked_day_min || *date > asked_day_max)
    return fault("today", say(language, message::a_filter_date), got(value, language), language);
  today = *date;
  return std::nullopt;
}

const Column& provider_column() {
  static const Column& column = *list_table(Table::cases).column("provider");
  return column;
}

std::optional<ListFault> read_provider(std::string_view value, Plan& plan) {
  if (!provider_column().accepts(value)) {
    return fault("provider", say(plan.asked.language, message::a_filter_text),
                 got(value, plan.asked.language), plan.asked.language);
  }
  plan.provider = value;
  return std::nullopt;
}

/// `leads`, `name`, `ended`, `with` and `count`, which every list of cases' rows has; false: it is another
/// one.
bool read_of_case(const http::QueryParameter& parameter, Plan& plan, std::optional<ListFault>& wrong) {
  const auto& [name, value] = parameter;
  const Language language = plan.asked.language;
  const auto refuse = [&](const std::string& expected) {
    wrong = fault(name, expected, got(value, language), language);
    return true;
  };
  if (name == "leads") {
    static const Column& lead = *list_table(Table::cases).column("lead");
    plan.of_case.leads = parts_of(value, ',');
    const auto& leads = plan.of_case.leads;
    const auto commas = static_cast<std::size_t>(std::count(value.begin(), value.end(), ','));
    const bool all = std::all_of(leads.begin(), leads.end(), [](const auto& l) { return lead.accepts(l); });
    return !all || leads.size() != commas + 1 ? refuse(say(language, message::a_filter_text)) : true;
  }
  if (name == "name") {
    plan.of_case.name = parts_of(lower(value), ' ');
    return is_blank(value) ? refuse(say(language, message::a_filter_text)) : true;
  }
  if (name == "ended" || name == "count") {
    if (value != "true" && value != "false") return refuse(say(language, message::either_true_or_false));
    if (name == "count") {
      plan.counts = value == "true";
    } else {
      plan.of_case.ended = value == "true";
    }
    return true;
  }
  if (name == "with") {
    plan.with_person = value == "person";
    return plan.with_person ? true : refuse(say(language, message::one_of, std::string_view("person")));
  }
  return false;
}

std::variant<Plan, ListFault> plan_of(const ListShape& shape, const ListQuestion& question) {
  Plan plan;
  plan.asked = {question.today, question.language, question.rules, nullptr};
  plan.sort = shape.sorts.front();
  std::optional<std::string_view> cursor;
  std::set<std::string_view> seen;
  for (const http::QueryParameter& parameter : question.parameters) {
    const auto& [name, value] = parameter;
    if (name == "wait_for") continue;
    if (!seen.insert(name).second) {
      return fault(name, say(question.language, message::only_once, name),
                   say(question.language, message::it_came_twice), question.language);
    }
    std::optional<ListFault> wrong;
    if (name == "limit") {
      wrong = read_limit(value, plan);
    } else if (name == "sort") {
      wrong = read_sort(shape, value, plan);
    } else if (name == "today") {
      wrong = read_today(value, question.language, plan.asked.today);
    } else if (name == "provider") {
      wrong = read_provider(value, plan);
    } else if (name == "cursor") {
      cursor = value;
    } else if (shape.of_cases && read_of_case(parameter, plan, wrong)) {
      // `wrong` says whether it can be.
    } else if (std::find(shape.passed_over.begin(), shape.passed_over.end(), name) ==
               shape.passed_over.end()) {
      wrong = read_filter(shape, parameter, plan);
    }
    if (wrong) return *wrong;
  }
  if (question.whole && !seen.contains("limit")) {
    plan.whole = true;
    plan.limit = static_cast<std::size_t>(whole_rows_max);
  }
  if (cursor) {
    plan.after = read_cursor(*cursor, shape.tag, plan.sort.index, plan.descending, question.times);
    if (!plan.after) {
      return fault("cursor", say(question.language, message::a_cursor),
                   say(question.language, message::another_value), question.language);
    }
  }
  return plan;
}

/// Whose rows are read: all providers', one's, or nobody's.
struct Whose {
  bool nobody = false;
  std::optional<std::string> provider;
};

Whose whose(const Plan& plan, const ListQuestion& question) {
  if (question.only_provider && plan.provider && *plan.provider != *question.only_provider) return {true, {}};
  return {false, question.only_provider ? question.only_provider : plan.provider};
}

/// A range of the column that rows are sorted by, as far as the filters tell one.
Bounds sorted_bounds(const ListTable& table, const Plan& plan) {
  Bounds bounds = unbounded;
  const auto narrow = [&](std::int64_t low, std::int64_t high) {
    bounds.first = std::max(bounds.first, low);
    bounds.second = std::min(bounds.second, high);
  };
  const std::int64_t today = plan.asked.today.days;
  for (const Filter& filter : plan.filters) {
    if (filter.column->name == plan.sort.name) {
      if (const auto* range = std::get_if<Bounds>(&filter.wanted)) narrow(range->first, range->second);
    }
    // A deadline is open until its acts_on and missed after it.
    if (table.table == Table::deadlines && plan.sort.name == "acts_on" && filter.column->name == "state") {
      const auto* state = std::get_if<std::string>(&filter.wanted);
      if (state && *state == word(DeadlineState::open)) narrow(today, unbounded.second);
      if (state && *state == word(DeadlineState::missed)) narrow(unbounded.first, today - 1);
    }
  }
  if (table.table == Table::overdue_starts && plan.sort.name == "due_on") narrow(unbounded.first, today - 1);
  return bounds;
}

std::string order_key_of(ColumnType type, std::int64_t value) {
  if (type == ColumnType::instant) {
    constexpr std::int64_t far = std::int64_t{1} << 46;
    return order_key(Instant{std::clamp(value, -far, far)});
  }
  return order_key(static_cast<std::int32_t>(std::clamp<std::int64_t>(
      value, std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int32_t>::max())));
}

std::string order_key_of(const Column& column, const Value& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) return order_key_of(column.type, *number);
  if (const auto* text = std::get_if<std::string>(&value)) return order_key(std::string_view(*text));
  if (const auto* id = std::get_if<Uuid>(&value)) return order_key(*id);
  return std::string(order_key_of_null);
}

// ---------------------------------------------------------------- the page

void withhold(CaseRow& c, PersonalDataState now) {
  c.personal_data = std::max(c.personal_data, now);
  if (c.personal_data != PersonalDataState::kept) c.person = {};
}
/// Of a past's row, what may not be read by now.
void withhold(CaseRow& c, const ListQuestion& question) {
  if (question.data_now) withhold(c, question.data_now(c.id));
}
void withhold(AnyRow& row, const ListQuestion& question) {
  if (!question.data_now) return;
  if (const CaseId* id = person_shown(row)) withhold(row, question.data_now(*id));
}

/// What was written to an answered alert, for an asker who may see it.
std::optional<std::string> note_of(const AnyRow& row, const Opener* opener) {
  const auto* alert = std::get_if<AlertRow>(&row);
  return alert && opener && opener->note ? opener->note(*alert) : std::nullopt;
}

class PageWriter {
 public:
  /// `reading` is asked for the cases of rows; rows that lie in memory (not `of_cases`) need none.
  PageWriter(const Reading* reading, const ListShape& shape, const Plan& plan, const ListQuestion& question)
      : reading_(reading), shape_(shape), plan_(plan), question_(question) {
    if (plan.with_person) beside_ = columns_beside(shape.columns);
    switch (question.form) {
      case ListForm::json: page_.body = "{\"items\":["; break;
      case ListForm::csv:
        append_csv_header(page_.body, shape.columns);
        if (!beside_.empty()) {
          std::string names;
          append_csv_header(names, beside_);
          constexpr std::size_t mark_octets = 3;
          join_csv(names.substr(mark_octets));
        }
        break;
      case ListForm::xlsx: sheet_.emplace(question.name, shape.columns, beside_); break;
    }
  }

  /// False when the page is full and nobody counts what follows; the row then belongs to the next one.
  bool add(AnyRow& row, std::string_view provider, std::string_view value, std::string_view key) {
    Asked asked = plan_.asked;
    const CaseRow* of = nullptr;
    std::optional<PersonData> person;
    const bool full = rows_ == plan_.limit, by_name = !plan_.of_case.name.empty();
    const bool shows_person = std::holds_alternative<CaseRow>(row) || plan_.with_person;
    if (!full || by_name) withhold(row, question_);
    if (shape_.of_cases) {
      if (plan_.of_case.asks() || (shows_person && !full)) of = find_case(row, provider);
      if (plan_.of_case.asks()) {
        const auto sought = of && by_name ? find_by(*of) : std::nullopt;
        if (!of || !plan_.of_case.keeps(*of, sought ? &*sought : nullptr)) return true;
      }
    }
    if (full) {
      if (beyond_++ == 0 && !plan_.whole)
        page_.next = write_cursor(shape_.tag, plan_.sort.index, plan_.descending, last_, question_.times);
      return plan_.counts || plan_.whole;
    }
    // Whom a search has found is seen, even where only the row's case is shown.
    if (of && (shows_person || by_name) && question_.opener && question_.opener->person)
      person = question_.opener->person(of->id, of->person);
    if (person) asked.person = &*person;
    const std::optional<std::string> note = note_of(row, question_.opener);
    if (note) asked.note = &*note;
    write(row, of && !beside_.empty() ? AnyRow(*of) : AnyRow(CaseRow()), asked);
    ++rows_;
    last_ = {std::string(value), std::string(key)};
    return true;
  }

  ListAnswer finish(const StoreState& state) {
    if (plan_.whole && beyond_ > 0) {
      return fault("format", say(question_.language, message::lines_at_most, whole_rows_max),
                   say(question_.language, message::lines_found, static_cast<std::int64_t>(rows_ + beyond_)),
                   question_.language);
    }
    if (sheet_) page_.body = sheet_->finish();
    if (question_.form != ListForm::json) return std::move(page_);
    page_.body += "],\"next\":";
    if (page_.next.empty()) {
      page_.body += "null";
    } else {
      append_json_text(page_.body, page_.next);
    }
    if (plan_.counts) page_.body += ",\"count\":" + std::to_string(rows_ + beyond_);
    page_.body += ",\"as_at\":";
    append_as_at(page_.body, state, question_.lag_ms, plan_.asked.today, question_.times);
    page_.body.push_back('}');
    return std::move(page_);
  }

 private:
  /// The person, only to be held against the name that is sought.
  [[nodiscard]] std::optional<PersonData> find_by(const CaseRow& c) const {
    if (!question_.opener) return std::nullopt;
    const auto& open = question_.opener->search ? question_.opener->search : question_.opener->person;
    return open ? open(c.id, c.person) : std::nullopt;
  }

  /// The row of `cases`; rows of one case often follow each other.
  const CaseRow* find_case(const AnyRow& row, std::string_view provider) {
    if (const auto* itself = std::get_if<CaseRow>(&row)) return itself;
    const CaseId* id = case_of(row);
    if (!id) return nullptr;
    if (case_ && case_->id == *id) return &*case_;
    case_.reset();
    reading_->rows_of_case(Table::cases, provider, *id, [&](const FoundRow& found) {
      decode(found.key, found.bytes, case_.emplace());
      withhold(*case_, question_);
      return false;
    });
    return case_ ? &*case_ : nullptr;
  }

  /// `of`: what stands beside the row.
  void write(const AnyRow& row, const AnyRow& of, const Asked& asked) {
    std::string& out = page_.body;
    std::string more;
    switch (question_.form) {
      case ListForm::json:
        if (rows_ > 0) out.push_back(',');
        append_row_json(out, shape_.columns, row, asked);
        if (beside_.empty()) break;
        append_row_json(more, beside_, of, asked);
        out.back() = ',';
        out.append(more, 1);
        break;
      case ListForm::csv:
        append_row_csv(out, shape_.columns, row, asked);
        if (beside_.empty()) break;
        append_row_csv(more, beside_, of, asked);
        join_csv(more);
        break;
      case ListForm::xlsx: sheet_->add(row, of, asked); break;
    }
  }

  /// Further fields of the line that ends the body.
  void join_csv(std::string_view fields) {
    constexpr std::size_t line_end_octets = 2;
    page_.body.resize(page_.body.size() - line_end_octets);
    page_.body.append(";").append(fields);
  }

  const Reading* reading_;
  const ListShape& shape_;
  const Plan& plan_;
  const ListQuestion& question_;
  std::vector<Column> beside_;
  std::optional<CaseRow> case_;
  std::optional<Spreadsheet> sheet_;
  ListPage page_;
  std::size_t rows_ = 0, beyond_ = 0;
  RowPlace last_;
};

/// Rows in memory: sorted as an index would, then paged.
void write_sorted(std::vector<KeyedRow> rows, const ListShape& shape, const Plan& plan,
                  std::string_view provider, const ListQuestion& question, PageWriter& page) {
  struct Placed {
    RowPlace place;
    AnyRow* row;
  };
  const Column* column = plan.sort.index == 0 ? nullptr : shape.column(plan.sort.name);
  std::vector<Placed> placed;
  placed.reserve(rows.size());
  for (KeyedRow& row : rows) {
    withhold(row.row, question);
    if (!plan.keeps(row.row)) continue;
    placed.push_back(
        {{column ? order_key_of(*column, column->get(row.row, plan.asked)) : "", row.key}, &row.row});
  }
  const auto before = [&](const RowPlace& a, const RowPlace& b) { return plan.descending ? b < a : a < b; };
  std::sort(placed.begin(), placed.end(),
            [&](const Placed& a, const Placed& b) { return before(a.place, b.place); });
  for (const Placed& p : placed) {
    if (plan.after && !before(*plan.after, p.place)) continue;
    if (!page.add(*p.row, provider, p.place.value, p.place.key)) return;
  }
}

void write_case(const Reading& reading, const ListTable& table, const ListShape& shape, const Plan& plan,
                const Whose& from, const ListQuestion& question, PageWriter& page) {
  const auto found = reading.find_case(*plan.only_case);
  if (!found || (from.provider && *from.provider != found->provider)) return;
  std::vector<KeyedRow> rows;
  reading.rows_of_case(table.table, found->provider, *plan.only_case, [&](const FoundRow& row) {
    KeyedRow& keyed = rows.emplace_back();
    keyed.key = row.key;
    table.decode(row.key, row.bytes, keyed.row);
    if (table.stands && !table.stands(keyed.row, plan.asked.today)) rows.pop_back();
    return true;
  });
  write_sorted(std::move(rows), shape, plan, found->provider, question, page);
}

/// The rows of some states stand in an index of their own, by the same values.
std::uint8_t column_to_read(const Plan& plan) {
  const bool unsettled = std::any_of(plan.filters.begin(), plan.filters.end(), [](const Filter& filter) {
    const auto* state = std::get_if<std::string>(&filter.wanted);
    return filter.column->name == "state" && state && *state != word(AlertState::closed);
  });
  return unsettled && plan.sort.index_unsettled != 0 ? plan.sort.index_unsettled : plan.sort.index;
}

void write_run(const Reading& reading, const ListTable& table, const Plan& plan, const Whose& from,
               const ListQuestion& question, PageWriter& page) {
  Run run{column_to_read(plan), plan.descending, plan.after, {}, {}};
  std::optional<std::string> last;
  if (run.column != 0) {
    const Bounds bounds = sorted_bounds(table, plan);
    if (bounds.first > bounds.second) return;
    const ColumnType type = table.column(plan.sort.name)->type;
    const std::int64_t begin = plan.descending ? bounds.second : bounds.first;
    const std::int64_t end = plan.descending ? bounds.first : bounds.second;
    const auto is_open = [&](std::int64_t edge) {
      return edge == unbounded.first || edge == unbounded.second;
    };
    if (!is_open(begin)) run.from = order_key_of(type, begin);
    if (!is_open(end)) last = order_key_of(type, end);
    const std::string today = order_key_of(type, plan.asked.today.days);
    if (plan.sort.index_once_due != 0) run.beside.push_back({plan.sort.index_once_due, {}, today});
    if (plan.sort.index_until_due != 0) run.beside.push_back({plan.sort.index_until_due, today, {}});
  }
  AnyRow row;
  const bool by_data = plan.asks_for("personal_data");
  reading.rows(table.table, from.provider ? std::optional<std::string_view>(*from.provider) : std::nullopt,
               run, [&](const FoundRow& found) {
                 if (last && (plan.descending ? found.value < *last : found.value > *last)) return false;
                 table.decode(found.key, found.bytes, row);
                 if (table.stands && !table.stands(row, plan.asked.today)) return true;
                 if (by_data) withhold(row, question);
                 return !plan.keeps(row) || page.add(row, found.provider, found.value, found.key);
               });
}

}  // namespace

void withhold(AnyRow& row, PersonalDataState now) {
  if (auto* c = std::get_if<CaseRow>(&row)) {
    withhold(*c, now);
  } else if (auto* a = std::get_if<AlertRow>(&row); a && now != PersonalDataState::kept) {
    a->note = {};
  }
}

const CaseId* person_shown(const AnyRow& row) {
  if (const auto* c = std::get_if<CaseRow>(&row)) return &c->id;
  const auto* a = std::get_if<AlertRow>(&row);
  return a && !a->note.bytes.empty() ? &a->case_id : nullptr;
}

void show_opened(const AnyRow& row, Asked asked, const Opener* opener,
                 const std::function<void(const Asked& asked)>& show) {
  std::optional<PersonData> person;
  if (const auto* c = std::get_if<CaseRow>(&row); c && opener && opener->person) {
    person = opener->person(c->id, c->person);
    if (person) asked.person = &*person;
  }
  const std::optional<std::string> note = note_of(row, opener);
  if (note) asked.note = &*note;
  show(asked);
}

std::variant<RowFilter, ListFault> row_filter(const ListTable& table, const ListQuestion& question) {
  const ListShape shape{table.columns, table.sorts, static_cast<std::uint8_t>(table.table), {}};
  Plan plan;
  plan.asked = {question.today, question.language, question.rules, nullptr};
  for (const http::QueryParameter& parameter : question.parameters) {
    const bool narrows = parameter.name == "provider";
    if (auto wrong = narrows ? read_provider(parameter.value, plan) : read_filter(shape, parameter, plan))
      return *wrong;
  }
  return [plan = std::move(plan), only = question.only_provider, stands = table.stands](
             std::string_view provider, const AnyRow& row, const Asked& asked) {
    if ((plan.provider && *plan.provider != provider) || (only && *only != provider)) return false;
    if (stands && !stands(row, asked.today)) return false;
    return std::all_of(plan.filters.begin(), plan.filters.end(),
                       [&](const Filter& f) { return f.keeps(f.column->get(row, asked)); });
  };
}

void append_as_at(std::string& out, const StoreState& state, std::int64_t lag_ms, CivilDate today,
                  const std::optional<PastTimes>& times) {
  out += "{\"positions\":{";
  std::optional<Instant> last_event;
  bool first = true;
  for (std::size_t partition = 0; partition < state.reached.size(); ++partition) {
    const Reached& reached = state.reached[partition];
    if (reached.next.value == 0) continue;
    if (!first) out.push_back(',');
    first = false;
    out += '"' + std::to_string(partition) + "\":" + std::to_string(reached.next.value - 1);
    if (!last_event || reached.recorded > *last_event) last_event = reached.recorded;
  }
  out += "},\"last_event\":";
  out += last_event ? '"' + to_string(*last_event) + '"' : "null";
  out += ",\"lag_ms\":" + std::to_string(lag_ms) + ",\"today\":\"" + to_string(today) + '"';
  if (times) {
    if (times->known_at) out += ",\"known_at\":\"" + to_string(*times->known_at) + '"';
    if (times->as_of) out += ",\"as_of\":\"" + to_string(*times->as_of) + '"';
    out += times->final ? ",\"final\":true" : ",\"final\":false";
  }
  out.push_back('}');
}

std::variant<CivilDate, ListFault> today_of(const ListQuestion& question) {
  CivilDate today = question.today;
  for (const auto& [name, value] : question.parameters) {
    if (name != "today") continue;
    if (auto wrong = read_today(value, question.language, today)) return *wrong;
  }
  return today;
}

ListAnswer list(const Reading& reading, const ListTable& table, const ListQuestion& question) {
  const ListShape shape{table.columns, table.sorts, static_cast<std::uint8_t>(table.table), {}, true};
  auto planned = plan_of(shape, question);
  if (auto* wrong = std::get_if<ListFault>(&planned)) return std::move(*wrong);
  const Plan& plan = std::get<Plan>(planned);
  PageWriter page(&reading, shape, plan, question);
  if (const Whose from = whose(plan, question); !from.nobody) {
    if (plan.only_case) {
      write_case(reading, table, shape, plan, from, question, page);
    } else {
      write_run(reading, table, plan, from, question, page);
    }
  }
  return page.finish(reading.state());
}

ListAnswer list_rows(const StoreState& state, std::span<const Column> columns,
                     std::span<const SortColumn> sorts, std::vector<KeyedRow> rows, std::uint8_t tag,
                     std::span<const std::string_view> passed_over, const ListQuestion& question) {
  const ListShape shape{columns, sorts, tag, passed_over};
  auto planned = plan_of(shape, question);
  if (auto* wrong = std::get_if<ListFault>(&planned)) return std::move(*wrong);
  const Plan& plan = std::get<Plan>(planned);
  PageWriter page(nullptr, shape, plan, question);
  write_sorted(std::move(rows), shape, plan, {}, question, page);
  return page.finish(state);
}

ListAnswer list_figures(const Reading& reading, const ListQuestion& question) {
  static constexpr std::array<SortColumn, 1> sorts{{{"provider", 0}}};
  // `from` and `to` choose days here, `benefit` what is counted; the columns of that name, and `until`, are
  // no filters.
  static constexpr std::array<std::string_view, 6> own{"from", "to", "by", "benefit", "until", "sort"};
  FigureQuery query;
  query.today = question.today;
  query.rules = question.rules;
  Plan whom;
  whom.asked = {question.today, question.language, question.rules, nullptr};
  for (const auto& [name, value] : question.parameters) {
    std::optional<ListFault> wrong;
    if (name == "from" || name == "to") {
      CivilDate day;
      wrong = read_today(value, question.language, day);
      if (wrong) wrong->field = name;
      (name == "from" ? query.from : query.to) = day;
    } else if (name == "by") {
      const auto by = parse_word<Period>(value);
      if (by) {
        query.by = *by;
      } else {
        wrong = fault(name, say(question.language, message::one_of, std::string_view("month, quarter, year")),
                      got(value, question.language), question.language);
      }
    } else if (name == "benefit") {
      query.benefit = parse_word<Benefit>(value);
      if (!query.benefit) {
        wrong = fault(name, say(question.language, message::one_of, std::string_view("SMN, ST")),
                      got(value, question.language), question.language);
      }
    } else if (name == "today") {
      wrong = read_today(value, question.language, query.today);
    } else if (name == "provider") {
      wrong = read_provider(value, whom);
    } else if (name == "until" || name == "sort") {
      wrong = fault(name, say(question.language, message::known_parameter),
                    say(question.language, message::unknown_parameter), question.language);
    }
    if (wrong) return *wrong;
  }
  if (query.from && query.to && *query.from > *query.to) {
    return fault("to", say(question.language, message::to_not_before_from, to_string(*query.from)),
                 say(question.language, message::got, to_string(*query.to)), question.language);
  }
  std::vector<KeyedRow> rows;
  if (const Whose from = whose(whom, question); !from.nobody) {
    query.provider = from.provider;
    for (FigureRow& row : figures(reading, query)) {
      std::string key = row.provider + '\0' + order_key(row.from);
      rows.push_back({std::move(key), std::move(row)});
    }
  }
  return list_rows(reading.state(), figure_columns(), sorts, std::move(rows),
                   static_cast<std::uint8_t>(Table::key_figures), own, question);
}

}  // namespace geleit
