#include "services/query/lists.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <boost/json.hpp>

#include "events/uuid.h"
#include "services/query/case_view.h"
#include "tests/unit/any_story.h"
#include "tests/unit/memory_snapshot.h"

namespace geleit {
namespace {

using testing::CaseStory;
using testing::day;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::MemorySnapshot;
using ::testing::StartsWith;
namespace json = boost::json;

using Parameters = std::vector<http::QueryParameter>;

/// Some cases of two providers, and questions about them.
class Lists : public ::testing::Test {
 protected:
  Lists() {
    for (int i = 1; i <= 12; ++i) {
      CaseStory story(i);
      const std::string on = to_string(day("2026-02-01") + (i * 7) % 20);
      story.referred({.land = i % 3 ? Land::by : Land::be,
                      .received_on = "2026-02-01",
                      .discharged_on = i == 5 ? std::string_view() : std::string_view(on),
                      .units = 6 + i % 4,
                      .provider = i % 2 ? "berg" : "tal"});
      if (i % 4 == 0) story.has_lead("m.roth");
      if (i % 3 == 0) story.applied(on, 6 + i).granted(1, "2026-03-02", 6 + i, "2026-02-01", "2026-06-30");
      if (i % 4 == 3) story.delivered(i, "2026-03-0" + std::to_string(i % 9 + 1), 15 * i);
      story.scheduled(100 + i, "2026-03-2" + std::to_string(i % 10), 45);
      if (i == 8) story.withdrawn("2026-03-10");
      stories_.push_back(story);
      snapshot_->add(story);
    }
  }

  ListQuestion question(const Parameters& parameters, std::string_view today = "2026-03-15") {
    ListQuestion q;
    q.parameters = parameters;
    q.today = day(today);
    q.rules = &stories_.front().rules();
    return q;
  }
  ListAnswer ask(Table table, const Parameters& parameters, std::string_view today = "2026-03-15") {
    const auto q = question(parameters, today);
    return table == Table::key_figures ? list_figures(reading_, q) : list(reading_, list_table(table), q);
  }
  json::object page(Table table, const Parameters& parameters, std::string_view today = "2026-03-15") {
    const auto answer = ask(table, parameters, today);
    if (const auto* fault = std::get_if<ListFault>(&answer))
      throw std::logic_error(fault->field + ": " + fault->detail);
    return json::parse(std::get<ListPage>(answer).body).as_object();
  }
  std::string field_at_fault(Table table, const Parameters& parameters) {
    const auto answer = ask(table, parameters);
    const auto* fault = std::get_if<ListFault>(&answer);
    return fault ? fault->field : "no fault";
  }
  /// One column of all rows, as JSON text.
  std::vector<std::string> column(Table table, std::string_view name, const Parameters& parameters,
                                  std::string_view today = "2026-03-15") {
    std::vector<std::string> values;
    const auto got = page(table, parameters, today);
    for (const json::value& row : got.at("items").as_array()) {
      values.push_back(json::serialize(row.at(name)));
    }
    return values;
  }
  /// All rows, page by page.
  std::vector<std::string> paged(Table table, Parameters parameters, std::string limit) {
    std::vector<std::string> rows;
    std::string cursor;
    parameters.push_back({"limit", limit});
    do {
      Parameters now = parameters;
      if (!cursor.empty()) now.push_back({"cursor", cursor});
      const auto got = page(table, now);
      for (const json::value& row : got.at("items").as_array()) rows.push_back(json::serialize(row));
      cursor = got.at("next").is_null() ? "" : std::string(got.at("next").as_string());
    } while (!cursor.empty() && rows.size() < 1000);
    return rows;
  }

  std::vector<CaseStory> stories_;
  std::shared_ptr<MemorySnapshot> snapshot_ = std::make_shared<MemorySnapshot>();
  Reading reading_{snapshot_};
};

constexpr std::array listed{Table::cases,         Table::deadlines, Table::overdue_starts,
                            Table::unit_balances, Table::tasks,     Table::visits};

TEST_F(Lists, APageSaysWhereItStands) {
  const auto got = page(Table::cases, {});
  EXPECT_EQ(got.at("items").as_array().size(), 12u);
  EXPECT_TRUE(got.at("next").is_null());
  EXPECT_EQ(
      json::serialize(got.at("as_at")),
      R"({"positions":{"1":41},"last_event":"2026-03-02T12:13:20+01:00","lag_ms":0,"today":"2026-03-15"})");
}

TEST_F(Lists, ARowHasTheColumnsOfTheSurface) {
  const auto got = page(Table::cases, {{"limit", "1"}});
  EXPECT_EQ(json::serialize(got.at("items").as_array().at(0)),
            R"({"case":"01900000-0000-7002-8000-000000000001","version":2,"benefit":"SMN","provider":"berg",)"
            R"("land":"DE-BY","state":"referred","person":null,"lead":null,"referred_on":"2026-02-01",)"
            R"("discharged_on":"2026-02-08","first_unit_on":null,"last_unit_on":null,"closed_on":null,)"
            R"("personal_data":"kept"})");
}

TEST_F(Lists, WhoIsErasedOrRestrictedByNowStaysSoInEveryPast) {
  std::vector<CaseId> opened;
  Opener opener;
  opener.person = [&](const CaseId& id, const SealedCopy& copy) -> std::optional<PersonData> {
    if (!copy.bytes.empty()) opened.push_back(id);
    return std::nullopt;
  };
  const CaseId restricted = stories_[0].now().id, erased = stories_[1].now().id;
  const auto page_of = [&](const Parameters& parameters) {
    auto q = question(parameters);
    q.opener = &opener;
    q.times.emplace().as_of = day("2026-03-15");
    q.data_now = [&](const CaseId& id) {
      return id == restricted ? PersonalDataState::restricted
             : id == erased   ? PersonalDataState::erased
                              : PersonalDataState::kept;
    };
    const auto answer = list(reading_, list_table(Table::cases), q);
    return json::parse(std::get<ListPage>(answer).body).as_object().at("items").as_array();
  };
  EXPECT_EQ(page_of({}).size(), 12u);
  EXPECT_EQ(opened.size(), 10u);
  EXPECT_EQ(std::count(opened.begin(), opened.end(), restricted), 0);
  opened.clear();
  for (const char* const by : {"case", "referred_on"}) {
    const auto found = page_of({{"personal_data", "erased"}, {"sort", by}});
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].at("case").as_string(), to_string(erased));
  }
  EXPECT_EQ(page_of({{"personal_data", "kept"}, {"case", to_string(restricted)}}).size(), 0u);
  EXPECT_TRUE(opened.empty());
}

TEST_F(Lists, EveryTableInEveryOrderIsSortedWithTiesByKey) {
  for (const Table table : listed) {
    for (const SortColumn& sort : list_table(table).sorts) {
      const std::string name(sort.name);
      const std::string minus = "-" + name, plus = "+" + name;
      auto up = paged(table, {{"sort", name}}, "500");
      auto down = paged(table, {{"sort", minus}}, "500");
      EXPECT_EQ(up, paged(table, {{"sort", plus}}, "500"));
      std::reverse(down.begin(), down.end());
      EXPECT_EQ(up, down) << name;
      auto values = column(table, name, {{"sort", name}, {"limit", "500"}}, "2026-06-01");
      std::vector<std::string> known;
      for (const auto& v : values) {
        if (v == "null") break;
        known.push_back(v);
      }
      EXPECT_EQ(std::count(values.begin(), values.end(), "null"),
                static_cast<int>(values.size() - known.size()));
      if (table != Table::unit_balances) { EXPECT_TRUE(std::is_sorted(known.begin(), known.end())) << name; }
    }
  }
  std::vector<int> remaining;
  for (const auto& v : column(Table::unit_balances, "remaining", {{"sort", "remaining"}}))
    remaining.push_back(std::stoi(v));
  EXPECT_TRUE(std::is_sorted(remaining.begin(), remaining.end()));
}

TEST_F(Lists, PagesJoinToTheWhole) {
  for (const Table table : listed) {
    for (const SortColumn& sort : list_table(table).sorts) {
      for (const std::string& order : {std::string(sort.name), "-" + std::string(sort.name)}) {
        const auto whole = paged(table, {{"sort", order}}, "500");
        EXPECT_EQ(paged(table, {{"sort", order}}, "1"), whole) << order;
        EXPECT_EQ(paged(table, {{"sort", order}}, "5"), whole) << order;
        EXPECT_EQ(paged(table, {{"sort", order}, {"provider", "tal"}}, "3"),
                  paged(table, {{"sort", order}, {"provider", "tal"}}, "500"));
      }
    }
  }
}

TEST_F(Lists, AllProvidersAreTheProvidersTogether) {
  for (const Table table : listed) {
    auto both = paged(table, {{"provider", "berg"}}, "500");
    const auto other = paged(table, {{"provider", "tal"}}, "500");
    both.insert(both.end(), other.begin(), other.end());
    auto all = paged(table, {}, "500");
    std::sort(both.begin(), both.end());
    std::sort(all.begin(), all.end());
    EXPECT_EQ(both, all);
    EXPECT_TRUE(paged(table, {{"provider", "niemand"}}, "500").empty());
  }
}

TEST_F(Lists, AnAskerOfOneProviderSeesNoOther) {
  auto q = question({});
  q.only_provider = "tal";
  const auto answer = list(reading_, list_table(Table::cases), q);
  EXPECT_EQ(json::parse(std::get<ListPage>(answer).body).at("items").as_array().size(), 6u);
  const Parameters other{{"provider", "berg"}};
  q.parameters = other;
  EXPECT_TRUE(json::parse(std::get<ListPage>(list(reading_, list_table(Table::cases), q)).body)
                  .at("items")
                  .as_array()
                  .empty());
}

TEST_F(Lists, FiltersAreJoinedByAnd) {
  EXPECT_EQ(column(Table::cases, "case", {{"land", "DE-BE"}}).size(), 4u);
  EXPECT_EQ(column(Table::cases, "case", {{"land", "DE-BE"}, {"lead", "m.roth"}}).size(), 1u);
  EXPECT_EQ(column(Table::cases, "state", {{"state", "withdrawn"}}),
            std::vector<std::string>{"\"withdrawn\""});
}

TEST_F(Lists, ARangeHoldsBothItsEnds) {
  const auto all = column(Table::deadlines, "acts_on", {});
  const auto some =
      column(Table::deadlines, "acts_on", {{"acts_on.from", "2026-03-20"}, {"acts_on.to", "2026-03-27"}});
  std::vector<std::string> expected;
  for (const auto& v : all) {
    if (v >= "\"2026-03-20\"" && v <= "\"2026-03-27\"") expected.push_back(v);
  }
  EXPECT_FALSE(some.empty());
  EXPECT_EQ(some, expected);
  EXPECT_EQ(column(Table::deadlines, "acts_on",
                   {{"acts_on.from", "2026-03-20"}, {"acts_on.to", "2026-03-27"}, {"sort", "-acts_on"}}),
            std::vector<std::string>(expected.rbegin(), expected.rend()));
  EXPECT_TRUE(
      column(Table::deadlines, "acts_on", {{"acts_on.from", "2027-01-01"}, {"acts_on.to", "2026-01-01"}})
          .empty());
}

TEST_F(Lists, StateGoesByToday) {
  for (const char* today : {"2026-01-01", "2026-03-22", "2026-03-30", "2030-01-01"}) {
    for (const char* sort : {"acts_on", "-acts_on", "due_on", "case"}) {
      const auto states = column(Table::deadlines, "state", {{"sort", sort}}, today);
      for (const std::string state : {"open", "met", "missed", "moot"}) {
        const auto found = column(Table::deadlines, "state", {{"sort", sort}, {"state", state}}, today);
        EXPECT_EQ(static_cast<long>(found.size()),
                  std::count(states.begin(), states.end(), '"' + state + '"'));
      }
    }
  }
}

TEST_F(Lists, TodayMayBeAsked) {
  EXPECT_TRUE(column(Table::overdue_starts, "case", {{"today", "2026-03-01"}}).empty());
  EXPECT_EQ(column(Table::overdue_starts, "days_overdue", {{"today", "2026-03-23"}}),
            (std::vector<std::string>{"6", "5", "4", "1"}));
  EXPECT_EQ(column(Table::overdue_starts, "days_overdue",
                   {{"today", "2026-03-23"}, {"sort", "-due_on"}, {"days_overdue.from", "4"}}),
            (std::vector<std::string>{"4", "5", "6"}));
  EXPECT_EQ(json::serialize(page(Table::cases, {{"today", "2031-12-31"}}).at("as_at").at("today")),
            "\"2031-12-31\"");
}

TEST_F(Lists, EveryOrderHasTheRowsThatStandOnTheDay) {
  for (const Table table : {Table::tasks, Table::overdue_starts, Table::deadlines}) {
    for (const std::string_view today :
         {"2026-02-01", "2026-03-20", "2026-03-21", "2026-03-25", "2026-07-01"}) {
      const auto sorted = [&](const std::string& order) {
        auto rows = column(table, "case", {{"sort", order}, {"limit", "500"}}, today);
        std::sort(rows.begin(), rows.end());
        return rows;
      };
      EXPECT_EQ(sorted("due_on"), sorted("case")) << today;
      EXPECT_EQ(sorted("-due_on"), sorted("case")) << today;
    }
  }
  // Visits that are still to come are to be documented once their day has passed.
  const Parameters to_document{{"task", "document_visit"}};
  EXPECT_TRUE(column(Table::tasks, "due_on", to_document, "2026-03-20").empty());
  EXPECT_THAT(column(Table::tasks, "due_on", to_document, "2026-03-22"),
              ElementsAre("\"2026-03-21\"", "\"2026-03-22\"", "\"2026-03-22\""));
}

TEST_F(Lists, ACaseIsReadByItself) {
  const std::string id = to_string(stories_[2].now().id);
  EXPECT_EQ(column(Table::visits, "starts_at", {{"case", id}, {"sort", "-starts_at"}}),
            (std::vector<std::string>{"\"2026-03-23T10:00:00+01:00\"", "\"2026-03-04T10:00:00+01:00\""}));
  EXPECT_EQ(column(Table::visits, "state", {{"case", id}, {"state", "delivered"}}).size(), 1u);
  EXPECT_TRUE(column(Table::visits, "state", {{"case", id}, {"provider", "tal"}}).empty());
  EXPECT_TRUE(column(Table::visits, "state", {{"case", "0d7ff3a5-7a1c-4b0e-9a57-3f1a2b3c4d5e"}}).empty());
  EXPECT_EQ(paged(Table::tasks, {{"case", id}}, "1"), paged(Table::tasks, {{"case", id}}, "500"));
}

TEST_F(Lists, InstantsAreFilteredByInstantOrDay) {
  EXPECT_EQ(column(Table::visits, "case", {{"starts_at", "2026-03-23"}}).size(), 1u);
  EXPECT_EQ(column(Table::visits, "case", {{"starts_at", "2026-03-23T09:00:00Z"}}).size(), 1u);
  EXPECT_EQ(column(Table::visits, "case", {{"starts_at.from", "2026-03-23"}, {"starts_at.to", "2026-03-24"}})
                .size(),
            2u);
  EXPECT_EQ(field_at_fault(Table::visits, {{"starts_at", "2026-03-23T09:00:00"}}), "starts_at");
}

TEST_F(Lists, NonsenseNamesItsField) {
  const std::vector<std::pair<Table, http::QueryParameter>> wrong{
      {Table::cases, {"colour", "blue"}},
      {Table::cases, {"state", "asleep"}},
      {Table::cases, {"state", ""}},
      {Table::cases, {"case", "mia"}},
      {Table::cases, {"version", "many"}},
      {Table::cases, {"version.from", "1.5"}},
      {Table::cases, {"land", "Bavaria"}},
      {Table::cases, {"referred_on", "2026-02-30"}},
      {Table::cases, {"closed_on.to", "late"}},
      {Table::cases, {"person", "Mia"}},
      {Table::cases, {"state.from", "applied"}},
      {Table::cases, {"provider", ""}},
      {Table::cases, {"provider", "A B"}},
      {Table::cases, {"", "x"}},
      {Table::cases, {".from", "x"}},
      {Table::cases, {"sort", ""}},
      {Table::cases, {"sort", "--case"}},
      {Table::cases, {"sort", "lead"}},
      {Table::cases, {"limit", "0"}},
      {Table::cases, {"limit", "501"}},
      {Table::cases, {"limit", "1e2"}},
      {Table::cases, {"limit", ""}},
      {Table::cases, {"today", "tomorrow"}},
      {Table::cases, {"cursor", ""}},
      {Table::cases, {"cursor", "AAAA"}},
      {Table::cases, {"cursor", "null"}},
      {Table::deadlines, {"anchor", "x"}},
      {Table::deadlines, {"anchor.date", "2026-01-01"}},
      {Table::deadlines, {"rule", "SMN-SLEEP"}},
      {Table::deadlines, {"calendar", "AT"}},
      {Table::unit_balances, {"delivered", "99999999999999999999"}},
      {Table::key_figures, {"by", "week"}},
      {Table::key_figures, {"from", "soon"}},
      {Table::key_figures, {"until", "2026-01-01"}},
      {Table::key_figures, {"sort", "provider"}},
      {Table::key_figures, {"home_share", "much"}},
      {Table::key_figures, {"period", "2026-13"}},
  };
  for (const auto& [table, parameter] : wrong) {
    EXPECT_EQ(field_at_fault(table, {parameter}), parameter.name) << parameter.value;
  }
  EXPECT_EQ(field_at_fault(Table::cases, {{"limit", "1"}, {"limit", "2"}}), "limit");
  EXPECT_EQ(field_at_fault(Table::key_figures, {{"from", "2026-03-01"}, {"to", "2026-02-01"}}), "to");
  EXPECT_EQ(field_at_fault(Table::cases, {{"wait_for", "1:2"}, {"wait_for", "2:3"}}), "no fault");
}

TEST_F(Lists, AFaultIsASentenceInTheAskersLanguage) {
  auto q = question({});
  const Parameters parameters{{"limit", "0"}};
  q.parameters = parameters;
  EXPECT_THAT(std::get<ListFault>(list(reading_, list_table(Table::cases), q)).detail,
              StartsWith("erwartet "));
  q.language = Language::en;
  EXPECT_EQ(std::get<ListFault>(list(reading_, list_table(Table::cases), q)).detail,
            "expected a whole number from 1 to 500, but got 0");
}

TEST_F(Lists, ACursorBelongsToItsListAndOrder) {
  const std::string cursor(page(Table::cases, {{"limit", "2"}}).at("next").as_string());
  EXPECT_EQ(field_at_fault(Table::cases, {{"cursor", cursor}}), "no fault");
  EXPECT_EQ(field_at_fault(Table::visits, {{"cursor", cursor}}), "cursor");
  EXPECT_EQ(field_at_fault(Table::cases, {{"cursor", cursor}, {"sort", "-case"}}), "cursor");
  EXPECT_EQ(field_at_fault(Table::cases, {{"cursor", cursor}, {"sort", "referred_on"}}), "cursor");
}

RC_GTEST_FIXTURE_PROP(Lists, NoCursorBreaksAList, ()) {
  const auto text = *rc::gen::arbitrary<std::string>();
  for (const Table table : listed) (void)ask(table, {{"cursor", text}});
}

TEST_F(Lists, CsvIsForSpreadsheets) {
  auto q = question({});
  q.form = ListForm::csv;
  const auto body = std::get<ListPage>(list(reading_, list_table(Table::deadlines), q)).body;
  EXPECT_THAT(body, StartsWith("\xEF\xBB\xBF"
                               "case;rule;rule_set;anchor.event;anchor.date;due_on;acts_on;hint_on;calendar;"
                               "state;met_on;days_left;explanation;warning\r\n01900000-"));
  const auto lines = static_cast<std::size_t>(std::count(body.begin(), body.end(), '\n'));
  EXPECT_EQ(lines, 1 + page(Table::deadlines, {}).at("items").as_array().size());
  const Parameters limited{{"limit", "2"}};
  q.parameters = limited;
  EXPECT_FALSE(std::get<ListPage>(list(reading_, list_table(Table::deadlines), q)).next.empty());
}

/// Everybody's name is as bad as it can be.
Opener bad_names() {
  Opener opener;
  opener.person = [](const CaseId&, const SealedCopy& sealed) -> std::optional<PersonData> {
    if (sealed.bytes != "sealed person") return std::nullopt;
    PersonData person;
    person.given_name = "=cmd()";
    person.family_name = "von \"A\"; B\nC\\";
    person.born = day("2025-11-02");
    return person;
  };
  opener.reference = [](const CaseId&, const SealedCopy& sealed) { return std::optional(sealed.bytes); };
  return opener;
}

TEST_F(Lists, PersonsAreOpenedForWhoMaySeeThem) {
  const Opener opener = bad_names();
  const Parameters one{{"limit", "1"}};
  auto q = question(one);
  q.opener = &opener;
  const auto body = std::get<ListPage>(list(reading_, list_table(Table::cases), q)).body;
  const auto person = json::parse(body).at("items").as_array().at(0).at("person");
  EXPECT_EQ(person.at("family_name"), "von \"A\"; B\nC\\");
  EXPECT_FALSE(person.as_object().contains("phone"));
  q.form = ListForm::csv;
  EXPECT_THAT(std::get<ListPage>(list(reading_, list_table(Table::cases), q)).body,
              HasSubstr(";'=cmd();\"von \"\"A\"\"; B\nC\\\";2025-11-02;"));
}

TEST_F(Lists, EveryListIsAskedByTheCasesOfItsRows) {
  for (const Table table : listed) {
    const auto whole = column(table, "case", {{"limit", "500"}});
    const auto led = column(table, "case", {{"limit", "500"}, {"leads", "m.roth,a.ander"}});
    const auto ended = column(table, "case", {{"limit", "500"}, {"ended", "true"}});
    const auto going = column(table, "case", {{"limit", "500"}, {"ended", "false"}});
    EXPECT_EQ(ended.size() + going.size(), whole.size()) << name_of(table);
    for (const std::string& id : led) {
      const Parameters one{{"case", std::string_view(id).substr(1, id.size() - 2)}};
      EXPECT_THAT(column(Table::cases, "lead", one), ElementsAre("\"m.roth\""));
    }
    if (table != Table::overdue_starts) {
      EXPECT_LT(led.size(), whole.size()) << name_of(table);
      EXPECT_FALSE(led.empty()) << name_of(table);
    }
    EXPECT_EQ(field_at_fault(table, {{"leads", "m.roth,"}}), "leads");
    EXPECT_EQ(field_at_fault(table, {{"ended", "perhaps"}}), "ended");
    EXPECT_EQ(field_at_fault(table, {{"with", "everything"}}), "with");
    EXPECT_EQ(field_at_fault(table, {{"name", " "}}), "name");
    EXPECT_EQ(field_at_fault(table, {{"count", "1"}}), "count");
  }
  EXPECT_EQ(field_at_fault(Table::key_figures, {{"leads", "m.roth"}}), "leads");
}

TEST_F(Lists, ACountIsOfAllRowsFromTheCursorOn) {
  const auto first = page(Table::visits, {{"limit", "5"}, {"count", "true"}});
  const auto whole = column(Table::visits, "visit", {{"limit", "500"}});
  EXPECT_EQ(first.at("count").as_int64(), static_cast<std::int64_t>(whole.size()));
  const std::string next(first.at("next").as_string());
  const auto second = page(Table::visits, {{"limit", "5"}, {"count", "true"}, {"cursor", next}});
  EXPECT_EQ(second.at("count").as_int64(), static_cast<std::int64_t>(whole.size()) - 5);
  EXPECT_FALSE(page(Table::visits, {{"limit", "5"}}).contains("count"));
}

TEST_F(Lists, PersonAndLeadStandBesideARow) {
  const Opener opener = bad_names();
  const Parameters with{{"limit", "1"}, {"with", "person"}, {"name", "CMD von"}};
  auto q = question(with);
  q.opener = &opener;
  const auto body = std::get<ListPage>(list(reading_, list_table(Table::tasks), q)).body;
  const auto row = json::parse(body).at("items").as_array().at(0);
  EXPECT_EQ(row.at("person").at("given_name"), "=cmd()");
  EXPECT_TRUE(row.as_object().contains("lead"));
  q.form = ListForm::csv;
  const auto csv = std::get<ListPage>(list(reading_, list_table(Table::tasks), q)).body;
  EXPECT_THAT(csv, HasSubstr(";title;person;person.given_name;"));
  EXPECT_THAT(csv, HasSubstr(";'=cmd();"));
  const Parameters other{{"name", "cmd Meier"}};
  q = question(other);
  q.opener = &opener;
  EXPECT_THAT(std::get<ListPage>(list(reading_, list_table(Table::tasks), q)).body,
              StartsWith("{\"items\":[],"));
  // Who may not see a name cannot ask for it.
  EXPECT_TRUE(page(Table::tasks, {{"name", "cmd"}}).at("items").as_array().empty());
}

TEST_F(Lists, KeyFiguresArePagedLikeOthers) {
  const Parameters span{{"from", "2026-01-01"}, {"to", "2026-12-31"}};
  const auto whole = paged(Table::key_figures, span, "500");
  EXPECT_EQ(whole.size(), 4u);  // February and March of two providers
  EXPECT_EQ(paged(Table::key_figures, span, "1"), whole);
  EXPECT_EQ(column(Table::key_figures, "referrals", {{"provider", "tal"}, {"period", "2026-02"}}),
            std::vector<std::string>{"6"});
  EXPECT_EQ(
      column(Table::key_figures, "period", {{"provider", "tal"}, {"units_delivered.from", "0.5"}}).size(),
      0u);
  EXPECT_EQ(
      column(Table::key_figures, "units_delivered", {{"provider", "berg"}, {"units_delivered.from", "0.5"}}),
      std::vector<std::string>{"5.25E0"});
}

TEST_F(Lists, ACaseShowsWhatTheListsShow) {
  const Opener opener = bad_names();
  for (const CaseStory& story : stories_) {
    auto q = question({});
    q.opener = &opener;
    const auto view = json::parse(case_view(story.now(), reading_.state(), q.today, q)).as_object();
    const std::string id = to_string(story.now().id);
    const Parameters only{{"case", id}};
    EXPECT_EQ(view.at("deadlines"), page(Table::deadlines, only).at("items"));
    EXPECT_EQ(view.at("visits"), page(Table::visits, only).at("items"));
    EXPECT_EQ(view.at("tasks"), page(Table::tasks, only).at("items"));
    EXPECT_EQ(view.at("balance"), page(Table::unit_balances, only).at("items").as_array().at(0));
    EXPECT_EQ(view.at("as_at"), page(Table::cases, only).at("as_at"));
    EXPECT_EQ(view.at("person").at("given_name"), "=cmd()");
  }
}

TEST_F(Lists, ACaseShowsItsApprovalsAndFindings) {
  CaseStory story(20);
  story.flagged(Rule::smn_prescriber_gp).referred({.discharged_on = "2026-02-20"}).applied("2026-02-20");
  story.granted(1, "2026-02-27", 12, "2026-02-20", "2026-06-30").delivered(1, "2026-03-02", 179);
  const Opener opener = bad_names();
  auto q = question({});
  q.opener = &opener;
  q.rules = &story.rules();
  auto view = json::parse(case_view(story.now(), reading_.state(), q.today, q)).as_object();
  EXPECT_EQ(
      json::serialize(view.at("approvals")),
      R"([{"approval":"01900000-0000-7001-8000-000000000001","reference":"ref","decided_on":"2026-02-27",)"
      R"("units":12,"from":"2026-02-20","until":"2026-06-30","extension":false,"revoked":false}])");
  const auto rules = [&] {
    std::vector<std::string> found;
    for (const auto& f : view.at("findings").as_array()) found.emplace_back(f.at("rule").as_string());
    return found;
  };
  EXPECT_THAT(rules(), ElementsAre("SMN-PRESCRIBER-GP", "SMN-HOME"));
  EXPECT_EQ(view.at("findings").as_array().at(0).at("version"), 1);
  story.delivered(2, "2026-03-03", 1);
  view = json::parse(case_view(story.now(), reading_.state(), q.today, q)).as_object();
  EXPECT_THAT(rules(), ElementsAre("SMN-PRESCRIBER-GP"));
}

TEST_F(Lists, ACaseShowsItsAlertUntilItIsOver) {
  CaseStory story(20);
  story.referred({.discharged_on = "2026-02-20"});
  story.happens(StartDeadlineMissed{Version{1}, day("2026-04-03"), day("2026-04-03")});
  auto q = question({}, "2026-05-01");
  q.rules = &story.rules();
  const auto state = [&] {
    const auto view = json::parse(case_view(story.now(), reading_.state(), q.today, q));
    return std::string(view.at("alerts").as_array().at(0).at("state").as_string());
  };
  EXPECT_EQ(state(), "open");
  story.delivered(1, "2026-04-20");
  EXPECT_EQ(state(), "closed");
}

}  // namespace
}  // namespace geleit
