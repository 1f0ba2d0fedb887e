// Old bytes are read for ever. tests/golden/v1 holds a record of every event of its day, full and sparse, and
// events.v1.txt what each says, v2 what came after; files are only added, never changed. When an event gains
// a field or a new one comes, write the records of the next version into a folder of its own:
//
//   GELEIT_WRITE_GOLDEN=tests/golden/v4 build/replay_test
//
// which skips what an earlier version holds already.
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "events/civil_time.h"
#include "events/codec.h"
#include "events/sha256.h"
#include "events/uuid.h"
#include "services/event_json.h"
#include "tests/unit/event_samples.h"

namespace geleit {
namespace {

namespace fs = std::filesystem;

struct Golden {
  std::string kind;  ///< "VisitDelivered.full"
  std::string bytes;
  [[nodiscard]] std::string_view view() const {
    static std::map<const Golden*, std::vector<std::uint64_t>> aligned;
    auto& words = aligned[this];
    words.resize((bytes.size() + 7) / 8);
    std::memcpy(words.data(), bytes.data(), bytes.size());
    return {reinterpret_cast<const char*>(words.data()), bytes.size()};
  }
};

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream all;
  all << file.rdbuf();
  return all.str();
}

/// By file name; the kind is the name up to its second dot.
const std::map<std::string, Golden>& golden_records() {
  static const auto records = [] {
    std::map<std::string, Golden> found;
    for (const auto& entry : fs::recursive_directory_iterator("tests/golden")) {
      if (entry.path().extension() != ".bin") continue;
      const std::string name = entry.path().filename().string();
      found.emplace(name, Golden{name.substr(0, name.find('.', name.find('.') + 1)), read_file(entry)});
    }
    return found;
  }();
  return records;
}

std::map<std::string, std::string> golden_texts() {
  std::map<std::string, std::string> texts;
  for (const auto& entry : fs::recursive_directory_iterator("tests/golden")) {
    if (entry.path().extension() != ".txt") continue;
    std::istringstream lines(read_file(entry));
    for (std::string line; std::getline(lines, line);) {
      const auto space = line.find(' ');
      texts[line.substr(0, space)] = line.substr(space + 1);
    }
  }
  return texts;
}

/// All that an event says, on one line. Sealed bytes of the samples are a 1 and a clear text.
std::string told(const Event& e) {
  const OpenSealed open = [](SealedField field, Sealed sealed) -> std::optional<std::string> {
    const std::string text(sealed.bytes.substr(1));
    if (field == SealedField::diagnoses || field == SealedField::goals) return encode_texts({text});
    if (field == SealedField::person) {
      return encode_person({text, "Muster", civil(2020, 5, 10), {}, {}, {}, {}, {}, {}});
    }
    return text;
  };
  std::string out =
      "{\"id\":\"" + to_string(e.id) + "\",\"stream\":\"" + to_string(e.stream) +
      "\",\"version\":" + std::to_string(e.version.value) + ",\"previous\":\"" + to_hex(e.previous) +
      "\",\"happened\":\"" + (e.happened.at ? to_string(*e.happened.at) : to_string(e.happened.date)) +
      "\",\"decided\":\"" + to_string(e.decided) + "\",\"provider\":\"" + std::string(e.provider) +
      "\",\"by\":\"" + std::string(e.by) + "\",\"shipped\":\"" + to_hex(e.judged_by.shipped) +
      "\",\"installation\":\"" + to_hex(e.judged_by.installation) + "\",\"provider_set\":\"" +
      to_hex(e.judged_by.provider) + "\",\"key\":\"" + to_string(e.key) + "\",\"tag\":\"" +
      to_string(Uuid{e.tag.high, e.tag.low}) + "\",\"trace\":\"" + to_string(e.trace) + "\",\"findings\":[";
  for (std::size_t i = 0; i < e.findings.size(); ++i) {
    out.append(i > 0 ? "," : "").append("\"").append(word(e.findings[i])).append("\"");
  }
  out += "],\"reasons\":";
  append_reasons(out, e.deviations, open);
  out.append(",\"event\":\"").append(name_of(e.payload)).append("\",\"data\":");
  append_event_data(out, e.payload, open);
  return out + "}";
}

struct Sample {
  std::string kind;
  std::shared_ptr<SampleSource> source;
  Event event;
};

std::vector<Sample> samples() {
  std::vector<Sample> all;
  for (std::size_t i = 0; i < std::variant_size_v<Payload>; ++i) {
    auto full = std::make_shared<FullSource>();
    auto sparse = std::make_shared<SparseSource>();
    all.push_back({std::string(event_names[i]) + ".full", full, sample_event(i, *full)});
    all.push_back({std::string(event_names[i]) + ".sparse", sparse, sample_event(i, *sparse)});
  }
  return all;
}

bool has_golden(const Sample& sample) {
  for (const auto& [name, golden] : golden_records()) {
    if (golden.kind == sample.kind && decode(golden.view()) == sample.event) return true;
  }
  return false;
}

TEST(Golden, IsWrittenOnceWhenAskedFor) {
  const char* folder = std::getenv("GELEIT_WRITE_GOLDEN");
  if (!folder) GTEST_SKIP() << "nothing to write";
  const std::string version = fs::path(folder).filename().string();
  ASSERT_FALSE(fs::exists(folder) && !fs::is_empty(folder)) << folder << " is written already";
  fs::create_directories(folder);
  std::ofstream texts(fs::path(folder) / ("events." + version + ".txt"));
  for (const Sample& sample : samples()) {
    if (has_golden(sample)) continue;
    const std::string name = sample.kind + "." + version + ".bin";
    std::ofstream(fs::path(folder) / name, std::ios::binary) << encode(sample.event);
    texts << name << " " << told(sample.event) << "\n";
  }
}

TEST(Golden, OldRecordsStillSayWhatTheySaid) {
  const auto texts = golden_texts();
  ASSERT_GE(golden_records().size(), 78u);
  EXPECT_EQ(texts.size(), golden_records().size());
  for (const auto& [name, golden] : golden_records()) {
    const std::string_view record = golden.view();
    ASSERT_EQ(record.size() % 8, 0u) << name;
    EXPECT_EQ(recompute_hash(record), stated_hash(record)) << name;
    const auto text = texts.find(name);
    ASSERT_NE(text, texts.end()) << name;
    EXPECT_EQ(told(decode(record)), text->second) << name;
  }
}

TEST(Golden, EveryEventWithEveryFieldIsAmongThem) {
  for (const Sample& sample : samples()) {
    EXPECT_TRUE(has_golden(sample)) << sample.kind
                                    << " as it is now has no record: write the next version (see the top of "
                                       "this file)";
  }
}

}  // namespace
}  // namespace geleit
