#include "projections/row_codec.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/unit/case_story.h"

namespace geleit {
namespace {

using testing::CaseStory;

template <class T>
T any() {
  return *rc::gen::arbitrary<T>();
}
CivilDate any_date() { return CivilDate{*rc::gen::inRange(-700000, 2900000)}; }
template <class Make>
auto maybe(Make&& make) -> std::optional<decltype(make())> {
  return any<bool>() ? std::optional(make()) : std::nullopt;
}
template <Vocabulary E>
E any_word() {
  return static_cast<E>(*rc::gen::inRange<int>(0, static_cast<int>(words<E>.size())));
}
template <class IdType>
IdType any_id() {
  return IdType{{any<std::uint64_t>(), any<std::uint64_t>()}};
}
Version any_version() { return Version{any<std::uint32_t>()}; }
Hash any_hash() {
  return {{any<std::uint64_t>(), any<std::uint64_t>(), any<std::uint64_t>(), any<std::uint64_t>()}};
}
SealedCopy any_copy() { return {any_id<KeyId>(), any<std::string>()}; }
std::string any_text() { return *rc::gen::container<std::string>(rc::gen::inRange<char>('a', 'z')); }
template <class Make>
auto several(Make&& make) {
  std::vector<decltype(make())> items;
  const int count = *rc::gen::inRange(0, 4);
  for (int i = 0; i < count; ++i) items.push_back(make());
  return items;
}
std::int32_t any_number() { return *rc::gen::inRange(0, 100000); }
Rule any_rule() { return static_cast<Rule>(*rc::gen::inRange<int>(0, rule_count)); }
SentNotice any_notice() {
  return {any_text(), *rc::gen::inRange(1, 4), any_number(), Instant{any_number()}, any_text()};
}

Case any_case() {
  Case c;
  c.id = any_id<CaseId>();
  c.head = {any_version(), any_hash()};
  c.provider = any_text();
  c.judged = several([] { return JudgedBy{any_hash(), any<bool>() ? any_hash() : Hash{}, any_hash()}; });
  c.benefit = any_word<Benefit>();
  c.land = any_word<Land>();
  c.land_judged = any<JudgedIndex>();
  c.lands_before = several([] { return LandBefore{any_word<Land>(), any_version()}; });
  c.person_id = any_id<PersonId>();
  c.person = any_copy();
  c.diagnoses = any_copy();
  c.prescriber = any_word<PrescriberKind>();
  c.prescribed_on = any_date();
  c.received_on = any_date();
  c.units = any_number();
  c.setting = maybe(any_word<Setting>);
  c.discharged_on = maybe(any_date);
  c.expected_discharge_on = maybe(any_date);
  c.discharge_version = any_version();
  c.discharge_event = any<std::uint8_t>();
  c.discharge_judged = any<JudgedIndex>();
  c.no_self_care = maybe(any<bool>);
  c.inpatient_stays_12_months = maybe(any_number);
  c.final_stage = maybe(any<bool>);
  c.impairment = maybe(any<bool>);
  c.sapv = maybe(any<bool>);
  c.trial = maybe(any<bool>);
  c.gaf = maybe(any_number);
  c.coverage = maybe(any_word<Coverage>);
  c.coverage_since = maybe(any_date);
  c.exemptions = several([] { return Exemption{any_date(), any_date()}; });
  c.ticks = several([] { return Tick{any_text(), any_text(), any_text(), any_date()}; });
  c.lead = any_text();
  c.care_plan_on = maybe(any_date);
  c.final_report_on = maybe(any_date);
  c.follow_ups = several([] {
    return FollowUp{any_date(), any_number(), any_word<PrescriberKind>(), any<bool>(), any_version()};
  });
  c.applications = several([] {
    Application a;
    a.extension = any<bool>();
    a.units = any_number();
    a.submitted_on = any_date();
    a.received_on = any_date();
    a.regime = any_word<Regime>();
    a.told_on = maybe(any_date);
    a.opinion_on = maybe(any_date);
    a.told_version = any_version();
    a.opinion_version = any_version();
    a.decision = static_cast<Decision>(*rc::gen::inRange(0, 3));
    a.decided_on = maybe(any_date);
    a.version = any_version();
    a.judged = any<JudgedIndex>();
    return a;
  });
  c.approvals = several([] {
    Approval a;
    a.id = any_id<ApprovalId>();
    a.extension = any<bool>();
    a.revoked = any<bool>();
    a.units = any_number();
    a.from = any_date();
    a.until = any_date();
    a.decided_on = any_date();
    a.reference = any_copy();
    a.decides = maybe([] { return static_cast<std::uint16_t>(*rc::gen::inRange(0, 65535)); });
    a.version = any_version();
    return a;
  });
  c.denials = several([] {
    Denial d;
    d.extension = any<bool>();
    d.instruction_given = any<bool>();
    d.decided_on = any_date();
    d.posted_on = any_date();
    d.objection_filed_on = maybe(any_date);
    d.objection_decided_on = maybe(any_date);
    d.upheld = any<bool>();
    d.version = any_version();
    d.judged = any<JudgedIndex>();
    return d;
  });
  c.denied_on = maybe(any_date);
  c.staff = several(any_text);
  c.visits = several([] {
    Visit v;
    v.id = any_id<VisitId>();
    v.starts_at = Instant{any<std::int64_t>()};
    v.on = any_date();
    v.minutes = Minutes{any_number()};
    v.staff = any<std::uint16_t>();
    v.corrected = any<std::uint16_t>();
    v.group_size = any<std::uint16_t>();
    v.state = any_word<VisitState>();
    v.place = any_word<Place>();
    v.category = maybe(any_word<Category>);
    v.judged = any<JudgedIndex>();
    v.dated = any_version();
    return v;
  });
  c.end = maybe([] {
    return End{static_cast<EndKind>(*rc::gen::inRange(0, 3)), any_date(), maybe(any_word<Cause>),
               maybe(any<bool>), any_version()};
  });
  c.findings = several([] {
    return CaseFinding{any_version(), static_cast<Rule>(*rc::gen::inRange<int>(0, rule_count)), any<bool>()};
  });
  c.missed = several([] {
    Missed m;
    m.alert = any_id<EventId>();
    m.rule = any_rule();
    m.generation = any_version();
    m.due_on = any_date();
    m.acts_on = any_date();
    m.level = *rc::gen::inRange(1, 4);
    m.level_since = Instant{any_number()};
    m.answer = static_cast<AlertAnswer>(*rc::gen::inRange(0, 3));
    m.answered_at = Instant{any_number()};
    m.answered_by = any_text();
    m.answer_text = any_copy();
    m.snoozed_until = any_date();
    m.notices = several(any_notice);
    return m;
  });
  c.latest_judged = any<JudgedIndex>();
  c.client_version = any_version();
  c.first_unit_changed = any_version();
  c.first_delivery_changed = any_version();
  c.first_unit_lost = any_version();
  c.reopened = any_version();
  c.whole_from = any_date();
  return c;
}

RC_GTEST_PROP(RowCodec, ACaseComesBackWithAllItsFields, ()) {
  const Case c = any_case();
  RC_ASSERT(decode_case(encode_case(c)) == c);
}

RC_GTEST_PROP(RowCodec, ACaseReadIntoAnotherIsTheCaseItself, ()) {
  const Case c = any_case();
  Case used = any_case();
  decode_case(encode_case(c), used);
  RC_ASSERT(used == c);
}

RC_GTEST_PROP(Case, AClearedOneIsAsNew, ()) {
  Case c = any_case();
  c.clear();
  RC_ASSERT(c == Case{});
}

RC_GTEST_PROP(RowCodec, BytesOfAnyAlignmentAreRead, ()) {
  const Case c = any_case();
  const std::string shifted = std::string(1 + any<unsigned>() % 7, 'x') + encode_case(c);
  RC_ASSERT(decode_case(std::string_view(shifted).substr(shifted.find_first_not_of('x'))) == c);
}

TEST(RowCodec, ALongCaseIsOneSegment) {
  CaseStory story;
  story.referred();
  for (int i = 1; i <= 500; ++i) story.delivered(i, "2026-03-02", 15);
  EXPECT_EQ(decode_case(encode_case(story.now())), story.now());
}

template <class Row>
Row again(const std::string& key, const Row& row) {
  Row out;
  decode(key, encode(row), out);
  return out;
}

RC_GTEST_PROP(RowCodec, RowsComeBack, ()) {
  CaseRow c;
  c.id = any_id<CaseId>();
  c.provider = any_text();
  c.version = any_version();
  c.benefit = any_word<Benefit>();
  c.land = any_word<Land>();
  c.state = any_word<CaseState>();
  c.lead = any_text();
  c.referred_on = any_date();
  c.discharged_on = maybe(any_date);
  c.first_unit_on = maybe(any_date);
  c.last_unit_on = maybe(any_date);
  c.closed_on = maybe(any_date);
  c.person_id = any_id<PersonId>();
  c.person = any_copy();
  RC_ASSERT(again(key_of(c.id), c) == c);

  DeadlineRow d;
  d.id = c.id;
  d.rule = static_cast<Rule>(*rc::gen::inRange<int>(0, rule_count));
  d.ordinal = any<std::uint16_t>();
  d.rule_set = any_hash();
  d.anchor_event = static_cast<std::uint8_t>(*rc::gen::inRange<int>(0, event_names.size()));
  d.anchor_on = any_date();
  d.due_on = any_date();
  d.acts_on = any_date();
  d.hint_on = maybe(any_date);
  d.calendar.land = maybe(any_word<Land>);
  d.met_on = maybe(any_date);
  d.moot = any<bool>();
  d.expert = any<bool>();
  d.sgb9 = any<bool>();
  d.instruction_given = any<bool>();
  d.generation = any_version();
  d.warnings = several([] { return DeadlineRow::Warning{any_number(), any_date()}; });
  RC_ASSERT(again(key_of(d), d) == d);

  OverdueStartRow o{c.id, any_date(), any_date(), any_text(), any_id<EventId>(), Instant{any_number()},
                    1,    false,      {}};
  o.level = *rc::gen::inRange(1, 4);
  o.acknowledged = any<bool>();
  o.snoozed_until = maybe(any_date);
  RC_ASSERT(again(key_of(o.id), o) == o);

  UnitBalanceRow b;
  b.id = c.id;
  b.benefit = any_word<Benefit>();
  for (Minutes* m :
       {&b.prescribed, &b.applied, &b.approved, &b.extended, &b.scheduled, &b.delivered, &b.at_home,
        &b.preparatory, &b.group, &b.voided, &b.billable, &b.at_risk, &b.remaining}) {
    *m = Minutes{any_number()};
  }
  RC_ASSERT(again(key_of(b.id), b) == b);

  TaskRow t;
  t.id = c.id;
  t.task = any_word<Task>();
  t.ordinal = any<std::uint16_t>();
  t.since = any_date();
  t.until = maybe(any_date);
  t.due_on = maybe(any_date);
  t.role = maybe(any_word<Role>);
  t.why = maybe([] { return static_cast<Rule>(*rc::gen::inRange<int>(0, rule_count)); });
  t.workflow = any_date();
  t.entry = any<std::uint8_t>();
  t.title_de = any_text();
  if (!t.title_de.empty()) t.title_en = any_text();
  RC_ASSERT(again(key_of(t), t) == t);

  VisitRow v;
  v.case_id = c.id;
  v.visit = any_id<VisitId>();
  v.state = any_word<VisitState>();
  v.starts_at = Instant{any<std::int64_t>()};
  v.minutes = Minutes{any_number()};
  v.staff = any_text();
  v.place = any_word<Place>();
  v.category = maybe(any_word<Category>);
  v.billable = Minutes{any_number()};
  v.at_risk = Minutes{any_number()};
  v.corrected = any<std::uint16_t>();
  RC_ASSERT(again(key_of(v), v) == v);

  AlertRow a;
  a.case_id = c.id;
  a.alert = any_id<EventId>();
  a.benefit = any_word<Benefit>();
  a.rule = any_rule();
  a.due_on = any_date();
  a.acts_on = any_date();
  a.raised_at = Instant{any_number()};
  a.closed = any_word<AlertClosed>();
  a.level = *rc::gen::inRange(1, 4);
  a.answer = static_cast<AlertAnswer>(*rc::gen::inRange(0, 3));
  a.answered_at = Instant{any_number()};
  a.answered_by = any_text();
  a.note = any_copy();
  a.snoozed_until = any_date();
  a.lead = any_text();
  a.team = any_text();
  a.sent = several(any_notice);
  RC_ASSERT(again(key_of(a), a) == a);

  TimerRow timer;
  timer.id = c.id;
  timer.kind = any_word<TimerKind>();
  timer.due = Instant{any_number()};
  switch (timer.kind) {
    case TimerKind::missed:
      timer.rule = any_rule();
      timer.generation = any_version();
      break;
    case TimerKind::lapsed:
      timer.approval = any_id<ApprovalId>();
      timer.until = any_date();
      break;
    case TimerKind::escalation:
      timer.alert = any_id<EventId>();
      timer.level = *rc::gen::inRange(2, 4);
      break;
  }
  RC_ASSERT(again(key_of(timer), timer) == timer);

  const PersonRow p{c.id, any_id<PersonId>()};
  RC_ASSERT(again(key_of(p.id), p) == p);
}

TEST(RowCodec, DamagedBytesAreRefused) {
  CaseRow row;
  EXPECT_THROW(decode(std::string(16, 'k'), "", row), BadRow);
  EXPECT_THROW(decode(std::string(16, 'k'), "odd", row), BadRow);
  EXPECT_THROW(decode("short", encode(CaseRow{}), row), BadRow);
  EXPECT_THROW(decode(std::string(16, 'k'), std::string(64, '\xff'), row), BadRow);
  EXPECT_THROW((void)decode_case(std::string(800, '\x7f')), BadRow);
}

template <class T>
bool same_order(const T& a, const T& b) {
  return (a < b) == (order_key(a) < order_key(b)) && (a == b) == (order_key(a) == order_key(b));
}

RC_GTEST_PROP(OrderKey, BytesSortAsValuesDo, ()) {
  RC_ASSERT(same_order(any_date(), any_date()));
  RC_ASSERT(same_order(any<std::int32_t>(), *rc::gen::inRange(-5, 5)));
  const auto instant = [] {
    return Instant{*rc::gen::inRange<std::int64_t>(-62135596800000, 64060588800000)};
  };
  RC_ASSERT(same_order(instant(), instant()));
  RC_ASSERT(same_order(any_id<CaseId>().value, any_id<CaseId>().value));
  const std::string a = any_text(), b = any_text();
  RC_ASSERT(same_order(std::string_view(a), std::string_view(b)));
}

TEST(OrderKey, NullSortsLast) {
  EXPECT_LT(order_key(std::optional(CivilDate{2900000})), order_key(std::optional<CivilDate>()));
}

TEST(OrderKey, ATextThatBeginsAnotherSortsBeforeIt) {
  // Followed by a row's key, which may begin with anything.
  EXPECT_LT(order_key(std::string_view("a")) + "\xff",
            order_key(std::string_view("ab")) + std::string(1, '\0'));
}

}  // namespace
}  // namespace geleit
