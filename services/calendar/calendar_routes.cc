#include "services/calendar/calendar_routes.h"

#include <memory>

#include "events/civil_time.h"
#include "services/calendar/calendar_text.h"
#include "services/http/problem.h"
#include "services/language.h"
#include "services/serial_worker.h"

namespace geleit {
namespace {

constexpr std::string_view suffix = ".ics";

http::Response calendar_problem(http::ProblemKind kind, http::Language language, const Message<>& expected,
                                const std::string& found, std::string field = {}) {
  const Language in = from_http(language);
  return http::problem_response(kind, language, say(in, message::expected_but, say(in, expected), found),
                                std::move(field));
}

http::Response answer(const CalendarSources& sources, const std::string& name, http::Language language) {
  const Language in = from_http(language);
  const auto none = [&] {
    return calendar_problem(http::ProblemKind::not_found, language, message::a_calendar,
                            say(in, message::no_calendar));
  };
  if (!name.ends_with(suffix)) return none();
  try {
    const auto calendar = sources.book.find(std::string_view(name).substr(0, name.size() - suffix.size()));
    if (!calendar) return none();
    http::Response response;
    response.body =
        calendar_text(Reading(sources.store.snapshot()), *calendar, berlin_date(sources.clock.now()), in);
    response.content_type = http::content::calendar;
    return response;
  } catch (const StoreFailed& failure) {
    sources.unreadable(failure);
    return calendar_problem(http::ProblemKind::not_ready, language, message::readable_data, failure.what());
  } catch (const CalendarBookFailed& failure) {
    sources.unreadable(failure);
    return calendar_problem(http::ProblemKind::not_ready, language, message::readable_data, failure.what());
  }
}

}  // namespace

void add_calendar_routes(http::Router& router, CalendarSources given) {
  const auto sources = std::make_shared<const CalendarSources>(std::move(given));
  const auto worker = std::make_shared<SerialWorker>("calendars");
  router.add(
      http::Method::get, "/v1/calendars/{calendar}",
      [sources, worker](http::Request request, http::Responder responder) {
        const auto language = request.language();
        const Language in = from_http(language);
        if (!request.query().empty()) {
          return responder.answer(calendar_problem(
              http::ProblemKind::malformed, language, message::known_parameter,
              say(in, message::unknown_parameter), std::string(request.query().front().name)));
        }
        if (sources->waiting.fetch_add(1) >= waiting_calendars_max) {
          --sources->waiting;
          return responder.answer(calendar_problem(http::ProblemKind::overloaded, language,
                                                   message::room_in_queue, say(in, message::queue_full)));
        }
        const auto waiting = std::make_shared<http::Responder>(std::move(responder));
        worker->give([sources, waiting, language, name = std::string(request.parameter("calendar"))] {
          --sources->waiting;
          try {
            waiting->answer(answer(*sources, name, language));
          } catch (...) {
            // The responder is destroyed with what waited, and has answered 500.
          }
        });
      });
}

}  // namespace geleit
