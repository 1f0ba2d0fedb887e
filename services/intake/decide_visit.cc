// Visits: planned, moved, delivered, corrected, taken back.
#include "projections/deadlines.h"
#include "services/intake/judgement.h"

namespace geleit {
namespace {

/// The visit a command refers to, when the case knows it; else 409 with its field.
const Visit* known_visit(Judgement& j, VisitId id) {
  const Visit* visit = j.state().find_visit(id);
  j.refers(visit != nullptr, RejectionKind::unknown_reference, "visit", sentence(message::a_known_visit),
           sentence(message::visit_is_unknown));
  return visit;
}

bool visit_in_state(Judgement& j, const Visit& visit, VisitState wanted) {
  return j.stands(visit.state == wanted, sentence(message::visit_in_state, word(wanted)),
                  sentence(message::visit_is, word(visit.state)), "visit");
}

// SMN-CATEGORY.
void judge_category(Judgement& j, std::optional<Category> category) {
  if (category) return;
  j.breaks(Rule::smn_category, sentence(message::a_category), sentence(message::is_missing), "category");
}

// SMN-COMPLETE: its due_on before the command, where the visit is later.
std::optional<CivilDate> due_before(const Judgement& j, CivilDate on) {
  const auto deadline = completion_of(j.state(), j.rule_book());
  return deadline && on > deadline->due_on ? std::optional(deadline->due_on) : std::nullopt;
}

// What a delivered visit is judged by, at its delivery and after a correction alike.
void judge_delivered(Judgement& j, const Visit& visit) {
  const Case& c = j.state();
  if (c.benefit == Benefit::st) return judge_st_delivered(j, visit);
  const CivilDate on = visit.on;
  judge_category(j, visit.category);
  if (const auto due_on = due_before(j, on)) {
    j.breaks(Rule::smn_complete, sentence(message::visit_until, *due_on), sentence(message::visit_on, on));
  }
  if (c.end && c.end->cause == Cause::died && on > c.end->on) {
    j.breaks(Rule::smn_death, sentence(message::visit_until_death, c.end->on),
             sentence(message::visit_on, on));
  }
  if (!c.discharged_on || on < *c.discharged_on) {
    j.breaks(Rule::smn_before_discharge, sentence(message::visit_after_discharge),
             sentence(message::visit_on, on));
  }
  if (visit.minutes.value % j.numbers().smn_step_minutes != 0) {
    j.breaks(Rule::smn_unit, sentence(message::step_of_minutes, j.numbers().smn_step_minutes),
             sentence(message::minutes_are, visit.minutes.value), "minutes");
  }
}

/// On a case that ended a visit is late paper up to the last day; after a child's death it is a closing unit
/// (SMN-DEATH).
bool on_open_day(Judgement& j, CivilDate on, std::string field = {}) {
  const Case& c = j.state();
  if (!c.end || on <= c.end->on || (c.end->cause == Cause::died && c.benefit == Benefit::smn)) return true;
  return j.stands(false, sentence(message::visit_until_end, c.end->on), sentence(message::visit_on, on),
                  std::move(field));
}

/// A visit that the case does not know carries all of its schedule; the category is a rule's to ask for.
bool carries_all(Judgement& j, const DeliverVisit& c) {
  const auto given = [&](bool is_given, std::string_view field) {
    return j.refers(is_given, RejectionKind::unknown_reference, std::string(field),
                    sentence(message::all_of_a_new_visit, field), sentence(message::is_missing));
  };
  return j.refers(c.visit.value.version() != 5, RejectionKind::unknown_reference, "visit",
                  sentence(message::a_known_visit), sentence(message::visit_is_unknown)) &&
         given(c.started_at || c.starts_at, "starts_at") && given(!c.staff.empty(), "staff") &&
         given(c.place.has_value(), "place");
}

}  // namespace

Decided decide_on(Judgement& j, const ScheduleVisit& c) {
  if (!j.not_ended()) return j.refusal();
  const VisitId visit = c.visit ? *c.visit : VisitId{j.own_id("visit")};
  if (!j.refers(!j.state().find_visit(visit), RejectionKind::already_exists, "visit",
                sentence(message::a_new_visit), sentence(message::visit_is_known))) {
    return j.refusal();
  }
  if (!field_belongs(j, Benefit::st, c.group_size.has_value(), "group_size")) return j.refusal();
  if (j.state().benefit == Benefit::st) {
    judge_st_group(j, c.group_size.value_or(0));
  } else {
    judge_category(j, c.category);
  }
  if (!j.passes()) return j.refusal();
  if (due_before(j, berlin_date(c.starts_at))) j.flags(Rule::smn_complete);
  return j.accept(VisitScheduled{visit, c.starts_at, c.minutes, c.staff, c.place, c.category, c.group_size});
}

Decided decide_on(Judgement& j, const RescheduleVisit& c) {
  if (!j.not_ended()) return j.refusal();
  const Visit* visit = known_visit(j, c.visit);
  if (!visit || !visit_in_state(j, *visit, VisitState::scheduled) || !j.passes()) return j.refusal();
  if (due_before(j, berlin_date(c.starts_at))) j.flags(Rule::smn_complete);
  return j.accept(VisitRescheduled{c.visit, c.starts_at, c.minutes, c.staff});
}

Decided decide_on(Judgement& j, const CancelVisit& c) {
  if (!j.not_ended()) return j.refusal();
  const Visit* visit = known_visit(j, c.visit);
  if (!visit || !visit_in_state(j, *visit, VisitState::scheduled) || !j.passes()) return j.refusal();
  return j.accept(VisitCancelled{c.visit, j.seal(SealedField::reason, c.reason)});
}

Decided decide_on(Judgement& j, const MissVisit& c) {
  if (!j.not_ended()) return j.refusal();
  const Visit* visit = known_visit(j, c.visit);
  if (!visit || !visit_in_state(j, *visit, VisitState::scheduled) || !j.passes()) return j.refusal();
  return j.accept(VisitMissed{c.visit, j.seal(SealedField::reason, c.reason)});
}

Decided decide_on(Judgement& j, const DeliverVisit& c) {
  const Case& state = j.state();
  const Visit* visit = state.find_visit(c.visit);
  if (!j.in_state({CaseState::referred, CaseState::applied, CaseState::approved, CaseState::running,
                   CaseState::completed, CaseState::discontinued})) {
    return j.refusal();
  }
  const auto start = c.started_at  ? c.started_at
                     : c.starts_at ? c.starts_at
                     : visit       ? std::optional(visit->starts_at)
                                   : std::nullopt;
  if (start && !on_open_day(j, berlin_date(*start))) return j.refusal();
  if (visit) {
    if (!visit_in_state(j, *visit, VisitState::scheduled)) return j.refusal();
    if (!j.stands(c.started_at || c.starts_at || visit->starts_at <= j.now(),
                  sentence(message::started_at_of_an_early_visit),
                  sentence(message::it_starts_at, std::string_view(to_string(visit->starts_at))),
                  "started_at")) {
      return j.refusal();
    }
  } else if (!carries_all(j, c)) {
    return j.refusal();
  }

  if (!field_belongs(j, Benefit::st, c.group_size.has_value(), "group_size")) return j.refusal();

  Visit delivered = visit ? *visit : Visit{};
  delivered.id = c.visit;
  delivered.state = VisitState::delivered;
  delivered.on = berlin_date(*start);
  delivered.minutes = c.minutes;
  if (c.category) delivered.category = c.category;
  if (c.group_size) delivered.group_size = static_cast<std::uint16_t>(*c.group_size);
  if (state.benefit == Benefit::smn && !any_delivered(state) && j.person()) {
    judge_age(j, j.person()->born, delivered.on, state.no_self_care, state.inpatient_stays_12_months);
  }
  j.judge_birth(j.person() ? std::optional(j.person()->born) : std::nullopt, "started_at", delivered.on);
  judge_delivered(j, delivered);
  if (!j.passes()) return j.refusal();

  VisitDelivered e;
  e.visit = c.visit;
  e.starts_at = c.starts_at;
  e.started_at = c.started_at;
  e.minutes = c.minutes;
  e.place = c.place;
  e.category = c.category;
  e.staff = c.staff;
  e.group_size = c.group_size;
  e.note = j.seal(SealedField::note, c.note);
  return j.accept(e);
}

Decided decide_on(Judgement& j, const CorrectVisit& c) {
  const Visit* visit = known_visit(j, c.visit);
  if (!visit || !visit_in_state(j, *visit, VisitState::delivered)) return j.refusal();
  Visit corrected = *visit;
  if (c.started_at) corrected.on = berlin_date(*c.started_at);
  if (c.minutes) corrected.minutes = *c.minutes;
  if (c.category) corrected.category = c.category;
  if (c.group_size) corrected.group_size = static_cast<std::uint16_t>(*c.group_size);
  if ((corrected.on != visit->on && !on_open_day(j, corrected.on, "started_at")) ||
      !field_belongs(j, Benefit::st, c.group_size.has_value(), "group_size")) {
    return j.refusal();
  }
  judge_delivered(j, corrected);
  if (!j.passes()) return j.refusal();

  VisitCorrected e;
  e.visit = c.visit;
  e.started_at = c.started_at;
  e.minutes = c.minutes;
  e.place = c.place;
  e.category = c.category;
  e.staff = c.staff;
  e.group_size = c.group_size;
  e.note = j.seal(SealedField::note, c.note);
  e.reason = j.seal(SealedField::reason, c.reason);
  return j.accept(e);
}

Decided decide_on(Judgement& j, const VoidVisit& c) {
  const Visit* visit = known_visit(j, c.visit);
  if (!visit || !visit_in_state(j, *visit, VisitState::delivered) || !j.passes()) return j.refusal();
  return j.accept(VisitVoided{c.visit, j.seal(SealedField::reason, c.reason)});
}

}  // namespace geleit
