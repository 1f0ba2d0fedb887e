#include "events/kafka_topics.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <map>
#include <optional>

#include "events/uuid.h"

namespace geleit {
namespace {

constexpr std::string_view identity_key = "geleit.log";
constexpr std::string_view identity_format = "geleit-log 1";
constexpr int replicas_wanted = 3;

const std::initializer_list<KafkaClient::Setting> keys_reader{{"enable.partition.eof", "true"},
                                                              {"fetch.wait.max.ms", "20"}};

using Settings = std::map<std::string, std::string>;

/// One setting of a topic: how it is created, and what is accepted.
struct Must {
  std::string name;
  std::string set_to;
  std::string words;  ///< what it must be
  std::function<bool(const std::string&)> fits;
};

std::int64_t number(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? value : -2;
}

Must exactly(std::string name, std::string value) {
  return {std::move(name), value, value, [value](const std::string& is) { return is == value; }};
}
Must at_least(std::string name, std::int64_t value) {
  return {std::move(name), std::to_string(value), fmt::format("{} or more", value),
          [value](const std::string& is) { return number(is) >= value; }};
}

std::vector<Must> musts_of_both(int replicas) {
  const int needed = in_sync_needed(replicas);
  return {
      {"min.insync.replicas", std::to_string(needed),
       needed == 1 ? "1" : fmt::format("{} to {}", needed, replicas - 1),
       [needed, replicas](const std::string& is) {
         return number(is) >= needed && number(is) <= std::max(needed, replicas - 1);
       }},
      exactly("unclean.leader.election.enable", "false"),
      at_least("max.message.bytes", kafka_record_bytes_max + (64 << 10)),
  };
}

std::vector<Must> musts_of_events(int replicas) {
  std::vector<Must> musts = musts_of_both(replicas);
  musts.push_back(exactly("cleanup.policy", "delete"));
  musts.push_back(exactly("retention.ms", "-1"));
  musts.push_back(exactly("retention.bytes", "-1"));
  musts.push_back(exactly("message.timestamp.type", "LogAppendTime"));
  return musts;
}

std::vector<Must> musts_of_keys(int replicas) {
  std::vector<Must> musts = musts_of_both(replicas);
  musts.push_back(exactly("cleanup.policy", "compact"));
  musts.push_back({"max.compaction.lag.ms", std::to_string(keys_compaction_lag_ms_max),
                   fmt::format("{} (a day) or less", keys_compaction_lag_ms_max), [](const std::string& is) {
                     return number(is) >= 0 && number(is) <= keys_compaction_lag_ms_max;
                   }});
  return musts;
}

// ---------------------------------------------------------------- asking the brokers

/// Waits for the answer to what `ask` sends to the queue.
KafkaEvent answer(const KafkaClient& client, rd_kafka_admin_op_t operation,
                  const std::function<void(rd_kafka_AdminOptions_t*, rd_kafka_queue_t*)>& ask) {
  const std::unique_ptr<rd_kafka_AdminOptions_t, KafkaDestroy<rd_kafka_AdminOptions_destroy>> options(
      rd_kafka_AdminOptions_new(client.get(), operation));
  char why[512];
  rd_kafka_AdminOptions_set_request_timeout(options.get(), kafka_opening_ms_max, why, sizeof why);
  if (operation == RD_KAFKA_ADMIN_OP_CREATETOPICS) {
    rd_kafka_AdminOptions_set_operation_timeout(options.get(), kafka_opening_ms_max, why, sizeof why);
  }
  const KafkaQueue queue(rd_kafka_queue_new(client.get()));
  ask(options.get(), queue.get());
  KafkaEvent event(rd_kafka_queue_poll(queue.get(), 2 * kafka_opening_ms_max));
  if (!event) throw LogUnavailable(fmt::format("Kafka does not answer. {}", client.last_error()));
  if (rd_kafka_event_error(event.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    throw LogUnavailable(fmt::format("Kafka refuses: {}", rd_kafka_event_error_string(event.get())));
  }
  return event;
}

/// Nothing: the broker that was asked does not know the topic (yet).
std::optional<Settings> ask_settings(const KafkaClient& client, const std::string& topic) {
  const std::unique_ptr<rd_kafka_ConfigResource_t, KafkaDestroy<rd_kafka_ConfigResource_destroy>> resource(
      rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str()));
  const KafkaEvent event = answer(client, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS,
                                  [&](rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
                                    rd_kafka_ConfigResource_t* one = resource.get();
                                    rd_kafka_DescribeConfigs(client.get(), &one, 1, options, queue);
                                  });
  std::size_t count = 0;
  const auto* const* resources =
      rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event.get()), &count);
  Settings settings;
  for (std::size_t i = 0; i < count; ++i) {
    const auto error = rd_kafka_ConfigResource_error(resources[i]);
    if (error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) return std::nullopt;
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
      const char* why = rd_kafka_ConfigResource_error_string(resources[i]);
      throw LogUnavailable(fmt::format("Kafka does not tell how the topic '{}' is set: {}", topic,
                                       why != nullptr ? why : rd_kafka_err2str(error)));
    }
    std::size_t entries = 0;
    const auto* const* each = rd_kafka_ConfigResource_configs(resources[i], &entries);
    for (std::size_t e = 0; e < entries; ++e) {
      const char* value = rd_kafka_ConfigEntry_value(each[e]);
      settings[rd_kafka_ConfigEntry_name(each[e])] = value != nullptr ? value : "";
    }
  }
  return settings;
}

// A topic that was just made is known to one broker sooner than to another.
constexpr int ask_again_ms = 100;
constexpr int brokers_differ_ms_max = 1'000;

Settings settings_of(const KafkaClient& client, const std::string& topic) {
  for (int waited = 0; waited < kafka_opening_ms_max; waited += ask_again_ms) {
    if (auto settings = ask_settings(client, topic)) return *settings;
    rd_kafka_poll(client.get(), ask_again_ms);
  }
  throw LogUnavailable(fmt::format("Kafka does not tell how the topic '{}' is set", topic));
}

void create_topic(const KafkaClient& client, const std::string& topic, int partitions, int replicas,
                  const std::vector<Must>& musts) {
  char why[512];
  const std::unique_ptr<rd_kafka_NewTopic_t, KafkaDestroy<rd_kafka_NewTopic_destroy>> wanted(
      rd_kafka_NewTopic_new(topic.c_str(), partitions, replicas, why, sizeof why));
  if (!wanted) throw LogRefused(fmt::format("the topic '{}' cannot be made: {}", topic, why));
  for (const Must& must : musts) {
    rd_kafka_NewTopic_set_config(wanted.get(), must.name.c_str(), must.set_to.c_str());
  }
  const KafkaEvent event = answer(client, RD_KAFKA_ADMIN_OP_CREATETOPICS,
                                  [&](rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
                                    rd_kafka_NewTopic_t* one = wanted.get();
                                    rd_kafka_CreateTopics(client.get(), &one, 1, options, queue);
                                  });
  std::size_t count = 0;
  const auto* const* results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto error = rd_kafka_topic_result_error(results[i]);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR || error == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) continue;
    const char* said = rd_kafka_topic_result_error_string(results[i]);
    throw LogUnavailable(fmt::format("the topic '{}' was not made: {}", topic,
                                     said != nullptr ? said : rd_kafka_err2str(error)));
  }
}

KafkaTopicState wait_for_topic(const KafkaClient& client, const std::string& topic) {
  for (int waited = 0;; waited += ask_again_ms) {
    const KafkaTopicState state = topic_state(client, kafka_opening_ms_max);
    if (state.partitions > 0 && state.leaderless == 0) return state;
    if (waited >= kafka_opening_ms_max) {
      throw LogUnavailable(fmt::format("the topic '{}' has partitions without a leader", topic));
    }
    rd_kafka_poll(client.get(), ask_again_ms);
  }
}

// No partitions: there is no such topic, and there has been none for as long as the brokers may differ.
KafkaTopicState look_for_topic(const KafkaClient& client) {
  KafkaTopicState state = topic_state(client, kafka_opening_ms_max);
  for (int waited = 0; state.partitions == 0 && waited < brokers_differ_ms_max; waited += ask_again_ms) {
    rd_kafka_poll(client.get(), ask_again_ms);
    state = topic_state(client, kafka_opening_ms_max);
  }
  return state;
}

// ---------------------------------------------------------------- judging

/// As kafka-reassign-partitions.sh reads it: three replicas for each partition, each broker the first of
/// some.
std::string plan_of(const std::string& topic, const KafkaTopicState& state) {
  std::string partitions;
  for (int p = 0; p < state.partitions; ++p) {
    std::string replicas;
    for (int r = 0; r < replicas_wanted; ++r) {
      const auto at = static_cast<std::size_t>(p + r) % state.broker_ids.size();
      replicas += fmt::format("{}{}", replicas.empty() ? "" : ",", state.broker_ids[at]);
    }
    partitions += fmt::format(R"({}{{"topic":"{}","partition":{},"replicas":[{}]}})",
                              partitions.empty() ? "" : ",", topic, p, replicas);
  }
  return fmt::format(R"({{"version":1,"partitions":[{}]}})", partitions);
}

/// What is set otherwise, in words, and what kafka-configs.sh takes to mend it; both empty: nothing.
struct Misfit {
  std::string wrong, mends;
};

Misfit misfit_of(const Settings& settings, const std::vector<Must>& musts) {
  Misfit misfit;
  for (const Must& must : musts) {
    const auto found = settings.find(must.name);
    const std::string is = found == settings.end() ? "unknown" : found->second;
    if (must.fits(is)) continue;
    const bool first = misfit.wrong.empty();
    misfit.wrong += fmt::format("{}{} is {}, but must be {}", first ? "" : "; ", must.name, is, must.words);
    misfit.mends += fmt::format("{}{}={}", first ? "" : ",", must.name, must.set_to);
  }
  return misfit;
}

void check_topic(const KafkaClient& client, const KafkaAddress& address, const std::string& topic,
                 const KafkaTopicState& state, const std::vector<Must>& musts) {
  if (state.brokers >= replicas_wanted && state.replicas < replicas_wanted) {
    throw LogRefused(fmt::format(
        "the topic '{}' on {} is not as the log needs it: replication factor is {}, but must be {} or more "
        "where there are {} brokers. Mend it: kafka-reassign-partitions.sh --bootstrap-server {} --execute "
        "--reassignment-json-file <(echo '{}')",
        topic, address.brokers, state.replicas, replicas_wanted, state.brokers, address.brokers,
        plan_of(topic, state)));
  }
  // A broker may not have heard yet that somebody mended it.
  Misfit misfit = misfit_of(settings_of(client, topic), musts);
  for (int waited = 0; !misfit.wrong.empty() && waited < brokers_differ_ms_max; waited += ask_again_ms) {
    rd_kafka_poll(client.get(), ask_again_ms);
    misfit = misfit_of(settings_of(client, topic), musts);
  }
  if (misfit.wrong.empty()) return;
  throw LogRefused(fmt::format(
      "the topic '{}' on {} is not as the log needs it: {}. Mend it: kafka-configs.sh --bootstrap-server {} "
      "--entity-type topics --entity-name {} --alter --add-config {}",
      topic, address.brokers, misfit.wrong, address.brokers, topic, misfit.mends));
}

LogRefused no_log(const KafkaAddress& address, const std::string& topic) {
  return LogRefused(
      fmt::format("there is no log at {}: the topic '{}' is missing. Make one: geleit log create {}",
                  to_string(address), topic, to_string(address)));
}

// ---------------------------------------------------------------- the identity

std::string write_identity(const KafkaIdentity& identity) {
  return fmt::format("{}\nid {}\npartitions {}\ncreated {}\n", identity_format, to_string(identity.id),
                     identity.partitions, identity.created.ms);
}

std::optional<KafkaIdentity> read_identity(std::string_view text) {
  KafkaIdentity identity;
  int line = 0;
  while (!text.empty()) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view all = text.substr(0, end);
    const std::string value(all.substr(std::min(all.size(), all.find(' ') + 1)));
    if (line == 0 && all != identity_format) return std::nullopt;
    if (all.starts_with("id ")) {
      const auto id = parse_uuid(value);
      if (!id) return std::nullopt;
      identity.id = *id;
    } else if (all.starts_with("partitions ")) {
      if (number(value) < 1 || number(value) > partitions_max) return std::nullopt;
      identity.partitions = static_cast<std::uint16_t>(number(value));
    } else if (all.starts_with("created ")) {
      identity.created = Instant{number(value)};
    }
    text.remove_prefix(end + 1);
    ++line;
  }
  if (identity.partitions == 0 || identity.id.is_nil()) return std::nullopt;
  return identity;
}

// The first record of the topic of the keys: it was written before any key, and compaction keeps it. `keys`
// must know the topic's leader.
std::optional<KafkaIdentity> find_identity(const KafkaClient& keys) {
  const char* topic = rd_kafka_topic_name(keys.topic());
  if (rd_kafka_consume_start(keys.topic(), 0, RD_KAFKA_OFFSET_BEGINNING) != 0) {
    throw LogUnavailable(fmt::format("the topic '{}' cannot be read", topic));
  }
  std::optional<KafkaIdentity> identity;
  bool ended = false;
  bool answered = true;
  while (!identity && !ended && answered) {
    const KafkaMessage record(rd_kafka_consume(keys.topic(), 0, kafka_opening_ms_max));
    if (!record) {
      answered = false;
    } else if (record->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      ended = true;
    } else if (record->err == RD_KAFKA_RESP_ERR_NO_ERROR &&
               kafka_octets(record->key, record->key_len) == identity_key) {
      identity = read_identity(kafka_octets(record->payload, record->len));
    }
  }
  rd_kafka_consume_stop(keys.topic(), 0);
  if (!answered)
    throw LogUnavailable(fmt::format("the topic '{}' cannot be read. {}", topic, keys.last_error()));
  return identity;
}

struct IdentityOutcome {
  bool told = false;
  std::string error;
};

void put_identity(const KafkaAddress& address, const KafkaSettings& settings, const KafkaIdentity& identity) {
  const KafkaClient keys(RD_KAFKA_PRODUCER, address, keys_topic_of(address), settings,
                         {{"enable.idempotence", "true"}, {"message.timeout.ms", "20000"}},
                         [](rd_kafka_t*, const rd_kafka_message_t* record, void*) {
                           auto& outcome = *static_cast<IdentityOutcome*>(record->_private);
                           outcome.told = true;
                           if (record->err != RD_KAFKA_RESP_ERR_NO_ERROR)
                             outcome.error = rd_kafka_err2str(record->err);
                         });
  const std::string text = write_identity(identity);
  IdentityOutcome outcome;
  const auto error = rd_kafka_producev(keys.get(), RD_KAFKA_V_RKT(keys.topic()), RD_KAFKA_V_PARTITION(0),
                                       RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                       RD_KAFKA_V_KEY(identity_key.data(), identity_key.size()),
                                       RD_KAFKA_V_VALUE(const_cast<char*>(text.data()), text.size()),
                                       RD_KAFKA_V_OPAQUE(&outcome), RD_KAFKA_V_END);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
    // Its own time limit ends this.
    while (!outcome.told) rd_kafka_poll(keys.get(), kafka_wait_ms);
  } else {
    outcome.error = rd_kafka_err2str(error);
  }
  if (!outcome.error.empty()) {
    throw LogUnavailable(fmt::format("the log's identity was not written: {}", outcome.error));
  }
}

}  // namespace

void create_kafka_topics(const KafkaAddress& address, const KafkaSettings& settings,
                         const KafkaIdentity& identity) {
  if (identity.partitions < 1 || identity.partitions > partitions_max) {
    throw LogRefused(
        fmt::format("expected 1 to {} partitions, but got {}", partitions_max, identity.partitions));
  }
  const KafkaClient events(RD_KAFKA_CONSUMER, address, address.topic, settings, {});
  const KafkaClient keys(RD_KAFKA_CONSUMER, address, keys_topic_of(address), settings, keys_reader);
  const KafkaTopicState before = topic_state(events, kafka_opening_ms_max);
  const bool has_keys = topic_state(keys, kafka_opening_ms_max).partitions > 0;
  if (has_keys && find_identity(keys)) {
    throw LogRefused(fmt::format("there is a log at {} already", to_string(address)));
  }
  const int replicas = std::min(before.brokers, replicas_wanted);
  if (before.partitions == 0) {
    create_topic(events, address.topic, identity.partitions, replicas, musts_of_events(replicas));
  }
  if (!has_keys) create_topic(keys, keys_topic_of(address), 1, replicas, musts_of_keys(replicas));
  const KafkaTopicState made = wait_for_topic(events, address.topic);
  if (made.partitions != identity.partitions) {
    throw LogRefused(fmt::format("the topic '{}' is there already and has {} partitions, not {}",
                                 address.topic, made.partitions, identity.partitions));
  }
  check_topic(events, address, address.topic, made, musts_of_events(made.replicas));
  const KafkaTopicState made_keys = wait_for_topic(keys, keys_topic_of(address));
  check_topic(keys, address, keys_topic_of(address), made_keys, musts_of_keys(made_keys.replicas));
  put_identity(address, settings, identity);
}

KafkaIdentity check_kafka_topics(const KafkaClient& events, const KafkaAddress& address,
                                 const KafkaSettings& settings) {
  const KafkaTopicState state = look_for_topic(events);
  if (state.partitions == 0) throw no_log(address, address.topic);
  const KafkaClient keys(RD_KAFKA_CONSUMER, address, keys_topic_of(address), settings, keys_reader);
  const KafkaTopicState keys_state = look_for_topic(keys);
  if (keys_state.partitions == 0) throw no_log(address, keys_topic_of(address));
  check_topic(events, address, address.topic, state, musts_of_events(state.replicas));
  check_topic(keys, address, keys_topic_of(address), keys_state, musts_of_keys(keys_state.replicas));
  const auto identity = find_identity(keys);
  if (!identity) {
    throw LogRefused(fmt::format(
        "there is no log at {}: its identity is missing from the topic '{}'. Make one: geleit log create {}",
        to_string(address), keys_topic_of(address), to_string(address)));
  }
  if (identity->partitions != state.partitions) {
    throw LogRefused(fmt::format(
        "the topic '{}' on {} is not as the log needs it: it has {} partitions, but must have {}, with which "
        "it was created: a case would lie in another one. Partitions cannot be taken away; make a new log "
        "and "
        "copy into it: geleit log create kafka://{}/NEW --partitions {}; geleit log copy {} kafka://{}/NEW",
        address.topic, address.brokers, state.partitions, identity->partitions, address.brokers,
        identity->partitions, to_string(address), address.brokers));
  }
  return *identity;
}

}  // namespace geleit
