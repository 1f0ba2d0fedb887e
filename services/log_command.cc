#include "services/log_command.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "events/civil_time.h"
#include "events/embedded_log.h"
#include "events/kafka_log.h"
#include "events/log_info.h"
#include "events/uuid.h"
#include "services/clock.h"
#include "services/command_options.h"
#include "services/log_copy_command.h"
#include "services/open_log.h"

namespace geleit {
namespace {

namespace json = boost::json;

struct InfoArguments {
  std::string data = "data";
  std::string log;
  std::string config;
  bool json = false;
};

struct CreateArguments {
  std::string where;
  std::string config;
  std::uint16_t partitions = embedded_partitions_default;
  bool json = false;
};

void create(const CreateArguments& arguments, const Config& config) {
  SystemChance chance;
  const Instant now = SystemClock().now();
  const std::uint64_t high = chance.next();
  const Uuid id = uuid_v7(now, high, chance.next());
  if (is_kafka_address(arguments.where)) {
    KafkaLog::create(parse_kafka_address(arguments.where), config.kafka, arguments.partitions, id, now);
  } else {
    EmbeddedLog::create(arguments.where, arguments.partitions, id, now);
  }
}

json::value as_json(const std::optional<Instant>& at) {
  return at ? json::value(to_string(*at)) : json::value(nullptr);
}

json::object as_json(const LogReport& report) {
  json::array partitions;
  for (std::size_t p = 0; p < report.partitions.size(); ++p) {
    const PartitionReport& partition = report.partitions[p];
    partitions.push_back(json::object{{"partition", p},
                                      {"end", partition.end.value},
                                      {"first_recorded", as_json(partition.first_recorded)},
                                      {"last_recorded", as_json(partition.last_recorded)}});
  }
  return {{"id", to_string(report.log.id)},
          {"kind", report.log.kind},
          {"where", report.log.where},
          {"created", to_string(report.log.created)},
          {"events", report.records},
          {"first_recorded", as_json(report.first_recorded)},
          {"last_recorded", as_json(report.last_recorded)},
          {"bytes", report.bytes_on_disk ? json::value(*report.bytes_on_disk) : json::value(nullptr)},
          {"partitions", std::move(partitions)}};
}

void print_for_people(const LogReport& report, Language language) {
  const auto when = [&](const std::optional<Instant>& at) { return at ? to_string(*at) : std::string("–"); };
  const auto row = [&](const Message<>& name, const std::string& what) {
    fmt::print("  {:<24}{}\n", say(language, name), what);
  };
  fmt::print("{} · {} · {}\n", report.log.where, report.log.kind, to_string(report.log.id));
  row(message::log_created, to_string(report.log.created));
  row(message::log_events, std::to_string(report.records));
  row(message::log_first_recorded, when(report.first_recorded));
  row(message::log_last_recorded, when(report.last_recorded));
  if (report.bytes_on_disk) {
    row(message::log_on_disk,
        fmt::format("{:.1f} MiB", static_cast<double>(*report.bytes_on_disk) / (1 << 20)));
  }
  fmt::print("\n  {:>9} {:>12}   {:<32}{}\n", say(language, message::log_partition),
             say(language, message::log_end), say(language, message::log_first_recorded),
             say(language, message::log_last_recorded));
  for (std::size_t p = 0; p < report.partitions.size(); ++p) {
    const PartitionReport& partition = report.partitions[p];
    fmt::print("  {:>9} {:>12}   {:<32}{}\n", p, partition.end.value, when(partition.first_recorded),
               when(partition.last_recorded));
  }
}

}  // namespace

namespace {

void print(const LogReport& report, bool for_programs, Language language) {
  if (for_programs) {
    std::puts(json::serialize(as_json(report)).c_str());
  } else {
    print_for_people(report, language);
  }
}

void add_info(CLI::App& log, CommandLine& line) {
  auto arguments = std::make_shared<InfoArguments>();
  CLI::App* info = log.add_subcommand("info", "What a log is and holds; the service may be running");
  CLI::Option* data =
      info->add_option("--data", arguments->data, "Data directory of the service")->capture_default_str();
  info->add_option("--log", arguments->log,
                   "Directory of the log, if it is not in the data directory, or kafka://HOST:PORT/TOPIC")
      ->excludes(data);
  add_config_option(*info, arguments->config);
  info->add_flag("--json", arguments->json, "For programs");
  info->callback([arguments, &line] {
    const std::string where =
        arguments->log.empty() ? (std::filesystem::path(arguments->data) / "log").string() : arguments->log;
    print(report_on(*open_log_read_only(where, config_of(arguments->config))), arguments->json,
          line.for_people);
  });
}

void add_create(CLI::App& log, CommandLine& line) {
  auto arguments = std::make_shared<CreateArguments>();
  CLI::App* command = log.add_subcommand("create", "Makes a log with nothing in it, and says what it is");
  command
      ->add_option(
          "where", arguments->where,
          "kafka://HOST:PORT[,HOST:PORT …]/TOPIC (the topics are made as they must be), or a directory")
      ->required()
      ->type_name("WHERE");
  command->add_option("--partitions", arguments->partitions, "How many; fixed for ever")
      ->capture_default_str()
      ->check(CLI::Range(1, static_cast<int>(partitions_max)));
  add_config_option(*command, arguments->config);
  command->add_flag("--json", arguments->json, "For programs");
  command->callback([arguments, &line] {
    const std::string& where = arguments->where;
    if (where.find("://") != std::string::npos) {
      try {
        (void)parse_kafka_address(where);
      } catch (const LogRefused& wrong) { throw CLI::ValidationError("where", wrong.what()); }
    }
    const Config config = config_of(arguments->config);
    try {
      create(*arguments, config);
    } catch (const LogRefused& refused) {
      fmt::print(stderr, "geleit: {}\n", refused.what());
      line.status = Exit::refused;
      return;
    }
    print(report_on(*open_log_read_only(where, config)), arguments->json, line.for_people);
  });
}

}  // namespace

void add_log(CommandLine& line) {
  CLI::App* log = line.app.add_subcommand("log", "The log, where every event lies");
  log->require_subcommand(1);
  add_info(*log, line);
  add_create(*log, line);
  add_log_copy(*log, line);
}

}  // namespace geleit
