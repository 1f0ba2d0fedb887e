// The program: every role and every tool is a subcommand. What is asked of the machine is asked here.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <exception>

#include "services/alert_command.h"
#include "services/audit/audit_command.h"
#include "services/backup_command.h"
#include "services/calculator.h"
#include "services/calendar_command.h"
#include "services/command_line.h"
#include "services/export_command.h"
#include "services/get_command.h"
#include "services/log_command.h"
#include "services/privacy_command.h"
#include "services/restore_command.h"
#include "services/retry_command.h"
#include "services/rules_command.h"
#include "services/serve_command.h"
#include "services/settings_command.h"
#include "services/simulate/simulate_command.h"
#include "services/submit_command.h"
#include "services/tables_command.h"
#include "services/token_command.h"

namespace {

using geleit::Exit;
using geleit::Language;

/// The machine's language as far as Geleit speaks it: English where it says so, else German.
Language machine_language() {
  for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
    const char* value = std::getenv(name);
    if (value != nullptr && *value != '\0') {
      return std::string_view(value).starts_with("en") ? Language::en : Language::de;
    }
  }
  return Language::de;
}

int run(int argc, char** argv) {
  geleit::CommandLine line;
  line.app.description("Geleit keeps a provider of children's aftercare (SMN) or Soziotherapie on time.");
  line.app.require_subcommand(1);
  line.app.fallthrough();
  line.for_people = machine_language();
  line.app
      .add_option_function<std::string>(
          "--lang",
          [&line](const std::string& lang) {
            line.for_people = line.for_programs = lang == "en" ? Language::en : Language::de;
          },
          "Language of sentences: de or en")
      ->check(CLI::IsMember({"de", "en"}));

  geleit::add_serve(line);
  geleit::add_deadline(line);
  geleit::add_copay(line);
  geleit::add_rules(line);
  geleit::add_submit(line);
  geleit::add_get(line);
  geleit::add_retry(line);
  geleit::add_alert(line);
  geleit::add_audit(line);
  geleit::add_privacy(line);
  geleit::add_calendar(line);
  geleit::add_token(line);
  geleit::add_backup(line);
  geleit::add_restore(line);
  geleit::add_export(line);
  geleit::add_rebuild(line);
  geleit::add_check(line);
  geleit::add_simulate(line);
  geleit::add_log(line);
  geleit::add_settings(line);
  line.app.add_subcommand("version", "The program's version")->callback([] {
    fmt::print("geleit {}\n", GELEIT_VERSION);
  });

  try {
    line.app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // Asking for help is no mistake; everything else that the parser throws is one of usage.
    return line.app.exit(error) == 0 ? static_cast<int>(Exit::done) : static_cast<int>(Exit::usage);
  }
  return static_cast<int>(line.status);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "geleit: {}\n", error.what());
    return static_cast<int>(Exit::unavailable);
  }
}
