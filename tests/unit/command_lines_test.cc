#include "services/command_lines.h"

#include <gtest/gtest.h>

#include <deque>

namespace geleit {
namespace {

using namespace std::chrono_literals;

const std::string yes = R"({"id":"a","case":"c","version":1,"event":"VisitDelivered","findings":[]})";
const std::string again = R"({"id":"a","case":"c","version":1,"findings":[{"status":503}],"repeated":true})";
const std::string no = R"({"type":"urn:geleit:problem:wrong-state","status":409,"detail":"…"})";
const std::string later = R"({"type":"urn:geleit:problem:not-ready","status":503,"detail":"…"})";

LineReader reader_of(std::deque<std::string> pieces) {
  return LineReader([pieces = std::move(pieces)](char* to, std::size_t bytes) mutable {
    if (pieces.empty()) return std::size_t{0};
    const std::string piece = pieces.front().substr(0, bytes);
    pieces.pop_front();
    std::copy(piece.begin(), piece.end(), to);
    return piece.size();
  });
}

std::vector<std::string> lines_of(LineReader reader) {
  std::vector<std::string> out;
  std::string line;
  for (;;) {
    switch (reader.next(line)) {
      case LineReader::Got::end: return out;
      case LineReader::Got::line: out.push_back(line); break;
      case LineReader::Got::too_long: out.push_back("too long: " + std::to_string(line.size())); break;
    }
  }
}

TEST(LinesOfAFile, AreSplitWhereverThePiecesBreak) {
  using Lines = std::vector<std::string>;
  EXPECT_EQ(lines_of(reader_of({})), Lines{});
  EXPECT_EQ(lines_of(reader_of({"a\nb\n"})), (Lines{"a", "b"}));
  EXPECT_EQ(lines_of(reader_of({"a", "b", "\n", "c\nd", "\ne"})), (Lines{"ab", "c", "d", "e"}));
}

TEST(LinesOfAFile, DoNotIncludeBlankOnesAsTheServiceDoesNotEither) {
  EXPECT_EQ(lines_of(reader_of({"\n\na\r\n \t\r\n\nb"})), (std::vector<std::string>{"a\r", "b"}));
}

TEST(LinesOfAFile, BeyondWhatABodyHoldsAreToldAndTheNextOnesStillRead) {
  const std::string piece(200'000, 'x');
  std::deque<std::string> pieces{"a\n"};
  for (int i = 0; i < 100; ++i) pieces.push_back(piece);
  pieces.emplace_back("\nb\n");
  EXPECT_EQ(lines_of(reader_of(pieces)),
            (std::vector<std::string>{"a", "too long: " + std::to_string(command_line_bytes_max), "b"}));
}

TEST(AnId, IsMissedOnlyInAnObjectThatHasNone) {
  EXPECT_TRUE(lacks_id(R"({"command":"DeliverVisit","case":"x","data":{"id":"y"}})"));
  EXPECT_TRUE(lacks_id(R"({"id":null})"));
  EXPECT_FALSE(lacks_id(R"({"command":"DeliverVisit","data":{"a":[1,{}]},"id":"x"})"));
  EXPECT_FALSE(lacks_id(R"({"\u0069d":"x"})"));
  EXPECT_FALSE(lacks_id(R"({"command": )")) << "no JSON: the service says so";
  EXPECT_FALSE(lacks_id("hello"));
  EXPECT_FALSE(lacks_id("[{}]"));
}

TEST(AnId, IsPutInFront) {
  EXPECT_EQ(with_id(R"( {"a":1})", "x"), R"({"id":"x","a":1})");
  EXPECT_EQ(with_id("{ }", "x"), R"({"id":"x" })");
}

TEST(AnAnswer, IsToldApartByItsOwnMembersOnly) {
  EXPECT_EQ(verdict_of(yes), Verdict::accepted);
  EXPECT_EQ(verdict_of(again), Verdict::repeated);
  EXPECT_EQ(verdict_of(no), Verdict::refused);
  EXPECT_EQ(verdict_of(later), Verdict::later);
  EXPECT_EQ(verdict_of(R"({"status":429})"), Verdict::later);
  EXPECT_EQ(verdict_of("<html>"), Verdict::refused);
}

TEST(ABatch, EndsAtItsNumberOfLines) {
  CommandBatch batch;
  for (std::size_t i = 0; i < batch_lines_max; ++i) ASSERT_TRUE(batch.add("{}"));
  EXPECT_FALSE(batch.add("{}"));
  EXPECT_EQ(batch.open(), batch_lines_max);
}

TEST(ABatch, EndsAtItsBytesButTakesOneLineOfAnySize) {
  CommandBatch batch;
  EXPECT_TRUE(batch.add(std::string(batch_bytes_max + 1, 'x')));
  EXPECT_FALSE(batch.add("{}"));
  CommandBatch other;
  EXPECT_TRUE(other.add("{}"));
  EXPECT_FALSE(other.add(std::string(batch_bytes_max, 'x')));
}

CommandBatch batch_of(std::initializer_list<std::string_view> lines) {
  CommandBatch batch;
  for (const auto line : lines) EXPECT_TRUE(batch.add(line));
  return batch;
}

TEST(ABatch, IsSentInOrderAndAnsweredInOrder) {
  CommandBatch batch = batch_of({"1", "2"});
  batch.add_answered("here");
  EXPECT_TRUE(batch.add("4"));
  EXPECT_EQ(batch.body(batch_lines_max), "1\n2\n4\n");
  EXPECT_EQ(batch.take(yes + "\n" + no + "\n" + again + "\n", batch_lines_max), 3);
  EXPECT_EQ(batch.open(), 0);
  EXPECT_EQ(batch.answer(0).text, yes);
  EXPECT_EQ(batch.answer(1).verdict, Verdict::refused);
  EXPECT_EQ(batch.answer(2).text, "here");
  EXPECT_EQ(batch.answer(3).verdict, Verdict::repeated);
}

TEST(ABatch, SendsAgainWhatWasNotDecidedAndWhatWasRefusedBehindIt) {
  CommandBatch batch = batch_of({"1", "2", "3", "4"});
  EXPECT_EQ(batch.take(no + "\n" + later + "\n" + yes + "\n" + no + "\n", 4), 2);
  EXPECT_EQ(batch.body(batch_lines_max), "2\n4\n");
  EXPECT_EQ(batch.take(yes + "\n" + yes + "\n", 2), 2);
  for (std::size_t i = 1; i < 4; ++i) EXPECT_EQ(batch.answer(i).verdict, Verdict::accepted);
  EXPECT_EQ(batch.answer(0).verdict, Verdict::refused) << "nothing undecided lay before it";
}

TEST(ABatch, TakesNoAnswersThatAreNotOneForEachLine) {
  CommandBatch batch = batch_of({"1", "2"});
  EXPECT_EQ(batch.take(yes + "\n", 2), std::nullopt);
  EXPECT_EQ(batch.take(yes + "\n" + yes + "\n" + yes + "\n", 2), std::nullopt);
  EXPECT_EQ(batch.open(), 2);
  EXPECT_TRUE(batch.answer(0).text.empty());
}

TEST(ABatch, CanBeSentInPartsWhenTheServiceTakesLess) {
  CommandBatch batch = batch_of({"1", "2", "3"});
  EXPECT_EQ(batch.body(1), "1\n");
  batch.refuse_first(no + "\n");
  EXPECT_EQ(batch.body(1), "2\n");
  EXPECT_EQ(batch.take(yes, 1), 1);
  EXPECT_EQ(batch.body(5), "3\n");
  EXPECT_EQ(batch.answer(0).text, no);
}

TEST(Waiting, IsDoubledUpToTwoSeconds) {
  Backoff backoff(1h);
  std::vector<std::int64_t> waits;
  for (int i = 0; i < 7; ++i) waits.push_back(backoff.failed(0ms, {})->count());
  EXPECT_EQ(waits, (std::vector<std::int64_t>{100, 200, 400, 800, 1600, 2000, 2000}));
  backoff.succeeded();
  EXPECT_EQ(backoff.failed(0ms, {}), 100ms);
}

TEST(Waiting, HeedsWhatTheServiceAsksForWithinItsPatience) {
  Backoff backoff(10s);
  EXPECT_EQ(backoff.failed(1s, 3s), 3s);
  EXPECT_EQ(backoff.failed(9s, 30s), 2s) << "what is left of ten seconds since the first failure";
  EXPECT_EQ(backoff.failed(11s, {}), std::nullopt);
}

TEST(Waiting, StartsAnewWhenSomethingSucceeded) {
  Backoff backoff(1s);
  EXPECT_TRUE(backoff.failed(0s, {}));
  backoff.succeeded();
  EXPECT_TRUE(backoff.failed(5s, {}));
  EXPECT_FALSE(backoff.failed(6s, {}));
  EXPECT_FALSE(Backoff(0s).failed(0s, {})) << "no patience at all";
}

TEST(RetryAfter, IsANumberOfSeconds) {
  EXPECT_EQ(parse_retry_after("3"), 3s);
  EXPECT_EQ(parse_retry_after("Wed, 21 Oct 2026 07:28:00 GMT"), std::nullopt);
  EXPECT_EQ(parse_retry_after(""), std::nullopt);
}

}  // namespace
}  // namespace geleit
