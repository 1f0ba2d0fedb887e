#include "services/log_copy_command.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "events/embedded_log.h"
#include "events/history_copy.h"
#include "events/kafka_log.h"
#include "events/uuid.h"
#include "projections/rules/catalogue.h"
#include "services/clock.h"
#include "services/command_options.h"
#include "services/key_copy.h"
#include "services/key_store.h"
#include "services/open_log.h"
#include "services/progress_line.h"

namespace geleit {
namespace {

constexpr Message<std::uint64_t, std::uint64_t> keys_copied{
    "{} Personenschlüssel dazu, {} vernichtete bleiben vernichtet.",
    "{} person keys with them; {} that were destroyed stay destroyed."};
constexpr Message<message::Text> keys_not_copied{
    "Personenschlüssel wurden nicht übertragen: {} enthält keinen Hauptschlüssel (--data).",
    "Person keys were not copied: there is no master key in {} (--data)."};

struct CopyAsk {
  std::string from, to, config, data;
  bool json = false;
};

/// Of the side that lies on this machine: with the keys beside it, the master key among them.
std::string data_of(const CopyAsk& ask) {
  if (!ask.data.empty()) return ask.data;
  const std::filesystem::path log = is_kafka_address(ask.from) ? ask.to : ask.from;
  return std::filesystem::absolute(log / "").parent_path().parent_path().string();
}

std::uint64_t records_in(const Positions& ends) {
  std::uint64_t records = 0;
  for (const Offset end : ends) records += end.value;
  return records;
}

std::unique_ptr<CopyTarget> open_target(const CopyAsk& ask, const Config& config, const ReadableLog& source) {
  SystemChance chance;
  LogInfo made;
  made.created = SystemClock().now();
  const std::uint64_t high = chance.next();
  made.id = uuid_v7(made.created, high, chance.next());
  made.partitions = source.info().partitions;
  if (!is_kafka_address(ask.to)) return open_embedded_target(ask.to, made);
  return open_kafka_target(parse_kafka_address(ask.to), config.kafka, made);
}

void copy(const CopyAsk& ask, CommandLine& line) {
  const Config config = config_of(ask.config);
  const auto source = open_log_read_only(ask.from, config);
  const auto target = open_target(ask, config, *source);
  const std::uint64_t all = records_in(source->ends());
  HistoryCopied copied;
  std::optional<KeysCopied> keys;
  const std::string data = data_of(ask);
  const bool moves = is_kafka_address(ask.from) != is_kafka_address(ask.to);
  {
    ProgressLine progress(stderr);
    if (moves && std::filesystem::exists(DataDirectory{data, {}}.master_key())) {
      // First, so that there is never an event without its key.
      SystemChance chance;
      const auto side = [&](const std::string& where) {
        return is_kafka_address(where) ? data_directory(data, where, config.kafka) : DataDirectory{data, {}};
      };
      keys = copy_keys(*source, side(ask.from), side(ask.to), chance);
    }
    copied = copy_history(*source, *target, [&](std::uint64_t records) {
      if (progress.due()) progress.show(say(line.for_people, message::log_copying, records, all));
    });
  }
  const std::uint64_t since = records_in(open_log_read_only(ask.from, config)->ends()) - all;
  const LogInfo info = target->log().info();
  if (ask.json) {
    fmt::print("{}\n", boost::json::serialize(boost::json::object{{"id", to_string(info.id)},
                                                                  {"where", info.where},
                                                                  {"events", copied.records},
                                                                  {"copied", copied.copied},
                                                                  {"keys", keys ? keys->keys : 0},
                                                                  {"erased", keys ? keys->erased : 0},
                                                                  {"not_copied", since}}));
    return;
  }
  fmt::print("{}\n", say(line.for_people, message::log_copied, copied.records, info.where,
                         std::string_view(to_string(info.id))));
  if (keys) fmt::print("{}\n", say(line.for_people, keys_copied, keys->keys, keys->erased));
  if (moves && !keys)
    fmt::print(stderr, "{}\n", say(line.for_people, keys_not_copied, std::string_view(data)));
  if (since > 0) fmt::print(stderr, "{}\n", say(line.for_people, message::log_grew_meanwhile, since));
}

CLI::Validator address() {
  return {[](const std::string& where) -> std::string {
            if (where.find("://") == std::string::npos) return {};
            try {
              (void)parse_kafka_address(where);
            } catch (const LogRefused& wrong) { return wrong.what(); }
            return {};
          },
          "WHERE"};
}

}  // namespace

void add_log_copy(CLI::App& log, CommandLine& line) {
  auto ask = std::make_shared<CopyAsk>();
  CLI::App* command = log.add_subcommand(
      "copy", "Moves a history into another log, which is made; interrupted, it goes on when given again");
  command->add_option("from", ask->from, "Directory of a log, or kafka://HOST:PORT[,HOST:PORT …]/TOPIC")
      ->required()
      ->check(address());
  command->add_option("to", ask->to, "The same, of a log that is empty or does not exist yet")
      ->required()
      ->check(address());
  command
      ->add_option("--data", ask->data,
                   "Between this machine and Kafka: the data directory here, whose person keys go along "
                   "(default: the one that the log's directory lies in)")
      ->type_name("DIR");
  add_config_option(*command, ask->config);
  command->add_flag("--json", ask->json, "For programs");
  command->callback([ask, &line] {
    try {
      copy(*ask, line);
    } catch (const KeyStoreFailed& failed) {
      fmt::print(stderr, "geleit: {}\n", failed.what());
      line.status = Exit::refused;
    } catch (const LogRefused& refused) {
      fmt::print(stderr, "geleit: {}\n", refused.what());
      line.status = Exit::refused;
    }
  });
}

}  // namespace geleit
