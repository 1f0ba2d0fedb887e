// Every limit of the HTTP listener, in one place. A server takes them as values, so that a test can lower
// them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace geleit::http {

/// Request line and header fields together; more is 431.
inline constexpr std::size_t header_bytes_max = 16 * 1024;
/// One request body, decoded; more is 413. A handler may lower it for a route, never raise it.
inline constexpr std::size_t body_bytes_max = 16 * 1024 * 1024;
/// All request bodies that lie in memory at once, being read or being answered; beyond it 503.
inline constexpr std::size_t bodies_bytes_max = 512 * 1024 * 1024;
/// From the first byte of a request to the end of its header; then 408.
inline constexpr std::int64_t header_ms_max = 10'000;
/// From the end of the header to the end of the body; then 408.
inline constexpr std::int64_t body_ms_max = 60'000;
/// A kept connection on which nothing is asked; then it is closed.
inline constexpr std::int64_t idle_ms_max = 75'000;
/// A client that does not take its answer: it must take `write_progress_bytes_min` (or all there is) within
/// this time, else it is cut off.
inline constexpr std::int64_t write_ms_max = 30'000;
inline constexpr std::size_t write_progress_bytes_min = 64 * 1024;
/// After the last answer the peer may still send for this long before the connection is torn down, so that an
/// early refusal (413) reaches it.
inline constexpr std::int64_t linger_ms_max = 2'000;
/// Open connections; a further one is told 503 and closed.
inline constexpr std::size_t connections_max = 16'000;
/// Requests handed to handlers and not yet answered, over all connections; beyond it 503 with Retry-After.
inline constexpr std::size_t in_flight_max = 16'384;
/// The same for one connection; beyond it the connection is not read any further (no refusal).
inline constexpr std::size_t in_flight_per_connection_max = 64;
/// Answer bytes waiting for one client; beyond it the connection is not read and streams are not asked for
/// more.
inline constexpr std::size_t unsent_bytes_max = 1024 * 1024;
/// Seconds named in Retry-After when the server refuses for load.
inline constexpr int retry_after_s = 1;

struct Limits {
  std::size_t header_bytes = header_bytes_max;
  std::size_t body_bytes = body_bytes_max;
  std::size_t bodies_bytes = bodies_bytes_max;
  std::int64_t header_ms = header_ms_max;
  std::int64_t body_ms = body_ms_max;
  std::int64_t idle_ms = idle_ms_max;
  std::int64_t write_ms = write_ms_max;
  std::size_t write_progress_bytes = write_progress_bytes_min;
  std::int64_t linger_ms = linger_ms_max;
  std::size_t connections = connections_max;
  std::size_t in_flight = in_flight_max;
  std::size_t in_flight_per_connection = in_flight_per_connection_max;
  std::size_t unsent_bytes = unsent_bytes_max;
};

}  // namespace geleit::http
