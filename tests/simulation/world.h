// One whole world of the simulation: a log, keys and a clock that last, one or two processes (tables,
// projector, intake) that come and go, the commands that were sent, and the model that says what must have
// become of them. One thread; everything follows from the seed.
#pragma once

#include <array>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

#include "events/memory_log.h"
#include "projections/projector.h"
#include "projections/reading.h"
#include "projections/rule_book.h"
#include "projections/store.h"
#include "services/intake/command_json.h"
#include "services/intake/intake.h"
#include "tests/simulation/command_teller.h"
#include "tests/simulation/simulated_parts.h"
#include "tests/simulation/small_model.h"

namespace geleit::simulation {

/// Something that must hold does not.
struct Violation : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// How often each thing occurred, by its name; every name is there from the start, so that what never
/// occurred is seen.
using Coverage = std::map<std::string, std::uint64_t, std::less<>>;
[[nodiscard]] Coverage empty_coverage();

struct WorldOptions {
  std::uint64_t seed = 1;
  std::uint64_t steps = 20'000;
  std::filesystem::path dir;  ///< for tables; emptied and filled by the world
  std::uint64_t until = 0;    ///< stop there, with nothing brought to rest; 0: go on to the end
  /// For finding out what a failing run did: told every step as it begins.
  std::function<void(std::uint64_t step, const std::string& what)> hears;
};

class World {
 public:
  World(WorldOptions options, Coverage& coverage);
  ~World();

  /// Steps until `steps` are done, then lets everything come to rest and checks all. Throws Violation, naming
  /// the step.
  void run();
  [[nodiscard]] std::uint64_t steps() const { return step_; }

 private:
  /// A text that was made, sent once or more often.
  struct Spoken {
    Told told;
    Flaw flaw{};
    std::string text;
    std::string content;
    /// Times it was sent and not refused for good: only such a one may be in the log.
    int possible = 0;
  };
  /// One sending of it.
  struct Attempt {
    std::size_t spoken = 0;
    std::size_t process = 0;
    bool dry = false;
    bool known = false;         ///< its id was in the log already
    bool person_known = false;  ///< the person it names was
    std::uint32_t version = 0;  ///< of its case, in the log, when it was sent
    Instant at;
    std::uint64_t clock_moves = 0;
    bool open = true;
  };
  /// A command that is in the log as accepted.
  struct Recorded {
    std::size_t spoken = 0;
    Position position;
    Instant recorded, decided;
    Version version;
    Hash hash;
    std::vector<Rule> findings;
    bool answered = false;
  };
  struct CaseHere {
    ModelCase is;
    Head head;
    Position last;
    std::uint32_t stale = 0;
  };
  struct Process;
  using CommandKey = std::pair<Uuid, Uuid>;  ///< case, command

  // What happens.
  void take_step();
  void send_something();
  void send(std::size_t process, std::vector<std::size_t> spoken, bool dry);
  std::size_t speak(Told told, Flaw flaw);
  std::size_t something_to_say();
  void step_log();
  void step_projector(std::size_t process);
  void step_intake(std::size_t process);
  void disturb();
  void move_clock();
  void look();
  void kill(std::size_t process);
  void start(std::size_t process);
  void crash_all(bool log_too);
  void come_to_rest();
  MemoryFault fault_of_write(std::span<const NewRecord> records);

  // What must hold.
  void audit_log();
  void audit_record(const StoredRecord& record);
  void audit_accepted(const StoredRecord& record, const Event& event, CaseHere& here);
  void check_answer(std::size_t attempt, const Answer& answer);
  void check_accepted(const Attempt& attempt, const Accepted& accepted);
  void check_refused(const Attempt& attempt, const Rejection& rejection, Verdict verdict);
  void check_rows(const Process& process, const CaseHere& here);
  void check_lists(const Process& process);
  void page_on(Process& process);
  void check_figures(const Process& process);
  void check_figures(const Reading& reading, const std::string& provider, Benefit benefit) const;
  void check_history(const Process& process, const CaseHere& here);
  void check_everything();
  [[nodiscard]] bool up_to_date(const Process& process, const CaseHere& here) const;
  [[nodiscard]] bool person_known(const Told& told) const;
  [[nodiscard]] const CaseHere* case_of(const Spoken& spoken) const;
  [[nodiscard]] static Uuid case_id_of(const Told& told);
  [[noreturn]] void fail(const std::string& what) const;
  void require(bool condition, std::string_view what) const {
    if (!condition) fail(std::string(what));
  }
  void count(std::string_view what) { ++coverage_.find(what)->second; }
  void note(const std::string& what);

  WorldOptions options_;
  Coverage& coverage_;
  Draw draw_;
  CommandTeller teller_;
  CommandReader reader_;
  SimulatedClock clock_;
  SimulatedKeys keys_;
  std::uint16_t partitions_;
  bool faults_wanted_, two_;
  bool faults_on_ = false;
  std::unique_ptr<MemoryLog> log_;
  std::vector<std::unique_ptr<Process>> processes_;
  std::uint64_t step_ = 0;
  std::uint64_t starts_ = 0;

  std::deque<Spoken> spoken_;
  std::deque<Attempt> attempts_;
  std::map<CommandKey, std::vector<std::size_t>> by_id_;
  std::map<CommandKey, Recorded> recorded_;
  std::vector<std::size_t> without_id_;
  std::unordered_map<CaseId, CaseHere> cases_;
  std::vector<CaseId> known_cases_;
  std::map<std::pair<std::string, Uuid>, int> persons_;  ///< by provider
  std::vector<CaseId> hot_;
  std::vector<std::unique_ptr<LogReader>> auditors_;
  Positions audited_;
  std::vector<Instant> latest_;
  std::string violation_;  ///< found within a callback
  std::uint64_t accepted_ = 0, stale_ = 0, foreign_ = 0;
  Head settings_;
  CaseId settings_stream_;
};

}  // namespace geleit::simulation
