// A newer program on the tables of an older one: what changed is built beside and switched to, from the
// stored cases where they are as they were, else from the log; an older program on newer ones refuses.
#include <gtest/gtest.h>

#include "projections/rebuild.h"
#include "tests/older_tables.h"
#include "tests/simulation/small_service.h"
#include "tests/temporary_directory.h"

namespace geleit {
namespace {

class Upgrade : public ::testing::Test {
 protected:
  Upgrade() {
    SmallService service(dir);
    for (int n = 0; n < 5; ++n) {
      EXPECT_TRUE(service.accepts(SmallService::referral(n)));
      EXPECT_TRUE(service.accepts(SmallService::team(n, 0)));
    }
    EXPECT_TRUE(service.settles());
    before = service.everything();
    state = service->store().snapshot()->state();
  }
  void expect_all_as_before() {
    SmallService service(dir);
    EXPECT_TRUE(service->store().outdated().empty());
    EXPECT_EQ(service->notes(), std::vector<std::string>{});
    EXPECT_TRUE(service.settles());
    EXPECT_EQ(service.everything(), before);
    EXPECT_EQ(service->store().snapshot()->state(), state);
    EXPECT_TRUE(service.accepts(SmallService::team(1, 1)));
    EXPECT_TRUE(service.settles());
    EXPECT_TRUE(check_tables(service->log(), service->store(), temporary.path() / "scratch", {}).empty());
  }

  TemporaryDirectory temporary;
  std::filesystem::path dir = temporary.path() / "data";
  std::map<std::string, std::string> before;
  StoreState state;
};

TEST_F(Upgrade, TablesThatChangedAreBuiltFromTheStoredCases) {
  testing::change_table_versions(dir / "tables", {Table::deadlines, Table::cases, Table::key_figures}, -1);
  expect_all_as_before();
}

TEST_F(Upgrade, StoredCasesThatChangedAreFoldedFromTheLogAndAllTablesWithThem) {
  testing::change_table_versions(dir / "tables", {Table::stored_cases, Table::trail, Table::visits}, -1);
  expect_all_as_before();
}

TEST_F(Upgrade, TablesOfANewerProgramAreRefused) {
  testing::change_table_versions(dir / "tables", {Table::deadlines}, 1);
  EXPECT_THROW(SmallService{dir}, StoreNewer);
}

}  // namespace
}  // namespace geleit
