#include "tests/simulation/world.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "events/chain.h"
#include "events/civil_time.h"
#include "events/codec.h"
#include "events/sha256.h"
#include "events/uuid.h"
#include "projections/rebuild.h"
#include "services/intake/adopt_settings.h"
#include "tests/simulation/world_process.h"

namespace geleit::simulation {
namespace {

constexpr std::array fault_words{
    "fault: append fails",
    "fault: append fails half way",
    "fault: acknowledgement lost",
    "fault: write twice",
    "fault: slow write",
    "fault: crash in a write",
    "fault: process killed",
    "fault: all killed",
    "fault: all killed with the queue",
    "fault: tables lost",
    "fault: tables of an earlier time",
    "fault: keys not kept",
    "fault: keys kept and denied",
    "fault: log out of reach",
    "fault: queue of the log full",
    "fault: a reading fails",
    "fault: tables not written",
    "fault: tables written and denied",
    "fault: process ended in order",
    "fault: reading lags behind",
    "fault: clock forward",
    "fault: clock back",
    "fault: clock into a night of change",
};
constexpr std::array step_words{
    "step: command", "step: bulk of commands", "step: write", "step: intake", "step: projector",
    "step: look",    "step: process started",
};
constexpr std::array check_words{
    "check: record in the log",
    "check: accepted answer",
    "check: repeated answer",
    "check: dry answer",
    "check: refusal against the model",
    "check: refusal on a case that moved",
    "check: rows of a case",
    "check: history of a case",
    "check: list by pages",
    "check: list by pages while it changes",
    "check: key figures",
    "check: rebuild byte for byte",
    "check: two processes byte for byte",
    "check: at rest all are answered",
};

}  // namespace

namespace {

/// The installation's settings, adopted once: a checklist of as many items as the model knows, for all time.
void adopt_checklist(Log& log, Store& store, RuleBook& rules, Projector& projector, Instant now) {
  if (rules.last_adopted("").value > 0) return;
  std::string items;
  for (std::int32_t item = 1; item <= items_known; ++item) {
    items += fmt::format(R"({}{{"item":"item-{}","text":{{"de":"Punkt"}}}})", item > 1 ? "," : "", item);
  }
  const std::string content = fmt::format(
      R"({{"from":"1950-01-01","settings":{{"checklists":[{{"step":"agree_care_plan","items":[{}]}}]}}}})",
      items);
  const CaseId stream = installation_stream();
  const Head head = store.stream_head(stream);
  Event event;
  event.id = {uuid_v5(stream.value, "checklist")};
  event.stream = stream;
  event.version = next(head.version);
  event.previous = head.hash;
  event.decided = now;
  event.happened = {berlin_date(now), now};
  event.payload = SettingsAdopted{SettingsScope::installation, civil(1950, 1, 1), sha256(content), content};
  log.append({{partition_of(stream, log.info().partitions), encode(event)}}, [](const Appended&) {});
  while (projector.step() > 0) {}
}

}  // namespace

Coverage empty_coverage() {
  Coverage coverage;
  for (const Named& name : names) {
    coverage["accepted: " + std::string(name.command)] = 0;
    coverage["refused: " + std::string(name.command)] = 0;
  }
  for (const std::string_view word : verdict_words) coverage["answer: " + std::string(word)] = 0;
  for (const auto& words : fault_words) coverage[words] = 0;
  for (const auto& words : step_words) coverage[words] = 0;
  for (const auto& words : check_words) coverage[words] = 0;
  return coverage;
}

World::World(WorldOptions options, Coverage& coverage)
    : options_(std::move(options)),
      coverage_(coverage),
      draw_(options_.seed),
      teller_(draw_),
      clock_(Instant{std::int64_t{days_of(2026, 1, 5)} * 86'400'000 +
                     std::int64_t{draw_.below(300)} * 86'400'000 + draw_.below(86'400'000)}),
      partitions_(static_cast<std::uint16_t>(draw_.between(1, 4))),
      faults_wanted_(!draw_.one_in(5)),
      two_(!draw_.one_in(3)),
      settings_stream_(installation_stream()) {
  std::filesystem::remove_all(options_.dir);
  MemoryLogOptions log;
  log.partitions = partitions_;
  log.id = draw_.uuid();
  log.created = clock_.now();
  log.clock = [this] { return clock_.now(); };
  log.delivery = Delivery::stepped;
  log.faults = [this](std::uint64_t, std::span<const NewRecord> records) { return fault_of_write(records); };
  log_ = std::make_unique<MemoryLog>(std::move(log));
  for (std::uint16_t p = 0; p < partitions_; ++p) auditors_.push_back(log_->read(Partition{p}, Offset{0}));
  audited_.resize(partitions_);
  latest_.assign(partitions_, Instant{std::numeric_limits<std::int64_t>::min()});
  for (std::size_t i = 0; i < (two_ ? 2U : 1U); ++i) {
    auto process = std::make_unique<Process>();
    process->number = i;
    process->tables = options_.dir / fmt::format("tables-{}", i);
    processes_.push_back(std::move(process));
    start(i);
  }
}

World::~World() {
  for (auto& process : processes_) {
    process->intake.reset();
    process->projector.reset();
    process->store.reset();
  }
  std::error_code ignored;
  std::filesystem::remove_all(options_.dir, ignored);
}

void World::fail(const std::string& what) const { throw Violation(fmt::format("step {}: {}", step_, what)); }

void World::note(const std::string& what) {
  if (options_.hears) options_.hears(step_, what);
}

// ---------------------------------------------------------------- what happens

void World::run() {
  faults_on_ = faults_wanted_;
  while (step_ < options_.steps) {
    if (options_.until > 0 && step_ >= options_.until) return;
    take_step();
  }
  come_to_rest();
  check_everything();
}

void World::take_step() {
  for (auto& process : processes_) {
    if (!process->lives() && step_ >= process->comes_back) {
      ++step_;
      start(process->number);
      return;
    }
  }
  // Only what has something to do is a step.
  for (;;) {
    const std::size_t at = draw_.below(processes_.size());
    Process& process = *processes_[at];
    const std::uint32_t what = draw_.below(1000);
    if (what < 300) {
      if (!process.lives() || process.open.size() > 150) continue;
      send_something();
    } else if (what < 500) {
      if (log_->waiting() == 0) continue;
      step_log();
    } else if (what < 780) {
      if (!process.lives()) continue;
      step_intake(at);
    } else if (what < 940) {
      if (!process.lives() || process.store->snapshot()->state().positions() == audited_) continue;
      step_projector(at);
    } else if (what < 960) {
      move_clock();
    } else if (what < 985) {
      if (!process.lives()) continue;
      look();
    } else {
      if (!faults_on_) continue;
      disturb();
    }
    if (!violation_.empty()) throw Violation(violation_);
    return;
  }
}

std::size_t World::speak(Told told, Flaw flaw) {
  if (!told.case_id) told.id_given = true;
  Spoken spoken;
  spoken.text = teller_.text_of(told, flaw);
  spoken.told = std::move(told);
  spoken.flaw = flaw;
  auto read = reader_.read(spoken.text, clock_.now());
  if (auto* command = std::get_if<Command>(&read)) {
    require(flaw == Flaw::none, "a text that is wrong was read as a command: " + spoken.text);
    spoken.content = std::move(command->content);
  } else {
    require(flaw != Flaw::none, "a text that is right was not read (" + std::get<Rejection>(read).detail.en +
                                    "): " + spoken.text);
  }
  const std::size_t index = spoken_.size();
  if (flaw == Flaw::none) {
    if (spoken.told.id_given)
      by_id_[{case_id_of(spoken.told), spoken.told.id}].push_back(index);
    else
      without_id_.push_back(index);
  }
  spoken_.push_back(std::move(spoken));
  return index;
}

Uuid World::case_id_of(const Told& told) { return told.case_id ? *told.case_id : uuid_v5(told.id, "case"); }

std::size_t World::something_to_say() {
  const std::uint32_t what = draw_.below(100);
  if (what < 10 && !spoken_.empty()) {
    const std::size_t back = draw_.one_in(3) ? spoken_.size() : std::min<std::size_t>(spoken_.size(), 60);
    return spoken_.size() - 1 - draw_.below(back);
  }
  if (what < 13 && !spoken_.empty()) {
    const Spoken& before =
        spoken_[spoken_.size() - 1 - draw_.below(std::min<std::size_t>(spoken_.size(), 200))];
    if (before.flaw == Flaw::none && before.told.id_given) {
      Told other = before.told;
      other.happened -= 1 + static_cast<std::int32_t>(draw_.below(3));
      other.expect_version.reset();
      return speak(std::move(other), Flaw::none);
    }
  }
  const CaseHere* here = nullptr;
  CaseId id{draw_.uuid()};
  if (what < 92 && !known_cases_.empty()) {
    if (hot_.size() < 3 || draw_.one_in(400)) {
      hot_.push_back(draw_.of(known_cases_));
      if (hot_.size() > 3) hot_.erase(hot_.begin());
    }
    id = draw_.one_in(2) ? draw_.of(hot_) : draw_.of(known_cases_);
    here = &cases_.at(id);
    if (here->is.version > 120) {
      std::erase(hot_, id);
      id = draw_.of(known_cases_);
      here = &cases_.at(id);
    }
  }
  std::optional<Uuid> person;
  if (!known_cases_.empty()) person = cases_.at(draw_.of(known_cases_)).is.person;
  Told told = teller_.tell(here ? &here->is : nullptr, clock_.now().ms, id.value, person);
  if (person && told.person_id == person) {
    // Half the time of the provider that knows the person.
    for (const std::string_view provider : providers) {
      if (draw_.one_in(2) && persons_.contains({std::string(provider), *person})) told.provider = provider;
    }
  }
  if (draw_.one_in(15)) {
    const int version = static_cast<int>(here ? here->is.version : 0) + draw_.between(-1, 1);
    told.expect_version = static_cast<std::uint32_t>(std::max(version, 1));
  }
  if (draw_.one_in(50)) told.id_given = false;
  const Flaw flaw = draw_.one_in(25) ? static_cast<Flaw>(1 + draw_.below(flaw_count - 1)) : Flaw::none;
  return speak(std::move(told), flaw);
}

void World::send_something() {
  std::size_t at = draw_.below(processes_.size());
  while (!processes_[at]->lives()) at = (at + 1) % processes_.size();
  std::vector<std::size_t> spoken{something_to_say()};
  const bool bulk = draw_.one_in(8);
  if (bulk) {
    for (int more = draw_.between(1, 25); more > 0; --more) spoken.push_back(something_to_say());
  }
  count(bulk ? "step: bulk of commands" : "step: command");
  step_ += spoken.size();
  const bool dry = draw_.one_in(25);
  send(at, spoken, dry);
  // The same to the other at once: a client that does not wait.
  if (two_ && draw_.one_in(12) && processes_[1 - at]->lives()) {
    step_ += spoken.size();
    send(1 - at, std::move(spoken), dry);
  }
}

void World::send(std::size_t at, std::vector<std::size_t> spoken, bool dry) {
  Process& process = *processes_[at];
  std::vector<Submitted> commands;
  std::vector<std::size_t> attempts;
  for (const std::size_t index : spoken) {
    Spoken& said = spoken_[index];
    Attempt attempt;
    attempt.spoken = index;
    attempt.process = at;
    attempt.dry = dry;
    attempt.at = clock_.now();
    attempt.clock_moves = clock_.moves();
    if (said.flaw == Flaw::none) {
      const CaseHere* here = case_of(said);
      attempt.version = here ? here->is.version : 0;
      attempt.known = said.told.id_given && recorded_.contains({case_id_of(said.told), said.told.id});
      attempt.person_known = person_known(said.told);
      if (!dry) ++said.possible;
    }
    if (options_.hears) note(fmt::format("sent to {}{}: {}", at, dry ? ", dry" : "", said.text));
    commands.push_back(reader_.read(said.text, clock_.now()));
    attempts.push_back(attempts_.size());
    attempts_.push_back(attempt);
  }
  const bool taken =
      process.intake->submit(std::move(commands), dry, {}, [this, attempts](std::vector<Answer> answers) {
        // What is thrown here would be caught as if the product had failed.
        try {
          require(answers.size() == attempts.size(), "not as many answers as commands");
          for (std::size_t i = 0; i < attempts.size(); ++i) check_answer(attempts[i], answers[i]);
        } catch (const Violation& violation) {
          if (violation_.empty()) violation_ = violation.what();
        }
      });
  if (taken) {
    process.open.insert(process.open.end(), attempts.begin(), attempts.end());
    return;
  }
  count("answer: overloaded");
  for (const std::size_t index : attempts) {
    Attempt& attempt = attempts_[index];
    attempt.open = false;
    if (spoken_[attempt.spoken].flaw == Flaw::none && !attempt.dry) --spoken_[attempt.spoken].possible;
  }
}

void World::step_log() {
  ++step_;
  count("step: write");
  log_->step();
  audit_log();
  if (log_->crashed()) crash_all(true);
}

void World::step_projector(std::size_t at) {
  ++step_;
  count("step: projector");
  Process& process = *processes_[at];
  try {
    process.projector->step();
  } catch (const LogUnavailable&) {
    require(process.stumbles || process.log->gone(), "the log is there, but the projector misses it");
  } catch (const StoreFailed& failure) {
    require(process.tables_fail, std::string("the tables cannot be written: ") + failure.what());
  }
  process.intake->tables_advanced();
  if (draw_.one_in(4) && !known_cases_.empty()) {
    const CaseHere& here = cases_.at(draw_.of(known_cases_));
    if (up_to_date(process, here)) check_rows(process, here);
  }
}

void World::step_intake(std::size_t at) {
  ++step_;
  count("step: intake");
  Process& process = *processes_[at];
  process.intake->step();
  std::erase_if(process.open, [&](std::size_t attempt) { return !attempts_[attempt].open; });
}

void World::move_clock() {
  ++step_;
  switch (draw_.below(12)) {
    case 0:
      count("fault: clock back");
      clock_.move(-draw_.between(1, 172'800) * 1000);
      break;
    case 1:
      count("fault: clock forward");
      clock_.move(std::int64_t{draw_.between(1, 4 * 86'400)} * 1000);
      break;
    case 2: {
      for (const int month : {3, 10}) {
        const std::int64_t to = summer_change(2026, month) - clock_.now().ms;
        if (to < 0 || to > std::int64_t{40} * 86'400'000) continue;
        count("fault: clock into a night of change");
        clock_.move(to + draw_.between(-3600, 3600) * 1000);
        break;
      }
      break;
    }
    default: clock_.move(draw_.between(1, 3'600'000)); break;
  }
}

MemoryFault World::fault_of_write(std::span<const NewRecord> records) {
  using Kind = MemoryFault::Kind;
  if (!faults_on_ || !draw_.one_in(60)) return {};
  switch (draw_.below(12)) {
    case 0: count("fault: append fails"); return {Kind::fail, 0};
    case 1: count("fault: append fails half way"); return {Kind::fail, draw_.below(records.size() + 1)};
    case 2:
    case 3: count("fault: acknowledgement lost"); return {Kind::lose_acknowledgement, 0};
    case 4:
    case 5:
    case 6: count("fault: write twice"); return {Kind::duplicate, 0};
    case 7: count("fault: crash in a write"); return {Kind::crash, draw_.below(records.size() + 1)};
    default: count("fault: slow write"); return {Kind::hold, 1 + draw_.below(8)};
  }
}

void World::disturb() {
  ++step_;
  const std::size_t at = draw_.below(processes_.size());
  Process& process = *processes_[at];
  switch (draw_.below(30)) {
    case 0:
      note(fmt::format("process {} is killed", at));
      count("fault: process killed");
      kill(at);
      break;
    case 1:
      if (!draw_.one_in(2)) break;
      crash_all(draw_.one_in(2));
      break;
    case 2:
    case 3:
      count("fault: keys not kept");
      keys_.fail_next(SimulatedKeys::Failure::before);
      break;
    case 4:
    case 5:
      count("fault: keys kept and denied");
      keys_.fail_next(SimulatedKeys::Failure::after);
      break;
    case 6:
    case 7:
      if (!process.lives()) break;
      count("fault: queue of the log full");
      process.log->fill_queue();
      break;
    case 8:
    case 9:
    case 10:
      if (!process.lives()) break;
      count("fault: log out of reach");
      process.log->be_gone(true);
      break;
    case 11:
    case 12:
      if (!process.lives()) break;
      count("fault: a reading fails");
      process.stumbles = true;
      process.log->stumble(draw_.between(1, 2 * partitions_));
      break;
    case 17:
      if (!process.lives()) break;
      process.tables_fail = true;
      if (draw_.one_in(2)) {
        count("fault: tables not written");
        process.store->fail_next(StoreOfProcess::Failure::before);
      } else {
        count("fault: tables written and denied");
        process.store->fail_next(StoreOfProcess::Failure::after);
      }
      break;
    case 18:
      if (!process.lives() || !draw_.one_in(2)) break;
      note(fmt::format("process {} ends in order", at));
      count("fault: process ended in order");
      process.intake->give_up();
      process.intake->run({});
      for (const std::size_t index : process.open) {
        require(!attempts_[index].open, "its process has ended in order, but this was never answered: " +
                                            spoken_[attempts_[index].spoken].text);
      }
      kill(at);
      break;
    case 13:
    case 14:
    case 15:
    case 16:
      if (!process.lives()) break;
      count("fault: reading lags behind");
      note(fmt::format("process {} reads no further", at));
      process.log->stop_reading();
      break;
    default:
      // What was taken away is given back.
      if (!process.lives()) break;
      process.log->be_gone(false);
      process.log->go_on_reading();
      break;
  }
}

void World::kill(std::size_t at) {
  Process& process = *processes_[at];
  if (!process.lives()) return;
  process.intake.reset();
  process.projector.reset();
  process.store.reset();
  process.rules.reset();
  process.log.reset();
  // What becomes of what was sent and not answered is open; it may be in the log.
  for (const std::size_t attempt : process.open) attempts_[attempt].open = false;
  process.open.clear();
  process.comes_back = step_ + draw_.below(60);
  const std::filesystem::path old = process.tables.string() + ".old";
  namespace fs = std::filesystem;
  const std::uint32_t what = draw_.below(12);
  if (what < 2) {
    fs::remove_all(old);
    fs::copy(process.tables, old, fs::copy_options::recursive);
  } else if (what == 2) {
    count("fault: tables lost");
    fs::remove_all(process.tables);
  } else if (what < 5 && fs::exists(old)) {
    count("fault: tables of an earlier time");
    fs::remove_all(process.tables);
    fs::rename(old, process.tables);
  }
}

void World::start(std::size_t at) {
  Process& process = *processes_[at];
  const bool faults_on = std::exchange(faults_on_, false);
  note(fmt::format("process {} starts", at));
  process.log = std::make_unique<LogOfProcess>(*log_);
  process.log->at_once(true);
  process.rules = std::make_unique<RuleBook>();
  process.chance = std::make_unique<SeededChance>(options_.seed * 1'000'003 + ++starts_);
  process.store = std::make_unique<StoreOfProcess>(
      Store::open({.dir = process.tables, .cache_octets = 8 << 20, .write_buffer_octets = 16 << 20}));
  // Small bounds are met; one of each, so that both halves of every batch are met, too.
  const ProjectorLimits projector{.batch_records = 1 + draw_.below(40), .cached_cases = draw_.below(30)};
  process.projector = std::make_unique<Projector>(*process.log, *process.store, *process.rules, projector);
  process.projector->prepare({});
  while (process.projector->step() > 0) {}
  adopt_shipped_rules(*process.log, *process.store, *process.rules, *process.projector, clock_);
  adopt_checklist(*process.log, *process.store, *process.rules, *process.projector, clock_.now());
  process.log->at_once(false);
  const IntakeLimits intake{.queue = 60 + draw_.below(200),
                            .decide_batch = 1 + draw_.below(40),
                            .ahead_per_case = 1 + draw_.below(12),
                            .cases_at_hand = draw_.below(40),
                            .events_at_hand = draw_.below(200)};
  process.intake = std::make_unique<Intake>(*process.log, *process.store, *process.rules, keys_, clock_,
                                            *process.chance, nullptr, intake);
  faults_on_ = faults_on;
  audit_log();
  if (starts_ > processes_.size()) count("step: process started");
}

void World::crash_all(bool log_too) {
  note(log_too ? "all are killed, what was queued is gone" : "all are killed");
  count(log_too ? "fault: all killed with the queue" : "fault: all killed");
  for (auto& process : processes_) kill(process->number);
  if (log_too && !log_->crashed()) log_->crash();
  if (log_->crashed()) log_->restart();
  audit_log();
  if (draw_.one_in(3)) {
    come_to_rest();
    check_everything();
  }
}

void World::come_to_rest() {
  const bool faults_on = std::exchange(faults_on_, false);
  keys_.fail_next(SimulatedKeys::Failure::none);
  for (auto& process : processes_) {
    if (!process->lives()) start(process->number);
    process->log->be_gone(false);
    process->log->stumble(0);
    process->store->fail_next(StoreOfProcess::Failure::none);
    process->log->go_on_reading();
  }
  int quiet = 0;
  for (int round = 0; quiet < 3; ++round) {
    require(round < 20'000, "expected everything to come to rest, but it never does");
    bool moved = false;
    while (log_->step()) moved = true;
    audit_log();
    for (auto& process : processes_) {
      while (process->projector->step() > 0) moved = true;
      process->intake->tables_advanced();
      moved = process->intake->step() || moved;
      if (!violation_.empty()) throw Violation(violation_);
    }
    quiet = moved ? 0 : quiet + 1;
  }
  count("check: at rest all are answered");
  for (auto& process : processes_) {
    for (const std::size_t index : process->open) {
      const Attempt& attempt = attempts_[index];
      require(!attempt.open,
              "everything rests, but this was never answered: " + spoken_[attempt.spoken].text);
    }
    process->open.clear();
  }
  faults_on_ = faults_on;
}

}  // namespace geleit::simulation
