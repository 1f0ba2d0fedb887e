#include "services/retry_command.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <cstdio>
#include <memory>
#include <optional>

#include "events/uuid.h"
#include "services/command_options.h"
#include "services/http_client.h"
#include "services/json_member.h"

namespace geleit {
namespace {

namespace json = boost::json;

struct RetryAsk {
  std::string id, server;
  bool json = false;
};

void retry(const RetryAsk& ask, CommandLine& line) {
  const Language language = ask.json ? line.for_programs : line.for_people;
  HttpClient client = client_of(*parse_server_url(ask.server));
  const ClientResponse response = client.post("/v1/cases/" + percent_encode(ask.id) + "/retry", {}, {},
                                              {{"Accept-Language", language == Language::de ? "de" : "en"}});
  json::error_code error;
  const json::value value = json::parse(response.body, error);
  const auto* answer = error ? nullptr : value.if_object();
  if (response.status != 200 || !answer) {
    const std::string detail = answer ? text_member(*answer, "detail") : response.body.substr(0, 200);
    fmt::print(stderr, "geleit retry: {} {}\n", response.status, detail);
    line.status = response.status == 400 || response.status == 404 ? Exit::refused : Exit::unavailable;
    return;
  }
  const auto* freed = answer->if_contains("freed");
  const auto* parked = answer->if_contains("parked");
  if (!freed || !freed->is_array() || !parked || !parked->is_array()) {
    throw ServerUnavailable("expected what came free and what is parked, but the answer is something else");
  }
  line.status = parked->as_array().empty() ? Exit::done : Exit::refused;
  if (ask.json) {
    fmt::print("{}\n", response.body);
    return;
  }
  std::string tables;
  for (const json::value& table : freed->as_array()) {
    if (table.is_string()) tables += (tables.empty() ? "" : ", ") + std::string(table.as_string());
  }
  if (!tables.empty()) fmt::print("{}\n", say(language, message::case_goes_on, ask.id, tables));
  for (const json::value& one : parked->as_array()) {
    if (!one.is_object()) continue;
    fmt::print("{}\n", say(language, message::case_stands_still, ask.id,
                           text_member(one.as_object(), "table"), text_member(one.as_object(), "error")));
  }
  if (tables.empty() && parked->as_array().empty()) {
    fmt::print("{}\n", say(language, message::nothing_stands_still, ask.id));
  }
}

}  // namespace

void add_retry(CommandLine& line) {
  auto ask = std::make_shared<RetryAsk>();
  CLI::App* command =
      line.app.add_subcommand("retry", "Try a case again that stands still, after what failed was fixed");
  command->add_option("case", ask->id, "The case, as status lists it under parked")
      ->required()
      ->check(a_uuid("the id of a case", "CASE"));
  add_server_option(*command, ask->server);
  command->add_flag("--json", ask->json, "For programs: the service's answer");
  command->callback([ask, &line] { retry(*ask, line); });
}

}  // namespace geleit
