// A data directory as an earlier program left it: it opens, reads as it did, and goes on. The directories in
// tests/golden are never edited; where a format changes, another one is added.
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/simulation/small_service.h"
#include "tests/temporary_directory.h"

namespace geleit {
namespace {

class GoldenDirectory : public testing::TestWithParam<const char*> {
 protected:
  TemporaryDirectory temporary;
  std::filesystem::path dir = temporary.path() / "data";

  void SetUp() override {
    std::filesystem::copy(std::filesystem::path("tests/golden") / GetParam(), dir,
                          std::filesystem::copy_options::recursive);
    // A checkout does not keep that it is its owner's alone.
    std::filesystem::permissions(dir / "master.key", std::filesystem::perms::owner_read);
  }
};

// Made by `geleit serve` of that day from SmallService's referrals and teams 0 to 4.
TEST_P(GoldenDirectory, OpensReadsAndGoesOn) {
  std::map<std::string, std::string> all;
  {
    SmallService service(dir);
    ASSERT_TRUE(service.settles());
    all = service.everything();
    const auto state = service->store().snapshot()->state();
    EXPECT_EQ(state.events, 11u);
    EXPECT_EQ(state.stale + state.foreign, 0u);
    EXPECT_TRUE(service->store().outdated().empty());
    for (int n = 0; n < 5; ++n) {
      for (const std::string& told : {SmallService::referral(n), SmallService::team(n, 0)}) {
        const Answer again = service.tell(told);
        ASSERT_TRUE(std::holds_alternative<Accepted>(again)) << told;
        EXPECT_TRUE(std::get<Accepted>(again).repeated) << told;
      }
      ASSERT_TRUE(service.accepts(SmallService::team(n, 1)));
    }
    ASSERT_TRUE(service.accepts(SmallService::referral(5)));
    ASSERT_TRUE(service.settles());
    EXPECT_GT(service.everything().size(), all.size());
  }
  SmallService service(dir);
  ASSERT_TRUE(service.settles());
  EXPECT_EQ(service->store().snapshot()->state().events, 17u);
  const auto now = service.everything();
  for (const auto& [key, value] : all) {
    if (!key.starts_with("log/") && !key.starts_with("keys/")) continue;
    EXPECT_EQ(now.at(key), value) << "never changes";
  }
  EXPECT_TRUE(service->notes().empty());
}

INSTANTIATE_TEST_SUITE_P(Golden, GoldenDirectory, testing::Values("directory-2026-11"));

}  // namespace
}  // namespace geleit
