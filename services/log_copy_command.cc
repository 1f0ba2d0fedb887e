#include "services/log_copy_command.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <cstdio>
#include <memory>
#include <string>

#include "events/embedded_log.h"
#include "events/history_copy.h"
#include "events/kafka_log.h"
#include "events/uuid.h"
#include "projections/rules/catalogue.h"
#include "services/clock.h"
#include "services/command_options.h"
#include "services/open_log.h"
#include "services/progress_line.h"

namespace geleit {
namespace {

struct CopyAsk {
  std::string from, to, config;
  bool json = false;
};

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
  {
    ProgressLine progress(stderr);
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
                                                                  {"not_copied", since}}));
    return;
  }
  fmt::print("{}\n", say(line.for_people, message::log_copied, copied.records, info.where,
                         std::string_view(to_string(info.id))));
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
  add_config_option(*command, ask->config);
  command->add_flag("--json", ask->json, "For programs");
  command->callback([ask, &line] {
    try {
      copy(*ask, line);
    } catch (const LogRefused& refused) {
      fmt::print(stderr, "geleit: {}\n", refused.what());
      line.status = Exit::refused;
    }
  });
}

}  // namespace geleit
