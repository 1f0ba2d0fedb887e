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
/// Memory of all requests together, heads and bodies, being read or being answered; beyond it 503. The last
/// of it is kept for small requests, so that few large ones that never come to an end do not shut out the
/// others.
inline constexpr std::size_t request_bytes_max = 128 * 1024 * 1024;
inline constexpr std::size_t request_bytes_kept_for_small = 32 * 1024 * 1024;
inline constexpr std::size_t small_request_bytes_max = 64 * 1024;
/// From the first byte of a request to the end of its header; then 408.
inline constexpr std::int64_t header_ms_max = 10'000;
/// From the end of the header to the end of the body; then 408. A body must also come at no less than so many
/// bytes a second, reckoned from `header_ms_max` after its beginning.
inline constexpr std::int64_t body_ms_max = 60'000;
inline constexpr std::size_t body_bytes_per_s_min = 4 * 1024;
/// A kept connection on which nothing is asked; then it is closed.
inline constexpr std::int64_t idle_ms_max = 75'000;
/// A client that does not take its answer: it must take `write_progress_bytes_min` (or all there is) within
/// this time, else it is cut off.
inline constexpr std::int64_t write_ms_max = 30'000;
inline constexpr std::size_t write_progress_bytes_min = 64 * 1024;
/// The same where the answer has no end: whoever listens must take what comes.
inline constexpr std::int64_t stream_write_ms_max = 10'000;
/// Memory of all answers that are not sent yet; beyond it new requests are refused with 503. Beyond three
/// quarters of it connections with an answer of their own unsent are not read, and clients that do not take
/// theirs have only so long for it.
inline constexpr std::size_t answer_bytes_max = 96 * 1024 * 1024;
inline constexpr std::int64_t write_ms_when_short = 2'000;
/// After the last answer the peer may still send for this long before the connection is torn down, so that an
/// early refusal (413) reaches it.
inline constexpr std::int64_t linger_ms_max = 2'000;
/// Open connections; a further one is told 503 and closed. Fewer where the machine allows fewer open files:
/// so many are left to log, tables and keys, but at most half of all.
inline constexpr std::size_t connections_max = 16'000;
inline constexpr std::size_t other_files_min = 2'000;
/// Requests handed to handlers and not yet answered, over all connections; beyond it 503 with Retry-After.
inline constexpr std::size_t in_flight_max = 16'384;
/// The same for one connection; beyond it the connection is not read any further (no refusal).
inline constexpr std::size_t in_flight_per_connection_max = 64;
/// Answer bytes waiting for one client; beyond it the connection is not read and streams are not asked for
/// more.
inline constexpr std::size_t unsent_bytes_max = 1024 * 1024;
/// Of those that are handed to the kernel, what may wait there to be sent: more would be memory that nobody
/// counts.
inline constexpr int kernel_unsent_bytes_max = 256 * 1024;
/// Seconds named in Retry-After when the server refuses for load.
inline constexpr int retry_after_s = 1;

struct Limits {
  std::size_t header_bytes = header_bytes_max;
  std::size_t body_bytes = body_bytes_max;
  std::size_t request_bytes = request_bytes_max;
  std::size_t request_bytes_kept = request_bytes_kept_for_small;
  std::size_t small_request_bytes = small_request_bytes_max;
  std::int64_t header_ms = header_ms_max;
  std::int64_t body_ms = body_ms_max;
  std::size_t body_bytes_per_s = body_bytes_per_s_min;
  std::int64_t idle_ms = idle_ms_max;
  std::int64_t write_ms = write_ms_max;
  std::int64_t stream_write_ms = stream_write_ms_max;
  std::size_t write_progress_bytes = write_progress_bytes_min;
  std::size_t answer_bytes = answer_bytes_max;
  std::int64_t write_ms_when_short = http::write_ms_when_short;
  std::int64_t linger_ms = linger_ms_max;
  std::size_t connections = connections_max;
  std::size_t in_flight = in_flight_max;
  std::size_t in_flight_per_connection = in_flight_per_connection_max;
  std::size_t unsent_bytes = unsent_bytes_max;
};

}  // namespace geleit::http
