#include "events/log_tail.h"

#include <algorithm>
#include <mutex>

namespace geleit {

void LogTail::reset(std::uint16_t partitions, std::size_t bytes_max) {
  const std::unique_lock lock(mutex_);
  partitions_.assign(partitions, {});
  order_.clear();
  bytes_ = 0;
  bytes_max_ = bytes_max;
}

void LogTail::push(std::span<const std::shared_ptr<const RecordGroup>> groups) {
  std::vector<std::shared_ptr<const RecordGroup>> gone;  // freed without the lock
  const std::unique_lock lock(mutex_);
  for (const auto& group : groups) {
    partitions_[group->partition.value].push_back(group);
    order_.push_back(group->partition);
    bytes_ += group->value.size();
  }
  while (bytes_ > bytes_max_ && !order_.empty()) {
    Groups& oldest = partitions_[order_.front().value];
    bytes_ -= oldest.front()->value.size();
    gone.push_back(std::move(oldest.front()));
    oldest.pop_front();
    order_.pop_front();
  }
}

bool LogTail::holds(Partition partition, Offset offset) const {
  const std::shared_lock lock(mutex_);
  const Groups& groups = partitions_[partition.value];
  const auto at = std::partition_point(groups.begin(), groups.end(),
                                       [offset](const auto& g) { return g->end() <= offset; });
  return at != groups.end() && (*at)->first <= offset;
}

bool LogTail::take(Partition partition, Offset from, std::size_t records_max,
                   std::vector<std::shared_ptr<const RecordGroup>>& out) const {
  const std::shared_lock lock(mutex_);
  const Groups& groups = partitions_[partition.value];
  auto at =
      std::partition_point(groups.begin(), groups.end(), [from](const auto& g) { return g->end() <= from; });
  if (at == groups.end() || (*at)->first > from) return false;
  std::size_t records = 0;
  Offset expected = (*at)->first;
  for (; at != groups.end() && (*at)->first == expected && (records == 0 || records < records_max); ++at) {
    records += (*at)->end().value - std::max(from, expected).value;
    expected = (*at)->end();
    out.push_back(*at);
  }
  return true;
}

}  // namespace geleit
