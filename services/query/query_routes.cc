#include "services/query/query_routes.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>

#include "events/civil_time.h"
#include "events/uuid.h"
#include "projections/reading.h"
#include "schema/embedded.h"
#include "services/http/negotiation.h"
#include "services/http/problem.h"
#include "services/language.h"
#include "services/query/case_view.h"
#include "services/query/history.h"
#include "services/query/lists.h"
#include "services/query/opening.h"
#include "services/query/settings_view.h"
#include "services/query/spreadsheet.h"
#include "services/query/status.h"
#include "services/serial_worker.h"

namespace geleit {

std::span<const EmbeddedFile> shipped_openapi_files();

namespace {

using Parameters = std::vector<http::QueryParameter>;

http::Response malformed_with(http::Language language, const std::string& expected, const std::string& found,
                              std::string_view field) {
  return http::problem_response(http::ProblemKind::malformed, language,
                                say(from_http(language), message::expected_but, expected, found),
                                std::string(field));
}

http::Response malformed(http::Language language, const Message<>& expected, const Message<>& found,
                         std::string_view field) {
  const Language in = from_http(language);
  return malformed_with(language, say(in, expected), say(in, found), field);
}

/// Whether that may be all of a list, which takes too long for a thread that others wait for.
bool is_whole(const http::Request& request) {
  if (request.query("limit")) return false;
  static constexpr std::array offered{http::Media::json, http::Media::csv, http::Media::xlsx};
  const auto format = request.query("format");
  return format ? *format != "json" : http::negotiate(request.header("accept"), offered) == http::Media::xlsx;
}

/// `partition:offset`, as an answer to a command gives it.
std::optional<Position> parse_position(std::string_view text) {
  const auto number = [](std::string_view digits, auto& value) {
    const auto end = digits.data() + digits.size();
    const auto read = std::from_chars(digits.data(), end, value);
    return read.ec == std::errc{} && read.ptr == end;
  };
  const auto colon = text.find(':');
  Position position;
  if (colon == std::string_view::npos || !number(text.substr(0, colon), position.partition.value) ||
      !number(text.substr(colon + 1), position.offset.value)) {
    return std::nullopt;
  }
  return position;
}

/// A read that has been asked, until the tables have come as far as it wants.
struct Waiting {
  std::shared_ptr<const QuerySources> sources;
  http::Request request;
  http::Responder responder;
  std::vector<Position> wanted;
  std::int64_t deadline_ms = 0;
  std::function<http::Response(const http::Request&, const Parameters&)> read;
  Parameters parameters;
  std::shared_ptr<void> place;          ///< among the waiting_reads_max
  std::shared_ptr<SerialWorker> aside;  ///< who makes the answer, where that takes long
};

/// Nothing when there is none left.
std::shared_ptr<void> place_to_wait(std::atomic<std::size_t>& waiting,
                                    std::size_t places = waiting_reads_max) {
  if (waiting.fetch_add(1, std::memory_order_relaxed) >= places) {
    waiting.fetch_sub(1, std::memory_order_relaxed);
    return nullptr;
  }
  return {&waiting, [&waiting](void*) { waiting.fetch_sub(1, std::memory_order_relaxed); }};
}

/// What lies damaged, or cannot be read just now, costs this answer and no other.
http::Response unreadable(const Waiting& waiting, const std::exception& failure) {
  waiting.sources->unreadable(failure);
  const Language in = from_http(waiting.request.language());
  return http::problem_response(
      http::ProblemKind::not_ready, waiting.request.language(),
      say(in, message::expected_but, say(in, message::readable_data), std::string_view(failure.what())));
}

http::Response read(const Waiting& waiting) {
  try {
    return waiting.read(waiting.request, waiting.parameters);
  } catch (const StoreFailed& failure) {
    return unreadable(waiting, failure);
  } catch (const LogCorrupt& failure) {
    return unreadable(waiting, failure);
  } catch (const LogUnavailable& failure) {
    return unreadable(waiting, failure);
  } catch (const SpreadsheetFailed& failure) {
    return unreadable(waiting, failure);
  } catch (const KeyStoreFailed& failure) { return unreadable(waiting, failure); }
}

bool reached(const Waiting& waiting) {
  const StoreState state = waiting.sources->store.snapshot()->state();
  for (const Position& position : waiting.wanted) {
    if (state.reached[position.partition.value].next <= position.offset) return false;
  }
  return true;
}

void answer_when_reached(std::shared_ptr<Waiting> waiting) {
  if (waiting->wanted.empty() || reached(*waiting)) {
    if (!waiting->aside) return waiting->responder.answer(read(*waiting));
    waiting->place = place_to_wait(waiting->sources->whole_lists, whole_lists_max);
    if (waiting->place) {
      const auto worker = waiting->aside;
      return worker->give([waiting = std::move(waiting)] {
        try {
          waiting->responder.answer(read(*waiting));
        } catch (...) {
          // The responder is destroyed with what waited, and has answered 500.
        }
      });
    }
    const Language in = from_http(waiting->request.language());
    return waiting->responder.answer(http::problem_response(
        http::ProblemKind::overloaded, waiting->request.language(),
        say(in, message::expected_but, say(in, message::room_in_queue), say(in, message::queue_full)),
        "format"));
  }
  if (!waiting->place) waiting->place = place_to_wait(waiting->sources->waiting_reads);
  if (!waiting->place) {
    const Language in = from_http(waiting->request.language());
    waiting->responder.answer(http::problem_response(
        http::ProblemKind::overloaded, waiting->request.language(),
        say(in, message::expected_but, say(in, message::room_in_queue), say(in, message::queue_full)),
        "wait_for"));
    return;
  }
  const std::int64_t now_ms = monotonic_ms();
  if (now_ms >= waiting->deadline_ms) {
    const Language in = from_http(waiting->request.language());
    waiting->responder.answer(
        http::problem_response(http::ProblemKind::not_ready, waiting->request.language(),
                               say(in, message::expected_but, say(in, message::position_reached),
                                   say(in, message::position_not_reached)),
                               "wait_for"));
    return;
  }
  waiting->sources->hurry();
  http::Timers& timers = waiting->sources->timers;
  const std::int64_t waited_ms = now_ms - (waiting->deadline_ms - wait_for_ms_max);
  const std::int64_t step_ms = std::clamp(waited_ms / 10, wait_for_step_ms_min, wait_for_step_ms_max);
  timers.after(std::chrono::milliseconds(step_ms),
               [waiting = std::move(waiting)]() mutable { answer_when_reached(std::move(waiting)); });
}

/// Adds a GET whose answer comes from one snapshot, once `wait_for` is fulfilled. `read` gets the other
/// parameters.
void add_read(http::Router& router, std::string_view path, const std::shared_ptr<const QuerySources>& sources,
              std::function<http::Response(const http::Request&, const Parameters&)> read,
              std::shared_ptr<SerialWorker> whole_lists = nullptr) {
  router.add(
      http::Method::get, path,
      [sources, read = std::move(read), whole_lists](http::Request request, http::Responder responder) {
        std::vector<Position> wanted;
        Parameters others;
        const std::size_t partitions = sources->log.info().partitions;
        for (const auto& parameter : request.query()) {
          if (parameter.name != "wait_for") {
            others.push_back(parameter);
            continue;
          }
          const auto position = parse_position(parameter.value);
          if (!position || position->partition.value >= partitions) {
            return responder.answer(
                malformed(request.language(), message::a_position, message::another_value, "wait_for"));
          }
          wanted.push_back(*position);
        }
        auto aside = whole_lists && is_whole(request) ? whole_lists : nullptr;
        answer_when_reached(std::make_shared<Waiting>(Waiting{sources,
                                                              std::move(request),
                                                              std::move(responder),
                                                              std::move(wanted),
                                                              monotonic_ms() + wait_for_ms_max,
                                                              read,
                                                              std::move(others),
                                                              {},
                                                              std::move(aside)}));
      });
}

/// A read without parameters of its own.
std::optional<http::Response> unknown_parameter(const http::Request& request, const Parameters& parameters) {
  if (parameters.empty()) return std::nullopt;
  return malformed(request.language(), message::known_parameter, message::unknown_parameter,
                   parameters.front().name);
}

http::Response fault(const http::Request& request, const ListFault& wrong) {
  return http::problem_response(http::ProblemKind::malformed, request.language(), wrong.detail, wrong.field);
}

http::Response no_such_case(const http::Request& request, std::string_view given) {
  const Language in = from_http(request.language());
  http::Problem problem;
  problem.kind = http::ProblemKind::no_such_case;
  problem.detail =
      say(in, message::expected_but, say(in, message::known_case), say(in, message::unknown_case, given));
  if (const auto id = parse_uuid(given)) problem.case_id = to_string(*id);
  return http::to_response(problem, request.language());
}

ListQuestion question_of(const QuerySources& sources, const http::Request& request,
                         const Parameters& parameters, const Opener& opener, const StoreState& state) {
  ListQuestion question;
  question.parameters = parameters;
  question.today = berlin_date(sources.clock.now());
  question.language = from_http(request.language());
  question.rules = &sources.rules;
  question.opener = &opener;
  question.lag_ms = lag_of(state, sources.ends(), sources.clock.now()).ms;
  return question;
}

/// A CSV has no room for the cursor of the next page; a header field tells it.
http::Response page_response(ListPage& page, const ListQuestion& question) {
  http::Response response;
  response.body = std::move(page.body);
  switch (question.form) {
    case ListForm::json: return response;
    case ListForm::csv: response.content_type = http::content::csv; break;
    case ListForm::xlsx:
      response.content_type = http::content::xlsx;
      response.headers.emplace_back("Content-Disposition", "attachment; filename=\"geleit-" +
                                                               std::string(question.name) + "-" +
                                                               to_string(question.today) + ".xlsx\"");
      break;
  }
  if (!page.next.empty()) response.headers.emplace_back("Next-Cursor", std::move(page.next));
  return response;
}

/// What a list is answered as: what `format` says, else what Accept does. Takes `format` out of the
/// question's parameters, which `own` then holds.
std::optional<http::Response> choose_form(const http::Request& request, const Parameters& parameters,
                                          Parameters& own, ListQuestion& question) {
  const Language in = from_http(request.language());
  std::optional<std::string_view> format;
  for (const auto& parameter : parameters) {
    if (parameter.name != "format") {
      own.push_back(parameter);
      continue;
    }
    if (format) {
      return malformed_with(request.language(), say(in, message::only_once, parameter.name),
                            say(in, message::it_came_twice), "format");
    }
    format = parameter.value;
    if (*format == "json") {
      question.form = ListForm::json;
    } else if (*format == "csv") {
      question.form = ListForm::csv;
    } else if (*format == "xlsx") {
      question.form = ListForm::xlsx;
    } else {
      return malformed_with(request.language(), say(in, message::one_of, std::string_view("json, csv, xlsx")),
                            say(in, message::got, *format), "format");
    }
  }
  question.parameters = own;
  if (!format) {
    static constexpr std::array offered{http::Media::json, http::Media::csv, http::Media::xlsx};
    const auto media = http::negotiate(request.header("accept"), offered);
    if (!media) {
      return http::problem_response(
          http::ProblemKind::not_acceptable, request.language(),
          say(in, message::expected_but, say(in, message::json_or_csv), say(in, message::another_media)));
    }
    if (*media == http::Media::csv) question.form = ListForm::csv;
    if (*media == http::Media::xlsx) question.form = ListForm::xlsx;
  }
  // A link in a spreadsheet and a file cannot turn pages.
  question.whole = question.form == ListForm::xlsx || (format && question.form == ListForm::csv);
  return std::nullopt;
}

using AskList = std::function<ListAnswer(const Reading&, const ListQuestion&)>;

/// A list's page as JSON or CSV, or all of it as a file.
void add_list(http::Router& router, std::string_view name, const std::shared_ptr<const QuerySources>& sources,
              const std::shared_ptr<SerialWorker>& whole_lists, AskList ask) {
  add_read(
      router, "/v1/" + std::string(name), sources,
      [sources, name, ask = std::move(ask)](const http::Request& request, const Parameters& parameters) {
        const Reading reading(sources->store.snapshot());
        const Opener opener = opener_of(sources->keys);
        ListQuestion question = question_of(*sources, request, parameters, opener, reading.state());
        question.name = name;
        Parameters own;
        if (auto refused = choose_form(request, parameters, own, question)) return std::move(*refused);
        ListAnswer answer = ask(reading, question);
        if (const auto* wrong = std::get_if<ListFault>(&answer)) return fault(request, *wrong);
        return page_response(std::get<ListPage>(answer), question);
      },
      whole_lists);
}

/// The case that the path names, or the answer that there is none. `provider=` narrows to that provider's
/// cases.
std::variant<Case, http::Response> case_of_path(const Reading& reading, const http::Request& request) {
  const std::string_view given = request.parameter("case");
  const auto id = parse_uuid(given);
  auto found = id ? reading.find_case({*id}) : std::nullopt;
  const auto provider = request.query("provider");
  if (!found || (provider && *provider != found->provider)) return no_such_case(request, given);
  return std::move(*found);
}

void add_case(http::Router& router, const std::shared_ptr<const QuerySources>& sources) {
  add_read(
      router, "/v1/cases/{case}", sources,
      [sources](const http::Request& request, const Parameters& parameters) {
        for (const auto& [name, value] : parameters) {
          if (name != "today" && name != "provider") {
            return malformed(request.language(), message::known_parameter, message::unknown_parameter, name);
          }
        }
        const Reading reading(sources->store.snapshot());
        const Opener opener = opener_of(sources->keys);
        const ListQuestion question = question_of(*sources, request, parameters, opener, reading.state());
        const auto today = today_of(question);
        if (const auto* wrong = std::get_if<ListFault>(&today)) return fault(request, *wrong);
        auto found = case_of_path(reading, request);
        if (auto* refused = std::get_if<http::Response>(&found)) return std::move(*refused);
        const Case& c = std::get<Case>(found);
        std::string view;
        try {
          view = case_view(c, reading.state(), std::get<CivilDate>(today), question);
        } catch (const KeyStoreFailed&) { throw; } catch (const std::exception&) {
          // What fails here has parked the case in that table; status tells the error.
          const Language in = from_http(request.language());
          return http::problem_response(
              http::ProblemKind::not_ready, request.language(),
              say(in, message::expected_but, say(in, message::case_ready), say(in, message::case_parked)));
        }
        auto response = http::Response::json(std::move(view));
        response.headers.emplace_back("ETag", http::etag_of(c.head.version.value));
        return response;
      });
}

void add_history(http::Router& router, const std::shared_ptr<const QuerySources>& sources) {
  add_read(router, "/v1/cases/{case}/history", sources,
           [sources](const http::Request& request, const Parameters& parameters) {
             static constexpr std::array<SortColumn, 1> sorts{{{"version", 0}}};
             static constexpr std::array<std::string_view, 1> own{"provider"};
             // Cursors of a history are told from those of the lists by a number that no table has.
             constexpr std::uint8_t tag = 255;
             const auto snapshot = sources->store.snapshot();
             const Reading reading(snapshot);
             const Opener opener = opener_of(sources->keys);
             ListQuestion question = question_of(*sources, request, parameters, opener, reading.state());
             question.name = "history";
             Parameters others;
             if (auto refused = choose_form(request, parameters, others, question))
               return std::move(*refused);
             auto found = case_of_path(reading, request);
             if (auto* refused = std::get_if<http::Response>(&found)) return std::move(*refused);
             const Case& c = std::get<Case>(found);
             ListAnswer answer = list_rows(
                 reading, history_columns(), sorts,
                 history_of(sources->log, *snapshot, sources->rules, sources->keys, c.id, c.head.version),
                 tag, own, question);
             if (const auto* wrong = std::get_if<ListFault>(&answer)) return fault(request, *wrong);
             return page_response(std::get<ListPage>(answer), question);
           });
}

/// What is in force for a provider (or for all) on a day (or today).
void add_settings(http::Router& router, const std::shared_ptr<const QuerySources>& sources) {
  add_read(
      router, "/v1/settings", sources, [sources](const http::Request& request, const Parameters& parameters) {
        std::string_view provider;
        std::optional<CivilDate> on = berlin_date(sources->clock.now());
        for (const auto& [name, value] : parameters) {
          if (name == "provider") {
            provider = value;
            if (!is_provider_slug(value))
              return malformed(request.language(), message::a_filter_text, message::another_value, name);
          } else if (name == "on") {
            on = parse_date(value);
            if (!on || to_ymd(*on).year < 1900 || to_ymd(*on).year > 2100)
              return malformed(request.language(), message::a_filter_date, message::another_value, name);
          } else {
            return malformed(request.language(), message::known_parameter, message::unknown_parameter, name);
          }
        }
        std::string view = settings_view(sources->rules, provider, *on, from_http(request.language()));
        if (!view.empty()) return http::Response::json(std::move(view));
        const Language in = from_http(request.language());
        return http::problem_response(http::ProblemKind::not_ready, request.language(),
                                      say(in, message::expected_but, say(in, message::position_reached),
                                          say(in, message::position_not_reached)));
      });
}

}  // namespace

void add_query_routes(http::Router& router, QuerySources given) {
  const auto sources = std::make_shared<const QuerySources>(std::move(given));
  const auto whole_lists = std::make_shared<SerialWorker>("whole lists");
  for (const ListTable& table : list_tables()) {
    add_list(router, table.name, sources, whole_lists,
             [&table](const Reading& reading, const ListQuestion& question) {
               return list(reading, table, question);
             });
  }
  add_list(router, "key-figures", sources, whole_lists, list_figures);
  add_case(router, sources);
  add_history(router, sources);
  add_settings(router, sources);
}

void add_status_routes(http::Router& router, QuerySources given) {
  const auto sources = std::make_shared<const QuerySources>(std::move(given));
  for (const char* const path : {"/v1/status", "/status"}) {
    add_read(router, path, sources, [sources](const http::Request& request, const Parameters& parameters) {
      if (auto refused = unknown_parameter(request, parameters)) return std::move(*refused);
      return http::Response::json(status_json(*sources));
    });
  }
  router.add(http::Method::get, "/v1/openapi.json", [](http::Request, http::Responder responder) {
    auto response = http::Response::json(std::string(shipped_openapi_files().front().bytes));
    response.cache_control = "public, max-age=3600";
    responder.answer(std::move(response));
  });
}

}  // namespace geleit
