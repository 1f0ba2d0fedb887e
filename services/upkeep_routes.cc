#include "services/upkeep_routes.h"

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "events/uuid.h"
#include "services/http/json_text.h"
#include "services/http/problem.h"
#include "services/language.h"

namespace geleit {
namespace {

http::Response problem(http::ProblemKind kind, http::Language language, const std::string& expected,
                       const std::string& found, std::string field = {}) {
  return http::problem_response(
      kind, language, say(from_http(language), message::expected_but, expected, found), std::move(field));
}

/// These routes have no parameters in the query.
std::optional<http::Response> refuse_parameters(const http::Request& request) {
  if (request.query().empty()) return std::nullopt;
  const Language in = from_http(request.language());
  return problem(http::ProblemKind::malformed, request.language(), say(in, message::known_parameter),
                 say(in, message::unknown_parameter), std::string(request.query().front().name));
}

http::Response no_such_case(http::Language language, const std::string& given) {
  const Language in = from_http(language);
  http::Problem problem;
  problem.kind = http::ProblemKind::no_such_case;
  problem.detail =
      say(in, message::expected_but, say(in, message::known_case), say(in, message::unknown_case, given));
  if (const auto id = parse_uuid(given)) problem.case_id = to_string(*id);
  return http::to_response(problem, language);
}

std::string to_json(const CaseId& id, const Retried& retried) {
  std::string out;
  http::JsonWriter json(out);
  json.object().member("case").string(to_string(id));
  json.member("freed").array();
  for (const Table table : retried.freed) json.string(name_of(table));
  json.end().member("parked").array();
  for (const Parked& parked : retried.parked) {
    json.object().member("table").string(name_of(parked.table));
    json.member("position").object().member("partition").number(parked.position.partition.value);
    json.member("offset").number(parked.position.offset.value).end();
    json.member("error").string(parked.error).end();
  }
  json.end().end();
  return out;
}

/// Makes one checkpoint at a time in a thread of its own. Whoever asked for it removes it when it was copied;
/// until then no other is made.
class Checkpoints {
 public:
  explicit Checkpoints(const Service& service) : service_(service) {}

  void make(http::Language language, http::Responder responder) {
    const std::lock_guard lock(mutex_);
    const Language in = from_http(language);
    const std::filesystem::path dir = std::filesystem::absolute(service_.data().checkpoint());
    std::error_code failed;
    const bool alone = std::filesystem::create_directory(dir, failed);
    if (failed) return responder.answer(failed_answer(language, dir.string() + ": " + failed.message()));
    if (!alone) {
      return responder.answer(problem(http::ProblemKind::wrong_state, language,
                                      say(in, message::one_backup_at_a_time),
                                      say(in, message::backup_under_way)));
    }
    const auto waiting = std::make_shared<http::Responder>(std::move(responder));
    worker_ = std::jthread([this, dir, language, waiting] {
      try {
        service_.checkpoint();
        std::string out;
        http::JsonWriter json(out);
        json.object().member("checkpoint").string(dir.string()).end();
        waiting->answer(http::Response::json(std::move(out)));
      } catch (const std::exception& failure) {
        std::error_code ignored;
        std::filesystem::remove_all(dir, ignored);
        waiting->answer(failed_answer(language, failure.what()));
      }
    });
  }

 private:
  static http::Response failed_answer(http::Language language, std::string_view why) {
    const Language in = from_http(language);
    return problem(http::ProblemKind::not_ready, language, say(in, message::a_checkpoint),
                   say(in, message::no_checkpoint, why));
  }

  const Service& service_;
  std::mutex mutex_;
  std::jthread worker_;
};

}  // namespace

void add_upkeep_routes(http::Router& router, Service& service) {
  router.add(
      http::Method::post, "/v1/cases/{case}/retry",
      [&service](http::Request request, http::Responder responder) {
        if (auto refused = refuse_parameters(request)) return responder.answer(std::move(*refused));
        const http::Language language = request.language();
        const std::string given(request.parameter("case"));
        const auto id = parse_uuid(given);
        if (!id) return responder.answer(no_such_case(language, given));
        // The projector's thread is the only one that writes tables.
        const auto waiting = std::make_shared<http::Responder>(std::move(responder));
        service.projector().ask_retry({*id}, [waiting, language, given,
                                              id = CaseId{*id}](const std::optional<Retried>& retried) {
          const Language in = from_http(language);
          if (!retried) {
            waiting->answer(problem(http::ProblemKind::not_ready, language, say(in, message::tables_kept_up),
                                    say(in, message::tables_stand_still)));
          } else if (!retried->known) {
            waiting->answer(no_such_case(language, given));
          } else {
            waiting->answer(http::Response::json(to_json(id, *retried)));
          }
        });
      });
  const auto checkpoints = std::make_shared<Checkpoints>(service);
  router.add(http::Method::post, "/v1/backup",
             [checkpoints](http::Request request, http::Responder responder) {
               if (auto refused = refuse_parameters(request)) return responder.answer(std::move(*refused));
               checkpoints->make(request.language(), std::move(responder));
             });
}

}  // namespace geleit
