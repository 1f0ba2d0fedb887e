#include "services/http/problem.h"

#include <array>

#include "services/http/json_text.h"
#include "services/http/limits.h"

namespace geleit::http {

namespace {

struct KindText {
  int status;
  std::string_view slug;
  std::string_view de;
  std::string_view en;
};

constexpr std::array<KindText, 24> kinds{{
    {400, "malformed", "Anfrage fehlerhaft", "Malformed request"},
    {401, "unauthenticated", "Nicht angemeldet", "Not authenticated"},
    {403, "forbidden", "Nicht erlaubt", "Not allowed"},
    {404, "not-found", "Nicht vorhanden", "Not found"},
    {404, "no-such-case", "Fall nicht vorhanden", "No such case"},
    {405, "method-not-allowed", "Methode nicht erlaubt", "Method not allowed"},
    {406, "not-acceptable", "Format nicht verfügbar", "Format not available"},
    {408, "request-timeout", "Anfrage kam zu langsam", "Request came too slowly"},
    {409, "version-conflict", "Fall wurde inzwischen geändert", "Case has changed meanwhile"},
    {409, "id-reused", "Kennung schon mit anderem Inhalt verwendet", "Id already used with other content"},
    {409, "already-exists", "Schon vorhanden", "Already exists"},
    {409, "wrong-state", "Im jetzigen Stand nicht möglich", "Not possible in the present state"},
    {409, "unknown-reference", "Bezug unbekannt", "Unknown reference"},
    {413, "too-large", "Inhalt zu groß", "Content too large"},
    {415, "unsupported-media-type", "Inhaltstyp nicht unterstützt", "Unsupported media type"},
    {417, "expectation-failed", "Erwartung nicht erfüllbar", "Expectation failed"},
    {422, "rule-rejected", "Von einer Regel abgelehnt", "Rejected by a rule"},
    {422, "reason-required", "Begründung erforderlich", "Reason required"},
    {429, "too-many-requests", "Zu viele Anfragen", "Too many requests"},
    {431, "header-too-large", "Kopf der Anfrage zu groß", "Request header too large"},
    {500, "internal", "Interner Fehler", "Internal error"},
    {501, "not-implemented", "Nicht unterstützt", "Not supported"},
    {503, "overloaded", "Überlastet", "Overloaded"},
    {503, "not-ready", "Noch nicht bereit", "Not ready yet"},
}};
static_assert(kinds.size() == static_cast<std::size_t>(ProblemKind::not_ready) + 1);

const KindText& text_of(ProblemKind kind) { return kinds[static_cast<std::size_t>(kind)]; }

}  // namespace

int status_of(ProblemKind kind) { return text_of(kind).status; }
std::string_view slug_of(ProblemKind kind) { return text_of(kind).slug; }
std::string_view title_of(ProblemKind kind, Language language) {
  return in(language, text_of(kind).de, text_of(kind).en);
}

void append_problem(std::string& out, const Problem& problem, Language language) {
  const KindText& text = text_of(problem.kind);
  JsonWriter json(out);
  json.object();
  out.append("\"type\":\"urn:geleit:problem:").append(text.slug).append("\",\"title\":");
  append_json_string(out, in(language, text.de, text.en));
  out.append(",\"status\":");
  append_number(out, static_cast<std::int64_t>(text.status));
  out.append(",\"detail\":");
  append_json_string(out, problem.detail.empty() ? in(language, text.de, text.en) : problem.detail);
  auto member = [&](std::string_view name, const std::string& value, bool even_empty = false) {
    if (value.empty() && !even_empty) return;
    out.append(",\"").append(name).append("\":");
    append_json_string(out, value);
  };
  member("rule", problem.rule);
  // A 400 always names what is wrong; a parameter without a name has the empty one.
  member("field", problem.field, problem.kind == ProblemKind::malformed);
  member("case", problem.case_id);
  if (!problem.reasons_required.empty()) {
    out.append(",\"reasons_required\":[");
    for (std::size_t i = 0; i < problem.reasons_required.size(); ++i) {
      if (i > 0) out.push_back(',');
      append_json_string(out, problem.reasons_required[i]);
    }
    out.push_back(']');
  }
  if (problem.version) {
    out.append(",\"version\":");
    append_number(out, static_cast<std::uint64_t>(*problem.version));
  }
  for (const auto& [name, value] : problem.extra) {
    out.push_back(',');
    append_json_string(out, name);
    out.push_back(':');
    out.append(value);
  }
  json.end();
}

Response to_response(const Problem& problem, Language language) {
  Response response;
  response.status = status_of(problem.kind);
  response.content_type = content::problem;
  append_problem(response.body, problem, language);
  if (response.status == 429 || response.status == 503) {
    response.headers.emplace_back("Retry-After", std::to_string(retry_after_s));
  }
  response.headers.emplace_back("Content-Language", in(language, "de", "en"));
  return response;
}

Response problem_response(ProblemKind kind, Language language, std::string detail, std::string field) {
  Problem problem;
  problem.kind = kind;
  problem.detail = std::move(detail);
  problem.field = std::move(field);
  return to_response(problem, language);
}

}  // namespace geleit::http
