// The pure parts of `geleit audit`: what differs between rows, sentences, pages, alerts as watch would raise
// them, exports that are read back.
#include <gtest/gtest.h>

#include <fstream>

#include "events/codec.h"
#include "events/memory_log.h"
#include "services/audit/audit_words.h"
#include "services/audit/exported_rows.h"
#include "services/audit/replay.h"
#include "services/audit/story_pages.h"
#include "services/html_text.h"
#include "services/seal.h"
#include "tests/temporary_directory.h"
#include "tests/unit/case_story.h"

namespace geleit {
namespace {

using testing::CaseStory;
using testing::day;

/// Records of one case as a log would hold them.
class Records {
 public:
  static constexpr Hash zero{};
  CaseId id{{0x0190000000007002ULL, 0x8000000000000001ULL}};
  std::vector<CaseRecord> all;
  JudgedBy judged;
  RuleBook rules;
  KeyId key;
  std::shared_ptr<const PersonKey> person;

  Records() {
    const auto& shipped = *shipped_rule_sets().back();
    SettingsAdopted settings;
    settings.hash = shipped.hash();
    settings.content = shipped.content();
    rules.adopt(settings);
    judged.shipped = shipped.hash();
  }
  void add(Payload payload, std::string_view recorded, Standing standing = Standing::accepted,
           std::string_view by = "m.roth") {
    Event e;
    e.id = EventId{{0x0190000000007003ULL, 0x8000000000000000ULL + all.size()}};
    e.stream = id;
    e.version = standing == Standing::accepted ? next(head_.version) : head_.version;
    e.previous = head_.hash;
    e.happened = {berlin_date(*parse_instant(recorded)), {}};
    e.decided = *parse_instant(recorded);
    e.provider = "hana-muenchen";
    e.by = by;
    e.judged_by = judged;
    e.key = key;
    e.payload = std::move(payload);
    std::string bytes = encode(e);
    if (standing == Standing::accepted) head_ = {e.version, stated_hash(bytes)};
    all.push_back({{Partition{0}, Offset{all.size()}}, *parse_instant(recorded), standing, std::move(bytes)});
  }
  void referral(Sealed sealed = {}) {
    ReferralReceived e;
    e.benefit = Benefit::smn;
    e.land = Land::by;
    e.person_id = PersonId{{0x0190000000007004ULL, 0x8000000000000001ULL}};
    e.person = sealed;
    e.prescribed_on = day("2026-02-18");
    e.received_on = day("2026-02-19");
    e.units = 12;
    e.setting = Setting::inpatient;
    e.discharged_on = day("2026-02-20");
    add(e, "2026-02-19T10:00:00+01:00");
  }
  [[nodiscard]] Story tell(const KeyStore* keys = nullptr, Language language = Language::de) const {
    return tell_story(all, rules, StoryOpener(keys), {language, {}});
  }

 private:
  Head head_;
};

TEST(AuditStory, AStaleRecordIsToldAndChangesNothing) {
  Records records;
  records.referral();
  records.add(CareTeamAssigned{"m.roth", {}}, "2026-02-19T11:00:00+01:00");
  records.add(CareTeamAssigned{"k.adler", {}}, "2026-02-19T11:00:01+01:00", Standing::stale);
  const Story story = records.tell();
  ASSERT_EQ(story.steps.size(), 3u);
  EXPECT_EQ(story.stale, 1u);
  EXPECT_TRUE(story.steps[2].changes.empty());
  EXPECT_EQ(story.now.lead, "m.roth");
  EXPECT_EQ(story.steps[2].sentence, "Fallführung übernimmt k.adler.");
  const StoryOpener sealed(nullptr);
  const StoryPage page{
      records.id, story, records.rules, sealed, {}, {}, *parse_instant("2026-03-01T10:00:00Z"), Language::de};
  EXPECT_NE(story_text(page).find("Überholt: Ein anderer Eintrag war schneller."), std::string::npos);
  EXPECT_NE(story_html(page).find("<li class=\"stale\">"), std::string::npos);
}

TEST(AuditStory, OnlyWhatChangedIsTold) {
  Records records;
  records.referral();
  records.add(CareTeamAssigned{"m.roth", {}}, "2026-02-19T11:00:00+01:00");
  const Story story = records.tell();
  for (const RowChange& change : story.steps[1].changes) {
    EXPECT_TRUE(change.table == "cases" || change.table == "tasks") << change_words(change, Language::de);
    if (change.table != "cases") continue;
    EXPECT_EQ(change_words(change, Language::de), "Fall: Fallführung – → m.roth");
  }
  ASSERT_FALSE(story.steps[1].changes.empty());
}

TEST(AuditStory, AnErasedPersonReadsErased) {
  const TemporaryDirectory directory;
  const auto master = MasterKey::load_or_make(directory.path() / "master.key", KeyBytes{3});
  const auto keys = open_key_store(directory.path() / "keys", master);
  const PersonKey key = make_person_key(KeyId{{1, 2}}, PersonId{{3, 4}}, KeyBytes{7});
  keys->add(std::span(&key, 1));
  Records records;
  records.key = key.id;
  PersonData mia;
  mia.given_name = "Mia";
  mia.family_name = "Musterkind";
  mia.born = day("2025-11-02");
  const std::string sealed =
      seal_field(key, records.id, EventId{{1, 1}}, SealedField::person, encode_person(mia));
  records.referral(Sealed{sealed});
  EXPECT_NE(records.tell(keys.get()).steps[0].sentence.find("für: Mia Musterkind, geboren am 02.11.2025"),
            std::string::npos);
  EXPECT_NE(records.tell().steps[0].sentence.find("für: versiegelt"), std::string::npos);
  keys->destroy(std::span(&key.id, 1));
  const Story erased = records.tell(keys.get());
  EXPECT_NE(erased.steps[0].sentence.find("für: gelöscht"), std::string::npos) << erased.steps[0].sentence;
  const StoryOpener opener(keys.get());
  const StoryPage page{
      records.id,  erased, records.rules, opener, {}, {}, *parse_instant("2026-03-01T10:00:00Z"),
      Language::en};
  EXPECT_NE(story_text(page).find("Personal data: erased"), std::string::npos);
  EXPECT_NE(story_json(page).find("\"personal_data\":\"erased\""), std::string::npos);
}

TEST(AuditStory, ACaseThatCannotBeFoldedIsToldUpToThere) {
  Records records;
  records.referral();
  records.add(VisitVoided{VisitId{{9, 9}}, {}}, "2026-02-20T11:00:00+01:00");
  records.add(CareTeamAssigned{"m.roth", {}}, "2026-02-21T11:00:00+01:00");
  const Story story = records.tell();
  ASSERT_EQ(story.steps.size(), 3u);
  EXPECT_FALSE(story.steps[1].trouble.empty());
  EXPECT_FALSE(story.steps[2].trouble.empty());
  EXPECT_EQ(story.now.head.version, Version{1});
  EXPECT_EQ(story.last, Version{3});
}

TEST(AuditStory, WhatPeopleEnteredIsEscaped) {
  EXPECT_EQ(escape_html("<a href=\"x\" onclick='y'>&</a>"),
            "&lt;a href=&quot;x&quot; onclick=&#39;y&#39;&gt;&amp;&lt;/a&gt;");
}

TEST(AuditWords, DatesAndAmountsAreSaidInBothLanguages) {
  EXPECT_EQ(date_words(day("2026-03-02"), Language::de), "02.03.2026");
  EXPECT_EQ(date_words(day("2026-03-02"), Language::en), "2026-03-02");
  EXPECT_EQ(instant_words(*parse_instant("2026-03-02T14:10:05+01:00"), Language::de),
            "02.03.2026, 14:10 Uhr");
  EXPECT_EQ(instant_words(*parse_instant("2026-07-02T14:10:05+02:00"), Language::en, true),
            "2026-07-02, 14:10:05");
  EXPECT_EQ(units_words(1, Language::de), "1 Einheit");
  EXPECT_EQ(minutes_words(Minutes{45}, Language::en), "45 minutes");
  EXPECT_EQ(word_words("visits", "state", "missed", Language::de), "niemand angetroffen");
  EXPECT_EQ(word_words("deadlines", "state", "missed", Language::de), "versäumt");
  EXPECT_EQ(word_words("", "prescriber", "hospital", Language::de), "Krankenhaus");
  EXPECT_EQ(word_words("", "place", "hospital", Language::de), "im Krankenhaus");
}

TEST(AuditWords, EveryColumnOfTheStoryHasAName) {
  for (const Table table : story_tables()) {
    const ListTable& list = list_table(table);
    for (const Column& column : list.columns) {
      if (!is_compared(column)) continue;
      for (const Language language : {Language::de, Language::en})
        EXPECT_FALSE(field_words(list.name, column.name, language).empty()) << column.name;
      EXPECT_NE(field_words(list.name, column.name, Language::de), column.name) << list.name;
    }
  }
}

TEST(AuditAlerts, AreRaisedWhenADeadlineHadPassed) {
  CaseStory story;
  story.referred().discharged("2026-02-20");
  AlertWatch watch;
  watch.look(story.now(), *parse_instant("2026-02-23T09:00:00+01:00"), story.rules());
  watch.pass(*parse_instant("2026-04-03T23:59:59+02:00"));
  EXPECT_TRUE(watch.raised().empty());
  watch.pass(*parse_instant("2026-04-07T08:00:00+02:00"));
  ASSERT_EQ(watch.raised().size(), 1u);
  EXPECT_EQ(watch.raised()[0].rule, Rule::smn_start);
  EXPECT_EQ(watch.raised()[0].at, berlin_midnight(day("2026-04-04")));
  watch.pass(*parse_instant("2026-05-07T08:00:00+02:00"));
  EXPECT_EQ(watch.raised().size(), 1u);
}

TEST(AuditAlerts, AnotherRuleSetIsAssumedForAllEvents) {
  CaseStory story;
  story.referred().discharged("2026-02-20");
  std::string toml = shipped_rule_sets().back()->content();
  const auto at = toml.find("values = { days = 42 }", toml.find("id = \"SMN-START\""));
  toml.replace(at, std::string_view("values = { days = 42 }").size(), "values = { days = 35 }");
  RuleBook other;
  SettingsAdopted shipped;
  shipped.hash = shipped_rule_sets().back()->hash();
  shipped.content = shipped_rule_sets().back()->content();
  other.adopt(shipped);
  other.assume(RuleSet::parse(toml));
  EXPECT_EQ(start_of(story.now(), story.rules())->due_on, day("2026-04-03"));
  EXPECT_EQ(start_of(story.now(), other)->due_on, day("2026-03-27"));
}

TEST(AuditExports, RowsOfTheSamePlaceArePairedByWhatTheySay) {
  const TemporaryDirectory directory;
  const std::string file = (directory.path() / "export.csv").string();
  CaseStory story;
  story.referred().discharged("2026-02-20").applied("2026-02-21").applied("2026-02-22");
  std::vector<AnyRow> rows;
  for (const DeadlineRow& row : deadlines_of(story.now(), story.rules())) rows.emplace_back(row);
  const Asked asked{day("2026-03-01"), Language::de, &story.rules(), nullptr, nullptr};
  const ListTable& table = list_table(Table::deadlines);
  std::string csv;
  append_csv_header(csv, table.columns);
  for (auto row = rows.rbegin(); row != rows.rend(); ++row) append_row_csv(csv, table.columns, *row, asked);
  std::ofstream(file, std::ios::binary) << csv;
  EXPECT_TRUE(ExportedRows(file, table).compare(story.now().id, rows, asked).empty());
  rows.erase(rows.end() - 1);
  const auto changes = ExportedRows(file, table).compare(story.now().id, rows, asked);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].kind, RowChangeKind::removed);
  EXPECT_EQ(changes[0].about, "GKV-DECISION (Entscheidung der Krankenkasse)");
}

}  // namespace
}  // namespace geleit
