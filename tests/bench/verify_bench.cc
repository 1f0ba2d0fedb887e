// How fast `geleit audit verify` computes a history again, beside reading the same records and hashing each
// once: on a data directory that country_log has made, or any other with an embedded log.
//   verify_bench DIRECTORY [--rounds N]
// One JSON line: records, octets, records a second of both (the best round), in one thread and in two, and
// the ratio of verifying (two threads, as the command does it) to plain reading and hashing in one and in
// two.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "events/embedded_log.h"
#include "events/sha256.h"
#include "services/audit/verify.h"

namespace geleit {
namespace {

using Steady = std::chrono::steady_clock;

double seconds_since(Steady::time_point start) {
  return std::chrono::duration<double>(Steady::now() - start).count();
}

/// Reads every partition and hashes every record; the seconds it took.
double read_and_hash(const ReadableLog& log, unsigned threads, std::atomic<std::uint64_t>& octets) {
  const auto start = Steady::now();
  const Positions ends = log.ends();
  std::atomic<std::uint32_t> next_partition{0};
  std::atomic<std::uint64_t> seen{0};
  {
    std::vector<std::jthread> readers;
    for (unsigned t = 0; t < threads; ++t) {
      readers.emplace_back([&] {
        std::vector<StoredRecord> records;
        std::uint64_t kept = 0;
        for (std::uint32_t p = next_partition++; p < ends.size(); p = next_partition++) {
          const auto reader = log.read(Partition{static_cast<std::uint16_t>(p)}, Offset{});
          for (reader->next(records, 512); !records.empty(); reader->next(records, 512)) {
            for (const StoredRecord& record : records) {
              kept ^= sha256(record.bytes).words[0];
              octets += record.bytes.size();
            }
          }
        }
        seen ^= kept;
      });
    }
  }
  return seconds_since(start);
}

double verify(const ReadableLog& log, unsigned threads) {
  const auto start = Steady::now();
  VerifyProgress progress;
  const VerifyReport report = verify_log(&log, std::nullopt, {}, nullptr, threads, progress);
  if (!report.ok()) fmt::print(stderr, "verify_bench: {} findings\n", report.findings.size());
  return seconds_since(start);
}

int run(int argc, char** argv) {
  if (argc != 2 && !(argc == 4 && std::string(argv[2]) == "--rounds")) {
    fmt::print(stderr, "usage: verify_bench DIRECTORY [--rounds N]\n");
    return 2;
  }
  const int rounds = argc == 4 ? std::atoi(argv[3]) : 3;
  const auto log = EmbeddedLog::open_read_only(std::filesystem::path(argv[1]) / "log");
  std::uint64_t records = 0;
  for (const Offset end : log->ends()) records += end.value;
  std::atomic<std::uint64_t> octets{0};
  read_and_hash(*log, 2, octets);  // what the machine keeps of the files is the same for all
  const std::uint64_t size = octets;
  double raw[2] = {1e9, 1e9}, verified[2] = {1e9, 1e9};
  for (int round = 0; round < rounds; ++round) {
    for (unsigned threads = 1; threads <= 2; ++threads) {
      raw[threads - 1] = std::min(raw[threads - 1], read_and_hash(*log, threads, octets));
      verified[threads - 1] = std::min(verified[threads - 1], verify(*log, threads));
    }
  }
  const auto rate = [&](double seconds) { return static_cast<double>(records) / seconds; };
  fmt::print(
      "{{\"records\":{},\"octets\":{},\"read_and_hash\":[{:.0f},{:.0f}],\"verify\":[{:.0f},{:.0f}],"
      "\"ratio\":{:.2f},\"ratio_same_threads\":{:.2f}}}\n",
      records, size, rate(raw[0]), rate(raw[1]), rate(verified[0]), rate(verified[1]), raw[0] / verified[1],
      raw[1] / verified[1]);
  return 0;
}

}  // namespace
}  // namespace geleit

int main(int argc, char** argv) {
  try {
    return geleit::run(argc, argv);
  } catch (const std::exception& failure) {
    fmt::print(stderr, "verify_bench: {}\n", failure.what());
    return 3;
  }
}
