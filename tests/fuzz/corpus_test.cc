// Replays what the fuzzers kept: every input that once reached something new, and every one that was a
// finding.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "tests/fuzz/targets.h"

namespace geleit::fuzz {
namespace {

/// Feeds every file of the folder.
void replay(const std::string& target, void (*take)(std::string_view)) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator("tests/fuzz/corpus/" + target))
    files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  ASSERT_GT(files.size(), 10U);
  for (const auto& file : files) {
    SCOPED_TRACE(file.string());
    std::ifstream in(file, std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(in), {});
    feeding = file.string();
    EXPECT_NO_THROW(take(bytes));
  }
}

TEST(Corpus, CommandsAreReadOrRefused) { replay("command", take_command); }
TEST(Corpus, QueriesAreAnsweredOrRefused) { replay("query", take_query); }
TEST(Corpus, StoredBytesAreDecodedOrCalledDamaged) { replay("record", take_record); }
TEST(Corpus, RequestsAreReadOrRefused) { replay("request", take_request); }

}  // namespace
}  // namespace geleit::fuzz
