#include "events/kafka_fetch.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "events/kafka_topics.h"

namespace geleit {

struct KafkaFetch::Client {
  Client(const KafkaAddress& address, const KafkaSettings& settings)
      : client(RD_KAFKA_CONSUMER, address, address.topic, settings,
               {{"auto.offset.reset", "error"},
                {"queued.max.messages.kbytes", "32768"},
                {"fetch.wait.max.ms", "20"},
                {"fetch.error.backoff.ms", "50"}}) {
    (void)topic_state(client, kafka_answer_ms_max);  // it then knows the leaders and need not wait for them
  }
  KafkaClient client;
  std::set<std::uint16_t> used;  // the partitions that it fetches now
};

LogCorrupt kafka_record_gone(const KafkaAddress& address, Partition partition, Offset expected,
                             const std::string& instead) {
  return LogCorrupt(fmt::format(
      "the log at {} is damaged: expected a record at {}:{}, but {}. Records are never deleted from a log: "
      "look who has changed the topic, and restore it from its last backup or copy",
      to_string(address), partition.value, expected.value, instead));
}

KafkaFetch::KafkaFetch(KafkaFetchers& fetchers, std::shared_ptr<Client> client, Partition partition,
                       Offset from)
    : fetchers_(fetchers), client_(std::move(client)), partition_(partition) {
  seek(from);
}

KafkaFetch::~KafkaFetch() {
  stop();
  const std::lock_guard lock(fetchers_.mutex_);
  client_->used.erase(partition_.value);
}

void KafkaFetch::stop() {
  if (!started_) return;
  rd_kafka_consume_stop(client_->client.topic(), partition_.value);
  started_ = false;
}

void KafkaFetch::seek(Offset from) {
  stop();
  at_ = from;
  latest_ = Instant{std::numeric_limits<std::int64_t>::min()};
  latest_known_ = from == Offset{0};
  if (rd_kafka_consume_start(client_->client.topic(), partition_.value,
                             static_cast<std::int64_t>(from.value)) != 0) {
    throw LogUnavailable(fmt::format("partition {} of the log at {} cannot be read: {}", partition_.value,
                                     to_string(fetchers_.address_), rd_kafka_err2str(rd_kafka_last_error())));
  }
  started_ = true;
}

FetchedRecord KafkaFetch::next() {
  std::string last_error;
  for (int waited = 0; waited < kafka_answer_ms_max;) {
    KafkaMessage message(rd_kafka_consume(client_->client.topic(), partition_.value, kafka_wait_ms));
    if (!message) {
      waited += kafka_wait_ms;
      rd_kafka_poll(client_->client.get(), 0);
      continue;
    }
    if (message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
        message->err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE) {
      throw kafka_record_gone(fetchers_.address_, partition_, at_,
                              "the topic does not reach from there to its end");
    }
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      last_error = rd_kafka_message_errstr(message.get());
      waited += kafka_wait_ms;
      continue;
    }
    if (static_cast<std::uint64_t>(message->offset) != at_.value) {
      throw kafka_record_gone(fetchers_.address_, partition_, at_,
                              fmt::format("the next one lies at {}", message->offset));
    }
    const Instant recorded = recorded_of(*message);
    at_ = geleit::next(at_);
    return {std::move(message), recorded};
  }
  throw LogUnavailable(fmt::format("the record at {}:{} of the log at {} does not come. {} {}",
                                   partition_.value, at_.value, to_string(fetchers_.address_), last_error,
                                   client_->client.last_error()));
}

Instant KafkaFetch::recorded_of(const rd_kafka_message_t& message) {
  rd_kafka_timestamp_type_t type{};
  const Instant time{rd_kafka_message_timestamp(&message, &type)};
  if (!latest_known_) {
    // Nearly always no earlier record has a later time; only then must it be looked for.
    const std::int64_t later = offset_at(fetchers_.control_, partition_, time.ms + 1, kafka_answer_ms_max);
    if (later >= 0 && static_cast<std::uint64_t>(later) < at_.value) {
      Positions before(fetchers_.partitions_);
      before[partition_.value] = at_;
      latest_ = latest_before(fetchers_.control_, before, kafka_answer_ms_max)[partition_.value];
    }
    latest_known_ = true;
  }
  latest_ = std::max(latest_, time);
  return fetchers_.times_.recorded(message, latest_);
}

KafkaFetchers::KafkaFetchers(KafkaAddress address, KafkaSettings settings, const KafkaClient& control,
                             KafkaTimes& times, std::uint16_t partitions)
    : address_(std::move(address)),
      settings_(std::move(settings)),
      control_(control),
      times_(times),
      partitions_(partitions) {}
KafkaFetchers::~KafkaFetchers() = default;

std::unique_ptr<KafkaFetch> KafkaFetchers::fetch(Partition partition, Offset from) {
  std::shared_ptr<KafkaFetch::Client> client;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& each : clients_) {
      if (!each->used.contains(partition.value)) client = each;
    }
    if (!client) {
      client = std::make_shared<KafkaFetch::Client>(address_, settings_);
      clients_.push_back(client);
    }
    client->used.insert(partition.value);
  }
  return std::unique_ptr<KafkaFetch>(new KafkaFetch(*this, std::move(client), partition, from));
}

}  // namespace geleit
