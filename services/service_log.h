// What a service says while it runs: one JSON object a line on standard output.
//
//   {"at":"2026-11-30T16:35:13.982+00:00","level":"info","text":"listening on …"}
//   {"at":…,"level":"warning","text":"refused","status":"401","why":"revoked","method":"GET",
//    "route":"/v1/cases","token":"5c3901b350f5","peer":"127.0.0.1:41022","trace":"4bf92f3577b34da6…"}
//
// No personal data, no secrets: ids, slugs, numbers, routes as the program names them and never as they were
// sent. tests/e2e holds every line of every server to that.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "services/gate.h"

namespace geleit {

/// Before the first line.
void begin_service_log();

using LogMembers = std::initializer_list<std::pair<std::string_view, std::string_view>>;
void log_info(std::string_view text, LogMembers members = {});
void log_warning(std::string_view text, LogMembers members = {});

/// Refusals that are written in a second; how many more there were is told with the first one after it.
inline constexpr std::uint64_t refusals_logged_max = 20;

/// Thread-safe.
class RefusalLog {
 public:
  void note(const Refusal& refusal);

 private:
  std::mutex mutex_;
  std::int64_t second_ = 0;
  std::uint64_t count_ = 0;
};

}  // namespace geleit
