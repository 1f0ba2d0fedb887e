#include "services/service_log.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "services/http/json_text.h"

namespace geleit {
namespace {

void log_members(spdlog::level::level_enum level, std::string_view text, LogMembers members) {
  std::string out;
  http::JsonWriter json(out);
  json.object().member("text").string(text);
  for (const auto& [name, value] : members) json.member(name).string(value);
  json.end();
  // The pattern has opened the object.
  spdlog::log(level, "{}", std::string_view(out).substr(1));
}

}  // namespace

void begin_service_log() {
  spdlog::set_pattern(R"({"at":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l",%v)");
  spdlog::flush_on(spdlog::level::info);
}

void log_info(std::string_view text, LogMembers members) { log_members(spdlog::level::info, text, members); }
void log_warning(std::string_view text, LogMembers members) {
  log_members(spdlog::level::warn, text, members);
}

void RefusalLog::note(const Refusal& refusal) {
  std::uint64_t more = 0;
  {
    const std::lock_guard lock(mutex_);
    const std::int64_t second = monotonic_ms() / 1'000;
    if (second != second_) {
      more = count_ > refusals_logged_max ? count_ - refusals_logged_max : 0;
      second_ = second;
      count_ = 0;
    }
    if (++count_ > refusals_logged_max) return;
  }
  if (more > 0) log_warning("refused, and not written one by one", {{"count", std::to_string(more)}});
  log_warning("refused", {{"status", std::to_string(refusal.status)},
                          {"why", refusal.why},
                          {"method", refusal.method},
                          {"route", refusal.route},
                          {"token", refusal.token},
                          {"peer", refusal.peer},
                          {"trace", refusal.trace}});
}

}  // namespace geleit
