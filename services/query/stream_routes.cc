#include "services/query/stream_routes.h"

#include <algorithm>
#include <array>
#include <set>

#include "services/http/negotiation.h"
#include "services/http/problem.h"
#include "services/language.h"
#include "services/principal.h"

namespace geleit {
namespace {

using Parameters = std::vector<http::QueryParameter>;

/// What is wrong with a request, for its answer.
struct Wrong {
  std::string field, detail;
  http::ProblemKind kind = http::ProblemKind::malformed;
};

/// Those that the asker may hear of.
std::string table_names(const http::Request& request) {
  std::string names;
  for (const ListTable& table : list_tables()) {
    if (may_list(request, table.name)) names.append(names.empty() ? "" : ", ").append(table.name);
  }
  return names;
}

Wrong expected(std::string_view field, const std::string& what, std::string_view got, Language in) {
  return {std::string(field), say(in, message::expected_but, what, say(in, message::got, got))};
}

struct Question {
  Interest interest;
  std::optional<StreamPlace> from;
};

std::variant<Question, Wrong> question_of(const http::Request& request, const RuleBook& rules,
                                          std::size_t partitions) {
  Question question;
  Language language = from_http(request.language());
  Parameters filters;
  std::set<Table> tables;
  std::set<std::string_view> seen;
  std::optional<std::string_view> since;
  for (const http::QueryParameter& parameter : request.query()) {
    const auto& [name, value] = parameter;
    if (name == "table") {
      const auto known = list_tables();
      const auto found =
          std::find_if(known.begin(), known.end(), [&](const auto& t) { return t.name == value; });
      if (found == known.end())
        return expected(name, say(language, message::one_of, table_names(request)), value, language);
      if (!may_list(request, value)) {
        return Wrong{
            std::string(name),
            say(language, message::expected_but, say(language, message::one_of, table_names(request)),
                say(language, message::list_of_another_role, value)),
            http::ProblemKind::forbidden};
      }
      tables.insert(found->table);
      continue;
    }
    if (!seen.insert(name).second) {
      return Wrong{std::string(name),
                   say(language, message::expected_but, say(language, message::only_once, name),
                       say(language, message::it_came_twice))};
    }
    if (name == "language") {
      if (value != "de" && value != "en")
        return expected(name, say(language, message::one_of, std::string("de, en")), value, language);
      language = value == "de" ? Language::de : Language::en;
    } else if (name == "sealed") {
      if (value != "true" && value != "false")
        return expected(name, say(language, message::one_of, std::string_view("true, false")), value,
                        language);
      question.interest.sealed = value == "true";
    } else if (name == "since") {
      since = value;
    } else {
      filters.push_back(parameter);
    }
  }
  if (tables.empty()) {
    for (const ListTable& table : list_tables()) {
      if (may_list(request, table.name)) tables.insert(table.table);
    }
  }
  // What the client has seen last outdoes where it once began.
  const auto last = request.header("last-event-id");
  if (const auto place = last && !last->empty() ? last : since) {
    question.from = parse_stream_place(*place, partitions);
    if (!question.from) {
      return Wrong{place == last ? "Last-Event-ID" : "since",
                   say(language, message::expected_but, say(language, message::a_stream_place),
                       say(language, message::another_value))};
    }
  }
  question.interest.language = language;
  question.interest.name = language == Language::de ? "de" : "en";
  if (question.interest.sealed) question.interest.name += " sealed";
  if (const std::string* only = only_provider(request)) question.interest.name.append(" only ").append(*only);
  for (const Table table : tables) {
    const ListTable& list = list_table(table);
    ListQuestion asked;
    asked.parameters = filters;
    asked.language = language;
    asked.rules = &rules;
    if (const std::string* only = only_provider(request)) asked.only_provider = *only;
    auto filter = row_filter(list, asked);
    if (auto* fault = std::get_if<ListFault>(&filter)) return Wrong{fault->field, fault->detail};
    question.interest.tables.push_back({table, std::get<RowFilter>(std::move(filter))});
    question.interest.name.append(" ").append(list.name);
  }
  std::sort(filters.begin(), filters.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  // No value holds a line end: none would be a word, a slug or a number.
  for (const auto& [name, value] : filters)
    question.interest.name.append("\n").append(name).append("=").append(value);
  return question;
}

}  // namespace

void add_stream_route(http::Router& router, LiveFeed& feed, const RuleBook& rules, std::size_t partitions) {
  router.add(
      http::Method::get, "/v1/stream",
      [&feed, &rules, partitions](http::Request request, http::Responder responder) {
        const auto language = request.language();
        const Language in = from_http(language);
        static constexpr std::array offered{http::Media::events};
        if (!http::negotiate(request.header("accept"), offered)) {
          return responder.answer(
              http::problem_response(http::ProblemKind::not_acceptable, language,
                                     say(in, message::expected_but, say(in, message::events_as_answer),
                                         say(in, message::another_media))));
        }
        auto question = question_of(request, rules, partitions);
        if (const auto* wrong = std::get_if<Wrong>(&question)) {
          return responder.answer(http::problem_response(wrong->kind, language, wrong->detail, wrong->field));
        }
        if (auto refused = refused_asker(request)) return responder.answer(std::move(*refused));
        auto& [interest, from] = std::get<Question>(question);
        auto response = feed.listen(std::move(interest), asker_of(request), std::move(from));
        responder.answer(
            response ? std::move(*response)
                     : http::problem_response(http::ProblemKind::overloaded, language,
                                              say(in, message::expected_but, say(in, message::room_to_listen),
                                                  say(in, message::too_many_listen))));
      });
}

}  // namespace geleit
