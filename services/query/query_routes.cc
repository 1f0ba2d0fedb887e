#include "services/query/query_routes.h"

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <optional>

#include "events/civil_time.h"
#include "events/uuid.h"
#include "projections/past.h"
#include "projections/reading.h"
#include "schema/embedded.h"
#include "services/asker.h"
#include "services/http/negotiation.h"
#include "services/http/problem.h"
#include "services/language.h"
#include "services/position_text.h"
#include "services/principal.h"
#include "services/query/case_view.h"
#include "services/query/history.h"
#include "services/query/lists.h"
#include "services/query/opening.h"
#include "services/query/pasts.h"
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

/// What a read reads from: the present tables, or those of a past.
struct Moment {
  std::shared_ptr<const Snapshot> present;
  std::shared_ptr<const Snapshot> tables;  ///< of a past, where the read wants them
  std::shared_ptr<const RuleBook> rules;
  std::optional<PastTimes> times;
  std::vector<Reached> reached;  ///< what was known
  CivilDate today;

  [[nodiscard]] Offset until(const CaseId& id) const {
    return reached[partition_of(id, static_cast<std::uint16_t>(reached.size())).value].next;
  }
  /// As far as `as_at` tells it.
  [[nodiscard]] StoreState state() const {
    StoreState state;
    state.reached = reached;
    return state;
  }
};

/// What of a past a read needs; `present`: it takes no times.
enum class Needs : std::uint8_t { present, log, tables };

using Read = std::function<http::Response(const http::Request&, const Parameters&, const Moment&)>;

/// The routes' own: the sources, and the pasts made of them.
struct QueryParts {
  explicit QueryParts(QuerySources given) : sources(std::move(given)) {
    if (!sources.pasts.empty()) pasts.emplace(sources.log, sources.store, sources.rules, sources.pasts);
  }
  QuerySources sources;
  mutable std::optional<Pasts> pasts;  ///< none where only the status is told
};

/// A read that has been asked, until the tables have come as far as it wants.
struct Waiting {
  std::shared_ptr<const QueryParts> parts;
  http::Request request;
  http::Responder responder;
  std::vector<Position> wanted;
  std::int64_t deadline_ms = 0;
  Read read;
  Parameters parameters;
  Needs needs = Needs::present;
  SerialWorker* aside = nullptr;  ///< who makes the answer, where that takes long
  std::optional<PastTimes> times;
  std::shared_ptr<void> place;  ///< among the waiting_reads_max, then the whole_lists_max
  Moment moment;
  std::shared_ptr<const Pasts::Making> making;

  [[nodiscard]] const QuerySources& sources() const { return parts->sources; }
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
  waiting.sources().unreadable(failure);
  const Language in = from_http(waiting.request.language());
  return http::problem_response(
      http::ProblemKind::not_ready, waiting.request.language(),
      say(in, message::expected_but, say(in, message::readable_data), std::string_view(failure.what())));
}

/// The answer of `part`, or that what it reads cannot be read.
template <class Part>
std::optional<http::Response> unless_unreadable(const Waiting& waiting, Part&& part) {
  try {
    return part();
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

http::Response no_room(const Waiting& waiting, std::string field) {
  const Language in = from_http(waiting.request.language());
  return http::problem_response(
      http::ProblemKind::overloaded, waiting.request.language(),
      say(in, message::expected_but, say(in, message::room_in_queue), say(in, message::queue_full)),
      std::move(field));
}

void answer_now(Waiting& waiting) {
  auto response = unless_unreadable(waiting, [&]() -> std::optional<http::Response> {
    return waiting.read(waiting.request, waiting.parameters, waiting.moment);
  });
  waiting.responder.answer(std::move(*response));
}

void answer(std::shared_ptr<Waiting> waiting) {
  SerialWorker* const aside = waiting->aside;
  if (!aside) return answer_now(*waiting);
  waiting->place = place_to_wait(waiting->sources().whole_lists, whole_lists_max);
  if (!waiting->place) return waiting->responder.answer(no_room(*waiting, "format"));
  aside->give([waiting = std::move(waiting)] {
    try {
      answer_now(*waiting);
    } catch (...) {
      // The responder is destroyed with what waited, and has answered 500.
    }
  });
}

/// A look after a tenth of what was waited already.
std::chrono::milliseconds step_after(std::int64_t waited_ms) {
  return std::chrono::milliseconds(std::clamp(waited_ms / 10, wait_for_step_ms_min, wait_for_step_ms_max));
}

/// Whether no record can come any more that was recorded by then.
bool is_final(const QuerySources& sources, const StoreState& state, Instant known_at) {
  const KnownEnds known = sources.ends();
  const bool long_ago = sources.clock.now().ms - known_at.ms >= clock_trusted_ms && known.old_ms == 0;
  for (std::size_t p = 0; p < state.reached.size(); ++p) {
    const Reached& reached = state.reached[p];
    if (reached.next.value > 0 && reached.recorded > known_at) continue;
    if (!long_ago || p >= known.ends.size() || reached.next < known.ends[p]) return false;
  }
  return true;
}

/// The tables of a past are not made yet: how far that is, for people and for programs.
http::Response still_making(const Waiting& waiting) {
  const Language in = from_http(waiting.request.language());
  const std::uint64_t of = waiting.making->events_in_all();
  const std::uint64_t events = std::min(waiting.making->events(), of);
  http::Problem problem;
  problem.kind = http::ProblemKind::not_ready;
  problem.detail = say(in, message::expected_but, say(in, message::past_made),
                       say(in, message::past_not_made, events, of));
  problem.extra.emplace_back("progress",
                             "{\"events\":" + std::to_string(events) + ",\"of\":" + std::to_string(of) + '}');
  return http::to_response(problem, waiting.request.language());
}

void answer_when_made(std::shared_ptr<Waiting> waiting) {
  if (waiting->making->done()) {
    auto refused = unless_unreadable(*waiting, [&]() -> std::optional<http::Response> {
      waiting->moment.tables = waiting->making->tables().snapshot;
      return std::nullopt;
    });
    if (refused) return waiting->responder.answer(std::move(*refused));
    return answer(std::move(waiting));
  }
  const std::int64_t now_ms = monotonic_ms();
  if (now_ms >= waiting->deadline_ms) return waiting->responder.answer(still_making(*waiting));
  http::Timers& timers = waiting->sources().timers;
  const auto step = step_after(now_ms - (waiting->deadline_ms - past_wait_ms_max));
  timers.after(step, [waiting = std::move(waiting)]() mutable { answer_when_made(std::move(waiting)); });
}

/// The only case that a list is asked for.
std::optional<CaseId> only_case(const Parameters& parameters) {
  for (const auto& [name, value] : parameters) {
    if (name != "case") continue;
    if (const auto id = parse_uuid(value)) return CaseId{*id};
  }
  return std::nullopt;
}

/// Makes ready what the read reads from, and answers it.
void look_and_answer(std::shared_ptr<Waiting> waiting) {
  const QuerySources& sources = waiting->sources();
  Moment& moment = waiting->moment;
  auto refused = unless_unreadable(*waiting, [&]() -> std::optional<http::Response> {
    moment.present = sources.store.snapshot();
    moment.tables = moment.present;
    moment.rules = {std::shared_ptr<void>(), &sources.rules};
    moment.today = berlin_date(sources.clock.now());
    moment.times = waiting->times;
    if (!moment.times) return std::nullopt;
    Pasts& pasts = *waiting->parts->pasts;
    PastTimes& times = *moment.times;
    const StoreState& state = moment.present->state();
    moment.reached = state.reached;
    if (times.known_at) {
      moment.reached = pasts.times().reached_by(state, *times.known_at);
      moment.rules = pasts.past_rules().known_by(*moment.present, moment.reached);
      moment.today = berlin_date(*times.known_at);
      times.final = is_final(sources, state, *times.known_at);
    }
    if (times.as_of) moment.today = *times.as_of;
    if (waiting->needs != Needs::tables) return std::nullopt;
    const PastAsk ask{moment.reached, times.as_of};
    if (const auto id = only_case(waiting->parameters)) {
      const Progress unheard;
      Watched watched(unheard, {});
      moment.tables =
          past_of_cases(sources.log, *moment.present, sources.rules, ask, {&*id, 1}, watched).snapshot;
      return std::nullopt;
    }
    auto provider = waiting->request.query("provider");
    if (const std::string* only = only_provider(waiting->request)) provider = *only;
    waiting->making = pasts.ask(ask, provider && is_provider_slug(*provider) ? provider : std::nullopt,
                                !times.known_at, waiting->wanted);
    if (waiting->making && !waiting->making->done() && !waiting->place)
      waiting->place = place_to_wait(sources.waiting_reads);
    if (!waiting->making || (!waiting->making->done() && !waiting->place)) return no_room(*waiting, {});
    return std::nullopt;
  });
  if (refused) return waiting->responder.answer(std::move(*refused));
  if (!waiting->making) return answer(std::move(waiting));
  waiting->deadline_ms = monotonic_ms() + past_wait_ms_max;
  answer_when_made(std::move(waiting));
}

bool reached(const Waiting& waiting) {
  const StoreState state = waiting.sources().store.snapshot()->state();
  for (const Position& position : waiting.wanted) {
    if (state.reached[position.partition.value].next <= position.offset) return false;
  }
  return true;
}

void answer_when_reached(std::shared_ptr<Waiting> waiting) {
  if (waiting->wanted.empty() || reached(*waiting)) return look_and_answer(std::move(waiting));
  if (!waiting->place) waiting->place = place_to_wait(waiting->sources().waiting_reads);
  if (!waiting->place) return waiting->responder.answer(no_room(*waiting, "wait_for"));
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
  waiting->sources().hurry();
  http::Timers& timers = waiting->sources().timers;
  const auto step = step_after(now_ms - (waiting->deadline_ms - wait_for_ms_max));
  timers.after(step, [waiting = std::move(waiting)]() mutable { answer_when_reached(std::move(waiting)); });
}

/// The answer to a read that opened personal data of these cases, once that is written down (REC-ACCESS);
/// where it cannot be, nothing is shown.
http::Response shown(const QuerySources& sources, const http::Request& request, std::string_view route,
                     Looked looked, http::Response response) {
  if (looked.empty()) return response;
  if (sources.access.note(look_of(asker_of(request), sources.clock.now(), std::string("GET ").append(route),
                                  std::move(looked))))
    return response;
  const Language in = from_http(request.language());
  const std::string trouble = sources.access.trouble();
  http::Problem problem;
  problem.kind = http::ProblemKind::not_ready;
  problem.detail =
      say(in, message::expected_but, say(in, message::access_recorded),
          trouble.empty() ? say(in, message::access_waits) : say(in, message::access_unwritable, trouble));
  problem.rule = word(Rule::rec_access);
  return http::to_response(problem, request.language());
}

/// Whether what was told about the case's person may be opened for this asker: while it is restricted only
/// for legal claims, one case at a time.
bool may_open(const Case& c, const http::Request& request) {
  return c.personal_data != PersonalDataState::restricted || request.header(purpose_header) == legal_claims;
}

/// Takes `known_at` and `as_of` into `times`; the answer where one of them is none.
std::optional<http::Response> read_time(const http::Request& request, const http::QueryParameter& parameter,
                                        std::optional<PastTimes>& times) {
  const auto& [name, value] = parameter;
  if (!times) times.emplace();
  if (name == "known_at" ? times->known_at.has_value() : times->as_of.has_value()) {
    const Language in = from_http(request.language());
    return malformed_with(request.language(), say(in, message::only_once, name),
                          say(in, message::it_came_twice), name);
  }
  if (name == "known_at") {
    times->known_at = parse_instant(value);
    if (!times->known_at)
      return malformed(request.language(), message::a_moment, message::another_value, name);
    return std::nullopt;
  }
  times->as_of = parse_date(value);
  if (!times->as_of || to_ymd(*times->as_of).year < 1900 || to_ymd(*times->as_of).year > 2100)
    return malformed(request.language(), message::a_filter_date, message::another_value, name);
  return std::nullopt;
}

/// Adds a GET whose answer comes from one snapshot, once `wait_for` is fulfilled and, where a past is asked
/// for, that is made. `read` gets the other parameters; of whole lists it is called by `whole_lists`.
void add_read(http::Router& router, std::string_view path, const std::shared_ptr<const QueryParts>& parts,
              Needs needs, Read read, const std::shared_ptr<SerialWorker>& whole_lists = nullptr) {
  router.add(
      http::Method::get, path,
      [parts, needs, read = std::move(read), whole_lists](http::Request request, http::Responder responder) {
        if (auto refused = refused_asker(request)) return responder.answer(std::move(*refused));
        SerialWorker* const aside = whole_lists && is_whole(request) ? whole_lists.get() : nullptr;
        auto waiting = std::make_shared<Waiting>(Waiting{parts,
                                                         std::move(request),
                                                         std::move(responder),
                                                         {},
                                                         monotonic_ms() + wait_for_ms_max,
                                                         read,
                                                         {},
                                                         needs,
                                                         aside,
                                                         {},
                                                         {},
                                                         {},
                                                         {}});
        const http::Request& asked = waiting->request;
        const std::size_t partitions = parts->sources.log.info().partitions;
        for (const auto& parameter : asked.query()) {
          const std::string_view name = parameter.name;
          if (needs != Needs::present && (name == "known_at" || name == "as_of")) {
            auto wrong = read_time(asked, parameter, waiting->times);
            if (wrong) return waiting->responder.answer(std::move(*wrong));
            continue;
          }
          if (name != "wait_for") {
            waiting->parameters.push_back(parameter);
            continue;
          }
          const auto position = parse_position(parameter.value);
          if (!position || position->partition.value >= partitions) {
            return waiting->responder.answer(
                malformed(asked.language(), message::a_position, message::another_value, "wait_for"));
          }
          waiting->wanted.push_back(*position);
        }
        answer_when_reached(std::move(waiting));
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
                         const Parameters& parameters, const Opener& opener, const Moment& moment) {
  ListQuestion question;
  question.parameters = parameters;
  question.today = moment.today;
  question.language = from_http(request.language());
  question.rules = moment.rules.get();
  question.opener = &opener;
  question.lag_ms = lag_of(moment.present->state(), sources.ends(), sources.clock.now()).ms;
  question.times = moment.times;
  if (const std::string* only = only_provider(request)) question.only_provider = *only;
  if (const Principal* asks = request.principal())
    question.reads = [roles = asks->roles](std::string_view list) { return may_list(roles, list); };
  if (moment.times) {
    question.data_now = [present = Reading(moment.present)](const CaseId& id) {
      const auto c = present.find_case(id);
      return c ? c->personal_data : PersonalDataState::kept;
    };
  }
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
void add_list(http::Router& router, std::string_view name, const std::shared_ptr<const QueryParts>& parts,
              const std::shared_ptr<SerialWorker>& whole_lists, AskList ask) {
  add_read(
      router, "/v1/" + std::string(name), parts, Needs::tables,
      [parts, name, ask = std::move(ask)](const http::Request& request, const Parameters& parameters,
                                          const Moment& moment) {
        const Reading reading(moment.tables);
        Looked looked;
        const Opener opener = opener_of(parts->sources.keys, looked);
        ListQuestion question = question_of(parts->sources, request, parameters, opener, moment);
        question.name = name;
        Parameters own;
        if (auto refused = choose_form(request, parameters, own, question)) return std::move(*refused);
        ListAnswer answer = ask(reading, question);
        if (const auto* wrong = std::get_if<ListFault>(&answer)) return fault(request, *wrong);
        return shown(parts->sources, request, "/v1/" + std::string(name), std::move(looked),
                     page_response(std::get<ListPage>(answer), question));
      },
      whole_lists);
}

/// The case that the path names, as it was, and the events it is made of; or the answer that there is none.
/// `provider=` narrows to that provider's cases.
std::variant<PastFold, http::Response> case_of_path(const QuerySources& sources, const http::Request& request,
                                                    const Moment& moment) {
  const std::string_view given = request.parameter("case");
  const auto id = parse_uuid(given);
  std::optional<PastFold> found;
  auto present = id ? Reading(moment.present).find_case({*id}) : std::nullopt;
  // A case has had one provider all the time, so another's is not looked for in any past either.
  const bool exists = present && exists_for(request, present->provider);
  if (exists && moment.times) {
    found = past_case(sources.log, *moment.present, {*id}, moment.until({*id}), moment.times->as_of);
    // Who is erased or restricted by now stays so in every past.
    if (found) found->state.personal_data = std::max(found->state.personal_data, present->personal_data);
  } else if (exists) {
    found.emplace().state = std::move(*present);
    for (Version v{1}; v <= found->state.head.version; v = next(v)) found->counted.push_back(v);
  }
  const auto provider = request.query("provider");
  if (!found || (provider && *provider != found->state.provider)) return no_such_case(request, given);
  return std::move(*found);
}

void add_case(http::Router& router, const std::shared_ptr<const QueryParts>& parts) {
  add_read(
      router, "/v1/cases/{case}", parts, Needs::log,
      [parts](const http::Request& request, const Parameters& parameters, const Moment& moment) {
        for (const auto& [name, value] : parameters) {
          if (name != "today" && name != "provider") {
            return malformed(request.language(), message::known_parameter, message::unknown_parameter, name);
          }
        }
        Looked looked;
        const Opener opens = opener_of(parts->sources.keys, looked);
        const Opener opens_nothing;
        ListQuestion question = question_of(parts->sources, request, parameters, opens, moment);
        const auto today = today_of(question);
        if (const auto* wrong = std::get_if<ListFault>(&today)) return fault(request, *wrong);
        auto found = case_of_path(parts->sources, request, moment);
        if (auto* refused = std::get_if<http::Response>(&found)) return std::move(*refused);
        const Case& c = std::get<PastFold>(found).state;
        if (!may_open(c, request)) question.opener = &opens_nothing;
        std::string view;
        try {
          view = case_view(c, moment.times ? moment.state() : moment.present->state(),
                           std::get<CivilDate>(today), question);
        } catch (const KeyStoreFailed&) { throw; } catch (const std::exception&) {
          // What fails here has parked the case in that table; status tells the error.
          const Language in = from_http(request.language());
          return http::problem_response(
              http::ProblemKind::not_ready, request.language(),
              say(in, message::expected_but, say(in, message::case_ready), say(in, message::case_parked)));
        }
        auto response = http::Response::json(std::move(view));
        // Commands are about the present.
        if (!moment.times) response.headers.emplace_back("ETag", http::etag_of(c.head.version.value));
        return shown(parts->sources, request, "/v1/cases/{case}", std::move(looked), std::move(response));
      });
}

void add_history(http::Router& router, const std::shared_ptr<const QueryParts>& parts) {
  add_read(router, "/v1/cases/{case}/history", parts, Needs::log,
           [parts](const http::Request& request, const Parameters& parameters, const Moment& moment) {
             static constexpr std::array<SortColumn, 1> sorts{{{"version", 0}}};
             static constexpr std::array<std::string_view, 1> own{"provider"};
             // Cursors of a history are told from those of the lists by a number that no table has.
             constexpr std::uint8_t tag = 255;
             const QuerySources& sources = parts->sources;
             const Opener opens_nothing;  // but what each event holds
             ListQuestion question = question_of(sources, request, parameters, opens_nothing, moment);
             question.name = "history";
             Parameters others;
             if (auto refused = choose_form(request, parameters, others, question))
               return std::move(*refused);
             auto found = case_of_path(sources, request, moment);
             if (auto* refused = std::get_if<http::Response>(&found)) return std::move(*refused);
             const PastFold& past = std::get<PastFold>(found);
             const Case& c = past.state;
             // What lost its race counts on no day.
             const bool counted = moment.times && moment.times->as_of;
             const Offset until = counted        ? Offset{0}
                                  : moment.times ? moment.until(c.id)
                                                 : Offset{std::numeric_limits<std::uint64_t>::max()};
             Looked looked;
             std::vector<KeyedRow> rows = history_of(sources.log, *moment.present, sources.rules,
                                                     may_open(c, request) ? &sources.keys : nullptr, looked,
                                                     c.id, past.counted, until);
             ListAnswer answer = list_rows(moment.times ? moment.state() : moment.present->state(),
                                           history_columns(), sorts, std::move(rows), tag, own, question);
             if (const auto* wrong = std::get_if<ListFault>(&answer)) return fault(request, *wrong);
             return shown(sources, request, "/v1/cases/{case}/history", std::move(looked),
                          page_response(std::get<ListPage>(answer), question));
           });
}

http::Response no_such_provider(const http::Request& request) {
  const Language in = from_http(request.language());
  return http::problem_response(
      http::ProblemKind::not_found, request.language(),
      say(in, message::expected_but, say(in, message::a_known_provider), say(in, message::another_provider)),
      "provider");
}

/// What is in force for a provider (or for all) on a day (or today).
void add_settings(http::Router& router, const std::shared_ptr<const QueryParts>& parts) {
  add_read(
      router, "/v1/settings", parts, Needs::log,
      [](const http::Request& request, const Parameters& parameters, const Moment& moment) {
        std::string_view provider;
        std::optional<CivilDate> on = moment.today;
        for (const auto& [name, value] : parameters) {
          if (name == "provider") {
            provider = value;
            if (!is_provider_slug(value))
              return malformed(request.language(), message::a_filter_text, message::another_value, name);
            if (!exists_for(request, value)) return no_such_provider(request);
          } else if (name == "on") {
            on = parse_date(value);
            if (!on || to_ymd(*on).year < 1900 || to_ymd(*on).year > 2100)
              return malformed(request.language(), message::a_filter_date, message::another_value, name);
          } else {
            return malformed(request.language(), message::known_parameter, message::unknown_parameter, name);
          }
        }
        std::string view = settings_view(*moment.rules, provider, *on, from_http(request.language()));
        if (!view.empty()) return http::Response::json(std::move(view));
        const Language in = from_http(request.language());
        if (moment.times && moment.times->known_at)
          return http::problem_response(http::ProblemKind::not_found, request.language(),
                                        say(in, message::expected_but, say(in, message::after_first_record),
                                            say(in, message::nothing_recorded)),
                                        "known_at");
        return http::problem_response(http::ProblemKind::not_ready, request.language(),
                                      say(in, message::expected_but, say(in, message::position_reached),
                                          say(in, message::position_not_reached)));
      });
}

}  // namespace

void add_query_routes(http::Router& router, QuerySources given) {
  const auto parts = std::make_shared<const QueryParts>(std::move(given));
  const auto whole_lists = std::make_shared<SerialWorker>("whole lists");
  for (const ListTable& table : list_tables()) {
    add_list(router, table.name, parts, whole_lists,
             [&table](const Reading& reading, const ListQuestion& question) {
               return list(reading, table, question);
             });
  }
  add_list(router, "key-figures", parts, whole_lists, list_figures);
  add_case(router, parts);
  add_history(router, parts);
  add_settings(router, parts);
}

void add_status_routes(http::Router& router, QuerySources given) {
  given.pasts.clear();
  const auto parts = std::make_shared<const QueryParts>(std::move(given));
  for (const char* const path : {"/v1/status", "/status"}) {
    add_read(router, path, parts, Needs::present,
             [parts](const http::Request& request, const Parameters& parameters, const Moment&) {
               if (auto refused = unknown_parameter(request, parameters)) return std::move(*refused);
               return http::Response::json(status_json(parts->sources));
             });
  }
  router.add(http::Method::get, "/v1/openapi.json", [](http::Request, http::Responder responder) {
    auto response = http::Response::json(std::string(shipped_openapi_files().front().bytes));
    response.cache_control = "public, max-age=3600";
    responder.answer(std::move(response));
  });
}

}  // namespace geleit
