#include "events/kafka_group.h"

#include <cassert>
#include <mutex>
#include <set>
#include <thread>

#include "events/kafka_client.h"
#include "events/thread_name.h"

namespace geleit {
namespace {

using GroupPartitions =
    std::unique_ptr<rd_kafka_topic_partition_list_t, KafkaDestroy<rd_kafka_topic_partition_list_destroy>>;

}  // namespace

class KafkaGroup::Member {
 public:
  Member(const KafkaAddress& address, const KafkaSettings& settings, const std::string& group)
      : client_(RD_KAFKA_CONSUMER, address, address.topic, settings,
                {{"group.id", group.c_str()},
                 {"session.timeout.ms", std::to_string(group_session_ms).c_str()},
                 {"heartbeat.interval.ms", std::to_string(group_session_ms / 6).c_str()},
                 {"enable.auto.commit", "false"},
                 // Nothing of it is used; what comes before it is paused is little.
                 {"auto.offset.reset", "latest"}}) {
    rd_kafka_poll_set_consumer(client_.get());
    const GroupPartitions topics(rd_kafka_topic_partition_list_new(1));
    rd_kafka_topic_partition_list_add(topics.get(), rd_kafka_topic_name(client_.topic()),
                                      RD_KAFKA_PARTITION_UA);
    [[maybe_unused]] const auto error = rd_kafka_subscribe(client_.get(), topics.get());
    assert(error == RD_KAFKA_RESP_ERR_NO_ERROR);
    thread_ = std::thread([this] { run(); });
  }
  ~Member() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    thread_.join();
    rd_kafka_consumer_close(client_.get());
  }
  [[nodiscard]] bool owns(Partition partition) const {
    const std::lock_guard lock(mutex_);
    return owned_.contains(partition);
  }

 private:
  void run() {
    name_thread("kafka group");
    for (;;) {
      {
        const std::lock_guard lock(mutex_);
        if (ending_) return;
      }
      // Serves the group's coming and going; a record that comes all the same is let go.
      const KafkaMessage record(rd_kafka_consumer_poll(client_.get(), kafka_wait_ms));
      look();
    }
  }
  void look() {
    rd_kafka_topic_partition_list_t* assigned = nullptr;
    if (rd_kafka_assignment(client_.get(), &assigned) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
    const GroupPartitions list(assigned);
    std::set<Partition> owned;
    for (int i = 0; i < list->cnt; ++i)
      owned.insert(Partition{static_cast<std::uint16_t>(list->elems[i].partition)});
    {
      const std::lock_guard lock(mutex_);
      if (owned == owned_) return;
      owned_ = std::move(owned);
    }
    rd_kafka_pause_partitions(client_.get(), list.get());
  }

  KafkaClient client_;
  mutable std::mutex mutex_;  // guards the two below
  std::set<Partition> owned_;
  bool ending_ = false;
  std::thread thread_;
};

KafkaGroup::KafkaGroup(const KafkaAddress& address, const KafkaSettings& settings, const std::string& group)
    : member_(std::make_unique<Member>(address, settings, group)) {}
KafkaGroup::~KafkaGroup() = default;
bool KafkaGroup::owns(Partition partition) const { return member_->owns(partition); }

}  // namespace geleit
