#include "services/audit/show_command.h"

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <memory>
#include <system_error>

#include "projections/evolve.h"
#include "services/audit/audit_catalogue.h"
#include "services/audit/audit_words.h"
#include "services/audit/story_pages.h"
#include "services/clock.h"
#include "services/command_options.h"
#include "services/open_parts.h"
#include "services/progress_line.h"

namespace geleit {
namespace {

struct ShowAsk {
  DirectoryOptions where;
  std::string case_id, until, clock, out;
  std::optional<std::uint32_t> at;
  std::uint32_t first = 0, second = 0;
  bool json = false, html = false, sealed = false;
};

/// What both commands begin with: the records of the case, or why there are none.
class CaseAsked {
 public:
  CaseAsked(const ShowAsk& ask, CommandLine& line, std::string_view name)
      : ask_(ask), line_(line), name_(name), id{*parse_uuid(ask.case_id)}, progress(stderr) {
    if (!ask.until.empty()) known_at = parse_moment(ask.until);
    now = ask.clock.empty() ? known_at.value_or(SystemClock().now()) : *parse_instant(ask.clock);
    log = open_log_read_only(ask.where.directory());
    records = records_of(*log, id, known_at, rules, [this](std::uint64_t read) {
      if (progress.due())
        progress.show(
            say(line_.for_people, message::replay_progress, read, per_second(read, progress.elapsed())));
    });
  }

  /// False once it was told that there is no such case.
  [[nodiscard]] bool found() {
    if (!records.empty()) return true;
    refuse(known_at ? say(line_.for_people, message::no_such_case_yet, to_string(id), ask_.until)
                    : say(line_.for_people, message::no_such_case, to_string(id)));
    return false;
  }
  void refuse(const std::string& sentence) {
    fmt::print(stderr, "geleit audit {}: {}\n", name_, sentence);
    line_.status = Exit::refused;
  }
  [[nodiscard]] std::uint32_t last_version() const {
    std::uint32_t last = 0;
    for (const CaseRecord& record : records) last += record.standing == Standing::accepted ? 1 : 0;
    return last;
  }

 private:
  const ShowAsk& ask_;
  CommandLine& line_;
  std::string_view name_;

 public:
  CaseId id;
  ProgressLine progress;
  std::optional<Instant> known_at;
  Instant now;
  std::unique_ptr<ReadableLog> log;
  RuleBook rules;
  std::vector<CaseRecord> records;
};

/// To the file, else to standard output.
void write(const std::string& text, const std::string& file, CommandLine& line) {
  if (file.empty()) {
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
      throw std::system_error(errno, std::generic_category(), "standard output cannot be written");
    return;
  }
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out.write(text.data(), static_cast<std::streamsize>(text.size()));
  out.close();
  if (out) return;
  fmt::print(stderr, "geleit audit show: {}\n", say(line.for_people, message::file_not_written, file));
  line.status = Exit::unavailable;
}

void show(const ShowAsk& ask, CommandLine& line) {
  CaseAsked asked(ask, line, "show");
  if (!asked.found()) return;
  if (ask.at && *ask.at > asked.last_version()) {
    return asked.refuse(say(line.for_people, message::no_such_version, asked.last_version(), *ask.at));
  }
  std::unique_ptr<StoredKeys> keys;
  if (!ask.sealed) {
    std::string why;
    keys = open_keys_if_readable(ask.where.directory(), line.for_people, why);
    if (!keys) asked.progress.tell(say(line.for_people, message::export_stays_sealed, why));
  }
  const StoryOpener opener(keys.get());
  StoryAsk how;
  how.language = ask.json ? line.for_programs : line.for_people;
  if (ask.at) how.at = Version{*ask.at};
  const Story story = tell_story(asked.records, asked.rules, opener, how);
  const StoryPage page{asked.id,          story,          asked.rules, opener,
                       asked.log->info(), asked.known_at, asked.now,   how.language};
  write(ask.json ? story_json(page) : ask.html ? story_html(page) : story_text(page), ask.out, line);
}

void diff(const ShowAsk& ask, CommandLine& line) {
  CaseAsked asked(ask, line, "diff");
  if (!asked.found()) return;
  const std::uint32_t last = asked.last_version();
  for (const std::uint32_t version : {ask.first, ask.second}) {
    if (version > last) return asked.refuse(say(line.for_people, message::no_such_version, last, version));
  }
  std::optional<TwoVersions> two;
  std::vector<RowChange> changes;
  const Language language = ask.json ? line.for_programs : line.for_people;
  try {
    two = fold_versions(asked.records, Version{ask.first}, Version{ask.second});
    static constexpr std::array tables{Table::cases,         Table::deadlines, Table::overdue_starts,
                                       Table::unit_balances, Table::tasks,     Table::visits,
                                       Table::alerts};
    CaseRows before(tables), after(tables);
    before.derive(two->before, asked.rules);
    after.derive(two->after, asked.rules);
    const auto seen = [&](Instant recorded) {
      return Asked{berlin_date(ask.clock.empty() ? recorded : asked.now), language, &asked.rules, nullptr,
                   nullptr};
    };
    changes = changes_between(before, after, {seen(two->recorded_before), seen(two->recorded_after)});
    for (RowChange& change : approval_changes(two->before, two->after, language))
      changes.push_back(std::move(change));
  } catch (const std::runtime_error& failure) {
    return asked.refuse(say(line.for_people, message::not_foldable, std::string_view(failure.what())));
  }
  line.status = changes.empty() ? Exit::done : Exit::refused;
  std::string out;
  if (ask.json) {
    out = fmt::format(
        "{{\"case\":\"{}\",\"before\":{{\"version\":{},\"recorded\":\"{}\"}},"
        "\"after\":{{\"version\":{},\"recorded\":\"{}\"}},\"changes\":[",
        to_string(asked.id), ask.first, to_string(two->recorded_before), ask.second,
        to_string(two->recorded_after));
    for (const RowChange& change : changes) out += (out.back() == '[' ? "" : ",") + change_json(change);
    out += "]}\n";
  } else {
    out = say(language, message::diff_of, to_string(asked.id), ask.first,
              instant_words(two->recorded_before, language, true), ask.second,
              instant_words(two->recorded_after, language, true)) +
          "\n";
    for (const RowChange& change : changes) out += "  " + change_words(change, language) + "\n";
    if (changes.empty()) out += say(language, message::nothing_differs) + "\n";
  }
  write(out, {}, line);
}

}  // namespace

void add_audit_show(CommandLine& line, CLI::App& group) {
  auto ask = std::make_shared<ShowAsk>();
  CLI::App* command = group.add_subcommand("show", "The story of a case: every event and what it changed");
  command->add_option("case", ask->case_id, "The case")->required()->check(a_case_id());
  command->add_option("--until", ask->until, "Only what was recorded by then; a date: by its end")
      ->check(a_moment());
  command->add_option("--at", ask->at, "Only up to this version of the case")->check(a_version());
  command->add_option("--clock", ask->clock, "As if it were that time; left out: --until, else now")
      ->check(an_instant());
  auto* as_json = command->add_flag("--json", ask->json, "For programs");
  command->add_flag("--html", ask->html, "A page to be printed")->excludes(as_json);
  command->add_option("--out", ask->out, "Into this file instead of standard output");
  command->add_flag("--sealed", ask->sealed, "Leave personal data sealed");
  add_directory_options(*command, ask->where);
  command->callback([ask, &line] { show(*ask, line); });
}

void add_audit_diff(CommandLine& line, CLI::App& group) {
  auto ask = std::make_shared<ShowAsk>();
  CLI::App* command = group.add_subcommand("diff", "What differs between two versions of a case");
  command->add_option("case", ask->case_id, "The case")->required()->check(a_case_id());
  command->add_option("first", ask->first, "A version of it")->required()->check(a_version());
  command->add_option("second", ask->second, "Another one")->required()->check(a_version());
  command
      ->add_option("--clock", ask->clock,
                   "As if it were that time; left out: each version on the day it was recorded")
      ->check(an_instant());
  command->add_flag("--json", ask->json, "For programs");
  add_directory_options(*command, ask->where);
  command->callback([ask, &line] { diff(*ask, line); });
}

}  // namespace geleit
