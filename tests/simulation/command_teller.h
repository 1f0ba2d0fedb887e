// Draws commands: what might be asked next of a case as the model has it, often allowed, often not, and the
// same as the JSON text that a client would send.
#pragma once

#include <fmt/format.h>

#include <string>

#include "events/civil_time.h"
#include "events/uuid.h"
#include "tests/simulation/small_model.h"

namespace geleit::simulation {

/// The same numbers for the same seed on every machine (splitmix64).
class Draw {
 public:
  explicit Draw(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }
  /// 0 to bound − 1.
  std::uint32_t below(std::uint64_t bound) {
    return static_cast<std::uint32_t>((next() >> 32) * bound >> 32);
  }
  int between(int least, int most) {
    return least + static_cast<int>(below(static_cast<std::uint64_t>(most - least + 1)));
  }
  bool one_in(std::uint64_t n) { return below(n) == 0; }
  template <class List>
  const auto& of(const List& list) {
    return list[below(list.size())];
  }
  Uuid uuid() {
    Uuid id{next(), next()};
    const std::uint64_t version = one_in(2) ? 4 : 7;
    id.high = (id.high & ~std::uint64_t{0xf000}) | version << 12;
    id.low = (id.low & ~(std::uint64_t{3} << 62)) | std::uint64_t{2} << 62;
    return id;
  }

 private:
  std::uint64_t state_;
};

inline constexpr std::array<std::string_view, 3> providers{"hana-muenchen", "nordlicht", "klee.blatt"};
inline constexpr std::array<std::string_view, 4> lands{"DE-BY", "DE-SN", "DE-BE", "DE-HB"};

/// Ways in which a text can be wrong before anybody looks at a case.
enum class Flaw : std::uint8_t {
  none,
  cut_short,
  unknown_member,
  no_such_day,
  lies_ahead,
  unknown_command,
  chosen_v5,
  no_data,
};
inline constexpr std::size_t flaw_count = 8;

class CommandTeller {
 public:
  explicit CommandTeller(Draw& draw) : draw_(draw) {}

  /// A command for the case, or, without one, what opens it. Of three draws the first that the model allows
  /// is taken, else the last.
  Told tell(const ModelCase* c, std::int64_t now, const Uuid& case_id,
            const std::optional<Uuid>& known_person) {
    Told told;
    for (int i = 0; i < 3; ++i) {
      told = draw(c, now, case_id, known_person);
      if (judge(c, told, now, true) == Verdict::accepted) break;
    }
    return told;
  }

  std::string text_of(const Told& t, Flaw flaw = Flaw::none) {
    std::string out = "{\"command\":\"";
    out += flaw == Flaw::unknown_command ? std::string_view("BuyMilk") : of(t.name).command;
    out += '"';
    if (flaw == Flaw::chosen_v5)
      member(out, "id", quoted(to_string(uuid_v5(t.id, "x"))));
    else if (t.id_given)
      member(out, "id", quoted(to_string(t.id)));
    if (t.case_id) member(out, "case", quoted(to_string(*t.case_id)));
    if (t.expect_version) member(out, "expect_version", std::to_string(*t.expect_version));
    std::string happened = day(t.happened);
    if (flaw == Flaw::no_such_day) happened = "\"2026-02-30\"";
    if (flaw == Flaw::lies_ahead) happened = day(t.happened + 20'000);
    member(out, "happened", happened);
    member(out, "by", "\"m.roth\"");
    if (t.reasons) {
      member(
          out, "reasons",
          R"({"SMN-COMPLETE":"Familie war im Urlaub","SMN-DEATH":"Abschied","SMN-INDICATION":"Einzelfall",)"
          R"("SMN-PRESCRIBER-WINDOW":"Praxis zu","SMN-SETTING":"Einzelfall","SMN-MIN-UNITS":"genug",)"
          R"("SMN-MAX-UNITS":"schwer","ST-INDICATION":"Einzelfall","ST-REFERRAL":"Einzelfall"})");
    }
    if (flaw != Flaw::no_data) member(out, "data", data_of(t, flaw == Flaw::unknown_member));
    if (flaw == Flaw::cut_short) return out;
    return out + '}';
  }

 private:
  Told draw(const ModelCase* c, std::int64_t now, const Uuid& case_id,
            const std::optional<Uuid>& known_person) {
    Told t;
    // The clock may go back by two days after a command was made.
    const std::int32_t latest = berlin_day(now) - 3;
    t.id = draw_.uuid();
    t.case_id = case_id;
    t.happened = draw_.one_in(200) ? days_of(1990, 1, 1) : latest - draw_.between(0, 20);
    t.reasons = !draw_.one_in(6);
    t.provider = c ? c->provider : draw_.of(providers);
    t.staff = draw_.between(1, 4);
    if (!c && !draw_.one_in(12)) {
      referral(t, latest, known_person);
      return t;
    }
    t.name = c ? common() : static_cast<Name>(draw_.below(names.size()));
    const auto a_day = [&] { return latest - draw_.between(0, 60); };
    switch (t.name) {
      case Name::receive_referral: referral(t, latest, known_person); break;
      case Name::amend_referral:
        switch (draw_.below(5)) {
          case 0: t.land = draw_.of(lands); break;
          case 1: t.units = draw_.between(4, 22); break;
          case 2: t.discharged = a_day(); break;
          case 3: t.born = birth(); break;
          case 4: t.ambulatory = draw_.one_in(2); break;
        }
        break;
      case Name::receive_follow_up:
        t.day = a_day();
        t.units = draw_.between(1, 12);
        t.doctor = doctor();
        if (c && (c->st ? draw_.one_in(3) : draw_.one_in(30))) {
          t.trial = !draw_.one_in(6);
          t.units = draw_.between(1, 6);
        } else if (c && c->st) {
          t.units = draw_.between(1, 32);
        }
        break;
      case Name::record_exemption:
        t.from = latest - draw_.between(-100, 100);
        t.until = *t.from + draw_.between(0, 365);
        break;
      case Name::record_discharge: t.discharged = a_day(); break;
      case Name::record_coverage:
      case Name::note_opinion:
      case Name::file_objection:
      case Name::agree_plan:
      case Name::complete_care:
      case Name::send_report: t.day = a_day(); break;
      case Name::discontinue_care:
        t.day = a_day();
        t.died = draw_.one_in(3);
        break;
      case Name::decide_objection:
        t.day = a_day();
        t.yes = draw_.one_in(2);
        break;
      case Name::submit_application:
      case Name::request_extension:
        t.day = a_day();
        t.units = draw_.between(1, 12);
        if (t.name == Name::submit_application && !draw_.one_in(4)) t.plan_attached = !draw_.one_in(8);
        break;
      case Name::grant_approval:
      case Name::grant_extension:
        if (!draw_.one_in(4)) t.target = draw_.uuid();
        if (c && !c->approvals.empty() && draw_.one_in(15)) choose(t, draw_.of(c->approvals).id);
        t.units = draw_.between(1, t.name == Name::grant_extension ? 6 : 20);
        t.day = a_day();
        t.from = latest - draw_.between(0, 120);
        t.until = *t.from + draw_.between(0, 300);
        break;
      case Name::deny_approval:
      case Name::deny_extension:
        t.day = a_day();
        t.yes = draw_.one_in(2);
        break;
      case Name::correct_approval:
        t.target = approval(c);
        switch (draw_.below(3)) {
          case 0: t.units = draw_.between(1, 12); break;
          case 1: t.until = latest + draw_.between(-100, 100); break;
          case 2: t.day = a_day(); break;
        }
        break;
      case Name::revoke_approval: t.target = approval(c); break;
      case Name::schedule_visit:
        if (!draw_.one_in(4)) t.target = draw_.uuid();
        if (c && !c->visits.empty() && draw_.one_in(15)) choose(t, draw_.of(c->visits).id);
        t.starts_at = moment(now, draw_.between(-20, 12));
        t.minutes = minutes();
        t.place = place();
        if (!draw_.one_in(20)) t.kind = kind();
        break;
      case Name::reschedule_visit:
        t.target = visit(c, VisitIs::scheduled);
        t.starts_at = moment(now, draw_.between(-20, 12));
        if (draw_.one_in(2)) t.minutes = minutes();
        break;
      case Name::cancel_visit:
      case Name::miss_visit: t.target = visit(c, VisitIs::scheduled); break;
      case Name::deliver_visit:
        t.target = draw_.one_in(2) ? visit(c, VisitIs::scheduled) : draw_.uuid();
        t.minutes = minutes();
        if (!c || !c->visit(*t.target) || draw_.one_in(3)) {
          (draw_.one_in(4) ? t.starts_at : t.started_at) = moment(now, -draw_.between(0, 40));
          if (!draw_.one_in(20)) t.place = place();
          if (!draw_.one_in(20)) t.kind = kind();
        }
        break;
      case Name::correct_visit:
        t.target = visit(c, VisitIs::delivered);
        switch (draw_.below(4)) {
          case 0: t.started_at = moment(now, -draw_.between(0, 40)); break;
          case 1: t.minutes = minutes(); break;
          case 2: t.place = place(); break;
          case 3: t.kind = kind(); break;
        }
        break;
      case Name::void_visit: t.target = visit(c, VisitIs::delivered); break;
      case Name::tick_checklist:
        t.item = draw_.between(1, items_known + 1);
        t.yes = !draw_.one_in(3);
        break;
      case Name::withdraw_referral:
      case Name::assign_team:
      case Name::reopen_case: break;
    }
    return t;
  }

  void referral(Told& t, std::int32_t latest, const std::optional<Uuid>& known_person) {
    t.name = Name::receive_referral;
    if (draw_.one_in(5))
      t.person_id = known_person && !draw_.one_in(6) ? *known_person : draw_.uuid();
    else
      t.born = birth();
    // An id that the service made cannot be chosen for a new case.
    if (draw_.one_in(8) || t.case_id->version() == 5) t.case_id.reset();
    t.doctor = doctor();
    t.land = draw_.of(lands);
    t.prescribed = latest - draw_.between(0, 60);
    if (draw_.one_in(2)) t.received = latest - draw_.between(0, 10);
    t.units = draw_.one_in(8) ? draw_.between(1, 24) : draw_.between(6, 20);
    t.listed_diagnosis = !draw_.one_in(10);
    t.ambulatory = draw_.one_in(10);
    if (!draw_.one_in(4)) t.discharged = latest - draw_.between(0, 80);
    if (draw_.one_in(3)) soziotherapie(t);
  }

  void soziotherapie(Told& t) {
    t.st = true;
    t.discharged.reset();
    if (draw_.one_in(2)) t.trial = draw_.one_in(2);
    t.units = draw_.one_in(8) ? draw_.between(1, 34) : draw_.between(1, 30);
    if (t.trial == true && !draw_.one_in(8)) t.units = draw_.between(1, 5);
  }

  /// Visits are most of what is told of a case; what ends it comes late.
  Name common() {
    if (draw_.one_in(2)) {
      static constexpr std::array visits{Name::schedule_visit, Name::schedule_visit, Name::deliver_visit,
                                         Name::deliver_visit,  Name::deliver_visit,  Name::reschedule_visit,
                                         Name::cancel_visit,   Name::miss_visit,     Name::correct_visit,
                                         Name::void_visit};
      return draw_.of(visits);
    }
    const Name any = static_cast<Name>(draw_.below(names.size()));
    const bool ends = any == Name::withdraw_referral || any == Name::discontinue_care;
    return ends && !draw_.one_in(3) ? Name::submit_application : any;
  }

  /// For something new a client can choose no id that the service made.
  static void choose(Told& t, const Uuid& known) {
    if (known.version() != 5) t.target = known;
  }
  Uuid visit(const ModelCase* c, VisitIs wanted) {
    if (!c || c->visits.empty() || draw_.one_in(12)) return draw_.uuid();
    for (int i = 0; i < 4; ++i) {
      const ModelVisit& v = draw_.of(c->visits);
      if (v.is == wanted) return v.id;
    }
    return draw_.of(c->visits).id;
  }
  Uuid approval(const ModelCase* c) {
    return !c || c->approvals.empty() || draw_.one_in(12) ? draw_.uuid() : draw_.of(c->approvals).id;
  }
  /// Whole minutes, in every tenth draw within the two hours in which Berlin's clock changes.
  std::int64_t moment(std::int64_t now, int days) {
    if (days < -4 && draw_.one_in(10)) {
      for (const int month : {3, 10}) {
        const std::int64_t change = summer_change(2026, month);
        if (change < now - 4 * std::int64_t{86'400'000}) return change + draw_.between(-90, 90) * 60'000;
      }
    }
    if (days <= 0) days = std::min(days, -3);
    return (now / 60'000) * 60'000 + std::int64_t{days} * 86'400'000 + draw_.between(-600, 600) * 60'000;
  }
  std::int32_t minutes() { return draw_.one_in(10) ? draw_.between(1, 100) : 15 * draw_.between(1, 8); }
  Where place() { return static_cast<Where>(draw_.below(3)); }
  Kind kind() { return static_cast<Kind>(draw_.below(3)); }
  Doctor doctor() { return draw_.one_in(15) ? Doctor::other : static_cast<Doctor>(draw_.below(2)); }
  std::int32_t birth() { return born_from + draw_.between(0, 2000); }

  static std::string quoted(std::string_view text) { return '"' + std::string(text) + '"'; }
  static std::string day(std::int32_t days) { return quoted(to_string(CivilDate{days})); }
  static std::string moment(std::int64_t ms) { return quoted(to_string(Instant{ms})); }
  static void member(std::string& out, std::string_view name, std::string_view value) {
    if (out.back() != '{') out += ',';
    out += '"';
    out += name;
    out += "\":";
    out += value;
  }
  static std::string_view word(Doctor d) {
    static constexpr std::array<std::string_view, 3> words{"hospital", "paediatrician", "other"};
    return words[static_cast<std::size_t>(d)];
  }
  static std::string_view word(Where w) {
    static constexpr std::array<std::string_view, 3> words{"home", "facility", "phone"};
    return words[static_cast<std::size_t>(w)];
  }
  static std::string_view word(Kind k) {
    static constexpr std::array<std::string_view, 3> words{"preparation", "coordination", "guidance"};
    return words[static_cast<std::size_t>(k)];
  }

  static std::string data_of(const Told& t, bool unknown_member) {
    std::string out = "{";
    const auto text = [&](std::string_view name, std::string_view value) {
      member(out, name, quoted(value));
    };
    const auto maybe_day = [&](std::string_view name, const std::optional<std::int32_t>& value) {
      if (value) member(out, name, day(*value));
    };
    const auto maybe_number = [&](std::string_view name, const std::optional<std::int32_t>& value) {
      if (value) member(out, name, std::to_string(*value));
    };
    const auto truth = [&](std::string_view name, bool value) {
      member(out, name, value ? "true" : "false");
    };
    const auto prescriber = [&] {
      if (t.doctor)
        member(out, "prescriber", fmt::format(R"({{"kind":"{}","name":"Dr. Falk"}})", word(*t.doctor)));
    };
    const auto person = [&] {
      if (t.born) {
        member(out, "person",
               fmt::format(R"({{"given_name":"Mia","family_name":"Falter","born":{}}})", day(*t.born)));
      }
    };
    if (unknown_member) truth("colour", true);
    switch (t.name) {
      case Name::receive_referral:
        text("benefit", t.st ? "ST" : "SMN");
        text("provider", t.provider);
        text("land", *t.land);
        person();
        if (t.person_id) text("person_id", to_string(*t.person_id));
        prescriber();
        maybe_day("prescribed_on", t.prescribed);
        maybe_day("received_on", t.received);
        maybe_number("units", t.units);
        member(out, "diagnoses",
               !*t.listed_diagnosis ? R"([{"icd":"M54.5"}])"
               : t.st               ? R"([{"icd":"F20.0"}])"
                                    : R"([{"icd":"P07.1"}])");
        if (t.trial) truth("trial", *t.trial);
        if (!t.st) text("setting", *t.ambulatory ? "ambulatory" : "inpatient");
        maybe_day("discharged_on", t.discharged);
        break;
      case Name::amend_referral:
        if (t.land) text("land", *t.land);
        maybe_number("units", t.units);
        maybe_day("discharged_on", t.discharged);
        person();
        if (t.ambulatory) text("setting", *t.ambulatory ? "ambulatory" : "inpatient");
        break;
      case Name::receive_follow_up:
        maybe_day("prescribed_on", t.day);
        maybe_number("units", t.units);
        prescriber();
        if (t.trial) truth("trial", *t.trial);
        break;
      case Name::record_exemption:
        maybe_day("from", t.from);
        maybe_day("until", t.until);
        break;
      case Name::withdraw_referral:
      case Name::reopen_case: text("reason", "auf Wunsch der Familie"); break;
      case Name::record_discharge: maybe_day("discharged_on", t.discharged); break;
      case Name::record_coverage:
        text("coverage", "insured");
        maybe_day("since", t.day);
        break;
      case Name::assign_team: text("lead", fmt::format("lead-{}", t.staff)); break;
      case Name::submit_application:
        maybe_number("units", t.units);
        maybe_day("submitted_on", t.day);
        if (t.plan_attached) truth("care_plan_attached", *t.plan_attached);
        break;
      case Name::note_opinion: maybe_day("told_on", t.day); break;
      case Name::grant_approval:
      case Name::grant_extension:
        if (t.target) text("approval", to_string(*t.target));
        text("reference", "AZ 17");
        maybe_day("decided_on", t.day);
        maybe_number("units", t.units);
        maybe_day("from", t.from);
        maybe_day("until", t.until);
        break;
      case Name::correct_approval:
        text("approval", to_string(*t.target));
        maybe_number("units", t.units);
        maybe_day("decided_on", t.day);
        maybe_day("until", t.until);
        text("reason", "Bescheid falsch gelesen");
        break;
      case Name::revoke_approval:
        text("approval", to_string(*t.target));
        text("reason", "widerrufen");
        break;
      case Name::deny_approval:
      case Name::deny_extension:
        text("reference", "AZ 18");
        maybe_day("decided_on", t.day);
        maybe_day("posted_on", t.day);
        truth("instruction_given", *t.yes);
        break;
      case Name::file_objection: maybe_day("filed_on", t.day); break;
      case Name::decide_objection:
        maybe_day("decided_on", t.day);
        truth("upheld", *t.yes);
        break;
      case Name::agree_plan:
        maybe_day("agreed_on", t.day);
        member(out, "goals", R"(["allein schlafen","in die Kita gehen"])");
        break;
      case Name::schedule_visit:
        if (t.target) text("visit", to_string(*t.target));
        member(out, "starts_at", moment(*t.starts_at));
        maybe_number("minutes", t.minutes);
        text("staff", fmt::format("staff-{}", t.staff));
        text("place", word(*t.place));
        if (t.kind) text("category", word(*t.kind));
        break;
      case Name::reschedule_visit:
        text("visit", to_string(*t.target));
        member(out, "starts_at", moment(*t.starts_at));
        maybe_number("minutes", t.minutes);
        break;
      case Name::cancel_visit:
      case Name::void_visit:
        text("visit", to_string(*t.target));
        text("reason", "verschrieben");
        break;
      case Name::miss_visit: text("visit", to_string(*t.target)); break;
      case Name::deliver_visit:
        text("visit", to_string(*t.target));
        if (t.starts_at) member(out, "starts_at", moment(*t.starts_at));
        if (t.started_at) member(out, "started_at", moment(*t.started_at));
        maybe_number("minutes", t.minutes);
        if (t.place) {
          text("place", word(*t.place));
          text("staff", fmt::format("staff-{}", t.staff));
        }
        if (t.kind) text("category", word(*t.kind));
        break;
      case Name::correct_visit:
        text("visit", to_string(*t.target));
        if (t.started_at) member(out, "started_at", moment(*t.started_at));
        maybe_number("minutes", t.minutes);
        if (t.place) text("place", word(*t.place));
        if (t.kind) text("category", word(*t.kind));
        text("reason", "Zettel falsch gelesen");
        break;
      case Name::request_extension:
        maybe_number("units", t.units);
        maybe_day("requested_on", t.day);
        maybe_day("documentation_form_on", t.day);
        text("reason", "Ziel nicht erreicht");
        break;
      case Name::complete_care:
        maybe_day("completed_on", t.day);
        truth("goal_reached", true);
        break;
      case Name::discontinue_care:
        maybe_day("discontinued_on", t.day);
        text("cause", t.died ? "died" : "moved");
        break;
      case Name::send_report:
        maybe_day("sent_on", t.day);
        text("to", "Praxis Falk");
        break;
      case Name::tick_checklist:
        text("step", "agree_care_plan");
        text("item", fmt::format("item-{}", t.item));
        truth("ticked", *t.yes);
        break;
    }
    return out + '}';
  }

  Draw& draw_;
};

}  // namespace geleit::simulation
