// Makes a data directory that holds the log and the keys of many simulated providers over ten years, as
// intake would have written them (same commands, same decisions, same bytes), but some fifty times as fast:
// nothing is answered, and groups get the size that is asked for. The tables are left to be made.
//   country_log DIRECTORY [events] [records per group] [seed]      default 1000000 events, groups of 64
// Prints one JSON line. A directory that holds such a log already is left as it is.
#include <fmt/format.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "events/civil_time.h"
#include "events/embedded_log_database.h"
#include "projections/evolve.h"
#include "services/fresh_key.h"
#include "services/intake/command_json.h"
#include "services/intake/decide.h"
#include "services/seal.h"
#include "services/service.h"
#include "services/simulate/simulator.h"

namespace geleit {
namespace {

/// What the simulator's priors give one facility in ten years, with what lies before and after.
constexpr std::uint64_t events_per_facility = 35'600;
constexpr int years = 10;
constexpr std::uint64_t facilities_max = 120;
constexpr std::size_t chunk_bytes = 1 << 20;
constexpr std::size_t groups_per_write = 512;
constexpr std::size_t keys_per_write = 4'096;

/// Lines on their way from the simulator to who decides them, each in a thread of its own.
class Lines {
 public:
  void put(std::string chunk) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return chunks_.size() < 8; });
    chunks_.push_back(std::move(chunk));
    changed_.notify_all();
  }
  /// Empty at the end.
  std::string take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !chunks_.empty(); });
    std::string chunk = std::move(chunks_.front());
    chunks_.pop_front();
    changed_.notify_all();
    return chunk;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> chunks_;
};

/// Takes commands as intake does and writes what they yield.
class Recorder {
 public:
  Recorder(const DataDirectory& data, std::size_t group, std::uint64_t seed)
      : group_(group),
        chance_(seed),
        keys_(open_key_store(data.keys(), MasterKey::load_or_make(data.master_key(), {}))),
        log_(data.log(), LogDatabase::Mode::write, {}) {
    for (const auto& set : shipped_rule_sets())
      rules_.adopt({SettingsScope::shipped, set->from(), set->hash(), set->content()});
    const std::uint16_t partitions = log_.identity()->partitions;
    waiting_.resize(partitions);
    for (std::uint16_t p = 0; p < partitions; ++p) ends_.push_back(log_.end_of(Partition{p}).end);
  }

  void take(std::string_view line) {
    auto read = reader_.read(line, [&](std::optional<Instant> entered) {
      now_ = std::max(now_, entered.value_or(now_));
      return now_;
    });
    const auto* command = std::get_if<Command>(&read);
    if (command == nullptr) return void(++refused_);
    const CaseId id = case_of(*command);
    Known& known = cases_[id];
    for (const std::uint64_t tail : known.decided) {
      if (tail == command->id.value.low) return void(++repeated_);
    }
    decide_on(known, id, *command);
  }

  void finish() {
    for (auto& records : waiting_) lay_out(records);
    write();
    if (!new_keys_.empty()) keys_->add(new_keys_);
  }

  [[nodiscard]] std::string report() const {
    return fmt::format(
        R"({{"events": {}, "cases": {}, "group": {}, "refused": {}, "repeated": {}, "payload_octets": {}}})",
        events_, cases_.size(), group_, refused_, repeated_, payload_octets_);
  }

 private:
  struct Known {
    Case state;
    std::shared_ptr<const PersonKey> key;
    PersonData person;  ///< only what decisions rest on
    std::vector<std::uint64_t> decided;
  };

  void decide_on(Known& known, const CaseId& id, const Command& command) {
    const CivilDate today = berlin_date(now_);
    const auto rule_set = shipped_rule_set_on(today);
    const auto* referral = std::get_if<ReceiveReferral>(&command.data);
    const Known* earlier = nullptr;
    if (referral && !known.key) {
      const auto same = persons_.find(person_of(command, *referral).value.low);
      if (referral->person_id && same != persons_.end()) earlier = &cases_.at(same->second);
      known.key = earlier ? earlier->key : make_key(person_of(command, *referral));
      if (referral->person) known.person.born = referral->person->born;
      if (earlier) known.person = earlier->person;
    }
    if (!known.key) return void(++refused_);
    EventSealer sealer(*known.key, id, command.id);
    JudgedBy judged_by;
    judged_by.shipped = rule_set->hash();
    auto decided = decide(known.state, command,
                          {.now = now_,
                           .today = today,
                           .rules = *rules_.find(judged_by),
                           .person = known.state.exists() ? &known.person : nullptr,
                           .known_person = earlier ? &earlier->person : nullptr,
                           .rule_book = rules_,
                           .seal = sealer});
    auto* proposal = std::get_if<Proposal>(&decided);
    if (proposal == nullptr) return void(++refused_);
    Event event;
    event.id = command.id;
    event.stream = id;
    event.version = next(known.state.head.version);
    event.previous = known.state.head.hash;
    event.happened = command.happened;
    event.decided = now_;
    event.provider = referral ? referral->provider : std::string_view(known.state.provider);
    event.by = command.by;
    event.judged_by = judged_by;
    event.key = known.key->id;
    event.tag = content_tag(*known.key, command.content);
    event.findings = std::move(proposal->findings);
    event.deviations = std::move(proposal->deviations);
    event.payload = std::move(proposal->payload);
    std::string bytes = encode(event);
    evolve(known.state, event, stated_hash(bytes));
    if (referral) persons_[known.state.person_id.value.low] = id;
    known.decided.push_back(command.id.value.low);
    payload_octets_ += bytes.size();
    ++events_;
    const Partition partition = partition_of(id, static_cast<std::uint16_t>(waiting_.size()));
    auto& records = waiting_[partition.value];
    records.push_back({partition, now_, std::move(bytes)});
    if (records.size() >= group_) lay_out(records);
  }

  std::shared_ptr<const PersonKey> make_key(PersonId person) {
    const KeyId id{{chance_.next(), chance_.next()}};
    const auto key = std::make_shared<PersonKey>(make_person_key(id, person, fresh_key(chance_)));
    new_keys_.push_back(*key);
    if (new_keys_.size() >= keys_per_write) {
      keys_->add(new_keys_);
      new_keys_.clear();
    }
    return key;
  }

  struct Waiting {
    Partition partition;
    Instant recorded;
    std::string bytes;
  };

  void lay_out(std::vector<Waiting>& records) {
    timed_.clear();
    for (const Waiting& record : records) timed_.push_back({record.partition, record.recorded, record.bytes});
    for (auto& group : make_groups(timed_, ends_)) groups_.push_back(std::move(group));
    records.clear();
    if (groups_.size() >= groups_per_write) write();
  }
  void write() {
    log_.write(groups_);
    groups_.clear();
  }

  std::size_t group_;
  SeededChance chance_;
  std::unique_ptr<KeyStore> keys_;
  LogDatabase log_;
  RuleBook rules_;
  CommandReader reader_;
  Instant now_{};
  Positions ends_;
  std::unordered_map<CaseId, Known> cases_;
  std::unordered_map<std::uint64_t, CaseId> persons_;
  std::vector<PersonKey> new_keys_;
  std::vector<std::vector<Waiting>> waiting_;
  std::vector<TimedRecord> timed_;
  std::vector<std::shared_ptr<const RecordGroup>> groups_;
  std::uint64_t events_ = 0, refused_ = 0, repeated_ = 0, payload_octets_ = 0;
};

/// A country has 120 facilities; for more events than theirs they get more children.
std::string priors_for(std::uint64_t facilities) {
  std::string text(shipped_priors());
  if (facilities <= facilities_max) return text;
  const std::string_view children = "country_children_a_year = 10000";
  const std::size_t at = text.find(children);
  if (at == std::string::npos) throw std::logic_error("expected the priors to tell the children of a year");
  text.replace(at, children.size(),
               fmt::format("country_children_a_year = {}", 10'000 * facilities / facilities_max));
  return text;
}

void run(const std::filesystem::path& dir, std::uint64_t events, std::size_t group, std::uint64_t seed) {
  const std::filesystem::path made = dir / "country_log.json";
  if (std::filesystem::exists(made)) {
    fmt::print("{{\"made\": \"before\"}}\n");
    return;
  }
  const DataDirectory data{dir, {}};
  {
    // What every log begins with.
    Service service(data, {ClockChoice::Kind::entered, {}});
    service.start({});
    service.stop();
  }
  std::filesystem::remove_all(data.tables());
  SimulationOptions options;
  options.seed = seed;
  const std::uint64_t facilities = std::max<std::uint64_t>(1, events / events_per_facility);
  options.facilities = static_cast<int>(std::min(facilities, facilities_max));
  options.years = years;
  options.start = civil(2016, 7, 1);
  Simulator simulator(options, Priors::parse(priors_for(facilities)));
  Lines lines;
  std::jthread telling([&] {
    std::string chunk;
    for (bool more = true; more;) {
      more = simulator.next(chunk);
      if (!more || chunk.size() >= chunk_bytes) lines.put(std::exchange(chunk, {}));
    }
    lines.put({});
  });
  Recorder recorder(data, group, seed);
  for (std::string chunk = lines.take(); !chunk.empty(); chunk = lines.take()) {
    for (std::string_view rest = chunk; !rest.empty();) {
      const std::size_t end = std::min(rest.find('\n'), rest.size() - 1);
      recorder.take(rest.substr(0, end));
      rest.remove_prefix(end + 1);
    }
  }
  recorder.finish();
  std::FILE* out = std::fopen(made.c_str(), "w");
  if (out != nullptr) {
    fmt::print(out, "{}\n", recorder.report());
    std::fclose(out);
  }
  fmt::print("{}\n", recorder.report());
}

}  // namespace
}  // namespace geleit

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "country_log DIRECTORY [events] [records per group] [seed]\n");
    return 2;
  }
  geleit::run(argv[1], argc > 2 ? std::stoull(argv[2]) : 1'000'000, argc > 3 ? std::stoul(argv[3]) : 64,
              argc > 4 ? std::stoull(argv[4]) : 1);
  return 0;
}
