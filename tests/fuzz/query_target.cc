#include "services/query/lists.h"

#include "services/http/http.h"
#include "tests/fuzz/targets.h"
#include "tests/unit/memory_snapshot.h"

namespace geleit::fuzz {
namespace {

using testing::CaseStory;
using testing::MemorySnapshot;

struct Country {
  std::shared_ptr<MemorySnapshot> snapshot = std::make_shared<MemorySnapshot>();
  std::vector<CaseStory> stories;

  Country() {
    for (int i = 1; i <= 6; ++i) {
      CaseStory story(i);
      story.referred({.land = i % 3 ? Land::by : Land::be,
                      .received_on = "2026-02-01",
                      .discharged_on = i == 5 ? std::string_view() : std::string_view("2026-02-09"),
                      .units = 6 + i % 4,
                      .provider = i % 2 ? "berg" : "tal"});
      if (i % 2 == 0) story.has_lead("m.roth");
      if (i % 3 == 0)
        story.applied("2026-02-10", 6 + i).granted(1, "2026-03-02", 6 + i, "2026-02-01", "2026-06-30");
      if (i % 4 == 3) story.delivered(i, "2026-03-03", 15 * i);
      story.scheduled(100 + i, "2026-03-21", 45);
      stories.push_back(story);
      snapshot->add(story);
    }
  }
};

}  // namespace

void take_query(std::string_view bytes) {
  static const Country country;
  if (bytes.empty()) return;
  const auto chosen = static_cast<unsigned char>(bytes.front());
  bytes.remove_prefix(1);
  const auto request = http::Request::make(http::Method::get, "/v1/list?" + std::string(bytes));
  if (!request) return;
  const auto tables = list_tables();
  const std::size_t which = chosen % (tables.size() + 1);
  const Reading reading(country.snapshot);
  std::vector<http::QueryParameter> parameters(request->query().begin(), request->query().end());
  ListQuestion question;
  question.parameters = parameters;
  question.form = (chosen & 0x80) != 0 ? ListForm::csv : ListForm::json;
  question.today = testing::day("2026-03-15");
  question.language = (chosen & 0x40) != 0 ? Language::en : Language::de;
  question.rules = &country.stories.front().rules();
  const auto ask = [&] {
    return which == tables.size() ? list_figures(reading, question) : list(reading, tables[which], question);
  };
  ListAnswer answer = ask();
  // A cursor that a page gave is understood, and comes to an end.
  for (int page = 0;; ++page) {
    if (const auto* fault = std::get_if<ListFault>(&answer)) {
      require(!fault->detail.empty(), "a fault without a sentence");
      require(page == 0, "a page's own cursor was not understood");
      return;
    }
    const std::string next = std::get<ListPage>(answer).next;
    if (next.empty()) return;
    require(page < 200, "a list has no end");
    std::erase_if(parameters, [](const http::QueryParameter& p) { return p.name == "cursor"; });
    parameters.push_back({"cursor", next});
    question.parameters = parameters;
    answer = ask();
  }
}

}  // namespace geleit::fuzz
