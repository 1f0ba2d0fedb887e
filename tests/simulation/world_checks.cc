// What must hold in a world: the log against what was sent, answers against the log and the model, tables
// against the model and against a rebuild.
#include <fmt/format.h>

#include <algorithm>

#include "events/chain.h"
#include "events/civil_time.h"
#include "events/codec.h"
#include "events/uuid.h"
#include "projections/key_figures.h"
#include "projections/reading.h"
#include "projections/rebuild.h"
#include "projections/row_codec.h"
#include "services/query/case_view.h"
#include "services/query/history.h"
#include "services/query/lists.h"
#include "services/seal.h"
#include "tests/simulation/world.h"
#include "tests/simulation/world_process.h"

namespace geleit::simulation {
namespace {

Verdict verdict_of(RejectionKind kind) {
  switch (kind) {
    case RejectionKind::malformed: return Verdict::malformed;
    case RejectionKind::no_such_case: return Verdict::no_such_case;
    case RejectionKind::version_conflict: return Verdict::version_conflict;
    case RejectionKind::id_reused: return Verdict::id_reused;
    case RejectionKind::already_exists: return Verdict::already_exists;
    case RejectionKind::wrong_state: return Verdict::wrong_state;
    case RejectionKind::unknown_reference: return Verdict::unknown_reference;
    case RejectionKind::rule_rejected: return Verdict::rule_rejected;
    case RejectionKind::reason_required: return Verdict::reason_required;
    case RejectionKind::overloaded: return Verdict::overloaded;
    case RejectionKind::forbidden:
    case RejectionKind::too_large:
    case RejectionKind::not_ready: return Verdict::not_ready;
  }
  return Verdict::not_ready;
}

template <class T>
std::optional<std::int32_t> days(const std::optional<T>& on) {
  return on ? std::optional(on->days) : std::nullopt;
}

}  // namespace

// ---------------------------------------------------------------- the log

void World::audit_log() {
  if (log_->crashed()) return;
  std::vector<StoredRecord> records;
  for (auto& auditor : auditors_) {
    for (;;) {
      auditor->next(records, 1'000);
      if (records.empty()) break;
      for (const StoredRecord& record : records) audit_record(record);
    }
  }
}

void World::audit_record(const StoredRecord& record) {
  count("check: record in the log");
  const std::uint16_t p = record.partition.value;
  require(record.offset == audited_[p], "offsets of a partition have a gap");
  audited_[p] = next(record.offset);
  require(record.recorded >= latest_[p], "recorded goes back within a partition");
  latest_[p] = record.recorded;
  const auto link = link_of(record.bytes);
  require(link.has_value(), "a record cannot be read");
  require(recompute_hash(record.bytes) == stated_hash(record.bytes),
          "a record states another hash than its own");
  require(partition_of(link->stream, partitions_) == record.partition,
          "a record lies in the wrong partition");
  const bool settings = link->stream == settings_stream_;
  Head& head = settings ? settings_ : cases_[link->stream].head;
  if (link->version.value != head.version.value + 1 || link->previous != head.hash) {
    ++stale_;
    if (!settings) ++cases_[link->stream].stale;
    return;
  }
  head = {link->version, link->hash};
  ++accepted_;
  if (settings) return;
  CaseHere& here = cases_[link->stream];
  const Event event = decode(record.bytes);
  audit_accepted(record, event, here);
}

void World::audit_accepted(const StoredRecord& record, const Event& event, CaseHere& here) {
  const auto key = keys_.find(event.key);
  require(key != nullptr, "an event was sealed with a key that nobody has");
  const CommandKey id{event.stream.value, event.id.value};
  require(!recorded_.contains(id), "a command was recorded twice: " + to_string(event.id.value));
  const auto is_of = [&](std::size_t index) {
    const Spoken& spoken = spoken_[index];
    return of(spoken.told.name).event == name_of(event.payload) &&
           content_tag(*key, spoken.content) == event.tag;
  };
  std::optional<std::size_t> found;
  if (const auto candidates = by_id_.find(id); candidates != by_id_.end()) {
    for (const std::size_t index : candidates->second) {
      // The same words may have been found twice, the second time for a dry run.
      if (is_of(index) && (!found || spoken_[*found].possible == 0)) found = index;
    }
  } else {
    for (const std::size_t index : without_id_) {
      if (spoken_[index].possible > 0 && spoken_[index].told.case_id == event.stream.value && is_of(index))
        found = index;
    }
    // Sent twice it is recorded twice, each time under an id of its own.
  }
  require(found.has_value(),
          "the log holds a command that nobody sent, or with other content: " + to_string(event.id.value));
  const Spoken& spoken = spoken_[*found];
  require(spoken.possible > 0, "a command that was refused was recorded all the same: " + spoken.text);
  const Verdict verdict = judge(here.is.version > 0 ? &here.is : nullptr, spoken.told, event.decided.ms,
                                person_known(spoken.told));
  require(verdict == Verdict::accepted,
          fmt::format("was recorded, but the model says {}: {}", word_of(verdict), spoken.text));
  if (here.is.version == 0) {
    here.is.id = event.stream.value;
    here.is.born = spoken.told.born.value_or(born_from);
    known_cases_.push_back(event.stream);
  }
  apply(here.is, spoken.told, [&](std::string_view kind) { return uuid_v5(event.id.value, kind); });
  if (spoken.told.name == Name::receive_referral) ++persons_[{here.is.provider, here.is.person}];
  require(event.provider == here.is.provider, "an event names another provider than its case");
  require(event.happened.date.days == spoken.told.happened, "an event happened on another day than was sent");
  here.last = {record.partition, record.offset};
  recorded_.emplace(id, Recorded{*found, here.last, record.recorded, event.decided, event.version,
                                 stated_hash(record.bytes), event.findings});
  count("accepted: " + std::string(of(spoken.told.name).command));
}

// ---------------------------------------------------------------- answers

const World::CaseHere* World::case_of(const Spoken& spoken) const {
  const auto found = cases_.find(CaseId{case_id_of(spoken.told)});
  return found == cases_.end() || found->second.is.version == 0 ? nullptr : &found->second;
}

bool World::person_known(const Told& told) const {
  return told.person_id && persons_.contains({told.provider, *told.person_id});
}

void World::check_answer(std::size_t index, const Answer& answer) {
  Attempt& attempt = attempts_[index];
  Spoken& spoken = spoken_[attempt.spoken];
  require(attempt.open, "answered twice, or after its process was gone: " + spoken.text);
  attempt.open = false;
  if (options_.hears) {
    const auto* rejection = std::get_if<Rejection>(&answer);
    note(fmt::format("answered: {} {}", rejection ? rejection->detail.en : "accepted", spoken.text));
  }
  if (const auto* accepted = std::get_if<Accepted>(&answer)) return check_accepted(attempt, *accepted);
  const Rejection& rejection = std::get<Rejection>(answer);
  const Verdict verdict = verdict_of(rejection.kind);
  count("answer: " + std::string(word_of(verdict)));
  if (verdict == Verdict::not_ready) {
    require(faults_wanted_ || two_, "not ready, although nothing is wrong: " + rejection.detail.en);
    return;
  }
  count("refused: " + std::string(of(spoken.told.name).command));
  if (spoken.flaw == Flaw::none && !attempt.dry) --spoken.possible;
  check_refused(attempt, rejection, verdict);
}

void World::check_accepted(const Attempt& attempt, const Accepted& accepted) {
  const Spoken& spoken = spoken_[attempt.spoken];
  require(spoken.flaw == Flaw::none, "a text that is wrong was accepted: " + spoken.text);
  require(accepted.event == of(spoken.told.name).event, "accepted as another event: " + spoken.text);
  if (spoken.told.id_given) {
    require(accepted.id.value == spoken.told.id, "accepted under another id: " + spoken.text);
    require(accepted.case_id.value == case_id_of(spoken.told), "accepted for another case: " + spoken.text);
  }
  if (accepted.dry_run) {
    count("answer: dry run");
    count("check: dry answer");
    require(attempt.dry, "decided without recording, but it was to be recorded: " + spoken.text);
    // It may lag behind what another process has recorded, or what was recorded although its append failed,
    // for nothing is decided by it.
    require(!attempt.known || two_ || faults_wanted_,
            "a command that is recorded was decided again: " + spoken.text);
    return;
  }
  const auto found = recorded_.find({accepted.case_id.value, accepted.id.value});
  require(found != recorded_.end(), "accepted, but the log does not hold it: " + spoken.text);
  Recorded& recorded = found->second;
  require(spoken_[recorded.spoken].content == spoken.content,
          "accepted, but the log holds other content: " + spoken.text);
  require(recorded.position == accepted.position, "accepted at another position: " + spoken.text);
  require(recorded.version == accepted.version, "accepted as another version: " + spoken.text);
  require(recorded.recorded == accepted.recorded, "accepted as recorded at another time: " + spoken.text);
  require(recorded.findings == accepted.findings, "accepted with other findings: " + spoken.text);
  if (accepted.repeated) {
    count("answer: repeated");
    count("check: repeated answer");
    return;
  }
  count("answer: accepted");
  count("check: accepted answer");
  require(!attempt.dry, "a dry run was recorded: " + spoken.text);
  // Decided again at the very moment at which a lost one was, it is the same record and taken for this one's.
  const bool may_be_same = clock_.was(recorded.decided, attempt.clock_moves);
  require(!attempt.known || may_be_same, "a retry was answered as if it were new: " + spoken.text);
  require(!recorded.answered || may_be_same, "answered as new twice: " + spoken.text);
  recorded.answered = true;
}

void World::check_refused(const Attempt& attempt, const Rejection& rejection, Verdict verdict) {
  const Spoken& spoken = spoken_[attempt.spoken];
  const auto wrong = [&](std::string_view why) {
    fail(
        fmt::format("refused ({}: {}), but {}: {}", word_of(verdict), rejection.detail.en, why, spoken.text));
  };
  if (spoken.flaw != Flaw::none) {
    if (verdict != Verdict::malformed) wrong("the text is wrong");
    return;
  }
  const auto found =
      spoken.told.id_given ? recorded_.find({case_id_of(spoken.told), spoken.told.id}) : recorded_.end();
  if (verdict == Verdict::id_reused) {
    if (found == recorded_.end() || spoken_[found->second.spoken].content == spoken.content)
      wrong("no other content is recorded under this id");
    return;
  }
  if (attempt.known) wrong("its id is recorded");
  const CaseHere* here = case_of(spoken);
  const std::uint32_t version = here ? here->is.version : 0;
  if (version != attempt.version) {
    // It was decided on one of the versions in between, which only it knows.
    count("check: refusal on a case that moved");
    if (verdict == Verdict::no_such_case && attempt.version > 0) wrong("the case was there when it was sent");
    if (rejection.version && rejection.version->value < attempt.version)
      wrong("it names a version of the past");
    return;
  }
  count("check: refusal against the model");
  const ModelCase* is = here ? &here->is : nullptr;
  const bool known_now = person_known(spoken.told);
  const bool could_be = judge(is, spoken.told, attempt.at.ms, attempt.person_known) == verdict ||
                        judge(is, spoken.told, clock_.now().ms, known_now) == verdict;
  // A visit may have begun at one moment in between and not at another.
  if (could_be || (clock_.moves() != attempt.clock_moves && spoken.told.name == Name::deliver_visit &&
                   verdict == Verdict::wrong_state)) {
    return;
  }
  wrong(fmt::format("the model says {}", word_of(judge(is, spoken.told, clock_.now().ms, known_now))));
}

// ---------------------------------------------------------------- the tables

bool World::up_to_date(const Process& process, const CaseHere& here) const {
  const Partition p = partition_of(CaseId{here.is.id}, partitions_);
  return process.store->snapshot()->state().reached[p.value].next == audited_[p.value];
}

void World::check_rows(const Process& process, const CaseHere& here) {
  count("check: rows of a case");
  const ModelCase& is = here.is;
  const CaseId id{is.id};
  const Reading reading(process.store->snapshot());
  const auto expect = [&](bool condition, std::string_view what) {
    if (!condition)
      fail(fmt::format("the tables say otherwise than the model about the {} of case {}", what,
                       to_string(is.id)));
  };
  int rows = 0;
  reading.rows_of_case(Table::cases, is.provider, id, [&](const FoundRow& found) {
    CaseRow row;
    decode(found.key, found.bytes, row);
    ++rows;
    expect(row.version.value == is.version, "version");
    expect(static_cast<int>(row.state) == static_cast<int>(is.state()), "state");
    expect(days(row.discharged_on) == is.discharged, "discharge");
    expect(days(row.first_unit_on) == is.first_unit(), "first unit");
    expect(row.referred_on.days == is.received, "day of the referral");
    expect(row.lead == (is.lead < 0 ? "" : fmt::format("lead-{}", is.lead)), "lead");
    expect(row.person_id.value == is.person, "person");
    return true;
  });
  expect(rows == 1, "row of cases");
  rows = 0;
  const ModelBalance balance = balance_of(is);
  reading.rows_of_case(Table::unit_balances, is.provider, id, [&](const FoundRow& found) {
    UnitBalanceRow row;
    decode(found.key, found.bytes, row);
    ++rows;
    expect(row.prescribed.value == balance.prescribed, "prescribed minutes");
    expect(row.applied.value == balance.applied, "minutes applied for");
    expect(row.approved.value == balance.approved, "approved minutes");
    expect(row.extended.value == balance.extended, "minutes of extensions");
    expect(row.scheduled.value == balance.scheduled, "scheduled minutes");
    expect(row.delivered.value == balance.delivered, "delivered minutes");
    expect(row.at_home.value == balance.at_home, "minutes at home");
    expect(row.preparatory.value == balance.preparatory, "preparatory minutes");
    expect(row.voided.value == balance.voided, "voided minutes");
    expect(row.billable.value == balance.billable, "billable minutes");
    expect(row.at_risk.value == balance.at_risk, "minutes at risk");
    expect(row.remaining.value == balance.approved - balance.billable, "remaining minutes");
    return true;
  });
  expect(rows == 1, "row of unit-balances");
  std::size_t visits = 0;
  reading.rows_of_case(Table::visits, is.provider, id, [&](const FoundRow& found) {
    VisitRow row;
    decode(found.key, found.bytes, row);
    ++visits;
    const ModelVisit* visit = is.visit(row.visit.value);
    expect(visit != nullptr, "visits");
    const VisitIs state = is.ended() && visit->is == VisitIs::scheduled ? VisitIs::cancelled : visit->is;
    expect(static_cast<int>(row.state) == static_cast<int>(state), "state of a visit");
    expect(row.minutes.value == visit->minutes, "minutes of a visit");
    expect(row.starts_at.ms == visit->start, "start of a visit");
    expect(row.corrected == visit->corrected, "corrections of a visit");
    return true;
  });
  expect(visits == is.visits.size(), "number of visits");
  std::optional<std::int32_t> due, begun;
  reading.rows_of_case(Table::deadlines, is.provider, id, [&](const FoundRow& found) {
    DeadlineRow row;
    decode(found.key, found.bytes, row);
    if (row.rule == Rule::st_total) begun = row.anchor_on.days;
    if (row.rule != Rule::smn_start) return true;
    due = row.due_on.days;
    if (!is.ended()) expect(days(row.met_on) == is.first_unit(), "day on which care started");
    return true;
  });
  expect(due == (is.discharged ? std::optional(*is.discharged + 42) : std::nullopt), "start deadline");
  expect(begun == (is.st ? is.first_unit() : std::nullopt), "begin of the three years");
  // A case is never without a task until it is ended.
  const CivilDate today{berlin_day(clock_.now().ms)};
  int standing = 0;
  bool finished = false;
  reading.rows_of_case(Table::tasks, is.provider, id, [&](const FoundRow& found) {
    TaskRow row;
    decode(found.key, found.bytes, row);
    if (row.since > today || (row.until && *row.until < today)) return true;
    ++standing;
    finished = finished || row.task == Task::none;
    return true;
  });
  expect(standing > 0, "next step, which it has not");
  expect(!finished || (is.ended() && standing == 1), "end, after which it has a next step");
  const auto stored = reading.find_case(id);
  expect(stored && stored->ticks.size() == is.ticked.size(), "number of ticked items");
  for (const Tick& tick : stored->ticks) {
    expect(tick.step == "agree_care_plan" && tick.item.starts_with("item-") &&
               is.ticked.contains(std::stoi(tick.item.substr(5))),
           "ticked items");
  }
}

void World::check_history(const Process& process, const CaseHere& here) {
  count("check: history of a case");
  const auto snapshot = process.store->snapshot();
  Looked looked;
  std::vector<Version> versions;
  for (Version v{1}; v.value <= here.is.version; v = next(v)) versions.push_back(v);
  const auto rows = history_of(*log_, *snapshot, *process.rules, &keys_, looked, CaseId{here.is.id}, versions,
                               Offset{std::numeric_limits<std::uint64_t>::max()});
  std::uint32_t accepted = 0, stale = 0;
  for (const KeyedRow& row : rows) ++(std::get<HistoryRow>(row.row).stale ? stale : accepted);
  const auto stored = Reading(snapshot).find_case(CaseId{here.is.id});
  require(stored.has_value(), "a case cannot be read");
  ListQuestion question;
  question.today = CivilDate{berlin_day(clock_.now().ms)};
  question.rules = process.rules.get();
  const std::string view = case_view(*stored, snapshot->state(), question.today, question);
  require(view.find(fmt::format("\"version\":{}", here.is.version)) != std::string::npos,
          "a case is shown at another version");
  require(accepted == here.is.version, "a history does not show every event");
  require(stale == here.stale, "a history does not show every stale record");
}

void World::look() {
  ++step_;
  count("step: look");
  std::size_t at = draw_.below(processes_.size());
  while (!processes_[at]->lives()) at = (at + 1) % processes_.size();
  Process& process = *processes_[at];
  if (draw_.one_in(3)) return check_lists(process);
  if (draw_.one_in(2)) return page_on(process);
  if (known_cases_.empty()) return;
  const CaseHere& here = cases_.at(draw_.of(known_cases_));
  if (up_to_date(process, here)) draw_.one_in(2) ? check_rows(process, here) : check_history(process, here);
}

void World::check_lists(const Process& process) {
  count("check: list by pages");
  const Reading reading(process.store->snapshot());
  const ListTable& table = draw_.of(list_tables());
  const SortColumn& sort = draw_.of(table.sorts);
  const std::string sort_by = (draw_.one_in(2) ? "-" : "+") + std::string(sort.name);
  const auto rows_by = [&](int limit) {
    const std::string page_rows = std::to_string(limit);
    std::string cursor;
    std::vector<std::string> rows;
    ListQuestion question;
    question.today = CivilDate{berlin_day(clock_.now().ms)};
    question.rules = process.rules.get();
    question.form = ListForm::csv;
    for (int page = 0; page < 100'000; ++page) {
      std::vector<http::QueryParameter> parameters{{"limit", page_rows}, {"sort", sort_by}};
      if (!cursor.empty()) parameters.push_back({"cursor", cursor});
      question.parameters = parameters;
      const ListAnswer answer = list(reading, table, question);
      const auto* found = std::get_if<ListPage>(&answer);
      if (!found) fail("a list was refused: " + std::get<ListFault>(answer).detail);
      std::string_view body = found->body;
      body.remove_prefix(std::min(body.size(), body.find("\r\n") + 2));
      while (!body.empty()) {
        const std::size_t end = std::min(body.find("\r\n"), body.size() - 2);
        rows.emplace_back(body.substr(0, end));
        body.remove_prefix(end + 2);
      }
      cursor = found->next;
      if (cursor.empty()) return rows;
    }
    fail("a list has no end");
  };
  const auto by_many = rows_by(500);
  if (!table.stands) {
    const auto all = reading.state().rows[static_cast<std::size_t>(table.table)];
    require(by_many.size() == all,
            fmt::format("a list shows {} rows of {}: {}", by_many.size(), all, table.name));
  }
  const int few = draw_.between(1, 40);
  require(by_many.size() / static_cast<std::size_t>(few) > 60 || rows_by(few) == by_many,
          fmt::format("a list by pages shows other rows than at once: {}", table.name));
}

void World::page_on(Process& process) {
  count("check: list by pages while it changes");
  const Reading reading(process.store->snapshot());
  const ListTable& table = list_table(Table::cases);
  if (process.cursor.empty()) {
    process.listed.clear();
    process.must_list.clear();
    reading.rows(Table::cases, std::nullopt, {}, [&](const FoundRow& found) {
      process.must_list.insert(case_in_key(found.key).value);
      return true;
    });
  }
  const std::string limit = std::to_string(draw_.between(1, 30));
  std::vector<http::QueryParameter> parameters{{"limit", limit}, {"sort", "+case"}};
  if (!process.cursor.empty()) parameters.push_back({"cursor", process.cursor});
  ListQuestion question;
  question.parameters = parameters;
  question.today = CivilDate{berlin_day(clock_.now().ms)};
  question.rules = process.rules.get();
  const ListAnswer answer = list(reading, table, question);
  const auto* found = std::get_if<ListPage>(&answer);
  if (!found) fail("a list was refused: " + std::get<ListFault>(answer).detail);
  constexpr std::string_view begins = R"({"case":")";
  for (std::size_t at = found->body.find(begins); at != std::string::npos;
       at = found->body.find(begins, at + 1)) {
    const auto id = parse_uuid(std::string_view(found->body).substr(at + begins.size(), 36));
    require(id.has_value(), "a list shows a case without an id");
    require(process.listed.insert(*id).second, "a list that changes shows a case twice");
  }
  process.cursor = found->next;
  if (!process.cursor.empty()) return;
  require(std::includes(process.listed.begin(), process.listed.end(), process.must_list.begin(),
                        process.must_list.end()),
          "a list that changes leaves a case out that was there all the time");
}

void World::check_figures(const Process& process) {
  count("check: key figures");
  const Reading reading(process.store->snapshot());
  for (const std::string& provider : reading.providers()) {
    for (const Benefit benefit : {Benefit::smn, Benefit::st}) check_figures(reading, provider, benefit);
  }
}

void World::check_figures(const Reading& reading, const std::string& provider, Benefit benefit) const {
  std::int64_t referrals = 0, starts = 0, minutes = 0, unbillable = 0, completions = 0, corrections = 0,
               voids = 0;
  for (const auto& [id, here] : cases_) {
    if (here.is.version == 0 || here.is.provider != provider || here.is.st != (benefit == Benefit::st))
      continue;
    const ModelBalance balance = balance_of(here.is);
    ++referrals;
    starts += here.is.first_unit() ? 1 : 0;
    minutes += balance.delivered;
    unbillable += balance.delivered - balance.billable;
    completions += here.is.end && here.is.end->kind == EndIs::completed ? 1 : 0;
    for (const ModelVisit& visit : here.is.visits) {
      corrections += visit.corrected;
      voids += visit.is == VisitIs::voided ? 1 : 0;
    }
  }
  for (const Span span : {Span::month, Span::day}) {
    const auto sum = [&](Figure figure) {
      std::int64_t amount = 0;
      reading.counters(provider, span, benefit, figure, civil(1990, 1, 1), civil(2090, 12, 31),
                       [&](const FigureKey&, std::int64_t counted) { amount += counted; });
      return amount;
    };
    require(sum(Figure::referrals) == referrals, "the key figures count other referrals");
    require(sum(Figure::starts) == starts, "the key figures count other starts");
    require(sum(Figure::minutes_delivered) == minutes, "the key figures count other minutes");
    require(sum(Figure::minutes_unbillable) == unbillable, "the key figures count other minutes at risk");
    require(sum(Figure::completions) == completions, "the key figures count other completions");
    require(sum(Figure::corrections) == corrections, "the key figures count other corrections");
    require(sum(Figure::voids) == voids, "the key figures count other voids");
  }
}

void World::check_everything() {
  for (const auto& process : processes_) {
    const StoreState state = process->store->snapshot()->state();
    require(state.positions() == audited_, "everything rests, but the tables have not read all");
    require(state.events == accepted_,
            fmt::format("the tables count {} events, but there are {}", state.events, accepted_));
    require(state.stale == stale_,
            fmt::format("the tables count {} stale records, but there are {}", state.stale, stale_));
    require(state.foreign == foreign_, "the tables count foreign records where there are none");
    require(state.rows[static_cast<std::size_t>(Table::stored_cases)] == known_cases_.size(),
            "the tables count other cases than there are");
    require(process->store->parked().empty(), "a case was parked");
    for (const auto& [id, here] : cases_) {
      if (here.is.version > 0) check_rows(*process, here);
    }
    check_figures(*process);
  }
  const auto same_tables = [&](const Store& a, const Store& b, std::string_view what) {
    for (const TableInfo& table : all_tables) {
      std::uint64_t differ = 0;
      a.compare(b, table.table, [&](std::string_view) { ++differ; });
      require(differ == 0, fmt::format("{}: {} keys of {} differ", what, differ, table.name));
    }
    require(a.snapshot()->state() == b.snapshot()->state(),
            fmt::format("{}: the states of the tables differ", what));
  };
  const Store& live = processes_.front()->store->inner();
  if (two_) {
    count("check: two processes byte for byte");
    same_tables(live, processes_.back()->store->inner(), "two processes");
  }
  count("check: rebuild byte for byte");
  const std::filesystem::path scratch = options_.dir / "scratch";
  std::filesystem::remove_all(scratch);
  {
    const auto made = Store::open({.dir = scratch, .cache_octets = 8 << 20, .write_buffer_octets = 16 << 20});
    RuleBook rules;
    rebuild_from_log(*log_, *made, rules, log_->ends(), {});
    same_tables(live, *made, "live tables and rebuilt ones");
  }
  std::filesystem::remove_all(scratch);
}

}  // namespace geleit::simulation
