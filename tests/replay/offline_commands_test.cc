// The subcommands that work on a data directory, run as main runs them, on a log of invented cases.
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "events/embedded_log.h"
#include "projections/difference.h"
#include "projections/key_figures.h"
#include "projections/store.h"
#include "services/audit/audit_command.h"
#include "services/export_command.h"
#include "services/tables_command.h"
#include "tests/replay/invented_history.h"
#include "tests/temporary_directory.h"

namespace geleit {
namespace {

namespace json = boost::json;

class Offline : public ::testing::Test {
 protected:
  static constexpr int cases = 40;

  Offline() {
    EmbeddedLog::create(data() / "log", 4, *parse_uuid("01918eda-d294-715e-a959-b9176a583d7a"), Instant{});
    const auto log = open_log();
    testing::History history(*log);
    history.lives(cases);
    // Two writers that raced: the second record of this version comes too late.
    const std::string twice =
        history.make(testing::History::case_id(7), CareTeamAssigned{"k.adler", {}}, "x");
    history.append(twice);
    history.append_raw(testing::History::case_id(7), twice);
    events = history.events();
  }

  [[nodiscard]] std::filesystem::path data() const { return directory.path(); }
  [[nodiscard]] std::unique_ptr<EmbeddedLog> open_log() const {
    EmbeddedLogOptions options;
    options.dir = data() / "log";
    options.clock = [] { return Instant{1'771'000'000'000}; };
    return EmbeddedLog::open(std::move(options));
  }
  [[nodiscard]] std::unique_ptr<Store> open_tables() const { return Store::open({.dir = data() / "tables"}); }

  struct Ended {
    Exit status;
    std::string out;
    [[nodiscard]] json::value told() const { return json::parse(out); }
  };
  /// `arguments` and the data directory.
  [[nodiscard]] Ended geleit(const std::string& arguments) const {
    CommandLine line;
    line.for_people = Language::en;
    add_rebuild(line);
    add_check(line);
    add_export(line);
    add_audit(line);
    ::testing::internal::CaptureStdout();
    try {
      line.app.parse(arguments + " --data " + data().string());
    } catch (...) {
      ::testing::internal::GetCapturedStdout();
      throw;
    }
    return {line.status, ::testing::internal::GetCapturedStdout()};
  }
  [[nodiscard]] std::vector<json::object> exported(const std::string& arguments = {}) const {
    std::vector<json::object> out;
    std::istringstream lines(geleit("export " + arguments).out);
    for (std::string line; std::getline(lines, line);) out.push_back(json::parse(line).as_object());
    return out;
  }
  /// Changes one row behind the projector's back and puts another that no case has.
  void damage() const {
    const auto store = open_tables();
    auto batch = store->batch();
    std::string key;
    store->snapshot()->scan(Table::deadlines, "", false, [&](std::string_view first, std::string_view) {
      key = first;
      return false;
    });
    batch->put(Table::deadlines, key, "nonsense");
    batch->put(Table::deadlines, "zzz", "nobody's");
    store->write(std::move(batch), store->snapshot()->state());
  }

  TemporaryDirectory directory;
  std::uint64_t events = 0;
};

TEST_F(Offline, ARebuildMakesTablesAndACheckFindsNothing) {
  const Ended made = geleit("rebuild");
  EXPECT_EQ(made.status, Exit::done);
  EXPECT_TRUE(made.out.starts_with(std::to_string(events + 1) + " events in ")) << made.out;
  EXPECT_NE(made.out.find("There were no tables"), std::string::npos);
  const Ended checked = geleit("check --json");
  EXPECT_EQ(checked.status, Exit::done);
  EXPECT_EQ(checked.told().at("same"), true);
  EXPECT_EQ(checked.told().at("events"), events);
  EXPECT_EQ(checked.told().at("stale"), 1);
}

TEST_F(Offline, ACheckLeavesNothingBehind) {
  EXPECT_EQ(geleit("rebuild").status, Exit::done);
  EXPECT_EQ(geleit("check").status, Exit::done);
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(data())) names.insert(entry.path().filename());
  EXPECT_EQ(names, (std::set<std::string>{"log", "tables"}));
}

TEST_F(Offline, ACheckFindsWhatDiffersAndARebuildTellsAndMendsIt) {
  EXPECT_EQ(geleit("rebuild").status, Exit::done);
  damage();
  const Ended checked = geleit("check --json");
  EXPECT_EQ(checked.status, Exit::refused);
  ASSERT_EQ(checked.told().at("differences").as_array().size(), 1);
  const json::value difference = checked.told().at("differences").at(0);
  EXPECT_EQ(difference.at("table"), "deadlines");
  EXPECT_EQ(difference.at("keys"), 2);
  EXPECT_EQ(geleit("check").out.find("deadlines: 2 keys differ"), 0);

  const Ended rebuilt = geleit("rebuild --json");
  EXPECT_EQ(rebuilt.told().at("compared"), true);
  EXPECT_EQ(rebuilt.told().at("differences"), checked.told().at("differences"));
  EXPECT_EQ(geleit("check").status, Exit::done);
}

TEST_F(Offline, AReplayNamesTheCaseAndTheRowThatDiffer) {
  EXPECT_EQ(geleit("rebuild").status, Exit::done);
  EXPECT_EQ(geleit("audit replay").status, Exit::done);
  damage();
  const Ended whole = geleit("audit replay --json");
  EXPECT_EQ(whole.status, Exit::refused);
  const json::array differences = whole.told().at("differences").as_array();
  ASSERT_EQ(differences.size(), 2);
  EXPECT_TRUE(differences[0].at("case").is_null()) << "nobody's";
  const std::string id(differences[1].at("case").as_string());
  EXPECT_EQ(differences[1].at("table"), "deadlines");
  EXPECT_EQ(differences[1].at("fields").at("octets").at("before"), "6e6f6e73656e7365") << "nonsense";
  const Ended one = geleit("audit replay --json --table deadlines --case " + id);
  EXPECT_EQ(one.status, Exit::refused);
  EXPECT_EQ(one.told().at("differences").as_array(), json::array{differences[1]});
  const std::string provider(differences[1].at("provider").as_string());
  EXPECT_EQ(geleit("audit replay --table deadlines --provider " + provider).status, Exit::refused);
  EXPECT_EQ(geleit("audit replay --table visits --provider " + provider).status, Exit::done);
}

TEST_F(Offline, ARowThatNoCaseHasIsFoundInItsProvider) {
  EXPECT_EQ(geleit("rebuild").status, Exit::done);
  std::string provider, first;
  {
    const auto store = open_tables();
    provider = store->snapshot()->providers().front();
    store->snapshot()->scan(Table::visits, "", false, [&](std::string_view key, std::string_view bytes) {
      first = bytes;
      return key.empty();
    });
    auto batch = store->batch();
    batch->put(Table::visits, row_key(provider, std::string(32, '\x7f')), first);
    batch->put(Table::key_figures, counter_key(provider, {Span::day, Benefit::smn, Figure::voids, {}, 0}),
               encode_counter(3));
    store->write(std::move(batch), store->snapshot()->state());
  }
  const Ended told = geleit("audit replay --json --provider " + provider);
  EXPECT_EQ(told.status, Exit::refused);
  std::set<std::string> tables;
  const json::value all = told.told();
  for (const json::value& one : all.at("differences").as_array()) tables.emplace(one.at("table").as_string());
  EXPECT_EQ(tables, (std::set<std::string>{"visits", "key-figures"}));
}

TEST_F(Offline, TheStoryOfARaceTellsTheStaleRecord) {
  const Ended told = geleit("audit show --json " + to_string(testing::History::case_id(7)));
  EXPECT_EQ(told.status, Exit::done);
  EXPECT_EQ(told.told().at("stale"), 1);
  const json::array events_told = told.told().at("events").as_array();
  const auto stale = std::find_if(events_told.begin(), events_told.end(),
                                  [](const json::value& e) { return e.at("stale").as_bool(); });
  ASSERT_NE(stale, events_told.end());
  EXPECT_EQ(stale->at("changes").as_array().size(), 0);
  EXPECT_EQ(geleit("audit show " + to_string(testing::History::case_id(9'999))).status, Exit::refused);
}

TEST_F(Offline, OneTableIsMadeAnewFromTheStoredCases) {
  EXPECT_EQ(geleit("rebuild").status, Exit::done);
  damage();
  EXPECT_EQ(geleit("rebuild visits --json").told().at("differences").as_array().size(), 0);
  EXPECT_EQ(geleit("check").status, Exit::refused) << "another table is as it was";
  EXPECT_EQ(geleit("rebuild deadlines --json").told().at("differences").at(0).at("keys"), 2);
  EXPECT_EQ(geleit("check").status, Exit::done);
}

TEST_F(Offline, ARebuildReadsOnToTheEndOfTheLog) {
  EXPECT_EQ(geleit("rebuild").status, Exit::done);
  {
    const auto log = open_log();
    testing::History history(*log, 2);  // its first event is stale here
    history.lives(5, 100);
  }
  const json::value told = geleit("rebuild --json").told();
  EXPECT_EQ(told.at("differences").as_array().size(), 0) << "compared as far as the old tables had come";
  EXPECT_GT(told.at("read_on").as_int64(), 5);
  EXPECT_EQ(geleit("check").status, Exit::done);
}

TEST_F(Offline, WhatWritesIsRefusedBesideAServiceAndWhatReadsIsNot) {
  EXPECT_EQ(geleit("rebuild").status, Exit::done);
  const auto log = open_log();
  const auto tables = open_tables();
  EXPECT_THROW(static_cast<void>(geleit("rebuild")), LogRefused);
  EXPECT_EQ(geleit("check").status, Exit::done);
  EXPECT_EQ(exported().size(), events + 1);
}

TEST_F(Offline, NothingIsMadeByLooking) {
  EXPECT_EQ(geleit("check").status, Exit::unavailable) << "there are no tables";
  EXPECT_FALSE(std::filesystem::exists(data() / "tables"));
  EXPECT_FALSE(exported().empty());
  EXPECT_FALSE(std::filesystem::exists(data() / "keys"));
  EXPECT_FALSE(std::filesystem::exists(data() / "master.key"));
}

TEST_F(Offline, AnExportTellsEveryRecordInOrderAndMarksTheStaleOne) {
  const auto all = exported();
  EXPECT_EQ(all.size(), events + 1);
  std::set<std::string> accepted;
  std::vector<std::pair<std::int64_t, std::int64_t>> places;
  for (const json::object& event : all) {
    places.emplace_back(event.at("partition").as_int64(), event.at("offset").as_int64());
    if (!event.at("stale").as_bool()) accepted.emplace(event.at("id").as_string());
  }
  EXPECT_EQ(accepted.size(), events);
  EXPECT_TRUE(std::is_sorted(places.begin(), places.end()));
}

TEST_F(Offline, AnExportIsOfOneCaseOrOneProvider) {
  const std::string id = to_string(testing::History::case_id(3));
  std::int64_t version = 0;
  for (const json::object& event : exported("--case " + id)) {
    EXPECT_EQ(event.at("subject").as_string(), id);
    EXPECT_EQ(event.at("version"), ++version);
  }
  EXPECT_GT(version, 5);
  const auto of_provider = exported("--provider hana-muenchen");
  EXPECT_FALSE(of_provider.empty());
  for (const json::object& event : of_provider) EXPECT_EQ(event.at("provider"), "hana-muenchen");
  EXPECT_TRUE(exported("--provider nobody").empty());
}

TEST_F(Offline, AnExportContinuesWhereTheLastOneEnded) {
  std::map<std::int64_t, std::int64_t> ends;
  for (const json::object& event : exported()) {
    ends[event.at("partition").as_int64()] = event.at("offset").as_int64() + 1;
  }
  std::string from;
  for (const auto& [partition, end] : ends) {
    from += " --from " + std::to_string(partition) + ":" + std::to_string(end - 1);
  }
  const auto last = exported(from);
  EXPECT_EQ(last.size(), ends.size()) << "the last record of each partition";
  // The stale record is the last of its partition: that it is stale follows from what lies before.
  EXPECT_EQ(std::count_if(last.begin(), last.end(), [](const auto& e) { return e.at("stale").as_bool(); }),
            1);
}

TEST_F(Offline, WrongUsageIsToldBeforeAnythingIsDone) {
  for (const char* wrong :
       {"rebuild pictures", "export --from 3", "export --from 99:0", "export --case mia"}) {
    EXPECT_THROW(static_cast<void>(geleit(wrong)), CLI::ValidationError) << wrong;
  }
  EXPECT_FALSE(std::filesystem::exists(data() / "tables"));
}

}  // namespace
}  // namespace geleit
