#include "projections/row_codec.h"

#include <capnp/message.h>
#include <capnp/serialize.h>
#include <charconv>

#include <cassert>
#include <cstring>
#include <vector>

#include "events/payload_codec.h"
#include "events/sha256.h"
#include "projections/table_keys.h"
#include "schema/row.capnp.h"

namespace geleit {
namespace {

using codec::fill;
using codec::size;
using codec::view;

constexpr std::int32_t no_date = schema::NO_DATE;
constexpr std::int32_t no_number = schema::NO_NUMBER;
constexpr std::uint8_t no_word = 255;
constexpr std::uint16_t no_rule = 65535;
constexpr std::uint16_t no_index = 65535;
// What a reader may traverse of one row or case: far above any honest one.
constexpr capnp::ReaderOptions reader_options{.traversalLimitInWords = 64 * 1024 * 1024, .nestingLimit = 16};

/// Words that a text or bytes of this many octets take, its terminator included.
std::size_t words_of(std::size_t octets) { return octets / 8 + 1; }

/// The one segment of a message that takes at most `words_max` words, given to `take`.
template <class Root, class Write, class Take>
auto with_segment(std::size_t words_max, Write&& write, Take&& take) {
  // The builder leaves its space zeroed, so that it is used again without an allocation.
  thread_local std::vector<std::uint64_t> space;
  if (space.size() < words_max) space.assign(words_max + words_max / 2, 0);
  capnp::MallocMessageBuilder message(
      kj::arrayPtr(reinterpret_cast<capnp::word*>(space.data()), space.size()));
  write(message.initRoot<Root>());
  const auto segments = message.getSegmentsForOutput();
  assert(segments.size() == 1);
  const auto bytes = segments[0].asBytes();
  return take(std::string_view(reinterpret_cast<const char*>(bytes.begin()), bytes.size()));
}

/// A message of one struct whose members but its texts are set again and again; it is made once a thread,
/// because making and clearing a message costs more than filling it.
template <class Root>
class Form {
 public:
  [[nodiscard]] static Form& of_thread() {
    thread_local Form form;
    return form;
  }
  typename Root::Builder fields() { return root_; }
  [[nodiscard]] std::string_view bytes(ByteArena& arena) const { return arena.keep(segment()); }
  /// With a text as its only pointer, laid out as the message's own builder would: behind the struct, ended
  /// by at least one zero octet.
  [[nodiscard]] std::string_view bytes(ByteArena& arena, std::string_view text) const {
    const std::string_view before = segment();
    const std::size_t size = before.size() + words_of(text.size()) * sizeof(capnp::word);
    char* out = arena.take(size);
    std::memcpy(out, before.data(), before.size());
    // A list pointer in the last word before the text: offset 0 from its own end, kind 1 (list), elements of
    // one octet (2), their number with the zero at the end.
    const std::uint64_t pointer = 1 | (std::uint64_t{2} | (text.size() + 1) << 3) << 32;
    std::memcpy(out + before.size() - sizeof pointer, &pointer, sizeof pointer);
    std::memset(out + size - sizeof(capnp::word), 0, sizeof(capnp::word));
    std::memcpy(out + before.size(), text.data(), text.size());
    return {out, size};
  }

 private:
  Form() : message_(kj::arrayPtr(space_.data(), space_.size())), root_(message_.initRoot<Root>()) {}
  [[nodiscard]] std::string_view segment() const {
    const auto size = capnp::_::structSize<Root>();
    return {reinterpret_cast<const char*>(space_.data()),
            (1U + size.data / capnp::WORDS + size.pointers / capnp::POINTERS) * sizeof(capnp::word)};
  }

  std::array<capnp::word, 32> space_{};
  capnp::MallocMessageBuilder message_;
  typename Root::Builder root_;
};

template <class Root, class Read>
void from_segment(std::string_view bytes, Read&& read) {
  if (bytes.empty() || bytes.size() % 8 != 0) throw BadRow("expected a row of whole words, but it is none");
  thread_local std::vector<std::uint64_t> aligned;
  const char* from = bytes.data();
  if (reinterpret_cast<std::uintptr_t>(from) % 8 != 0) {
    aligned.resize(bytes.size() / 8);
    std::memcpy(aligned.data(), bytes.data(), bytes.size());
    from = reinterpret_cast<const char*>(aligned.data());
  }
  const kj::ArrayPtr<const capnp::word> segment(reinterpret_cast<const capnp::word*>(from), bytes.size() / 8);
  try {
    capnp::SegmentArrayMessageReader message(kj::arrayPtr(&segment, 1), reader_options);
    read(message.getRoot<Root>());
  } catch (const kj::Exception& e) { throw BadRow(e.getDescription().cStr()); }
}

std::int32_t days(CivilDate date) { return date.days; }
std::int32_t days(const std::optional<CivilDate>& date) { return date ? date->days : no_date; }
std::optional<CivilDate> date_or_none(std::int32_t days) {
  return days == no_date ? std::nullopt : std::optional(CivilDate{days});
}
std::int32_t number(const std::optional<std::int32_t>& value) { return value.value_or(no_number); }
std::optional<std::int32_t> number_or_none(std::int32_t value) {
  return value == no_number ? std::nullopt : std::optional(value);
}
template <class E>
std::uint8_t word_number(E value) {
  return static_cast<std::uint8_t>(value);
}
template <class E>
std::uint8_t word_number(const std::optional<E>& value) {
  return value ? static_cast<std::uint8_t>(*value) : no_word;
}
template <class E>
E word_of(std::uint8_t number) {
  if (number >= words<E>.size()) throw BadRow("a word that this version does not know");
  return static_cast<E>(number);
}
template <class E>
std::optional<E> word_or_none(std::uint8_t number) {
  return number == no_word ? std::nullopt : std::optional(word_of<E>(number));
}
std::uint8_t answer(const std::optional<bool>& value) {
  return value ? static_cast<std::uint8_t>(*value) : no_word;
}
std::optional<bool> answer_or_none(std::uint8_t value) {
  return value == no_word ? std::nullopt : std::optional(value == 1);
}
Rule rule_of(std::uint16_t number) {
  if (number >= rule_count) throw BadRow("a rule that this version does not know");
  return static_cast<Rule>(number);
}
Minutes minutes(std::int32_t value) { return Minutes{value}; }

std::size_t words_of(const SealedCopy& copy) { return 3 + words_of(copy.bytes.size()); }
void write(const SealedCopy& copy, schema::Copy::Builder b) {
  b.setKeyHigh(copy.key.value.high);
  b.setKeyLow(copy.key.value.low);
  fill(b.initBytes(size(copy.bytes)), copy.bytes);
}
void read(schema::Copy::Reader r, SealedCopy& copy) {
  copy.key.value = {r.getKeyHigh(), r.getKeyLow()};
  copy.bytes = view(r.getBytes());
}
bool empty(const SealedCopy& copy) { return copy.key.is_nil() && copy.bytes.empty(); }

std::size_t words_of(const std::vector<SentNotice>& notices) {
  std::size_t words = 1;
  for (const SentNotice& n : notices) words += 6 + words_of(n.channel.size()) + words_of(n.outcome.size());
  return words;
}
void write(const SentNotice& n, schema::StoredCase::Notice::Builder b) {
  fill(b.initChannel(size(n.channel)), n.channel);
  b.setLevel(static_cast<std::uint8_t>(n.level));
  b.setNumber(n.number);
  b.setAt(n.at.ms);
  fill(b.initOutcome(size(n.outcome)), n.outcome);
}
void read(schema::StoredCase::Notice::Reader r, SentNotice& n) {
  n.channel = view(r.getChannel());
  n.level = r.getLevel();
  n.number = r.getNumber();
  n.at = Instant{r.getAt()};
  n.outcome = view(r.getOutcome());
}
using Notices = capnp::List<schema::StoredCase::Notice>;
void write(const std::vector<SentNotice>& notices, Notices::Builder list) {
  for (unsigned i = 0; i < list.size(); ++i) write(notices[i], list[i]);
}
void read(Notices::Reader list, std::vector<SentNotice>& notices) {
  notices.resize(list.size());
  for (unsigned i = 0; i < list.size(); ++i) read(list[i], notices[i]);
}
AlertAnswer answer_of(std::uint8_t number) {
  if (number > static_cast<std::uint8_t>(AlertAnswer::snoozed)) throw BadRow("an answer that is none");
  return static_cast<AlertAnswer>(number);
}

}  // namespace

// ---------------------------------------------------------------- keys

std::string key_of(const CaseId& id) { return id_key(id.value); }

namespace {
/// The case id and what makes the key unique within the case.
template <class... Rest>
std::string_view make_key(ByteArena& arena, const CaseId& id, Rest... rest) {
  constexpr std::size_t size = id_octets + (sizeof(Rest) + ... + 0);
  char* out = arena.take(size);
  [[maybe_unused]] char* at = write_id(out, id.value);
  ((at = write_big_endian(at, rest)), ...);
  return {out, size};
}
}  // namespace

std::string_view key_of(const CaseRow& row, ByteArena& arena) { return make_key(arena, row.id); }
std::string_view key_of(const PersonRow& row, ByteArena& arena) { return make_key(arena, row.id); }
std::string_view key_of(const OverdueStartRow& row, ByteArena& arena) { return make_key(arena, row.id); }
std::string_view key_of(const UnitBalanceRow& row, ByteArena& arena) { return make_key(arena, row.id); }
std::string_view key_of(const DeadlineRow& row, ByteArena& arena) {
  return make_key(arena, row.id, static_cast<std::uint16_t>(row.rule), row.ordinal);
}
std::string_view key_of(const TaskRow& row, ByteArena& arena) {
  return make_key(arena, row.id, static_cast<std::uint8_t>(row.task), row.ordinal);
}
std::string_view key_of(const VisitRow& row, ByteArena& arena) {
  return make_key(arena, row.case_id, row.visit.value.high, row.visit.value.low);
}
std::string_view key_of(const AlertRow& row, ByteArena& arena) {
  return make_key(arena, row.case_id, row.alert.value.high, row.alert.value.low);
}
std::string_view key_of(const TimerRow& row, ByteArena& arena) {
  Uuid about;
  switch (row.kind) {
    case TimerKind::missed: about = {static_cast<std::uint64_t>(row.rule), row.generation.value}; break;
    case TimerKind::lapsed: about = row.approval.value; break;
    case TimerKind::escalation: about = row.alert.value; break;
  }
  return make_key(arena, row.id, static_cast<std::uint8_t>(row.kind), about.high, about.low);
}

namespace {
void require_length(std::string_view key, std::size_t octets) {
  if (key.size() != octets) throw BadRow("a row's key of another length");
}
}  // namespace

CaseId case_in_key(std::string_view key) {
  if (key.size() < 16) throw BadRow("a row's key that names no case");
  return CaseId{read_id(key)};
}

// ---------------------------------------------------------------- rows

std::string_view encode(const CaseRow& row, ByteArena& arena) {
  const std::size_t words_max =
      32 + words_of(row.provider.size()) + words_of(row.lead.size()) + words_of(row.person);
  const auto write_row = [&](schema::CaseRow::Builder b) {
    fill(b.initProvider(size(row.provider)), row.provider);
    b.setVersion(row.version.value);
    b.setBenefit(word_number(row.benefit));
    b.setLand(word_number(row.land));
    b.setState(word_number(row.state));
    if (!row.lead.empty()) fill(b.initLead(size(row.lead)), row.lead);
    b.setReferredOn(days(row.referred_on));
    b.setDischargedOn(days(row.discharged_on));
    b.setFirstUnitOn(days(row.first_unit_on));
    b.setLastUnitOn(days(row.last_unit_on));
    b.setClosedOn(days(row.closed_on));
    b.setPersonHigh(row.person_id.value.high);
    b.setPersonLow(row.person_id.value.low);
    if (!empty(row.person)) write(row.person, b.initPerson());
    b.setPersonalData(word_number(row.personal_data));
  };
  return with_segment<schema::CaseRow>(words_max, write_row,
                                       [&](std::string_view bytes) { return arena.keep(bytes); });
}

void decode(std::string_view key, std::string_view bytes, CaseRow& out) {
  require_length(key, 16);
  from_segment<schema::CaseRow>(bytes, [&](schema::CaseRow::Reader r) {
    out.id = case_in_key(key);
    out.provider = view(r.getProvider());
    out.version = Version{r.getVersion()};
    out.benefit = word_of<Benefit>(r.getBenefit());
    out.land = word_of<Land>(r.getLand());
    out.state = word_of<CaseState>(r.getState());
    out.lead = view(r.getLead());
    out.referred_on = CivilDate{r.getReferredOn()};
    out.discharged_on = date_or_none(r.getDischargedOn());
    out.first_unit_on = date_or_none(r.getFirstUnitOn());
    out.last_unit_on = date_or_none(r.getLastUnitOn());
    out.closed_on = date_or_none(r.getClosedOn());
    out.person_id.value = {r.getPersonHigh(), r.getPersonLow()};
    read(r.getPerson(), out.person);
    out.personal_data = word_of<PersonalDataState>(r.getPersonalData());
  });
}

std::string_view encode(const PersonRow& row, ByteArena& arena) {
  auto& form = Form<schema::PersonRow>::of_thread();
  auto b = form.fields();
  b.setPersonHigh(row.person_id.value.high);
  b.setPersonLow(row.person_id.value.low);
  return form.bytes(arena);
}

void decode(std::string_view key, std::string_view bytes, PersonRow& out) {
  require_length(key, 16);
  from_segment<schema::PersonRow>(bytes, [&](schema::PersonRow::Reader r) {
    out.id = case_in_key(key);
    out.person_id.value = {r.getPersonHigh(), r.getPersonLow()};
  });
}

std::string_view encode(const DeadlineRow& row, ByteArena& arena) {
  auto& form = Form<schema::DeadlineRow>::of_thread();
  auto b = form.fields();
  b.setRuleSet0(row.rule_set.words[0]);
  b.setRuleSet1(row.rule_set.words[1]);
  b.setRuleSet2(row.rule_set.words[2]);
  b.setRuleSet3(row.rule_set.words[3]);
  b.setAnchorEvent(row.anchor_event);
  b.setAnchorOn(days(row.anchor_on));
  b.setDueOn(days(row.due_on));
  b.setActsOn(days(row.acts_on));
  b.setHintOn(days(row.hint_on));
  b.setLand(word_number(row.calendar.land));
  b.setMetOn(days(row.met_on));
  b.setMoot(row.moot);
  b.setExpert(row.expert);
  b.setSgb9(row.sgb9);
  b.setInstructionGiven(row.instruction_given);
  b.setGeneration(row.generation.value);
  if (row.warnings.empty()) return form.bytes(arena);
  std::string warnings;
  for (const auto& [working_days, from] : row.warnings) {
    if (!warnings.empty()) warnings.push_back(' ');
    warnings.append(std::to_string(working_days)).append(":").append(std::to_string(from.days));
  }
  return form.bytes(arena, warnings);
}

namespace {
void read_warnings(std::string_view text, std::vector<DeadlineRow::Warning>& out) {
  out.clear();
  const char* at = text.data();
  const char* const end = at + text.size();
  const auto take = [&](std::int32_t& number, char behind) {
    const auto [rest, error] = std::from_chars(at, end, number);
    if (error != std::errc() || (rest != end && *rest != behind)) throw BadRow("warnings that are none");
    at = rest == end ? end : rest + 1;
  };
  while (at != end) {
    auto& [working_days, from] = out.emplace_back();
    take(working_days, ':');
    take(from.days, ' ');
  }
}
}  // namespace

void decode(std::string_view key, std::string_view bytes, DeadlineRow& out) {
  require_length(key, 20);
  from_segment<schema::DeadlineRow>(bytes, [&](schema::DeadlineRow::Reader r) {
    out.id = case_in_key(key);
    out.rule = rule_of(read_big_endian<std::uint16_t>(key.substr(16)));
    out.ordinal = read_big_endian<std::uint16_t>(key.substr(18));
    out.rule_set = {{r.getRuleSet0(), r.getRuleSet1(), r.getRuleSet2(), r.getRuleSet3()}};
    out.anchor_event = r.getAnchorEvent();
    if (out.anchor_event >= event_names.size()) throw BadRow("an event that this version does not know");
    out.anchor_on = CivilDate{r.getAnchorOn()};
    out.due_on = CivilDate{r.getDueOn()};
    out.acts_on = CivilDate{r.getActsOn()};
    out.hint_on = date_or_none(r.getHintOn());
    out.calendar.land = word_or_none<Land>(r.getLand());
    out.met_on = date_or_none(r.getMetOn());
    out.moot = r.getMoot();
    out.expert = r.getExpert();
    out.sgb9 = r.getSgb9();
    out.instruction_given = r.getInstructionGiven();
    out.generation = Version{r.getGeneration()};
    read_warnings(view(r.getWarnings()), out.warnings);
  });
}

std::string_view encode(const OverdueStartRow& row, ByteArena& arena) {
  auto& form = Form<schema::OverdueStartRow>::of_thread();
  auto b = form.fields();
  b.setDischargedOn(days(row.discharged_on));
  b.setDueOn(days(row.due_on));
  b.setAlertHigh(row.alert.value.high);
  b.setAlertLow(row.alert.value.low);
  b.setRaisedAt(row.raised_at.ms);
  b.setLevel(static_cast<std::uint8_t>(row.level));
  b.setAcknowledged(row.acknowledged);
  b.setSnoozedUntil(days(row.snoozed_until));
  return row.lead.empty() ? form.bytes(arena) : form.bytes(arena, row.lead);
}

void decode(std::string_view key, std::string_view bytes, OverdueStartRow& out) {
  require_length(key, 16);
  from_segment<schema::OverdueStartRow>(bytes, [&](schema::OverdueStartRow::Reader r) {
    out.id = case_in_key(key);
    out.discharged_on = CivilDate{r.getDischargedOn()};
    out.due_on = CivilDate{r.getDueOn()};
    out.lead = view(r.getLead());
    out.alert.value = {r.getAlertHigh(), r.getAlertLow()};
    out.raised_at = Instant{r.getRaisedAt()};
    out.level = r.getLevel();
    out.acknowledged = r.getAcknowledged();
    out.snoozed_until = date_or_none(r.getSnoozedUntil());
  });
}

std::string_view encode(const UnitBalanceRow& row, ByteArena& arena) {
  auto& form = Form<schema::UnitBalanceRow>::of_thread();
  auto b = form.fields();
  b.setBenefit(word_number(row.benefit));
  b.setPrescribed(row.prescribed.value);
  b.setApplied(row.applied.value);
  b.setApproved(row.approved.value);
  b.setExtended(row.extended.value);
  b.setScheduled(row.scheduled.value);
  b.setDelivered(row.delivered.value);
  b.setAtHome(row.at_home.value);
  b.setPreparatory(row.preparatory.value);
  b.setGroup(row.group.value);
  b.setVoided(row.voided.value);
  b.setBillable(row.billable.value);
  b.setAtRisk(row.at_risk.value);
  b.setRemaining(row.remaining.value);
  return form.bytes(arena);
}

void decode(std::string_view key, std::string_view bytes, UnitBalanceRow& out) {
  require_length(key, 16);
  from_segment<schema::UnitBalanceRow>(bytes, [&](schema::UnitBalanceRow::Reader r) {
    out.id = case_in_key(key);
    out.benefit = word_of<Benefit>(r.getBenefit());
    out.prescribed = minutes(r.getPrescribed());
    out.applied = minutes(r.getApplied());
    out.approved = minutes(r.getApproved());
    out.extended = minutes(r.getExtended());
    out.scheduled = minutes(r.getScheduled());
    out.delivered = minutes(r.getDelivered());
    out.at_home = minutes(r.getAtHome());
    out.preparatory = minutes(r.getPreparatory());
    out.group = minutes(r.getGroup());
    out.voided = minutes(r.getVoided());
    out.billable = minutes(r.getBillable());
    out.at_risk = minutes(r.getAtRisk());
    out.remaining = minutes(r.getRemaining());
  });
}

std::string_view encode(const TaskRow& row, ByteArena& arena) {
  const auto write_numbers = [&](schema::TaskRow::Builder b) {
    b.setDueOn(days(row.due_on));
    b.setSince(days(row.since));
    b.setUntil(days(row.until));
    b.setWhy(row.why ? static_cast<std::uint16_t>(*row.why) : no_rule);
    b.setRole(word_number(row.role));
    b.setWorkflow(days(row.workflow));
    b.setEntry(row.entry);
  };
  if (row.title_de.empty()) {
    auto& form = Form<schema::TaskRow>::of_thread();
    write_numbers(form.fields());
    return form.bytes(arena);
  }
  std::string_view written;
  with_segment<schema::TaskRow>(
      16 + words_of(row.title_de.size()) + words_of(row.title_en.size()),
      [&](schema::TaskRow::Builder b) {
        write_numbers(b);
        fill(b.initTitleDe(size(row.title_de)), row.title_de);
        if (!row.title_en.empty()) fill(b.initTitleEn(size(row.title_en)), row.title_en);
      },
      [&](std::string_view bytes) { written = arena.keep(bytes); });
  return written;
}

void decode(std::string_view key, std::string_view bytes, TaskRow& out) {
  require_length(key, 19);
  from_segment<schema::TaskRow>(bytes, [&](schema::TaskRow::Reader r) {
    out.id = case_in_key(key);
    out.task = word_of<Task>(read_big_endian<std::uint8_t>(key.substr(16)));
    out.ordinal = read_big_endian<std::uint16_t>(key.substr(17));
    out.due_on = date_or_none(r.getDueOn());
    out.since = CivilDate{r.getSince()};
    out.until = date_or_none(r.getUntil());
    out.why = r.getWhy() == no_rule ? std::nullopt : std::optional(rule_of(r.getWhy()));
    out.role = word_or_none<Role>(r.getRole());
    out.workflow = CivilDate{r.getWorkflow()};
    out.entry = r.getEntry();
    out.title_de = view(r.getTitleDe());
    out.title_en = view(r.getTitleEn());
  });
}

std::string_view encode(const VisitRow& row, ByteArena& arena) {
  auto& form = Form<schema::VisitRow>::of_thread();
  auto b = form.fields();
  b.setStartsAt(row.starts_at.ms);
  b.setMinutes(row.minutes.value);
  b.setBillable(row.billable.value);
  b.setAtRisk(row.at_risk.value);
  b.setCorrected(row.corrected);
  b.setState(word_number(row.state));
  b.setPlace(word_number(row.place));
  b.setCategory(word_number(row.category));
  return form.bytes(arena, row.staff);
}

void decode(std::string_view key, std::string_view bytes, VisitRow& out) {
  require_length(key, 32);
  from_segment<schema::VisitRow>(bytes, [&](schema::VisitRow::Reader r) {
    out.case_id = case_in_key(key);
    out.visit = VisitId{read_id(key.substr(16))};
    out.starts_at = Instant{r.getStartsAt()};
    out.minutes = minutes(r.getMinutes());
    out.billable = minutes(r.getBillable());
    out.at_risk = minutes(r.getAtRisk());
    out.corrected = r.getCorrected();
    out.state = word_of<VisitState>(r.getState());
    out.place = word_of<Place>(r.getPlace());
    out.category = word_or_none<Category>(r.getCategory());
    out.staff = view(r.getStaff());
  });
}

std::string_view encode(const AlertRow& row, ByteArena& arena) {
  const std::size_t words_max = 40 + words_of(row.answered_by.size()) + words_of(row.note) +
                                words_of(row.lead.size()) + words_of(row.team.size()) + words_of(row.sent);
  const auto write_row = [&](schema::AlertRow::Builder b) {
    b.setRule(static_cast<std::uint16_t>(row.rule));
    b.setBenefit(word_number(row.benefit));
    b.setLevel(static_cast<std::uint8_t>(row.level));
    b.setClosed(word_number(row.closed));
    b.setAnswer(static_cast<std::uint8_t>(row.answer));
    b.setDueOn(days(row.due_on));
    b.setActsOn(days(row.acts_on));
    b.setRaisedAt(row.raised_at.ms);
    b.setSnoozedUntil(days(row.snoozed_until));
    b.setAnsweredAt(row.answered_at.ms);
    if (!row.answered_by.empty()) fill(b.initAnsweredBy(size(row.answered_by)), row.answered_by);
    if (!empty(row.note)) write(row.note, b.initNote());
    if (!row.sent.empty()) write(row.sent, b.initSent(static_cast<unsigned>(row.sent.size())));
    if (!row.lead.empty()) fill(b.initLead(size(row.lead)), row.lead);
    if (!row.team.empty()) fill(b.initTeam(size(row.team)), row.team);
  };
  return with_segment<schema::AlertRow>(words_max, write_row,
                                        [&](std::string_view bytes) { return arena.keep(bytes); });
}

void decode(std::string_view key, std::string_view bytes, AlertRow& out) {
  require_length(key, 32);
  from_segment<schema::AlertRow>(bytes, [&](schema::AlertRow::Reader r) {
    out.case_id = case_in_key(key);
    out.alert.value = read_id(key.substr(16));
    out.rule = rule_of(r.getRule());
    out.benefit = word_of<Benefit>(r.getBenefit());
    out.level = r.getLevel();
    out.closed = word_of<AlertClosed>(r.getClosed());
    out.answer = answer_of(r.getAnswer());
    out.due_on = CivilDate{r.getDueOn()};
    out.acts_on = CivilDate{r.getActsOn()};
    out.raised_at = Instant{r.getRaisedAt()};
    out.snoozed_until = CivilDate{r.getSnoozedUntil()};
    out.answered_at = Instant{r.getAnsweredAt()};
    out.answered_by = view(r.getAnsweredBy());
    read(r.getNote(), out.note);
    read(r.getSent(), out.sent);
    out.lead = view(r.getLead());
    out.team = view(r.getTeam());
  });
}

std::string_view encode(const TimerRow& row, ByteArena& arena) {
  auto& form = Form<schema::TimerRow>::of_thread();
  auto b = form.fields();
  b.setDue(row.due.ms);
  b.setUntil(days(row.until));
  b.setLevel(static_cast<std::uint8_t>(row.level));
  return form.bytes(arena);
}

void decode(std::string_view key, std::string_view bytes, TimerRow& out) {
  require_length(key, 33);
  from_segment<schema::TimerRow>(bytes, [&](schema::TimerRow::Reader r) {
    out = {};
    out.id = case_in_key(key);
    out.kind = word_of<TimerKind>(static_cast<std::uint8_t>(key[16]));
    out.due = Instant{r.getDue()};
    const Uuid about = read_id(key.substr(17));
    switch (out.kind) {
      case TimerKind::missed:
        out.rule = rule_of(static_cast<std::uint16_t>(about.high));
        out.generation = Version{static_cast<std::uint32_t>(about.low)};
        break;
      case TimerKind::lapsed:
        out.approval.value = about;
        out.until = CivilDate{r.getUntil()};
        break;
      case TimerKind::escalation:
        out.alert.value = about;
        out.level = r.getLevel();
        break;
    }
  });
}

// ---------------------------------------------------------------- the case

namespace {

using Stored = schema::StoredCase;

std::string hash_text(const Hash& hash) { return hash.is_zero() ? std::string() : codec::hash_bytes(hash); }
Hash hash_of(capnp::Data::Reader bytes) {
  if (bytes.size() == 0) return {};
  if (bytes.size() != hash_octets) throw BadRow("a hash that is not 32 octets long");
  return hash_of_octets(reinterpret_cast<const char*>(bytes.begin()));
}

void write(const JudgedBy& j, Stored::Judged::Builder b) {
  b.setShipped0(j.shipped.words[0]);
  b.setShipped1(j.shipped.words[1]);
  b.setShipped2(j.shipped.words[2]);
  b.setShipped3(j.shipped.words[3]);
  if (!j.installation.is_zero()) fill(b.initInstallation(hash_octets), hash_text(j.installation));
  if (!j.provider.is_zero()) fill(b.initProvider(hash_octets), hash_text(j.provider));
}
void read(Stored::Judged::Reader r, JudgedBy& j) {
  j.shipped = {{r.getShipped0(), r.getShipped1(), r.getShipped2(), r.getShipped3()}};
  j.installation = hash_of(r.getInstallation());
  j.provider = hash_of(r.getProvider());
}

void write(const LandBefore& l, Stored::LandBefore::Builder b) {
  b.setLand(word_number(l.land));
  b.setReplaced(l.replaced.value);
}
void read(Stored::LandBefore::Reader r, LandBefore& l) {
  l.land = word_of<Land>(r.getLand());
  l.replaced = Version{r.getReplaced()};
}

void write(const FollowUp& f, Stored::FollowUp::Builder b) {
  b.setPrescribedOn(days(f.prescribed_on));
  b.setUnits(f.units);
  b.setPrescriber(word_number(f.prescriber));
  b.setTrial(f.trial);
  b.setVersion(f.version.value);
}
void read(Stored::FollowUp::Reader r, FollowUp& f) {
  f.prescribed_on = CivilDate{r.getPrescribedOn()};
  f.units = r.getUnits();
  f.prescriber = word_of<PrescriberKind>(r.getPrescriber());
  f.trial = r.getTrial();
  f.version = Version{r.getVersion()};
}

void write(const Application& a, Stored::Application::Builder b) {
  b.setExtension(a.extension);
  b.setUnits(a.units);
  b.setSubmittedOn(days(a.submitted_on));
  b.setReceivedOn(days(a.received_on));
  b.setRegime(word_number(a.regime));
  b.setToldOn(days(a.told_on));
  b.setOpinionOn(days(a.opinion_on));
  b.setToldVersion(a.told_version.value);
  b.setOpinionVersion(a.opinion_version.value);
  b.setDecision(static_cast<std::uint8_t>(a.decision));
  b.setDecidedOn(days(a.decided_on));
  b.setVersion(a.version.value);
  b.setJudged(a.judged);
}
void read(Stored::Application::Reader r, Application& a) {
  a.extension = r.getExtension();
  a.units = r.getUnits();
  a.submitted_on = CivilDate{r.getSubmittedOn()};
  a.received_on = CivilDate{r.getReceivedOn()};
  a.regime = word_of<Regime>(r.getRegime());
  a.told_on = date_or_none(r.getToldOn());
  a.opinion_on = date_or_none(r.getOpinionOn());
  a.told_version = Version{r.getToldVersion()};
  a.opinion_version = Version{r.getOpinionVersion()};
  if (r.getDecision() > static_cast<std::uint8_t>(Decision::denied)) throw BadRow("an unknown decision");
  a.decision = static_cast<Decision>(r.getDecision());
  a.decided_on = date_or_none(r.getDecidedOn());
  a.version = Version{r.getVersion()};
  a.judged = r.getJudged();
}

void write(const Approval& a, Stored::Approval::Builder b) {
  b.setIdHigh(a.id.value.high);
  b.setIdLow(a.id.value.low);
  b.setExtension(a.extension);
  b.setRevoked(a.revoked);
  b.setUnits(a.units);
  b.setFrom(days(a.from));
  b.setUntil(days(a.until));
  b.setDecidedOn(days(a.decided_on));
  if (!empty(a.reference)) write(a.reference, b.initReference());
  b.setDecides(a.decides.value_or(no_index));
  b.setVersion(a.version.value);
  b.setLapsed(days(a.lapsed));
}
void read(Stored::Approval::Reader r, Approval& a) {
  a.id.value = {r.getIdHigh(), r.getIdLow()};
  a.extension = r.getExtension();
  a.revoked = r.getRevoked();
  a.units = r.getUnits();
  a.from = CivilDate{r.getFrom()};
  a.until = CivilDate{r.getUntil()};
  a.decided_on = CivilDate{r.getDecidedOn()};
  read(r.getReference(), a.reference);
  a.decides = r.getDecides() == no_index ? std::nullopt : std::optional(r.getDecides());
  a.version = Version{r.getVersion()};
  a.lapsed = date_or_none(r.getLapsed());
}

void write(const Denial& d, Stored::Denial::Builder b) {
  b.setExtension(d.extension);
  b.setInstructionGiven(d.instruction_given);
  b.setDecidedOn(days(d.decided_on));
  b.setPostedOn(days(d.posted_on));
  b.setObjectionFiledOn(days(d.objection_filed_on));
  b.setObjectionDecidedOn(days(d.objection_decided_on));
  b.setUpheld(d.upheld);
  b.setVersion(d.version.value);
  b.setJudged(d.judged);
}
void read(Stored::Denial::Reader r, Denial& d) {
  d.extension = r.getExtension();
  d.instruction_given = r.getInstructionGiven();
  d.decided_on = CivilDate{r.getDecidedOn()};
  d.posted_on = CivilDate{r.getPostedOn()};
  d.objection_filed_on = date_or_none(r.getObjectionFiledOn());
  d.objection_decided_on = date_or_none(r.getObjectionDecidedOn());
  d.upheld = r.getUpheld();
  d.version = Version{r.getVersion()};
  d.judged = r.getJudged();
}

void write(const Visit& v, Stored::Visit::Builder b) {
  b.setIdHigh(v.id.value.high);
  b.setIdLow(v.id.value.low);
  b.setStartsAt(v.starts_at.ms);
  b.setOn(days(v.on));
  b.setMinutes(v.minutes.value);
  b.setStaff(v.staff);
  b.setCorrected(v.corrected);
  b.setGroupSize(v.group_size);
  b.setState(word_number(v.state));
  b.setPlace(word_number(v.place));
  b.setCategory(word_number(v.category));
  b.setJudged(v.judged);
  b.setDated(v.dated.value);
}
void read(Stored::Visit::Reader r, Visit& v) {
  v.id.value = {r.getIdHigh(), r.getIdLow()};
  v.starts_at = Instant{r.getStartsAt()};
  v.on = CivilDate{r.getOn()};
  v.minutes = minutes(r.getMinutes());
  v.staff = r.getStaff();
  v.corrected = r.getCorrected();
  v.group_size = r.getGroupSize();
  v.state = word_of<VisitState>(r.getState());
  v.place = word_of<Place>(r.getPlace());
  v.category = word_or_none<Category>(r.getCategory());
  v.judged = r.getJudged();
  v.dated = Version{r.getDated()};
}

void write(const Exemption& e, Stored::Exemption::Builder b) {
  b.setFrom(days(e.from));
  b.setUntil(days(e.until));
}
void read(Stored::Exemption::Reader r, Exemption& e) {
  e.from = CivilDate{r.getFrom()};
  e.until = CivilDate{r.getUntil()};
}

void write(const Tick& t, Stored::Tick::Builder b) {
  fill(b.initStep(size(t.step)), t.step);
  fill(b.initItem(size(t.item)), t.item);
  if (!t.by.empty()) fill(b.initBy(size(t.by)), t.by);
  b.setOn(days(t.on));
}
void read(Stored::Tick::Reader r, Tick& t) {
  t.step = view(r.getStep());
  t.item = view(r.getItem());
  t.by = view(r.getBy());
  t.on = CivilDate{r.getOn()};
}

void write(const CaseFinding& f, Stored::Finding::Builder b) {
  b.setVersion(f.version.value);
  b.setRule(static_cast<std::uint16_t>(f.rule));
  b.setDeviation(f.deviation);
}
void read(Stored::Finding::Reader r, CaseFinding& f) {
  f.version = Version{r.getVersion()};
  f.rule = rule_of(r.getRule());
  f.deviation = r.getDeviation();
}

void write(const Missed& m, Stored::Missed::Builder b) {
  b.setAlertHigh(m.alert.value.high);
  b.setAlertLow(m.alert.value.low);
  b.setRule(static_cast<std::uint16_t>(m.rule));
  b.setGeneration(m.generation.value);
  b.setDueOn(days(m.due_on));
  b.setActsOn(days(m.acts_on));
  b.setLevel(static_cast<std::uint8_t>(m.level));
  b.setLevelSince(m.level_since.ms);
  b.setAnswer(static_cast<std::uint8_t>(m.answer));
  b.setAnsweredAt(m.answered_at.ms);
  if (!m.answered_by.empty()) fill(b.initAnsweredBy(size(m.answered_by)), m.answered_by);
  if (!empty(m.answer_text)) write(m.answer_text, b.initAnswerText());
  b.setSnoozedUntil(days(m.snoozed_until));
  if (!m.notices.empty()) write(m.notices, b.initNotices(static_cast<unsigned>(m.notices.size())));
}
void read(Stored::Missed::Reader r, Missed& m) {
  m.alert.value = {r.getAlertHigh(), r.getAlertLow()};
  m.rule = rule_of(r.getRule());
  m.generation = Version{r.getGeneration()};
  m.due_on = CivilDate{r.getDueOn()};
  m.acts_on = CivilDate{r.getActsOn()};
  m.level = r.getLevel();
  m.level_since = Instant{r.getLevelSince()};
  m.answer = answer_of(r.getAnswer());
  m.answered_at = Instant{r.getAnsweredAt()};
  m.answered_by = view(r.getAnsweredBy());
  read(r.getAnswerText(), m.answer_text);
  m.snoozed_until = CivilDate{r.getSnoozedUntil()};
  read(r.getNotices(), m.notices);
}

template <class Item, class List>
void write_all(const std::vector<Item>& items, List&& list) {
  for (unsigned i = 0; i < list.size(); ++i) write(items[i], list[i]);
}
template <class List, class Item>
void read_all(List list, std::vector<Item>& items) {
  items.resize(list.size());
  for (unsigned i = 0; i < list.size(); ++i) read(list[i], items[i]);
}

/// Words that the case takes at most: generous sums of what its structs hold.
std::size_t words_of(const Case& c) {
  std::size_t words =
      96 + words_of(c.provider.size()) + words_of(c.lead.size()) + words_of(c.person) + words_of(c.diagnoses);
  words += c.judged.size() * 16 + c.lands_before.size() * 2 + c.follow_ups.size() * 4 +
           c.applications.size() * 8 + c.denials.size() * 5 + c.visits.size() * 8 + c.findings.size() * 2 +
           c.exemptions.size() * 2;
  for (const Approval& a : c.approvals) words += 8 + words_of(a.reference);
  for (const std::string& s : c.staff) words += 1 + words_of(s.size());
  for (const Missed& m : c.missed) {
    words += 12 + words_of(m.answered_by.size()) + words_of(m.answer_text) + words_of(m.notices);
  }
  for (const Tick& t : c.ticks) {
    words += 5 + words_of(t.step.size()) + words_of(t.item.size()) + words_of(t.by.size());
  }
  return words;
}

void write_case(const Case& c, Stored::Builder b) {
  b.setIdHigh(c.id.value.high);
  b.setIdLow(c.id.value.low);
  b.setVersion(c.head.version.value);
  b.setHash0(c.head.hash.words[0]);
  b.setHash1(c.head.hash.words[1]);
  b.setHash2(c.head.hash.words[2]);
  b.setHash3(c.head.hash.words[3]);
  fill(b.initProvider(size(c.provider)), c.provider);
  write_all(c.judged, b.initJudged(static_cast<unsigned>(c.judged.size())));
  b.setBenefit(word_number(c.benefit));
  b.setLand(word_number(c.land));
  b.setLandJudged(c.land_judged);
  if (!c.lands_before.empty()) {
    write_all(c.lands_before, b.initLandsBefore(static_cast<unsigned>(c.lands_before.size())));
  }
  b.setPersonHigh(c.person_id.value.high);
  b.setPersonLow(c.person_id.value.low);
  if (!empty(c.person)) write(c.person, b.initPerson());
  if (!empty(c.diagnoses)) write(c.diagnoses, b.initDiagnoses());
  b.setPrescriber(word_number(c.prescriber));
  b.setPrescribedOn(days(c.prescribed_on));
  b.setReceivedOn(days(c.received_on));
  b.setUnits(c.units);
  b.setSetting(word_number(c.setting));
  b.setDischargedOn(days(c.discharged_on));
  b.setExpectedDischargeOn(days(c.expected_discharge_on));
  b.setDischargeVersion(c.discharge_version.value);
  b.setDischargeEvent(c.discharge_event);
  b.setDischargeJudged(c.discharge_judged);
  b.setNoSelfCare(answer(c.no_self_care));
  b.setStays(number(c.inpatient_stays_12_months));
  b.setFinalStage(answer(c.final_stage));
  b.setImpairment(answer(c.impairment));
  b.setSapv(answer(c.sapv));
  b.setTrial(answer(c.trial));
  b.setGaf(number(c.gaf));
  b.setCoverage(word_number(c.coverage));
  b.setCoverageSince(days(c.coverage_since));
  if (!c.lead.empty()) fill(b.initLead(size(c.lead)), c.lead);
  b.setCarePlanOn(days(c.care_plan_on));
  b.setFinalReportOn(days(c.final_report_on));
  write_all(c.follow_ups, b.initFollowUps(static_cast<unsigned>(c.follow_ups.size())));
  write_all(c.applications, b.initApplications(static_cast<unsigned>(c.applications.size())));
  write_all(c.approvals, b.initApprovals(static_cast<unsigned>(c.approvals.size())));
  write_all(c.denials, b.initDenials(static_cast<unsigned>(c.denials.size())));
  b.setDeniedOn(days(c.denied_on));
  auto staff = b.initStaff(static_cast<unsigned>(c.staff.size()));
  for (unsigned i = 0; i < staff.size(); ++i) fill(staff.init(i, size(c.staff[i])), c.staff[i]);
  write_all(c.visits, b.initVisits(static_cast<unsigned>(c.visits.size())));
  if (c.end) {
    b.setEndKind(static_cast<std::uint8_t>(c.end->kind));
    b.setEndOn(days(c.end->on));
    b.setEndCause(word_number(c.end->cause));
    b.setEndGoalReached(answer(c.end->goal_reached));
    b.setEndVersion(c.end->version.value);
  }
  write_all(c.findings, b.initFindings(static_cast<unsigned>(c.findings.size())));
  write_all(c.missed, b.initMissed(static_cast<unsigned>(c.missed.size())));
  b.setLatestJudged(c.latest_judged);
  b.setClientVersion(c.client_version.value);
  b.setFirstUnitChanged(c.first_unit_changed.value);
  b.setFirstDeliveryChanged(c.first_delivery_changed.value);
  b.setFirstUnitLost(c.first_unit_lost.value);
  b.setReopened(c.reopened.value);
  if (!c.exemptions.empty()) {
    write_all(c.exemptions, b.initExemptions(static_cast<unsigned>(c.exemptions.size())));
  }
  if (!c.ticks.empty()) write_all(c.ticks, b.initTicks(static_cast<unsigned>(c.ticks.size())));
  b.setPersonalData(word_number(c.personal_data));
  b.setWholeFrom(days(c.whole_from));
}

void read_case(Stored::Reader r, Case& c) {
  c.id.value = {r.getIdHigh(), r.getIdLow()};
  c.head = {Version{r.getVersion()}, {{r.getHash0(), r.getHash1(), r.getHash2(), r.getHash3()}}};
  c.provider = view(r.getProvider());
  read_all(r.getJudged(), c.judged);
  c.benefit = word_of<Benefit>(r.getBenefit());
  c.land = word_of<Land>(r.getLand());
  c.land_judged = r.getLandJudged();
  read_all(r.getLandsBefore(), c.lands_before);
  c.person_id.value = {r.getPersonHigh(), r.getPersonLow()};
  read(r.getPerson(), c.person);
  read(r.getDiagnoses(), c.diagnoses);
  c.prescriber = word_of<PrescriberKind>(r.getPrescriber());
  c.prescribed_on = CivilDate{r.getPrescribedOn()};
  c.received_on = CivilDate{r.getReceivedOn()};
  c.units = r.getUnits();
  c.setting = word_or_none<Setting>(r.getSetting());
  c.discharged_on = date_or_none(r.getDischargedOn());
  c.expected_discharge_on = date_or_none(r.getExpectedDischargeOn());
  c.discharge_version = Version{r.getDischargeVersion()};
  c.discharge_event = r.getDischargeEvent();
  c.discharge_judged = r.getDischargeJudged();
  c.no_self_care = answer_or_none(r.getNoSelfCare());
  c.inpatient_stays_12_months = number_or_none(r.getStays());
  c.final_stage = answer_or_none(r.getFinalStage());
  c.impairment = answer_or_none(r.getImpairment());
  c.sapv = answer_or_none(r.getSapv());
  c.trial = answer_or_none(r.getTrial());
  c.gaf = number_or_none(r.getGaf());
  c.coverage = word_or_none<Coverage>(r.getCoverage());
  c.coverage_since = date_or_none(r.getCoverageSince());
  c.lead = view(r.getLead());
  c.care_plan_on = date_or_none(r.getCarePlanOn());
  c.final_report_on = date_or_none(r.getFinalReportOn());
  read_all(r.getFollowUps(), c.follow_ups);
  read_all(r.getApplications(), c.applications);
  read_all(r.getApprovals(), c.approvals);
  read_all(r.getDenials(), c.denials);
  c.denied_on = date_or_none(r.getDeniedOn());
  const auto staff = r.getStaff();
  c.staff.resize(staff.size());
  for (unsigned i = 0; i < staff.size(); ++i) c.staff[i] = view(staff[i]);
  read_all(r.getVisits(), c.visits);
  if (r.getEndKind() == no_word) {
    c.end.reset();
  } else {
    if (r.getEndKind() > static_cast<std::uint8_t>(EndKind::withdrawn)) throw BadRow("an unknown end");
    c.end = End{static_cast<EndKind>(r.getEndKind()), CivilDate{r.getEndOn()},
                word_or_none<Cause>(r.getEndCause()), answer_or_none(r.getEndGoalReached()),
                Version{r.getEndVersion()}};
  }
  read_all(r.getFindings(), c.findings);
  read_all(r.getMissed(), c.missed);
  c.latest_judged = r.getLatestJudged();
  c.client_version = Version{r.getClientVersion()};
  c.first_unit_changed = Version{r.getFirstUnitChanged()};
  c.first_delivery_changed = Version{r.getFirstDeliveryChanged()};
  c.first_unit_lost = Version{r.getFirstUnitLost()};
  c.reopened = Version{r.getReopened()};
  read_all(r.getExemptions(), c.exemptions);
  read_all(r.getTicks(), c.ticks);
  c.personal_data = word_of<PersonalDataState>(r.getPersonalData());
  c.whole_from = CivilDate{r.getWholeFrom()};
}

}  // namespace

void append_case(std::string& out, const Case& c) {
  with_segment<Stored>(
      words_of(c), [&](Stored::Builder b) { write_case(c, b); },
      [&](std::string_view bytes) { out.append(bytes); });
}
std::string encode_case(const Case& c) {
  std::string out;
  append_case(out, c);
  return out;
}

void decode_case(std::string_view bytes, Case& out) {
  from_segment<Stored>(bytes, [&](Stored::Reader r) { read_case(r, out); });
}

// ---------------------------------------------------------------- order

OrderKey::OrderKey(std::int32_t value) : size_(sizeof value) {
  write_big_endian(octets_.data(), static_cast<std::uint32_t>(value) ^ 0x80000000u);
}
OrderKey::OrderKey(CivilDate value) : OrderKey(value.days) {}
OrderKey::OrderKey(const std::optional<CivilDate>& value) {
  if (value) {
    *this = OrderKey(*value);
  } else {
    size_ = static_cast<std::uint8_t>(order_key_of_null.copy(octets_.data(), octets_.size()));
  }
}
OrderKey::OrderKey(Instant value) : size_(6) {
  // Six octets: milliseconds of 8,900 years, half of them before 1970.
  constexpr std::int64_t half = std::int64_t{1} << 47;
  assert(value.ms >= -half && value.ms < half);
  char octets[8];
  write_big_endian(octets, static_cast<std::uint64_t>(value.ms + half));
  std::memcpy(octets_.data(), octets + 2, size_);
}
OrderKey::OrderKey(const Uuid& value) : size_(id_octets) { write_id(octets_.data(), value); }
std::string order_key(std::string_view value) {
  assert(value.find('\0') == std::string_view::npos);
  return std::string(value).append(1, '\0');
}

}  // namespace geleit
