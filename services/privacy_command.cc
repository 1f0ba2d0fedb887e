#include "services/privacy_command.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <boost/json.hpp>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>

#include "events/civil_time.h"
#include "events/uuid.h"
#include "services/access_log.h"
#include "services/asker.h"
#include "services/clock.h"
#include "services/command_options.h"
#include "services/http_client.h"
#include "services/json_member.h"
#include "services/json_slices.h"
#include "services/privacy.h"
#include "services/service.h"
#include "services/text_table.h"

namespace geleit {
namespace {

namespace json = boost::json;

struct PrivacyAsk {
  std::string server, by, about, reason, on, clock;
  DirectoryOptions where;
  bool json = false;
  CLI::Option* data = nullptr;
};

/// What one of the subcommands asks of a service, or of the directory itself.
struct Request {
  std::string method, target, body;
  std::function<http::Response(Privacy&, Language)> offline;
};

class PrivacyDialogue {
 public:
  PrivacyDialogue(const PrivacyAsk& ask, CommandLine& line)
      : ask_(ask), line_(line), language_(ask.json ? line.for_programs : line.for_people) {}

  void due() {
    std::optional<CivilDate> on;
    if (!ask_.on.empty()) on = parse_date(ask_.on);
    if (!answered({"GET",
                   "/v1/privacy/due" + (on ? "?on=" + ask_.on : std::string()),
                   {},
                   [on](Privacy& privacy, Language in) { return privacy.due(on, in); }}))
      return;
    print_rows("items", message::nobody_may_go);
  }

  void status() {
    if (!answered({"GET", "/v1/privacy/status", {}, [](Privacy& privacy, Language in) {
                     return privacy.status(in);
                   }}))
      return;
    print_rows("erased", message::nobody_was_erased);
    print_rows("restricted", message::nobody_is_restricted);
  }

  void erase() {
    const auto grounds = *parse_word<ErasureGrounds>(ask_.reason);
    if (!answered({"POST", "/v1/privacy/" + percent_encode(ask_.about) + "/erase", reason_body(),
                   [this, grounds](Privacy& privacy, Language in) {
                     return privacy.erase(ask_.about, grounds, ask_.by, in);
                   }}))
      return;
    tell([this](const json::object& told) {
      const std::size_t cases = told.at("cases").as_array().size();
      fmt::print("{}\n", say(language_, message::person_erased, text_member(told, "person"), cases,
                             text_member(told, "at")));
      const std::string backups = text_member(told, "backups_gone_on");
      fmt::print("{}\n", backups.empty()
                             ? say(language_, message::no_key_backup_known, key_backup_days)
                             : say(language_, message::key_backups_gone, backups, key_backup_days));
      if (const std::string topic = text_member(told, "topic_gone_by"); !topic.empty())
        fmt::print("{}\n", say(language_, message::key_topic_gone, topic));
    });
  }

  void restrict(bool lift) {
    if (!answered({"POST", "/v1/privacy/" + percent_encode(ask_.about) + (lift ? "/lift" : "/restrict"),
                   reason_body(), [this, lift](Privacy& privacy, Language in) {
                     return privacy.restrict(ask_.about, ask_.reason, ask_.by, lift, in);
                   }}))
      return;
    tell([&](const json::object& told) {
      const std::string person = text_member(told, "person");
      const std::size_t cases = told.at("cases").as_array().size();
      fmt::print("{}\n", lift ? say(language_, message::person_unrestricted, person, cases)
                              : say(language_, message::person_restricted, person, cases));
    });
  }

 private:
  [[nodiscard]] std::string reason_body() const {
    return json::serialize(json::object{{"reason", ask_.reason}});
  }

  /// False once a refusal was told.
  bool answered(const Request& request) {
    int status = 0;
    if (ask_.data->count() > 0) {
      ::umask(077);
      const auto clock = ask_.clock.empty() ? ClockChoice{} : *parse_clock(ask_.clock);
      Service service(ask_.where.directory(), clock, nullptr, {true, true, false, false});
      service.start({});
      Privacy privacy(service);
      privacy.complete();
      const http::Response response = request.offline(privacy, language_);
      service.stop();
      status = response.status;
      body_ = response.body;
    } else {
      HttpClient client = client_of(*parse_server_url(ask_.server));
      ClientHeaders headers{{"Accept-Language", language_ == Language::de ? "de" : "en"}};
      if (!ask_.by.empty()) headers.emplace_back(by_header, ask_.by);
      const ClientResponse response =
          request.method == "GET" ? client.get(request.target, headers)
                                  : client.post(request.target, "application/json", request.body, headers);
      status = response.status;
      body_ = response.body;
    }
    if (status == 200) return true;
    json::error_code error;
    const json::value value = json::parse(body_, error);
    const auto* object = error ? nullptr : value.if_object();
    if (ask_.json && object) fmt::print("{}\n", body_);
    const std::string rule = object ? text_member(*object, "rule") : std::string();
    fmt::print(stderr, "geleit privacy: {} {}{}\n", status, rule.empty() ? "" : rule + " · ",
               object ? text_member(*object, "detail") : body_.substr(0, 200));
    line_.status = status / 100 == 4 ? Exit::refused : Exit::unavailable;
    return false;
  }

  template <class Tell>
  void tell(Tell&& tell) {
    if (ask_.json) {
      fmt::print("{}\n", body_);
      return;
    }
    tell(json::parse(body_).as_object());
  }

  void print_rows(std::string_view name, const Message<>& none) {
    if (ask_.json) {
      if (!printed_) fmt::print("{}\n", body_);
      printed_ = true;
      return;
    }
    const auto items = member_of(body_, name);
    const auto rows = items ? elements_of(*items) : std::vector<std::string_view>();
    if (rows.empty()) {
      fmt::print("{}\n", say(language_, none));
    } else {
      fmt::print("{}", lay_out_rows(rows, terminal_width()));
    }
  }

  const PrivacyAsk& ask_;
  CommandLine& line_;
  Language language_;
  std::string body_;
  bool printed_ = false;
};

}  // namespace

void add_privacy(CommandLine& line) {
  auto ask = std::make_shared<PrivacyAsk>();
  CLI::App* command = line.app.add_subcommand(
      "privacy", "What retention lets go, erasing a person's data, and restricting it instead");
  command->require_subcommand(1);
  // With --data the directory itself is opened, which no service may hold; else a service is asked.
  const auto common = [ask](CLI::App* sub) {
    sub->add_flag("--json", ask->json, "For programs: the answer as it is");
    add_server_option(*sub, ask->server);
    add_directory_options(*sub, ask->where);
    sub->add_option("--clock", ask->clock, "With --data: as if it were this instant")
        ->check([](const std::string& text) {
          return parse_clock(text) ? std::string() : "expected an instant with offset, but got " + text;
        });
    sub->get_option("--data")->description(
        "Directory of log, keys and tables, which no service holds; without it the service is asked");
    return sub->get_option("--data");
  };
  const auto run = [ask, &line](CLI::App* sub, CLI::Option* data,
                                std::function<void(PrivacyDialogue&)> does) {
    sub->callback([ask, &line, data, does = std::move(does)] {
      ask->data = data;
      PrivacyDialogue dialogue(*ask, line);
      does(dialogue);
    });
  };
  const auto of_one = [ask](CLI::App* sub) {
    sub->add_option("person", ask->about, "Id of the person, or of one of their cases")
        ->required()
        ->check(CLI::Validator(
            [](const std::string& text) {
              return parse_uuid(text) ? std::string() : "expected an id, but it is '" + text + "'";
            },
            "PERSON|CASE"));
    sub->add_option("--by", ask->by, "Who does it")
        ->check(CLI::Validator(
            [](const std::string& text) {
              return is_access_word(text) ? std::string() : "expected a staff slug, but it is '" + text + "'";
            },
            "STAFF"));
  };

  CLI::App* due = command->add_subcommand("due", "Persons whose records need not be kept any longer");
  due->add_option("--on", ask->on, "On this day; today by default")->check(a_date());
  run(due, common(due), [](PrivacyDialogue& dialogue) { dialogue.due(); });

  CLI::App* erase = command->add_subcommand(
      "erase", "Destroy the keys of a person whose retention has passed: nobody can read the data any more");
  of_one(erase);
  erase
      ->add_option("--reason", ask->reason,
                   "retention_over, request or other; a word, for it is kept where all can read it")
      ->required()
      ->check(CLI::IsMember({"retention_over", "request", "other"}));
  run(erase, common(erase), [](PrivacyDialogue& dialogue) { dialogue.erase(); });

  for (const bool lift : {false, true}) {
    CLI::App* sub = command->add_subcommand(
        lift ? "lift" : "restrict",
        lift ? "Take a restriction back" : "Store the person's data from now on, and nothing else");
    of_one(sub);
    sub->add_option("--reason", ask->reason, "Why; sealed with the person's key")->required();
    run(sub, common(sub), [lift](PrivacyDialogue& dialogue) { dialogue.restrict(lift); });
  }

  CLI::App* status = command->add_subcommand(
      "status", "Who was erased and when the last of their keys will be gone; whose data is restricted");
  run(status, common(status), [](PrivacyDialogue& dialogue) { dialogue.status(); });
}

}  // namespace geleit
