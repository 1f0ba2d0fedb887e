#include "services/audit/access_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>

#include "events/civil_time.h"
#include "events/sha256.h"
#include "events/uuid.h"
#include "services/access_log.h"
#include "services/command_options.h"
#include "services/http/json_text.h"
#include "services/text_table.h"

namespace geleit {
namespace {

struct AccessAsk {
  std::string data = "data", case_id, from, to, by;
  bool verify = false, json = false, csv = false;
};

std::string json_of(const AccessLine& line) {
  std::string out;
  http::JsonWriter json(out);
  const Access& access = line.access;
  json.object().member("at").string(to_string(access.at)).member("by").string(access.by);
  json.member("purpose").string(access.purpose).member("what").string(access.what);
  json.member("cases").array();
  for (const CaseId& id : access.cases) json.string(to_string(id));
  json.end().member("trace");
  if (access.trace.is_nil()) {
    json.null();
  } else {
    json.string(fmt::format("{:016x}{:016x}", access.trace.value.high, access.trace.value.low));
  }
  json.member("file").string(line.file).member("line").number(line.number).end();
  return out;
}

std::string csv_of(const AccessLine& line) {
  const Access& access = line.access;
  std::string cases;
  for (const CaseId& id : access.cases) cases.append(cases.empty() ? "" : " ").append(to_string(id));
  return fmt::format("{};{};{};{};{};{};{}\r\n", to_string(access.at), access.by, access.purpose, access.what,
                     cases, line.file, line.number);
}

class Looks {
 public:
  Looks(const AccessAsk& ask, CommandLine& line)
      : ask_(ask), line_(line), language_(ask.json ? line.for_programs : line.for_people) {
    if (!ask.case_id.empty()) case_ = CaseId{*parse_uuid(ask.case_id)};
    if (!ask.from.empty()) from_ = parse_date(ask.from);
    if (!ask.to.empty()) to_ = parse_date(ask.to);
  }

  void run() {
    const auto dir = DataDirectory{ask_.data, {}}.access();
    if (ask_.csv)
      fmt::print(
          "\xEF\xBB\xBF"
          "at;by;purpose;what;cases;file;line\r\n");
    if (ask_.json) fmt::print("{{\"items\":[");
    const AccessChecked checked = read_accesses(dir, [this](const AccessLine& one) { take(one); });
    if (ask_.json) {
      print_checked(checked);
    } else {
      if (!rows_.empty()) {
        const std::vector<std::string_view> rows(rows_.begin(), rows_.end());
        fmt::print("{}", lay_out_rows(rows, terminal_width()));
      }
      for (const AccessFinding& finding : checked.findings) {
        fmt::print(stderr, "geleit audit access: {}{}{}: {}\n", finding.file, finding.line > 0 ? ":" : "",
                   finding.line > 0 ? std::to_string(finding.line) : std::string(), finding.what);
      }
      if (ask_.verify && checked.whole())
        fmt::print(stderr, "{}\n",
                   say(language_, message::access_log_whole, checked.lines, to_hex(checked.head)));
    }
    if (!checked.whole()) line_.status = Exit::refused;
  }

 private:
  void take(const AccessLine& one) {
    const Access& access = one.access;
    const CivilDate day = berlin_date(access.at);
    if (ask_.verify || (from_ && day < *from_) || (to_ && day > *to_)) return;
    if (!ask_.by.empty() && access.by != ask_.by) return;
    if (case_ && std::ranges::find(access.cases, *case_) == access.cases.end()) return;
    if (ask_.csv) {
      fmt::print("{}", csv_of(one));
    } else if (ask_.json) {
      fmt::print("{}\n{}", any_ ? "," : "", json_of(one));
      any_ = true;
    } else {
      rows_.push_back(json_of(one));
    }
  }

  static void print_checked(const AccessChecked& checked) {
    std::string out;
    http::JsonWriter json(out);
    json.object().member("lines").number(checked.lines).member("head").string(to_hex(checked.head));
    json.member("whole").boolean(checked.whole()).member("findings").array();
    for (const AccessFinding& finding : checked.findings) {
      json.object().member("file").string(finding.file).member("line").number(finding.line);
      json.member("what").string(finding.what).member("harmless").boolean(finding.harmless).end();
    }
    json.end().end();
    fmt::print("],\"log\":{}}}\n", out);
  }

  const AccessAsk& ask_;
  CommandLine& line_;
  Language language_;
  std::optional<CaseId> case_;
  std::optional<CivilDate> from_, to_;
  std::vector<std::string> rows_;
  bool any_ = false;
};

}  // namespace

void add_audit_access(CommandLine& line, CLI::App& group) {
  auto ask = std::make_shared<AccessAsk>();
  CLI::App* command = group.add_subcommand(
      "access", "Who looked at personal data, and whether that log is as it was written");
  command->add_option("--data", ask->data, "The data directory whose access log it is")
      ->capture_default_str();
  command->add_option("--case", ask->case_id, "Only looks at this case")
      ->check(CLI::Validator(
          [](const std::string& text) {
            return parse_uuid(text) ? std::string() : "expected the id of a case, but it is '" + text + "'";
          },
          "CASE"));
  command->add_option("--from", ask->from, "From this day on")->check(a_date());
  command->add_option("--to", ask->to, "Up to this day")->check(a_date());
  command->add_option("--by", ask->by, "Only of this person of the staff");
  command->add_flag("--verify", ask->verify, "List nothing: only say whether the log is whole");
  auto* as_json = command->add_flag("--json", ask->json, "For programs");
  command->add_flag("--csv", ask->csv, "For spreadsheets")->excludes(as_json);
  command->callback([ask, &line] { Looks(*ask, line).run(); });
}

}  // namespace geleit
