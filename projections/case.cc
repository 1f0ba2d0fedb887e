#include "projections/case.h"

#include <algorithm>

namespace geleit {
namespace {

/// From the back: what is asked for came last, mostly.
template <class Items, class Id>
auto* find_by_id(Items& items, const Id& id) {
  const auto found =
      std::find_if(items.rbegin(), items.rend(), [&](const auto& item) { return item.id == id; });
  return found == items.rend() ? nullptr : &*found;
}

}  // namespace

void Case::clear() {
  Case fresh;
  const auto keep = [&]<class... List>(List Case::*... lists) {
    (((this->*lists).clear(), (fresh.*lists).swap(this->*lists)), ...);
  };
  keep(&Case::provider, &Case::judged, &Case::lands_before, &Case::exemptions, &Case::lead, &Case::follow_ups,
       &Case::applications, &Case::approvals, &Case::denials, &Case::staff, &Case::visits, &Case::findings,
       &Case::missed, &Case::ticks);
  for (SealedCopy Case::*copy : {&Case::person, &Case::diagnoses}) {
    (this->*copy).bytes.clear();
    (fresh.*copy).bytes.swap((this->*copy).bytes);
  }
  *this = std::move(fresh);
}

Visit* Case::find_visit(VisitId visit) { return find_by_id(visits, visit); }
const Visit* Case::find_visit(VisitId visit) const { return find_by_id(visits, visit); }
Approval* Case::find_approval(ApprovalId approval) { return find_by_id(approvals, approval); }
const Approval* Case::find_approval(ApprovalId approval) const { return find_by_id(approvals, approval); }
const Missed* Case::find_alert(EventId alert) const {
  const auto found =
      std::find_if(missed.begin(), missed.end(), [&](const Missed& m) { return m.alert == alert; });
  return found == missed.end() ? nullptr : &*found;
}

//            SubmitApplication   GrantApproval      first unit          CompleteCare, DiscontinueCare
//   referred ────────────────▶ applied ─────────▶ approved ────────▶ running ─────────────────▶ completed,
//   discontinued
//      │                          │ denial (no approval stands)         ▲
//      └── WithdrawReferral ──▶ withdrawn    denied ── objection, new application ──▶ what the other facts
//      say
CaseState state_of(const Case& c) {
  if (c.end) {
    switch (c.end->kind) {
      case EndKind::completed: return CaseState::completed;
      case EndKind::discontinued: return CaseState::discontinued;
      case EndKind::withdrawn: return CaseState::withdrawn;
    }
  }
  const bool approval_stands =
      std::any_of(c.approvals.begin(), c.approvals.end(), [](const Approval& a) { return a.stands(); });
  if (c.denied_on && !approval_stands) return CaseState::denied;
  if (std::any_of(c.visits.begin(), c.visits.end(), [&](const Visit& v) { return counts_as_unit(c, v); })) {
    return CaseState::running;
  }
  if (approval_stands) return CaseState::approved;
  return c.applications.empty() ? CaseState::referred : CaseState::applied;
}

bool is_ended(CaseState state) {
  return state == CaseState::completed || state == CaseState::discontinued || state == CaseState::withdrawn ||
         state == CaseState::denied;
}

std::optional<CivilDate> closed_on(const Case& c) {
  if (c.end) return c.end->on;
  if (state_of(c) == CaseState::denied) return c.denied_on;
  return std::nullopt;
}

bool is_preparatory(const Case& c, const Visit& v) {
  return c.benefit == Benefit::smn && (!c.discharged_on || v.on < *c.discharged_on);
}

bool counts_as_unit(const Case& c, const Visit& v) { return v.delivered() && !is_preparatory(c, v); }

std::optional<CivilDate> first_unit_on(const Case& c) {
  std::optional<CivilDate> first;
  for (const Visit& v : c.visits) {
    if (counts_as_unit(c, v) && (!first || v.on < *first)) first = v.on;
  }
  return first;
}

std::optional<CivilDate> last_unit_on(const Case& c) {
  std::optional<CivilDate> last;
  for (const Visit& v : c.visits) {
    if (counts_as_unit(c, v) && (!last || v.on > *last)) last = v.on;
  }
  return last;
}

std::optional<CivilDate> first_delivery_on(const Case& c) {
  std::optional<CivilDate> first;
  for (const Visit& v : c.visits) {
    if (v.delivered() && (!first || v.on < *first)) first = v.on;
  }
  return first;
}

bool any_delivered(const Case& c) {
  return std::any_of(c.visits.begin(), c.visits.end(), [](const Visit& v) { return v.delivered(); });
}

const Application* oldest_undecided(const Case& c, bool extension) {
  for (const Application& a : c.applications) {
    if (a.extension == extension && a.decision == Decision::none) return &a;
  }
  return nullptr;
}

const Application* oldest_undecided(const Case& c) {
  for (const Application& a : c.applications) {
    if (a.decision == Decision::none) return &a;
  }
  return nullptr;
}

const Denial* latest_denial(const Case& c) { return c.denials.empty() ? nullptr : &c.denials.back(); }

}  // namespace geleit
