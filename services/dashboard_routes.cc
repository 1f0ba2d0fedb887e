#include "services/dashboard_routes.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "events/sha256.h"
#include "services/http/problem.h"

namespace geleit {
namespace {

/// The addresses that people bookmark; services/dashboard/src/routes.ts knows the same.
constexpr std::array<std::string_view, 10> pages{
    "/",        "/heute",     "/fristen",    "/faelle", "/fall/{case}",
    "/termine", "/warnungen", "/kennzahlen", "/stand",  "/eintragen/{command}"};

struct Coding {
  std::string_view name, suffix;
};
/// The smaller one first.
constexpr std::array<Coding, 2> codings{{{"br", ".br"}, {"gzip", ".gz"}}};

std::string_view trimmed(std::string_view text) {
  const auto begin = std::min(text.find_first_not_of(" \t"), text.size());
  const auto end = text.find_last_not_of(" \t");
  return end == std::string_view::npos ? std::string_view{} : text.substr(begin, end + 1 - begin);
}

/// Whether Accept-Encoding names the coding, other than to refuse it (`;q=0`).
bool takes(std::string_view accepted, std::string_view coding) {
  while (!accepted.empty()) {
    const auto comma = std::min(accepted.find(','), accepted.size());
    const std::string_view item = accepted.substr(0, comma);
    accepted.remove_prefix(std::min(comma + 1, accepted.size()));
    const auto semicolon = std::min(item.find(';'), item.size());
    if (trimmed(item.substr(0, semicolon)) != coding) continue;
    const auto q = item.find("q=", semicolon);
    return q == std::string_view::npos || item.find_first_of("123456789", q) != std::string_view::npos;
  }
  return false;
}

std::string_view media_of(std::string_view name) {
  if (name.ends_with(".js")) return "text/javascript; charset=utf-8";
  if (name.ends_with(".css")) return "text/css; charset=utf-8";
  if (name.ends_with(".svg")) return "image/svg+xml";
  return http::content::html;
}

const EmbeddedFile* find(std::span<const EmbeddedFile> files, std::string_view name) {
  const auto found =
      std::find_if(files.begin(), files.end(), [&](const EmbeddedFile& f) { return f.name == name; });
  return found == files.end() ? nullptr : &*found;
}

/// Nothing from elsewhere, nothing inline, in nobody's frame.
constexpr std::string_view content_security_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

http::Response file_response(std::span<const EmbeddedFile> files, const EmbeddedFile& file,
                             const http::Request& request) {
  http::Response response;
  response.content_type = media_of(file.name);
  response.headers.emplace_back("Vary", "Accept-Encoding");
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  response.headers.emplace_back("Content-Security-Policy", content_security_policy);
  const std::string_view accepted = request.header("accept-encoding").value_or("");
  for (const Coding& coding : codings) {
    if (!takes(accepted, coding.name)) continue;
    const EmbeddedFile* packed = find(files, std::string(file.name).append(coding.suffix));
    if (packed == nullptr) continue;
    response.headers.emplace_back("Content-Encoding", coding.name);
    response.body = packed->bytes;
    return response;
  }
  response.body = file.bytes;
  return response;
}

http::Response nothing_there(const http::Request& request) {
  return http::problem_response(
      http::ProblemKind::not_found, request.language(),
      std::string(http::in(request.language(),
                           "erwartet eine Datei der Oberfläche, aber es gibt keine namens ",
                           "expected a file of the dashboard, but there is none named ")) +
          '"' + std::string(request.path()) + '"');
}

}  // namespace

void add_dashboard_routes(http::Router& router, std::span<const EmbeddedFile> files) {
  const EmbeddedFile* index = find(files, "index.html");
  const std::string etag = index ? '"' + to_hex(sha256(index->bytes)).substr(0, 32) + '"' : std::string();
  for (const std::string_view page : pages) {
    router.add(http::Method::get, page,
               [files, index, etag](const http::Request& request, http::Responder responder) {
                 if (index == nullptr) return responder.answer(nothing_there(request));
                 http::Response response = file_response(files, *index, request);
                 response.cache_control = "no-cache";
                 response.headers.emplace_back("ETag", etag);
                 const auto known = request.header("if-none-match");
                 if (known && known->find(etag) != std::string_view::npos) {
                   response.status = 304;
                   response.body.clear();
                   std::erase_if(response.headers,
                                 [](const auto& h) { return h.first == "Content-Encoding"; });
                 }
                 responder.answer(std::move(response));
               });
  }
  router.add(
      http::Method::get, "/assets/{file}", [files](const http::Request& request, http::Responder responder) {
        const EmbeddedFile* file = find(files, std::string("assets/").append(request.parameter("file")));
        if (file == nullptr) return responder.answer(nothing_there(request));
        http::Response response = file_response(files, *file, request);
        response.cache_control = "public, max-age=31536000, immutable";
        responder.answer(std::move(response));
      });
}

}  // namespace geleit
