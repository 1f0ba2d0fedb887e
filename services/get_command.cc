#include "services/get_command.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <cstdio>
#include <memory>
#include <optional>

#include "services/asker.h"
#include "services/command_options.h"
#include "services/http_client.h"
#include "services/json_slices.h"
#include "services/progress_line.h"
#include "services/text_table.h"

namespace geleit {
namespace {

namespace json = boost::json;

constexpr std::size_t page_rows_max = 500;

struct GetAsk {
  std::string table, as_of, known_at, server, by, purpose;
  std::vector<std::string> filters;
  bool json = false, csv = false, all = false;
  std::optional<std::size_t> limit;
};

std::string path_of(std::string_view table) {
  std::string out = "/v1";
  while (!table.empty()) {
    const std::size_t end = std::min(table.find('/'), table.size());
    if (end > 0) out.append("/").append(percent_encode(table.substr(0, end)));
    table.remove_prefix(std::min(end + 1, table.size()));
  }
  return out;
}

void write_out(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) {
    throw std::system_error(errno, std::generic_category(), "standard output cannot be written");
  }
}

class Getting {
 public:
  Getting(const GetAsk& ask, const ServerUrl& server, const CommandLine& line)
      : ask_(ask), people_(line.for_people), programs_(line.for_programs), client_(client_of(server)) {}

  Exit run() {
    std::size_t left = ask_.all ? static_cast<std::size_t>(-1) : ask_.limit.value_or(0);
    std::string target = target_of({}, left);
    for (bool first = true;; first = false) {
      const ClientResponse response = ask(target);
      if (response.status != 200) return refused(response);
      if (ask_.csv) {
        const std::size_t rows = print_csv(response.body, first);
        // A CSV has no room for it.
        const auto next = response.header("next-cursor");
        left -= std::min(left, rows);
        rows_ += rows;
        if (!next || rows == 0) return Exit::done;
        if (left == 0) return more(rows_);
        target = target_of(std::string(*next), left);
        continue;
      }
      const auto items = items_of(response.body);
      if (!items) {
        print_object(response.body);
        return Exit::done;
      }
      const std::vector<std::string_view> rows = elements_of(*items);
      take(rows, first);
      rows_ += rows.size();
      left -= std::min(left, rows.size());
      const auto next = member_of(response.body, "next");
      const bool over = !next || *next == "null" || rows.empty();
      if (over || left == 0) {
        finish();
        return over ? Exit::done : more(rows_);
      }
      target = target_of(plain_text(*next), left);
    }
  }

 private:
  [[nodiscard]] std::string target_of(const std::string& cursor, std::size_t left) const {
    std::string out = path_of(ask_.table);
    const auto add = [&](std::string_view name, std::string_view value) {
      out.append(out.find('?') == std::string::npos ? "?" : "&").append(percent_encode(name));
      out.append("=").append(percent_encode(value));
    };
    for (const std::string& filter : ask_.filters) {
      const std::size_t equals = filter.find('=');
      add(std::string_view(filter).substr(0, equals), std::string_view(filter).substr(equals + 1));
    }
    if (!ask_.as_of.empty()) add("as_of", ask_.as_of);
    if (!ask_.known_at.empty()) add("known_at", ask_.known_at);
    if (left > 0) add("limit", std::to_string(std::min(left, page_rows_max)));
    if (!cursor.empty()) add("cursor", cursor);
    return out;
  }

  /// Tables of a past may take a while: asked again until they are made, which is shown.
  ClientResponse ask(const std::string& target) {
    const Language language = ask_.json || ask_.csv ? programs_ : people_;
    ClientHeaders headers{{"Accept", ask_.csv ? "text/csv" : "application/json"},
                          {"Accept-Language", language == Language::de ? "de" : "en"}};
    if (!ask_.by.empty()) headers.emplace_back(by_header, ask_.by);
    if (!ask_.purpose.empty()) headers.emplace_back(purpose_header, ask_.purpose);
    ProgressLine line(stderr);
    while (true) {
      ClientResponse response = client_.get(target, headers);
      const auto progress = response.status == 503 ? progress_in(response.body) : std::nullopt;
      if (!progress) return response;
      line.show(say(people_, message::past_being_made, progress->first, progress->second));
    }
  }

  /// Events read and events in all, where that is what the problem is.
  static std::optional<std::pair<std::uint64_t, std::uint64_t>> progress_in(const std::string& body) {
    json::error_code error;
    const json::value value = json::parse(body, error);
    const auto* problem = error ? nullptr : value.if_object();
    const auto* progress = problem ? problem->if_contains("progress") : nullptr;
    if (!progress || !progress->is_object()) return std::nullopt;
    const auto number = [&](const char* name) -> std::uint64_t {
      const auto* member = progress->as_object().if_contains(name);
      return member && member->is_int64() && member->as_int64() > 0
                 ? static_cast<std::uint64_t>(member->as_int64())
                 : 0;
    };
    return std::pair{number("events"), number("of")};
  }

  Exit refused(const ClientResponse& response) const {
    json::error_code error;
    const json::value value = json::parse(response.body, error);
    std::string text;
    if (!error && value.is_object()) {
      for (const char* name : {"title", "detail", "field", "rule"}) {
        const auto* member = value.as_object().if_contains(name);
        if (!member || !member->is_string()) continue;
        text += fmt::format("{}{}", text.empty() ? "" : " · ", std::string_view(member->as_string()));
      }
    }
    if (text.empty()) text = response.body.substr(0, 200);
    fmt::print(stderr, "geleit get: {} {}\n", response.status, text);
    return response.status / 100 == 4 && response.status != 429 && response.status != 408 ? Exit::refused
                                                                                          : Exit::unavailable;
  }

  Exit more(std::size_t rows) const {
    fmt::print(stderr, "{}\n", say(people_, message::more_rows, rows));
    return Exit::done;
  }

  /// The text of `items` where the answer is a list.
  static std::optional<std::string_view> items_of(std::string_view body) {
    json::error_code error;
    const json::value value = json::parse(json::string_view(body.data(), body.size()), error);
    if (error || !value.is_object()) {
      throw ServerUnavailable("expected JSON from the server, but its answer is something else");
    }
    const auto items = member_of(body, "items");
    return items && items->starts_with('[') ? items : std::nullopt;
  }

  void take(const std::vector<std::string_view>& rows, bool first) {
    if (ask_.json) {
      std::string out = first ? "[" : "";
      bool any = !first;
      for (const std::string_view row : rows) {
        out.append(any ? ",\n" : "\n").append(row);
        any = true;
      }
      write_out(out);
      return;
    }
    // The widths are known when all rows are.
    for (const std::string_view row : rows) kept_.emplace_back(row);
  }

  void finish() {
    if (ask_.json) {
      write_out(rows_ == 0 ? "]\n" : "\n]\n");
    } else if (kept_.empty()) {
      fmt::print(stderr, "{}\n", say(people_, message::no_rows));
    } else {
      const std::vector<std::string_view> rows(kept_.begin(), kept_.end());
      // A row of figures is too long for a line, but there are few of them.
      write_out(ask_.table == "key-figures" ? lay_out_turned(rows, terminal_width())
                                            : lay_out_rows(rows, terminal_width()));
    }
  }

  void print_object(std::string_view body) const {
    while (body.ends_with('\n')) body.remove_suffix(1);
    write_out(ask_.json ? std::string(body) + "\n" : lay_out_object(body, terminal_width()));
  }

  /// The number of rows. Only the first page keeps its byte order mark and head.
  static std::size_t print_csv(std::string_view body, bool first) {
    std::size_t lines = 0;
    bool quoted = false;
    std::size_t head_end = body.size();
    for (std::size_t i = 0; i < body.size(); ++i) {
      if (body[i] == '"') quoted = !quoted;
      if (body[i] != '\n' || quoted) continue;
      if (++lines == 1) head_end = i + 1;
    }
    write_out(first ? body : body.substr(head_end));
    return lines == 0 ? 0 : lines - 1;
  }

  const GetAsk& ask_;
  Language people_, programs_;
  HttpClient client_;
  std::vector<std::string> kept_;
  std::size_t rows_ = 0;
};

}  // namespace

void add_get(CommandLine& line) {
  auto ask = std::make_shared<GetAsk>();
  CLI::App* command = line.app.add_subcommand("get", "Read a table of the service");
  command
      ->add_option("table", ask->table,
                   "cases, cases/<id>, cases/<id>/history, deadlines, overdue-starts, unit-balances, tasks, "
                   "visits, key-figures or status")
      ->required();
  command->add_option("--filter", ask->filters, "column=value, column.from=value, sort=-column, by=month …")
      ->check(expecting("NAME=VALUE", "NAME=VALUE", [](const std::string& text) {
        const std::size_t equals = text.find('=');
        return equals != std::string::npos && equals > 0;
      }));
  auto* as_json = command->add_flag("--json", ask->json, "For programs: the rows as one array");
  command->add_flag("--csv", ask->csv, "For spreadsheets: as the service gives it")->excludes(as_json);
  command->add_option("--as-of", ask->as_of, "What was true on this day");
  command->add_option("--known-at", ask->known_at, "Only what was recorded by this instant");
  command->add_option("--by", ask->by, "Who looks; written down where personal data is shown");
  command->add_option("--purpose", ask->purpose, "What for, a word; likewise");
  auto* limit =
      command->add_option("--limit", ask->limit, "At most so many rows")->check(CLI::PositiveNumber);
  command->add_flag("--all", ask->all, "All rows, page by page")->excludes(limit);
  add_server_option(*command, ask->server);
  command->callback(
      [ask, &line] { line.status = Getting(*ask, *parse_server_url(ask->server), line).run(); });
}

}  // namespace geleit
