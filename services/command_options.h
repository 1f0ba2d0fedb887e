// Options that several subcommands have in common.
#pragma once

#include <cstdlib>
#include <string>

#include "events/log.h"
#include "services/command_checks.h"
#include "services/command_line.h"
#include "services/config.h"
#include "services/data_directory.h"
#include "services/file_text.h"
#include "services/http_client.h"

namespace geleit {

/// `--server URL`, else GELEIT_SERVER, else the default; what is no address is usage.
inline CLI::Validator a_server() {
  return expecting("an address like http://127.0.0.1:8480", "URL",
                   [](const std::string& text) { return parse_server_url(text).has_value(); });
}
inline void add_server_option(CLI::App& command, std::string& server) {
  server = to_string(ServerUrl{});
  command.add_option("--server", server, "Address of the service")
      ->envname("GELEIT_SERVER")
      ->capture_default_str()
      ->check(a_server());
}

/// A client that shows the token of GELEIT_TOKEN, else the first line of the file GELEIT_TOKEN_FILE; secrets
/// stand in no command line. A file that cannot be read is usage.
[[nodiscard]] inline HttpClient client_of(const ServerUrl& server) {
  HttpClient client(server);
  const char* token = std::getenv("GELEIT_TOKEN");
  const char* file = std::getenv("GELEIT_TOKEN_FILE");
  if (token && *token) {
    client.show_token(token);
  } else if (file && *file) {
    const auto text = read_text(file);
    if (!text)
      throw CLI::ValidationError("GELEIT_TOKEN_FILE",
                                 std::string("expected a file that can be read, but it is ") + file);
    client.show_token(text->substr(0, text->find_first_of("\r\n")));
  }
  return client;
}

/// `--config FILE`, beside every `--log`.
inline void add_config_option(CLI::App& command, std::string& file) {
  command.add_option("--config", file, "Settings, as TOML; [kafka]: how a log on Kafka is connected to")
      ->type_name("FILE");
}
/// Reads it when the command runs; what is wrong in it is usage.
[[nodiscard]] inline Config config_of(const std::string& file) {
  try {
    return read_config(file);
  } catch (const ConfigRefused& refused) { throw CLI::ValidationError("--config", refused.what()); }
}

/// `--data DIR`, and `--log DIR` where the log lies elsewhere; as `geleit serve` has them.
struct DirectoryOptions {
  std::string data = "data";
  std::string log;
  std::string config;
  std::string master_key;
  [[nodiscard]] DataDirectory directory() const {
    DataDirectory out = data_directory(data, log, config_of(config).kafka);
    if (!master_key.empty()) out.master_elsewhere = master_key;
    return out;
  }
};
inline void add_log_option(CLI::App& command, std::string& log) {
  command
      .add_option("--log", log,
                  "Directory of the log, if it is not in the data directory, or "
                  "kafka://HOST:PORT[,HOST:PORT …][/TOPIC]")
      ->check(CLI::Validator(
          [](const std::string& text) {
            try {
              (void)data_directory({}, text, {});
              return std::string();
            } catch (const LogRefused& wrong) { return std::string(wrong.what()); }
          },
          "DIR|kafka://…"));
}
inline void add_directory_options(CLI::App& command, DirectoryOptions& options) {
  command.add_option("--data", options.data, "Directory of log, keys and tables")->capture_default_str();
  add_log_option(command, options.log);
  add_config_option(command, options.config);
  command.add_option("--master-key", options.master_key,
                     "File of the master key, if it is not in the data directory");
}

}  // namespace geleit
