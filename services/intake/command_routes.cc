#include "services/intake/command_routes.h"

#include <algorithm>
#include <charconv>

#include "events/civil_time.h"
#include "events/uuid.h"
#include "services/asker.h"
#include "services/http/json_text.h"
#include "services/http/negotiation.h"
#include "services/http/problem.h"
#include "services/intake/command_json.h"
#include "services/language.h"
#include "services/principal.h"

namespace geleit {
namespace {

http::ProblemKind kind_of(RejectionKind kind) {
  switch (kind) {
    case RejectionKind::malformed: return http::ProblemKind::malformed;
    case RejectionKind::forbidden: return http::ProblemKind::forbidden;
    case RejectionKind::no_such_case: return http::ProblemKind::no_such_case;
    case RejectionKind::version_conflict: return http::ProblemKind::version_conflict;
    case RejectionKind::id_reused: return http::ProblemKind::id_reused;
    case RejectionKind::already_exists: return http::ProblemKind::already_exists;
    case RejectionKind::wrong_state: return http::ProblemKind::wrong_state;
    case RejectionKind::unknown_reference: return http::ProblemKind::unknown_reference;
    case RejectionKind::too_large: return http::ProblemKind::too_large;
    case RejectionKind::rule_rejected: return http::ProblemKind::rule_rejected;
    case RejectionKind::reason_required: return http::ProblemKind::reason_required;
    case RejectionKind::overloaded: return http::ProblemKind::overloaded;
    case RejectionKind::not_ready: return http::ProblemKind::not_ready;
  }
  return http::ProblemKind::internal;
}

http::Problem to_problem(const Rejection& rejection, Language language) {
  http::Problem problem;
  problem.kind = kind_of(rejection.kind);
  problem.detail = rejection.detail.in(language);
  if (rejection.rule) problem.rule = word(*rejection.rule);
  problem.field = rejection.field;
  if (rejection.case_id) problem.case_id = to_string(*rejection.case_id);
  for (const Rule rule : rejection.reasons_required) problem.reasons_required.emplace_back(word(rule));
  if (rejection.version) problem.version = rejection.version->value;
  if (rejection.state) problem.extra.emplace_back("state", '"' + std::string(word(*rejection.state)) + '"');
  return problem;
}

void append_accepted(std::string& out, const Accepted& accepted, const RuleSet* rules, Language language) {
  http::JsonWriter json(out);
  json.object()
      .member("id")
      .string(to_string(accepted.id))
      .member("case")
      .string(to_string(accepted.case_id));
  json.member("version").number(accepted.version.value).member("event").string(accepted.event);
  if (!accepted.dry_run) {
    json.member("recorded").string(to_string(accepted.recorded));
    json.member("position").object().member("partition").number(accepted.position.partition.value);
    json.member("offset").number(accepted.position.offset.value).end();
  }
  json.member("findings").array();
  for (const Rule rule : accepted.findings) {
    json.object().member("rule").string(word(rule));
    json.member("text").string(rules ? std::string_view(rules->title(rule, language)) : word(rule)).end();
  }
  json.end();
  if (accepted.repeated) json.member("repeated").boolean(true);
  if (accepted.dry_run) json.member("dry_run").boolean(true);
  json.end();
}

http::Response malformed(Language language, const Message<>& expected, const Message<>& found,
                         std::string field) {
  return http::problem_response(http::ProblemKind::malformed, to_http(language),
                                expected_but(sentence(expected), sentence(found)).in(language),
                                std::move(field));
}

/// What the address and the header fields say, beside the body.
struct Asked {
  Language language = Language::de;
  bool dry_run = false;
  bool many = false;
  Caller caller = Caller::people;
  std::optional<EventId> id;
  std::optional<Version> if_match;
  TraceId trace;
};

std::optional<http::Response> read_head(const http::Request& request, Asked& asked) {
  asked.language = from_http(request.language());
  for (const auto& [name, value] : request.query()) {
    if (name != "dry_run") {
      return malformed(asked.language, message::known_parameter, message::unknown_parameter,
                       std::string(name));
    }
    if (value != "true" && value != "false") {
      return malformed(asked.language, message::either_true_or_false, message::another_value, "dry_run");
    }
    asked.dry_run = value == "true";
  }
  const auto type = request.header("content-type").value_or("application/json");
  asked.many = http::is_media(type, http::content::ndjson);
  if (!asked.many && !http::is_media(type, http::content::json)) {
    return http::problem_response(
        http::ProblemKind::unsupported_media_type, request.language(),
        expected_but(sentence(message::json_or_ndjson), sentence(message::another_media)).in(asked.language));
  }
  if (const auto key = request.header("idempotency-key")) {
    const auto id = parse_uuid(*key);
    if (!id || !client_may_choose(*id) || asked.many) {
      return malformed(asked.language, message::one_command_id, message::another_value, "Idempotency-Key");
    }
    asked.id = EventId{*id};
  }
  if (const auto value = request.header("if-match")) {
    const auto match = http::parse_if_match(*value);
    if (!match || asked.many)
      return malformed(asked.language, message::one_entity_tag, message::another_value, "If-Match");
    if (match->version) asked.if_match = Version{*match->version};
  }
  asked.trace = trace_of(request.header("traceparent"));
  return std::nullopt;
}

/// The header fields' word where the command leaves it open; a contradiction is a fault.
std::optional<Rejection> take_head(const Asked& asked, Command& command) {
  const auto contradiction = [](std::string field) {
    Rejection rejection;
    rejection.detail = expected_but(sentence(message::same_as_header), sentence(message::another_value));
    rejection.field = std::move(field);
    return rejection;
  };
  if (asked.id) {
    if (command.id_given && command.id != *asked.id) return contradiction("id");
    command.id = *asked.id;
    command.id_given = true;
  }
  if (asked.if_match) {
    if (command.expect_version && *command.expect_version != *asked.if_match)
      return contradiction("expect_version");
    command.expect_version = asked.if_match;
  }
  return std::nullopt;
}

/// Puts into the command who sends it; what is about another provider than theirs they may not send.
std::optional<Rejection> take_principal(const Principal& asks, Command& command) {
  // Another program speaks for people, and knows for which of them.
  const bool speaks_for_others = asks.roles.has(AccessRole::service) && !command.by.empty();
  if (!asks.name.empty() && !speaks_for_others) command.by = asks.name;
  if (!asks.provider) return std::nullopt;
  command.only_provider = *asks.provider;
  const auto* referral = std::get_if<ReceiveReferral>(&command.data);
  const auto* settings = std::get_if<AdoptSettings>(&command.data);
  if ((!referral || command.knows_of(referral->provider)) &&
      (!settings || command.knows_of(settings->provider)))
    return std::nullopt;
  Rejection rejection;
  rejection.kind = RejectionKind::forbidden;
  rejection.detail =
      expected_but(sentence(message::ones_own_provider, std::string_view(command.only_provider)),
                   sentence(message::another_provider));
  rejection.field = "provider";
  return rejection;
}

std::vector<std::string_view> lines_of(std::string_view body) {
  std::vector<std::string_view> lines;
  while (!body.empty()) {
    const std::size_t end = std::min(body.find('\n'), body.size());
    const std::string_view line = body.substr(0, end);
    if (line.find_first_not_of(" \t\r") != std::string_view::npos) lines.push_back(line);
    body.remove_prefix(std::min(end + 1, body.size()));
  }
  return lines;
}

struct CommandRoute {
  Intake& intake;
  const RuleBook& rules;
  const Clock& clock;
  bool entered;

  void operator()(http::Request request, http::Responder responder) const {
    Asked asked;
    if (auto refused = read_head(request, asked)) return responder.answer(std::move(*refused));
    const Principal* const asks = request.principal();
    if (asks && asks->of_the_installation) asked.caller = Caller::service;
    const auto roles = asks ? std::optional(asks->roles) : std::nullopt;
    std::vector<std::string_view> texts{request.body()};
    if (asked.many) {
      texts = lines_of(request.body());
      if (texts.size() > ndjson_lines_max) {
        return responder.answer(http::problem_response(
            http::ProblemKind::too_large, request.language(),
            expected_but(sentence(message::lines_at_most, static_cast<std::int64_t>(ndjson_lines_max)),
                         sentence(message::lines_found, static_cast<std::int64_t>(texts.size())))
                .in(asked.language)));
      }
      if (texts.empty()) return responder.answer(ndjson({}, asked.language));
    }
    if (!intake.has_room(texts.size(), request.body().size()))
      return responder.answer(overloaded(request.language(), asked.language));
    thread_local CommandReader reader;
    Instant latest = clock.now();
    const auto ask_now = [&](std::optional<Instant> entered_at) {
      if (entered && entered_at && *entered_at > latest) latest = *entered_at;
      return latest;
    };
    std::vector<Submitted> commands;
    commands.reserve(texts.size());
    for (const std::string_view text : texts) {
      Submitted read = reader.read(text, ask_now, asked.caller, roles);
      if (auto* command = std::get_if<Command>(&read)) {
        auto rejection = take_head(asked, *command);
        if (!rejection && asks) rejection = take_principal(*asks, *command);
        if (rejection) read = std::move(*rejection);
      }
      commands.push_back(std::move(read));
    }
    auto held = std::make_shared<http::Responder>(std::move(responder));
    const bool taken = intake.submit(std::move(commands), asked.dry_run, asked.trace,
                                     [this, asked, held](std::vector<Answer> answers) {
                                       held->answer(asked.many ? ndjson(answers, asked.language)
                                                               : single(answers.front(), asked.language));
                                     });
    if (taken) return;
    held->answer(overloaded(request.language(), asked.language));
  }

  [[nodiscard]] static http::Response overloaded(http::Language http_language, Language language) {
    return http::problem_response(
        http::ProblemKind::overloaded, http_language,
        expected_but(sentence(message::room_in_queue), sentence(message::queue_full)).in(language));
  }

  [[nodiscard]] http::Response single(const Answer& answer, Language language) const {
    if (const auto* rejection = std::get_if<Rejection>(&answer)) {
      return http::to_response(to_problem(*rejection, language), to_http(language));
    }
    const auto& accepted = std::get<Accepted>(answer);
    std::string body;
    append_accepted(body, accepted, newest_rules().get(), language);
    auto response = http::Response::json(std::move(body));
    response.headers.emplace_back("ETag", http::etag_of(accepted.version.value));
    return response;
  }

  [[nodiscard]] http::Response ndjson(const std::vector<Answer>& answers, Language language) const {
    const auto titles = newest_rules();
    std::string body;
    body.reserve(answers.size() * 320);
    for (const Answer& answer : answers) {
      if (const auto* accepted = std::get_if<Accepted>(&answer))
        append_accepted(body, *accepted, titles.get(), language);
      else
        http::append_problem(body, to_problem(std::get<Rejection>(answer), language), to_http(language));
      body += '\n';
    }
    http::Response response;
    response.content_type = http::content::ndjson;
    response.body = std::move(body);
    return response;
  }

  /// Titles of rules come from the newest set that was read.
  [[nodiscard]] std::shared_ptr<const RuleSet> newest_rules() const {
    const auto sets = rules.all();
    return sets.empty() ? nullptr : sets.back();
  }
};

}  // namespace

void add_command_routes(http::Router& router, Intake& intake, const RuleBook& rules, const Clock& clock,
                        bool entered) {
  auto route = std::make_shared<CommandRoute>(CommandRoute{intake, rules, clock, entered});
  router.add(http::Method::post, "/v1/commands", [route](http::Request request, http::Responder responder) {
    (*route)(std::move(request), std::move(responder));
  });
}

}  // namespace geleit
