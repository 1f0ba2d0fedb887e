#include "services/audit/replay_command.h"

#include <boost/json.hpp>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

#include "events/rocks_damage.h"
#include "events/sha256.h"
#include "projections/recorded_times.h"
#include "projections/rules/settings.h"
#include "services/audit/audit_catalogue.h"
#include "services/audit/audit_words.h"
#include "services/audit/case_records.h"
#include "services/audit/exported_rows.h"
#include "services/audit/replay_differences.h"
#include "services/clock.h"
#include "services/command_options.h"
#include "services/file_text.h"
#include "services/http/json_text.h"
#include "services/open_parts.h"
#include "services/progress_line.h"
#include "services/rules_command.h"
#include "services/scratch_directory.h"
#include "services/settings_file.h"
#include "services/tables_command.h"

namespace geleit {
namespace {

struct ReplayAsk {
  DirectoryOptions where;
  std::vector<std::string> tables, to;
  std::string known_at, case_id, provider, from, compare, rules, clock;
  bool json = false;
};

[[noreturn]] void refuse_option(const std::string& option, const std::string& expected_but) {
  throw CLI::ValidationError(option, expected_but);
}

class Replaying {
 public:
  Replaying(const ReplayAsk& ask, CommandLine& line)
      : ask_(ask),
        line_(line),
        language_(ask.json ? line.for_programs : line.for_people),
        progress_(stderr),
        differences_(ask.json, language_) {
    read_arguments();
  }

  void run() {
    const DataDirectory data = ask_.where.directory();
    // The tables before the log: that is then at least as far.
    if (with_live_ && !open_live(data)) return;
    log_ = open_log_read_only(data);
    if (live_ && !of_this_log(data)) return;
    find_until();
    const Instant now = !ask_.clock.empty() ? *parse_instant(ask_.clock)
                        : known_at_         ? *known_at_
                                            : SystemClock().now();
    now_ = now;
    if (!ask_.rules.empty()) {
      what_if();
    } else if (export_) {
      compare_with_export();
    } else if (scope_.narrows()) {
      compare_some_with_live();
    } else {
      rebuild_whole(data);
    }
    tell();
  }

 private:
  // ---------------------------------------------------------------- arguments

  void read_arguments() {
    for (const std::string& name : ask_.tables) {
      const TableInfo* table = find_table(name);
      if (std::ranges::find(tables_, table->table) == tables_.end()) tables_.push_back(table->table);
    }
    if (!ask_.case_id.empty()) scope_.case_id = CaseId{*parse_uuid(ask_.case_id)};
    scope_.provider = ask_.provider;
    if (!ask_.from.empty()) {
      const auto date = parse_date(ask_.from);
      scope_.from = date ? berlin_midnight(*date) : *parse_instant(ask_.from);
    }
    for (const std::string& text : ask_.to) {
      if (const auto position = parse_position(text)) {
        if (!to_.emplace(position->partition, position->offset).second)
          refuse_option("--to", fmt::format("expected partition {} once, but it came twice",
                                            position->partition.value));
      } else if (scope_.to) {
        refuse_option("--to", "expected one end of recorded time, but there are two");
      } else {
        scope_.to = *parse_moment(text);
      }
    }
    if (scope_.from && scope_.to && *scope_.to < *scope_.from)
      refuse_option("--to", "expected --to not to lie before --from, but it does");
    if (!ask_.known_at.empty()) known_at_ = *parse_moment(ask_.known_at);
    if (known_at_ && !to_.empty())
      refuse_option("--to", "expected --known-at or positions, but both are given");
    const bool elsewhere = known_at_ || !to_.empty();
    if (!ask_.rules.empty()) return read_rules();
    if (ask_.compare == "live" || (ask_.compare.empty() && !elsewhere)) {
      with_live_ = true;
    } else if (!ask_.compare.empty()) {
      read_export();
      return;
    }
    if (scope_.narrows()) narrow_tables();
    if (tables_.empty()) {
      for (const TableInfo& table : all_tables) tables_.push_back(table.table);
    }
  }

  /// Of some cases only what is told by case can be compared.
  void narrow_tables() {
    if (!with_live_)
      refuse_option(
          "--compare",
          "expected --compare where the replay is narrowed, but there is nothing to hold it against");
    const bool whole_provider = !scope_.provider.empty() && !scope_.case_id && !scope_.from && !scope_.to;
    const auto fits = [&](Table table) {
      if (table == Table::key_figures) return whole_provider;
      return table != Table::trail && table != Table::stale;
    };
    for (const Table table : tables_) {
      if (fits(table)) continue;
      refuse_option("--table",
                    fmt::format("expected a table that can be told by case{}, but it is {}",
                                table == Table::key_figures ? " or --provider alone" : "", name_of(table)));
    }
    if (!tables_.empty()) return;
    for (const TableInfo& table : all_tables) {
      if (fits(table.table)) tables_.push_back(table.table);
    }
  }

  void read_export() {
    if (tables_.size() != 1 || !is_list_table(tables_.front())) {
      std::string names;
      for (const ListTable& table : list_tables()) names.append(names.empty() ? "" : ", ").append(table.name);
      refuse_option(
          "--table",
          fmt::format("expected the one table that {} holds, one of {}, but it is {}", ask_.compare, names,
                      tables_.empty() ? "not given" : fmt::format("{}", fmt::join(ask_.tables, ", "))));
    }
    try {
      export_ = std::make_unique<ExportedRows>(ask_.compare, list_table(tables_.front()));
    } catch (const ExportRefused& refused) { refuse_option("--compare", refused.what()); }
  }

  void read_rules() {
    if (!ask_.compare.empty())
      refuse_option("--compare", "expected --rules or --compare, but both are given");
    for (const Table table : tables_) {
      if (!is_list_table(table)) {
        refuse_option("--table",
                      fmt::format("expected a table of lists with --rules, but it is {}", name_of(table)));
      }
    }
    if (tables_.empty()) tables_ = {Table::deadlines, Table::unit_balances, Table::alerts};
    const auto content = read_text(ask_.rules);
    // Every rule set has rules; settings name theirs otherwise.
    if (!content || content->find("[[rule]]") != std::string::npos) {
      try {
        other_set_ = rule_set_called(ask_.rules);
      } catch (const CLI::ValidationError& wrong) { refuse_option("--rules", wrong.what()); }
      return;
    }
    try {
      const SettingsFile file = read_settings_file(ask_.rules);
      namespace json = boost::json;
      json::object all{{"from", file.from.value_or("2000-01-01")}, {"settings", file.settings}};
      std::string provider = file.provider.value_or("");
      if (provider.empty()) provider = ask_.provider;
      if (!provider.empty()) all["provider"] = provider;
      auto read = Settings::parse(json::serialize(all));
      if (const auto* fault = std::get_if<SettingsFault>(&read)) refuse_settings(*fault);
      other_settings_ = std::get<std::shared_ptr<const Settings>>(std::move(read));
    } catch (const SettingsFileRefused& refused) { refuse_option("--rules", refused.what()); }
    if (const auto fault = other_settings_->not_allowed(*shipped_rule_sets().back())) refuse_settings(*fault);
    if (!ask_.provider.empty() && other_settings_->provider() != ask_.provider) {
      refuse_option("--provider", fmt::format("expected {}, whose settings {} holds, but it is {}",
                                              other_settings_->provider(), ask_.rules, ask_.provider));
    }
    scope_.provider = other_settings_->provider();
  }
  [[noreturn]] void refuse_settings(const SettingsFault& fault) const {
    const bool german = line_.for_people == Language::de;
    refuse_option("--rules", fmt::format("{}: {}", fault.field,
                                         say(line_.for_people, message::expected_but,
                                             german ? fault.expected_de : fault.expected_en,
                                             german ? fault.found_de : fault.found_en)));
  }

  // ---------------------------------------------------------------- where to

  bool open_live(const DataDirectory& data) {
    const auto no_tables = [&] {
      return unavailable(say(line_.for_people, message::no_tables, data.tables().string()));
    };
    if (!has_database_files(data.tables())) return no_tables();
    live_ = open_tables_read_only(data.tables());
    snapshot_ = live_->snapshot();
    return snapshot_->state().log.is_nil() ? no_tables() : true;
  }
  bool of_this_log(const DataDirectory& data) {
    if (snapshot_->state().log == log_->info().id) {
      require_reached(*log_, snapshot_->state().positions());
      return true;
    }
    return unavailable(
        say(line_.for_people, message::tables_of_another_log, data.tables().string(), data.log_place()));
  }
  bool unavailable(const std::string& sentence) {
    fmt::print(stderr, "geleit audit replay: {}\n", sentence);
    line_.status = Exit::unavailable;
    return false;
  }

  void find_until() {
    until_ = known_at_              ? RecordedTimes(*log_).known_by(log_->ends(), *known_at_)
             : live_ && to_.empty() ? snapshot_->state().positions()
                                    : log_->ends();
    if (export_ && export_->positions() && to_.empty() && !known_at_) {
      std::ranges::fill(until_, Offset{});
      for (const auto& [partition, offset] : *export_->positions())
        to_.emplace(Partition{partition}, Offset{offset});
    }
    const Positions ends = log_->ends();
    for (const auto& [partition, offset] : to_) {
      if (partition.value >= ends.size() || offset >= ends[partition.value]) {
        refuse_option("--to", fmt::format("expected a position of the log, but {}:{} is none{}",
                                          partition.value, offset.value,
                                          partition.value < ends.size()
                                              ? fmt::format(" (partition {} ends before {})", partition.value,
                                                            ends[partition.value].value)
                                              : fmt::format(" (there are {} partitions)", ends.size())));
      }
      until_[partition.value] = next(offset);
    }
  }

  // ---------------------------------------------------------------- the four ways

  [[nodiscard]] Progress shown() {
    return [this](std::uint64_t records) {
      if (progress_.due()) {
        progress_.show(say(line_.for_people, message::replay_progress, records,
                           per_second(records, progress_.elapsed())));
      }
    };
  }
  [[nodiscard]] RowView view(const RuleBook& rules) const {
    const Asked asked{berlin_date(now_), language_, &rules, nullptr, nullptr};
    return {asked, asked};
  }
  void counted(const ReplayCounts& counts) {
    records_ = counts.records;
    cases_ = counts.cases;
  }

  void what_if() {
    RuleBook in_force, other;
    const std::array books{&in_force, &other};
    read_rule_books(*log_, until_, books, shown());
    if (other_set_) other.assume(other_set_);
    if (other_settings_) other.assume(other_settings_);
    WhatIf what_if(in_force, other, tables_, now_, language_, differences_);
    counted(replay_cases(*log_, until_, scope_, what_if.hooks(), shown()));
  }

  void compare_with_export() {
    RuleBook rules;
    const std::array books{&rules};
    read_rule_books(*log_, until_, books, shown());
    Asked asked = view(rules).after;
    if (ask_.clock.empty() && !known_at_ && export_->today()) asked.today = *export_->today();
    const ListTable& table = list_table(tables_.front());
    std::mutex mutex;
    std::set<CaseId> left = export_->cases();
    ReplayHooks hooks;
    hooks.done = [&](ReplayedCase& one) {
      if (!one.failure.empty()) differences_.add_failure(one.id, one.failure);
      try {
        differences_.add(one.id, one.state.provider,
                         export_->compare(one.id, rows_of(one.state, table, rules), asked));
      } catch (const BadRow& failure) { differences_.add_failure(one.id, failure.what()); }
      const std::lock_guard lock(mutex);
      left.erase(one.id);
    };
    counted(replay_cases(*log_, until_, scope_, hooks, shown()));
    if (scope_.case_id) std::erase_if(left, [&](const CaseId& id) { return id != *scope_.case_id; });
    // Whose the others are, and when something of them was recorded, is not known.
    if (!scope_.provider.empty() || scope_.from || scope_.to) return;
    for (const CaseId& id : left) differences_.add(id, {}, export_->compare_missing(id, language_));
  }
  static std::vector<AnyRow> rows_of(const Case& c, const ListTable& table, const RuleBook& rules) {
    std::vector<AnyRow> rows;
    if (!c.exists()) return rows;
    Derived derived;
    const Subject subject(c, rules);
    for (const ReadModel& model : read_models()) {
      if (model.table == table.table) model.derive(subject, derived);
    }
    for (const DerivedRow& row : derived.rows) table.decode(row.key, row.bytes, rows.emplace_back());
    return rows;
  }

  void compare_some_with_live() {
    RuleBook rules;
    const std::array books{&rules};
    read_rule_books(*log_, until_, books, shown());
    const RowView seen = view(rules);
    LiveComparison comparison(*snapshot_, rules, tables_, seen, differences_);
    ReplayHooks hooks;
    hooks.done = [&](ReplayedCase& one) { comparison.add(one); };
    counted(replay_cases(*log_, until_, scope_, hooks, shown()));
    if (!scope_.provider.empty() && !scope_.case_id && !scope_.from && !scope_.to)
      comparison.finish_provider(scope_.provider);
  }

  void rebuild_whole(const DataDirectory& data) {
    // Beside the tables there is room for as much again; or where the machine keeps what is temporary.
    const ScratchDirectory scratch(std::array{data.dir, std::filesystem::temp_directory_path()}, "replay-");
    const auto afresh = Store::open({.dir = scratch.dir()});
    RuleBook rules;
    rebuild_from_log(*log_, *afresh, rules, until_, shown());
    const StoreState state = afresh->snapshot()->state();
    for (const Offset end : until_) records_ += end.value;
    cases_ = state.rows[static_cast<std::size_t>(Table::stored_cases)];
    folded_ms_ = progress_.elapsed();
    for (const Parked& parked : afresh->parked()) differences_.add_failure(parked.id, parked.error);
    if (live_) {
      compare_stores(*live_, *afresh, tables_, view(rules), differences_);
      return;
    }
    for (const Table table : tables_) {
      Digest& digest = digests_.emplace_back(Digest{table, 0, {}});
      Sha256 sha;
      afresh->snapshot()->scan(table, "", false, [&](std::string_view key, std::string_view value) {
        const bool index = !is_from_log(table) && table != Table::key_figures && key.front() != row_space;
        if (index) return true;
        ++digest.rows;
        std::string sizes;
        append_big_endian(sizes, static_cast<std::uint32_t>(key.size()));
        append_big_endian(sizes, static_cast<std::uint32_t>(value.size()));
        sha.update(sizes);
        sha.update(key);
        sha.update(value);
        return true;
      });
      digest.sha256 = to_hex(sha.finish());
    }
  }

  // ---------------------------------------------------------------- the answer

  void tell() {
    if (scope_.case_id && cases_ == 0) {
      fmt::print(stderr, "geleit audit replay: {}\n",
                 say(line_.for_people, message::no_such_case, ask_.case_id));
      line_.status = Exit::refused;
      return;
    }
    const bool any = differences_.rows() > 0 || !differences_.failures().empty();
    line_.status = any ? Exit::refused : Exit::done;
    std::string out;
    if (ask_.json)
      tell_json(out);
    else
      tell_text(out);
    if (std::fwrite(out.data(), 1, out.size(), stdout) != out.size() || std::fflush(stdout) != 0)
      throw std::system_error(errno, std::generic_category(), "standard output cannot be written");
  }

  [[nodiscard]] std::string other_rules() const {
    return other_set_ ? other_set_->name() : other_settings_ ? other_settings_->name() : std::string();
  }

  void tell_json(std::string& out) {
    const auto took = folded_ms_.count() > 0 ? folded_ms_ : progress_.elapsed();
    http::JsonWriter json(out);
    json.object().member("log").string(to_string(log_->info().id));
    json.member("compared_with");
    if (!ask_.rules.empty())
      json.string("rules");
    else if (export_)
      json.string(ask_.compare);
    else if (live_)
      json.string("live");
    else
      json.null();
    json.member("rules");
    if (ask_.rules.empty())
      json.null();
    else
      json.string(other_rules());
    json.member("known_at");
    if (known_at_)
      json.string(to_string(*known_at_));
    else
      json.null();
    json.member("now").string(to_string(now_)).member("positions").object();
    for (std::size_t p = 0; p < until_.size(); ++p) json.member(std::to_string(p)).number(until_[p].value);
    json.end().member("records").number(records_).member("cases").number(cases_);
    json.member("records_per_second").number(per_second(records_, took));
    json.member("same").boolean(differences_.rows() == 0).member("tables").array();
    for (const Table table : tables_) {
      json.object().member("table").string(name_of(table));
      if (digests_.empty()) json.member("differences").number(differences_.rows_of(name_of(table)));
      for (const Digest& digest : digests_) {
        if (digest.table != table) continue;
        json.member("rows").number(digest.rows).member("sha256").string(digest.sha256);
      }
      json.end();
    }
    json.end().member("stands_still").array();
    for (const auto& [id, failure] : differences_.failures())
      json.object().member("case").string(to_string(id)).member("error").string(failure).end();
    std::string list = "[";
    differences_.append(list);
    list += "]";
    json.end().member("differences").raw(list).end();
    out += "\n";
  }

  void tell_text(std::string& out) {
    const auto took = folded_ms_.count() > 0 ? folded_ms_ : progress_.elapsed();
    out += say(language_, message::replayed, records_, static_cast<double>(took.count()) / 1000,
               per_second(records_, took)) +
           "\n";
    for (const Digest& digest : digests_) {
      out +=
          say(language_, message::replayed_table, name_of(digest.table), digest.rows, digest.sha256) + "\n";
    }
    for (const auto& [id, failure] : differences_.failures())
      out += say(language_, message::replay_stands_still, to_string(id), failure) + "\n";
    if (!ask_.rules.empty()) out += say(language_, message::what_if_rules, other_rules()) + "\n";
    differences_.append(out);
    if (differences_.rows() > 0) {
      out += say(language_, message::differences_found, differences_.rows(), differences_.cases()) + "\n";
    } else if (!ask_.rules.empty()) {
      out += say(language_, message::same_under_rules) + "\n";
    } else if (export_) {
      out += say(language_, message::same_as_export, ask_.compare) + "\n";
    } else if (live_) {
      out += say(language_, message::same_as_live, ask_.where.directory().tables().string()) + "\n";
    }
  }

  const ReplayAsk& ask_;
  CommandLine& line_;
  Language language_;
  ProgressLine progress_;
  DifferenceList differences_;
  std::vector<Table> tables_;
  ReplayScope scope_;
  std::map<Partition, Offset> to_;  ///< the last record of each
  std::optional<Instant> known_at_;
  Instant now_;
  bool with_live_ = false;
  std::unique_ptr<ExportedRows> export_;
  std::shared_ptr<const RuleSet> other_set_;
  std::shared_ptr<const Settings> other_settings_;
  std::unique_ptr<Store> live_;
  std::shared_ptr<const Snapshot> snapshot_;
  std::unique_ptr<ReadableLog> log_;
  Positions until_;
  std::uint64_t records_ = 0, cases_ = 0;
  std::chrono::milliseconds folded_ms_{0};
  struct Digest {
    Table table{};
    std::uint64_t rows = 0;
    std::string sha256;
  };
  std::vector<Digest> digests_;
};

}  // namespace

void add_audit_replay(CommandLine& line, CLI::App& group) {
  auto ask = std::make_shared<ReplayAsk>();
  CLI::App* command = group.add_subcommand("replay", "Play the log once more and compare what comes out");
  command->add_option("--table", ask->tables, "Only this table; may be repeated")->check(a_table());
  command
      ->add_option(
          "--to", ask->to,
          "Up to this record, a partition each; or, as a moment: cases of which something was recorded "
          "until then")
      ->check(expecting("a position like 3:1200, a date or an instant with its offset",
                        "PARTITION:OFFSET|INSTANT|DATE",
                        [](const std::string& text) { return parse_position(text) || parse_moment(text); }));
  command->add_option("--known-at", ask->known_at, "Up to what was recorded by then")->check(a_moment());
  command->add_option("--case", ask->case_id, "Only this case")->check(a_case_id());
  command->add_option("--provider", ask->provider, "Only this provider's cases")
      ->check(expecting("a provider's slug", "PROVIDER",
                        [](const std::string& text) { return is_provider_slug(text); }));
  command->add_option("--from", ask->from, "Cases of which something was recorded from then on")
      ->check(a_moment());
  command->add_option("--compare", ask->compare,
                      "live: the tables in the data directory; or an export of one table, JSON or CSV");
  command->add_option(
      "--rules", ask->rules,
      "What if: a rule set (name, hash or file) or a file of settings in the place of those in force");
  command->add_option("--clock", ask->clock, "As if it were that time; left out: --known-at, else now")
      ->check(an_instant());
  command->add_flag("--json", ask->json, "For programs");
  add_directory_options(*command, ask->where);
  command->callback([ask, &line] { Replaying(*ask, line).run(); });
}

}  // namespace geleit
