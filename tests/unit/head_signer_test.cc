#include "services/audit/head_signer.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "events/civil_time.h"
#include "events/sha256.h"
#include "services/audit/verify.h"
#include "tests/temporary_directory.h"
#include "tests/unit/audited_history.h"
#include "tests/unit/hand_clock.h"

namespace geleit {
namespace {

using testing::History;

class SigningHeads : public ::testing::Test {
 protected:
  void open(PostHeads post = {}) {
    signer.reset();
    signer = std::make_unique<HeadSigner>(log, clock, key, data, config, std::move(post));
  }
  void record(int events) {
    for (int i = 0; i < events; ++i) history.happens(0, CareTeamAssigned{"m.roth", {}});
  }
  std::vector<SignedHead> heads() const { return read_heads(data.heads()).heads; }
  bool verifies() const {
    VerifyProgress progress;
    return verify_log(&log, std::nullopt, {heads(), {key.public_key()}}, nullptr, 1, progress).ok();
  }

  TemporaryDirectory temporary;
  DataDirectory data{temporary.path(), {}};
  EnteredClock clock{berlin_time(civil(2026, 3, 2), 9, 0)};
  MemoryLog log{{.partitions = 1,
                 .id = {1, 2},
                 .created = {},
                 .clock = [this] { return clock.now(); },
                 .delivery = Delivery::at_once,
                 .faults = {}}};
  History history{log};
  SigningKey key{KeyBytes{3}};
  AuditConfig config;
  std::unique_ptr<HeadSigner> signer;
};

TEST_F(SigningHeads, EverySoManyRecords) {
  config.heads_every_records = 10;
  record(24);  // and the shipped rule set
  open();
  signer->step();
  ASSERT_EQ(heads().size(), 2u);
  EXPECT_EQ(heads()[0].size, 10u);
  EXPECT_EQ(heads()[1].size, 20u);
  EXPECT_EQ(signer->status().unsigned_records, log.ends()[0].value - 20);
  EXPECT_TRUE(verifies());
}

TEST_F(SigningHeads, EverySoManyMinutesWhileThereIsSomethingNew) {
  open();
  signer->step();
  EXPECT_TRUE(heads().empty());
  clock.advance_to(Instant{clock.now().ms + 60 * 60'000});
  signer->step();
  ASSERT_EQ(heads().size(), 1u);
  clock.advance_to(Instant{clock.now().ms + 60 * 60'000});
  signer->step();
  EXPECT_EQ(heads().size(), 1u);
  EXPECT_TRUE(verifies());
}

TEST_F(SigningHeads, AtTheEndOfEachDayEvenIfNothingCame) {
  open();
  signer->step();
  clock.advance_to(berlin_midnight(civil(2026, 3, 3)));
  signer->step();
  ASSERT_EQ(heads().size(), 1u);
  clock.advance_to(berlin_midnight(civil(2026, 3, 4)));
  signer->step();
  ASSERT_EQ(heads().size(), 2u);
  EXPECT_EQ(heads()[0].root, heads()[1].root);
  EXPECT_EQ(heads()[1].at, berlin_midnight(civil(2026, 3, 4)));
}

TEST_F(SigningHeads, ADayThatEndedWhileManyRecordsCameHasItsHead) {
  open();
  signer->step();
  const std::uint64_t at_midnight = log.ends()[0].value + 3;
  record(3);
  clock.advance_to(berlin_time(civil(2026, 3, 3), 0, 1));
  record(5);
  signer->step();
  const auto all = heads();
  EXPECT_TRUE(std::ranges::any_of(all, [&](const SignedHead& head) { return head.size == at_midnight; }));
  EXPECT_TRUE(verifies());
}

TEST_F(SigningHeads, GoOnAfterARestartWithoutReadingTheLogAgain) {
  config.heads_every_records = 8;
  record(30);
  open();
  signer->step();
  signer->sign_rest();
  const std::uint64_t before = log.ends()[0].value;
  record(10);
  open();
  signer->step();
  signer->sign_rest();
  EXPECT_EQ(heads().back().size, before + 10);
  EXPECT_TRUE(verifies());
  // The edge is expendable, and not believed where it does not fit the last head.
  for (const char* const text : {"", "{\"log\":3}", "no JSON"}) {
    std::ofstream(data.heads_edge()) << text;
    record(1);
    open();
    signer->step();
    signer->sign_rest();
    EXPECT_TRUE(signer->status().troubles.empty());
    EXPECT_TRUE(verifies());
  }
}

TEST_F(SigningHeads, ALineThatWasCutOffIsWrittenAnew) {
  record(5);
  open();
  signer->step();
  signer->sign_rest();
  std::ofstream(data.heads(), std::ios::app) << "{\"format\":\"geleit-he";
  record(2);
  open();
  signer->step();
  signer->sign_rest();
  EXPECT_EQ(heads().size(), 2u);
  EXPECT_TRUE(read_heads(data.heads()).bad.empty());
  EXPECT_TRUE(verifies());
}

TEST_F(SigningHeads, NothingIsSignedThatContradictsAHead) {
  record(5);
  open();
  signer->step();
  signer->sign_rest();
  SignedHead other = heads().back();
  other.root.words[0] ^= 1;
  sign(other, key);
  std::ofstream(data.heads()) << to_json(other) << '\n';
  record(5);
  open();
  signer->step();
  signer->sign_rest();
  EXPECT_EQ(heads().size(), 1u);
  ASSERT_EQ(signer->status().troubles.size(), 1u);
  EXPECT_NE(signer->status().troubles[0].find("not those of the signed head"), std::string::npos);
  // A log that ends before a head, as after a restore of the log alone.
  other.size = 10'000;
  sign(other, key);
  std::ofstream(data.heads()) << to_json(other) << '\n';
  open();
  signer->step();
  EXPECT_EQ(signer->status().troubles.size(), 1u);
}

TEST_F(SigningHeads, AClockThatWasSetBackMovesNoHeadBeforeItsRecords) {
  record(3);
  HandClock back;
  back.at = Instant{clock.now().ms - 86'400'000};
  HeadSigner early(log, back, key, data, config, {});
  early.step();
  early.sign_rest();
  ASSERT_EQ(heads().size(), 1u);
  EXPECT_EQ(heads()[0].at, clock.now());
  EXPECT_TRUE(verifies());
}

TEST_F(SigningHeads, AreDepositedOnceEachAndAgainAfterAFailure) {
  config.heads_every_records = 5;
  config.deposit_file = temporary.path() / "elsewhere.ndjson";
  record(12);
  std::string posted;
  bool fails = true;
  const PostHeads post = [&](std::string_view lines) -> std::string {
    if (fails) return "expected 2xx, but it is 503";
    posted.append(lines);
    return {};
  };
  open(post);
  signer->step();
  EXPECT_GT(signer->status().undeposited, 0u);
  EXPECT_FALSE(signer->status().troubles.empty());
  const auto text_of = [](const std::filesystem::path& file) {
    std::ifstream in(file);
    return std::string{std::istreambuf_iterator<char>(in), {}};
  };
  EXPECT_EQ(text_of(config.deposit_file), text_of(data.heads()));
  fails = false;
  open(post);
  signer->step();
  EXPECT_EQ(posted, text_of(data.heads()));
  record(6);
  open(post);
  signer->step();
  signer->sign_rest();
  EXPECT_EQ(posted, text_of(data.heads()));
  EXPECT_EQ(text_of(config.deposit_file), text_of(data.heads()));
  EXPECT_TRUE(signer->status().troubles.empty());
  EXPECT_EQ(signer->status().undeposited, 0u);
}

TEST(SigningKeys, AreMadeWithTheRightModeAndRefusedWithAWrongOne) {
  const TemporaryDirectory temporary;
  const auto file = temporary.path() / "signing.key";
  EXPECT_THROW((void)SigningKey::load(file), KeyStoreFailed);
  const SigningKey made = SigningKey::load_or_make(file, KeyBytes{5});
  EXPECT_EQ(std::filesystem::status(file).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  EXPECT_EQ(SigningKey::load_or_make(file, KeyBytes{6}).public_key(), made.public_key());
  std::filesystem::permissions(file, std::filesystem::perms::group_read, std::filesystem::perm_options::add);
  EXPECT_THROW((void)SigningKey::load(file), KeyStoreFailed);
}

TEST(SigningKeys, SignAsRfc8032Does) {
  // Section 7.1, test 1.
  const auto seed = parse_hash("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
  KeyBytes bytes{};
  write_octets(*seed, reinterpret_cast<char*>(bytes.data()));
  const SigningKey key(bytes);
  EXPECT_EQ(to_hex(key.public_key()), "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  const Signature signature = key.sign("");
  EXPECT_EQ(signature[0], 0xe5);
  EXPECT_EQ(signature[63], 0x0b);
  EXPECT_TRUE(signature_holds(key.public_key(), "", signature));
  EXPECT_FALSE(signature_holds(key.public_key(), "x", signature));
}

}  // namespace
}  // namespace geleit
