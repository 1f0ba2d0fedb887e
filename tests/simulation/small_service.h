// All of Geleit in this process on a directory, small enough to be opened hundreds of times: told commands as
// JSON, and read as a whole.
#pragma once

#include <fmt/format.h>

#include <future>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "events/codec.h"
#include "events/uuid.h"
#include "services/intake/command_json.h"
#include "services/service.h"

namespace geleit {

/// Noon of 1 June 2026 in Berlin, running.
inline ClockChoice small_clock() { return *parse_clock("2026-06-01T12:00:00+02:00"); }

class SmallService {
 public:
  explicit SmallService(const std::filesystem::path& dir, rocksdb::Env* env = nullptr)
      : service_(DataDirectory{dir, {}}, small_clock(), env,
                 // Nothing but what a test tells it is recorded.
                 Roles{.intake = true, .query = true, .watch = false, .alert = false}) {
    service_.start({});
  }
  ~SmallService() { service_.stop(); }

  Service* operator->() { return &service_; }

  static std::string uuid(int kind, int number) {
    return fmt::format("{:08}-0000-4000-8000-{:012}", kind, number);
  }
  /// The referral that opens case number `number`.
  static std::string referral(int number) {
    return fmt::format(
        R"({{"command":"ReceiveReferral","id":"{}","case":"{}","data":{{"benefit":"SMN",)"
        R"("provider":"hana-muenchen","land":"DE-BY","person":{{"given_name":"Mia","family_name":"Nr. {}",)"
        R"("born":"2020-05-10"}},"prescriber":{{"kind":"hospital"}},"prescribed_on":"2026-02-18",)"
        R"("received_on":"2026-02-19","units":10,"diagnoses":[{{"icd":"P07.1"}}],"setting":"inpatient",)"
        R"("discharged_on":"2026-02-20"}}}})",
        uuid(1, number), uuid(2, number), number);
  }
  /// Some later event of that case: `step` makes it another command.
  static std::string team(int number, int step) {
    return fmt::format(
        R"({{"command":"AssignCareTeam","id":"{}","case":"{}","data":{{"lead":"m.roth-{}"}}}})",
        uuid(3 + step, number), uuid(2, number), step);
  }

  /// Tells a command and waits for its answer.
  Answer tell(const std::string& json) {
    auto read = reader_.read(json, [this](std::optional<Instant>) { return service_.clock().now(); });
    std::promise<Answer> promise;
    auto answer = promise.get_future();
    std::vector<Submitted> commands;
    commands.push_back(std::move(read));
    if (!service_.intake().submit(std::move(commands), false, {}, [&promise](std::vector<Answer> answers) {
          promise.set_value(std::move(answers.front()));
        })) {
      Rejection full;
      full.kind = RejectionKind::overloaded;
      return full;
    }
    return answer.get();
  }
  bool accepts(const std::string& json) { return std::holds_alternative<Accepted>(tell(json)); }

  /// Until the tables have read the log to its end, or for ten seconds.
  bool settles() {
    for (int i = 0; i < 1'000; ++i) {
      if (service_.store().snapshot()->state().positions() == service_.log().ends()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }

  /// Everything there is, by where it lies. Throws what reading meets with.
  std::map<std::string, std::string> everything() {
    std::map<std::string, std::string> all;
    const Positions ends = service_.log().ends();
    for (std::uint16_t p = 0; p < ends.size(); ++p) {
      const auto reader = service_.log().read(Partition{p}, Offset{0});
      std::vector<StoredRecord> records;
      for (reader->next(records, 100); !records.empty(); reader->next(records, 100)) {
        for (const StoredRecord& record : records) {
          all[fmt::format("log/{}:{}", p, record.offset.value)] = record.bytes;
          const Event event = decode(record.bytes);
          if (event.key.value.is_nil()) continue;
          const auto key = service_.keys().find(event.key);
          all["keys/" + to_string(event.key.value)] =
              key ? std::string(key->bytes.begin(), key->bytes.end()) : std::string();
        }
      }
    }
    for (const std::string& finding : service_.keys().findings()) all["keys/" + finding] = "found";
    const auto snapshot = service_.store().snapshot();
    for (const TableInfo& table : all_tables) {
      snapshot->scan(table.table, "", false, [&](std::string_view key, std::string_view value) {
        all[fmt::format("{}/{}", table.name, key)] = value;
        return true;
      });
    }
    for (const std::string& provider : snapshot->providers()) all["provider/" + provider] = "";
    return all;
  }

 private:
  Service service_;
  CommandReader reader_;
};

}  // namespace geleit
