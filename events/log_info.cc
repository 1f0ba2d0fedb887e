#include "events/log_info.h"

#include <algorithm>
#include <filesystem>

namespace geleit {
namespace {

std::optional<std::uint64_t> bytes_in(const std::filesystem::path& dir) {
  std::error_code failed;
  if (!std::filesystem::is_directory(dir, failed)) return std::nullopt;
  std::uint64_t bytes = 0;
  // A service may remove files meanwhile; those count nothing.
  for (const auto& entry : std::filesystem::directory_iterator(dir, failed)) {
    std::error_code gone;
    const std::uintmax_t size = entry.is_regular_file(gone) ? entry.file_size(gone) : 0;
    if (!gone) bytes += size;
  }
  return bytes;
}

}  // namespace

LogReport report_on(const ReadableLog& log) {
  LogReport report;
  report.log = log.info();
  report.partitions.resize(report.log.partitions);
  const Positions ends = log.ends();
  std::vector<Position> asked;
  for (std::uint16_t p = 0; p < report.log.partitions; ++p) {
    report.partitions[p].end = ends[p];
    report.records += ends[p].value;
    if (ends[p] == Offset{0}) continue;
    asked.push_back({Partition{p}, Offset{0}});
    asked.push_back({Partition{p}, Offset{ends[p].value - 1}});
  }
  bool is_first = true;
  log.read_at(asked, [&](const StoredRecord& record) {
    PartitionReport& partition = report.partitions[record.partition.value];
    if (is_first) {
      partition.first_recorded = record.recorded;
      report.first_recorded = std::min(report.first_recorded.value_or(record.recorded), record.recorded);
    } else {
      partition.last_recorded = record.recorded;
      report.last_recorded = std::max(report.last_recorded.value_or(record.recorded), record.recorded);
    }
    is_first = !is_first;
  });
  if (report.log.kind == "embedded") report.bytes_on_disk = bytes_in(report.log.where);
  return report;
}

}  // namespace geleit
