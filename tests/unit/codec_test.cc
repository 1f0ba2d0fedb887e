#include "events/codec.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <cstring>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "events/sealed_field.h"
#include "tests/unit/event_samples.h"

namespace geleit {
namespace {

class RandomSource final : public SampleSource {
 public:
  bool optional() override { return *rc::gen::arbitrary<bool>(); }
  std::int64_t number(std::int64_t least, std::int64_t most) override {
    return least == most ? least : *rc::gen::inRange<std::int64_t>(least, most);
  }
  std::string text() override { return "t" + *rc::gen::arbitrary<std::string>(); }
};

/// Records are read where they lie in a log, aligned to 8.
class Aligned {
 public:
  explicit Aligned(std::string_view record) : words_((record.size() + 7) / 8), size_(record.size()) {
    if (!record.empty()) std::memcpy(words_.data(), record.data(), record.size());
  }
  [[nodiscard]] std::string_view bytes() const {
    return {reinterpret_cast<const char*>(words_.data()), size_};
  }

 private:
  std::vector<std::uint64_t> words_;
  std::size_t size_;
};

RC_GTEST_PROP(Codec, EveryEventComesBackAsItWentIn, ()) {
  RandomSource source;
  const auto index = *rc::gen::inRange<std::size_t>(0, std::variant_size_v<Payload>);
  const Event event = sample_event(index, source);
  const std::string record = encode(event);
  const Aligned aligned(record);
  RC_ASSERT(decode(aligned.bytes()) == event);
  RC_ASSERT(recompute_hash(aligned.bytes()) == stated_hash(aligned.bytes()));
}

TEST(Codec, FullAndSparseEventsOfEveryKindComeBack) {
  for (std::size_t i = 0; i < std::variant_size_v<Payload>; ++i) {
    FullSource full;
    SparseSource sparse;
    for (SampleSource* source : {static_cast<SampleSource*>(&full), static_cast<SampleSource*>(&sparse)}) {
      const Event event = sample_event(i, *source);
      const Aligned record(encode(event));
      EXPECT_EQ(decode(record.bytes()), event) << event_names[i];
    }
  }
}

TEST(Codec, TheLinkIsReadWithoutThePayload) {
  FullSource source;
  const Event event = sample_event(0, source);
  const Aligned record(encode(event));
  const auto link = link_of(record.bytes());
  ASSERT_TRUE(link);
  EXPECT_EQ(link->id, event.id);
  EXPECT_EQ(link->stream, event.stream);
  EXPECT_EQ(link->version, event.version);
  EXPECT_EQ(link->previous, event.previous);
  EXPECT_EQ(link->hash, recompute_hash(record.bytes()));
}

TEST(Codec, WhatIsNoRecordIsSaidToBeNone) {
  FullSource source;
  const std::string record = encode(sample_event(23, source));
  for (const std::string& bytes : {std::string(), std::string(7, 'x'), std::string(64, '\xff'),
                                   record.substr(0, record.size() - 8), record.substr(0, 40)}) {
    const Aligned aligned(bytes);
    try {
      (void)decode(aligned.bytes());
      // Cut in its tail a record may still be a message; its hash then tells.
      EXPECT_NE(recompute_hash(aligned.bytes()), stated_hash(aligned.bytes()));
    } catch (const BadRecord&) {}
  }
}

TEST(Codec, TextsOfADamagedRecordLieWithinIt) {
  FullSource source;
  const std::string record = encode(sample_event(23, source));
  for (std::size_t i = 0; i < record.size() * 8; ++i) {
    std::string damaged = record;
    damaged[i / 8] = static_cast<char>(damaged[i / 8] ^ (1 << (i % 8)));
    const Aligned aligned(damaged);
    try {
      const Event event = decode(aligned.bytes());
      for (const std::string_view text : {event.provider, event.by}) {
        if (text.empty()) continue;
        EXPECT_GE(text.data(), aligned.bytes().data()) << "bit " << i;
        EXPECT_LT(text.data() + text.size(), aligned.bytes().data() + aligned.bytes().size()) << "bit " << i;
      }
    } catch (const BadRecord&) {}
  }
}

TEST(Codec, OneFlippedBitIsSeenInTheHash) {
  FullSource source;
  const std::string record = encode(sample_event(23, source));
  for (std::size_t i = 0; i < record.size() * 8; i += 37) {
    std::string damaged = record;
    damaged[i / 8] = static_cast<char>(damaged[i / 8] ^ (1 << (i % 8)));
    EXPECT_NE(recompute_hash(damaged), stated_hash(damaged)) << "bit " << i;
  }
}

TEST(Codec, APersonAndListsOfTextsComeBack) {
  const PersonData person{"Mia",        "Muster",   civil(2020, 5, 10), "A123456789", "109519005",
                          "Eva Muster", "089 1234", "e@x.de",           "80331"};
  EXPECT_EQ(decode_person(encode_person(person)), person);
  const PersonData sparse{"Mia", "Muster", civil(1900, 1, 1), {}, {}, {}, {}, {}, {}};
  EXPECT_EQ(decode_person(encode_person(sparse)), sparse);
  const std::vector<std::string> texts{"P07.1", "", "Übung äöü"};
  EXPECT_EQ(decode_texts(encode_texts(texts)), texts);
}

// ---------------------------------------------------------------- sealed fields

/// "PrescriberKind" style name and "some_name" field as the schema writes them: "Prescriber.someName".
std::string in_schema(std::string_view owner, std::string_view field) {
  std::string out(owner);
  out += '.';
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (field[i] == '_') {
      out += static_cast<char>(std::toupper(field[++i]));
    } else {
      out += field[i];
    }
  }
  return out;
}

template <class T>
void collect_sealed(std::string_view owner, const T& described, std::set<std::string>& out);

template <class T>
void collect_field(std::string_view owner, std::string_view name, const T& field,
                   std::set<std::string>& out) {
  if constexpr (std::is_same_v<T, Sealed>) {
    out.insert(in_schema(owner, name));
    EXPECT_TRUE(sealed_field(name)) << owner << "." << name << " has no kind in events/sealed_field.h";
  } else if constexpr (std::is_same_v<T, Prescriber>) {
    collect_sealed("Prescriber", field, out);
  } else if constexpr (std::is_same_v<T, std::optional<Prescriber>>) {
    collect_sealed("Prescriber", Prescriber{}, out);
  } else {
    static_assert(!std::is_same_v<T, std::optional<Sealed>>, "an absent sealed field is an empty one");
  }
}
template <class T>
void collect_sealed(std::string_view owner, const T& described, std::set<std::string>& out) {
  for_each_field(described,
                 [&](std::string_view name, const auto& field) { collect_field(owner, name, field, out); });
}

TEST(Codec, TheSchemaAndTheEventsSealTheSameFields) {
  std::set<std::string> in_events{"Deviation.reason"};
  for (std::size_t i = 0; i < std::variant_size_v<Payload>; ++i) {
    std::visit([&](const auto& payload) { collect_sealed(event_names[i], payload, in_events); },
               empty_payload(i));
  }
  std::set<std::string> in_file;
  std::ifstream file("schema/event.capnp");
  ASSERT_TRUE(file) << "expected to run at the top of the tree";
  const std::regex opens(R"(struct (\w+) \{.*)");
  const std::regex field(R"(\s*(\w+) @\d+ :Data \$sealed;.*)");
  std::string owner;
  for (std::string line; std::getline(file, line);) {
    std::smatch match;
    if (std::regex_match(line, match, opens)) owner = match[1];
    if (std::regex_match(line, match, field)) in_file.insert(owner + "." + match[1].str());
  }
  EXPECT_EQ(in_events, in_file);
  EXPECT_GT(in_file.size(), 20u);
}

}  // namespace
}  // namespace geleit
