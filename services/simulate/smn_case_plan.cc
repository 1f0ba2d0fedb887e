// The order of a plan: what is true first (discharge, first unit, visits, end), then when each fact reaches
// the desk. `entered` keeps to API.md's "What is allowed when": each command is given the moment before which
// it would be refused, and is entered after it.
#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <iterator>
#include <optional>
#include <span>

#include "events/uuid.h"
#include "services/simulate/case_plan.h"
#include "services/simulate/smn_texts.h"
#include "services/simulate/story_desk.h"

namespace geleit {
namespace {

using namespace smn_texts;

// RULES.md, as far as a story needs to know when a reason is asked for.
constexpr int complete_days = 84;                // SMN-COMPLETE
constexpr int prescriber_window_days = 42;       // SMN-PRESCRIBER-WINDOW
constexpr int home_minutes_wanted = 180;         // SMN-HOME
constexpr int units_least = 6, units_most = 20;  // SMN-MIN-UNITS, SMN-MAX-UNITS

enum Group : std::size_t { preterm, newborn, malformed, tumour, chronic, adolescent };
enum PlaceKind : std::size_t { at_home, by_phone, elsewhere };

class SmnStory : private StoryDesk {
 public:
  SmnStory(std::uint64_t seed, std::uint64_t number, Moment arrival, Facility& facility, const Priors& priors,
           const Almanac& almanac)
      : StoryDesk(Dice(seed, facility.index() + 1, number + 1), number, arrival, facility, priors, almanac) {}

  CasePlan tell() {
    plan_.text.reserve(24 * 1024);
    plan_.steps.reserve(96);
    choose();
    receive_referral();
    assign_team();
    if (discharge_told_later_) record_discharge();
    if (chance_.happens(priors_.referral.amended) && fate_ != Fate::withdrawn) amend_referral();
    if (fate_ == Fate::withdrawn) {
      withdraw();
    } else if (apply()) {
      take_care();
    }
    send_twice();
    settle();
    return std::move(plan_);
  }

 private:
  enum class Fate { withdrawn, discontinued, completed };

  // ---- what the child and the family are like

  void choose() {
    const std::uint32_t fate = even_share(plastic_step);
    const std::uint64_t discontinued_from = priors_.referral.withdrawn.bits;
    fate_ = fate < discontinued_from                                   ? Fate::withdrawn
            : fate < discontinued_from + priors_.end.discontinued.bits ? Fate::discontinued
                                                                       : Fate::completed;
    denied_ = fate_ != Fate::withdrawn && even_share(root_two_step) < priors_.application.denied.bits;
    extends_ = even_share(root_three_step) < priors_.extension.share.bits;
    objects_ = chance_.happens(priors_.application.objected);
    case_ = id_at(arrival_);
    lead_ = staff_at_random();
    second_ = staff_at_random();

    received_on_ = almanac_.after_working_days(
        day_of(arrival_), -static_cast<int>(chance_.pick(priors_.referral.entered_after_working_days)),
        land_);
    prescribed_on_ = received_on_ - static_cast<int>(chance_.pick(priors_.referral.prescribed_days_before));
    choose_discharge();
    choose_child();

    units_ = priors_.units.least + static_cast<int>(priors_.units.contingent.at(even_share(golden_step)));
    if (chance_.happens(priors_.referral.units_below_minimum)) units_ = chance_.between(4, 5);
    if (chance_.happens(priors_.referral.units_above_maximum)) units_ = chance_.between(22, 24);
  }

  void choose_discharge() {
    const std::uint64_t draw = chance_.next() >> 32;
    const auto& referral = priors_.referral;
    if (draw < referral.before_discharge.bits) {
      timing_before_ = true;
      discharged_on_ = discharge_between(received_on_ + 1, received_on_ + referral.before_days_max);
    } else if (draw < referral.before_discharge.bits + referral.at_discharge.bits) {
      discharged_on_ = received_on_;
      prescribed_on_ = std::max(prescribed_on_, discharged_on_ - 2);
    } else {
      timing_after_ = true;
      const bool late = chance_.happens(referral.late_after_discharge);
      discharged_on_ = late ? received_on_ - chance_.between(43, 60)
                            : discharge_between(received_on_ - referral.after_days_max, received_on_ - 2);
      prescribed_on_ = std::max(prescribed_on_, discharged_on_);
    }
    discharge_told_later_ = discharged_on_ > day_of(arrival_);
    told_discharge_ = discharged_on_;
  }

  // Days count by their weekday's weight; near ones more than far ones.
  CivilDate discharge_between(CivilDate from, CivilDate until) {
    std::vector<std::uint32_t> weights;
    const int days = until - from + 1;
    for (CivilDate day = from; day <= until; day = day + 1) {
      const int distance = from > received_on_ ? day - from : until - day;
      weights.push_back(priors_.discharge.weekday_weights[static_cast<std::size_t>(weekday_of(day))] *
                        static_cast<std::uint32_t>(days - distance + 2));
    }
    return from + static_cast<int>(chance_.pick(Weights(weights)));
  }

  void choose_child() {
    group_ = static_cast<Group>(chance_.pick(priors_.child.groups));
    const auto& listed = diagnoses[group_];
    icd_ = chance_.one_of(listed);
    if (chance_.between(1, 100) <= 35) further_icd_ = chance_.one_of(listed);
    if (group_ != preterm && group_ != newborn && chance_.happens(priors_.referral.unlisted_diagnosis)) {
      unlisted_ = true;
      icd_ = chance_.one_of(unlisted_diagnoses);
      further_icd_ = {};
    }
    int age_days = 0;
    switch (group_) {
      case preterm:
      case newborn: age_days = std::max(3, std::min(chance_.days(priors_.child.newborn_stay), 300)); break;
      case malformed: age_days = chance_.between(20, chance_.between(1, 3) == 1 ? 2400 : 400); break;
      // No child reaches the age limits of SMN-AGE before a first unit that comes months late.
      case tumour: age_days = chance_.between(300, 12 * 365); break;
      case chronic: age_days = chance_.between(150, 12 * 365); break;
      case adolescent: age_days = chance_.between(14 * 366 + 40, 16 * 365); break;
    }
    born_ = std::min(discharged_on_ - age_days, std::min(prescribed_on_, received_on_) - 1);
    given_name_ = chance_.one_of(given_names);
    guardian_ = chance_.one_of(guardian_names);
    phone_ = chance_.between(0, 999);
    insurer_ = chance_.one_of(insurers);
    const std::uint32_t area = chance_.below(1000);
    postal_code_ = fmt::format("{}{:03}", postal_areas[static_cast<std::size_t>(land_)], area);
    family_name_ = facility_.index() == 0 ? fmt::format("Musterkind-{:04}", number_)
                                          : fmt::format("Musterkind-{:03}-{:04}", facility_.index(), number_);
  }

  // ---- referral, discharge, application

  void write_person(CommandWriter& line) {
    line.open_object("person");
    line.text("given_name", given_name_);
    line.text("family_name", family_name_);
    line.date("born", born_);
    line.text("insurance_number", fmt::format("X{:03}{:06}", facility_.index() % 1000, number_ % 1'000'000));
    line.text("insurer_ik", insurer_);
    line.text("guardian", fmt::format("{} {}", guardian_, family_name_));
    line.text("phone", fmt::format("+49 30 23125 {:03}", phone_));  // numbers kept free for stories
    line.text("email", facility_.index() == 0
                           ? fmt::format("familie.{:04}@example.org", number_)
                           : fmt::format("familie.{:03}.{:04}@example.org", facility_.index(), number_));
    line.text("postal_code", postal_code_);
    line.close_object();
  }

  void receive_referral() {
    PrescriberKind kind = PrescriberKind::hospital;
    bool practice = false;
    const std::uint64_t draw = chance_.next() >> 32;
    const auto& prescriber = priors_.prescriber;
    if (timing_after_ && draw < prescriber.paediatrician_after.bits) {
      kind = PrescriberKind::paediatrician, practice = true;
    } else if (timing_after_ &&
               draw < prescriber.paediatrician_after.bits + prescriber.general_practitioner_after.bits) {
      kind = PrescriberKind::general_practitioner, practice = true;
    } else if (chance_.happens(prescriber.rehab)) {
      kind = PrescriberKind::rehab;
    }
    Setting setting = kind == PrescriberKind::rehab ? Setting::inpatient_rehab : Setting::inpatient;
    if (setting == Setting::inpatient && group_ != preterm && group_ != newborn) {
      const int other = chance_.between(1, 100);
      if (other <= 6)
        setting = Setting::day_patient;
      else if (other <= 9)
        setting = Setting::pre_post_inpatient;
      else if (other <= 14)
        setting = Setting::ambulatory_surgery;
    }
    const bool ambulatory = practice && chance_.happens(priors_.referral.ambulatory);
    if (ambulatory) setting = Setting::ambulatory;
    const bool final_stage = group_ == tumour && chance_.happens(priors_.referral.final_stage);
    const bool mistold = !discharge_told_later_ && chance_.happens(priors_.discharge.corrected);
    if (mistold) told_discharge_ = wrong_discharge(day_of(arrival_));
    unresolved_ = chance_.happens(priors_.coverage.unresolved);

    std::vector<Reason> reasons;
    if (unlisted_)
      reasons.push_back(
          {Rule::smn_indication, "Vergleichbar schwerer Verlauf, Überlastung der Familie droht"});
    if (practice && !discharge_told_later_ && prescribed_on_ - told_discharge_ > prescriber_window_days) {
      reasons.push_back({Rule::smn_prescriber_window, "Bedarf erst nach der Entlassung erkannt"});
    }
    if (ambulatory)
      reasons.push_back({Rule::smn_setting, "Ambulant versorgt, Einzelfall mit ärztlicher Begründung"});
    if (units_ < units_least)
      reasons.push_back({Rule::smn_min_units, "Familie schon gut angebunden, kurzer Bedarf"});
    if (units_ > units_most) reasons.push_back({Rule::smn_max_units, "Mehrlinge mit hohem Anleitungsbedarf"});

    CommandWriter& line = command("ReceiveReferral", arrival_, received_on_, staff_at_random(), reasons);
    line.text("benefit", word(Benefit::smn));
    line.text("provider", facility_.slug());
    line.text("land", word(land_));
    write_person(line);
    line.open_object("prescriber");
    line.text("kind", word(kind));
    line.text("name", practice ? chance_.one_of(practice_doctors) : chance_.one_of(hospital_doctors));
    line.close_object();
    line.date("prescribed_on", prescribed_on_);
    line.date("received_on", received_on_);
    line.number("units", units_);
    write_diagnoses(line);
    line.text("setting", word(setting));
    if (!discharge_told_later_) {
      line.date("discharged_on", told_discharge_);
    } else {
      const CivilDate expected = discharged_on_ + (chance_.between(1, 10) <= 7 ? 0 : chance_.between(-2, 4));
      line.date("expected_discharge_on", std::max(expected, received_on_ + 1));
    }
    if (group_ == adolescent) {
      const bool stays = chance_.between(0, 1) == 1;
      line.open_object("severe");
      line.truth("no_self_care", !stays || chance_.between(0, 1) == 1);
      line.number("inpatient_stays_12_months", stays ? chance_.between(3, 6) : chance_.between(0, 2));
      line.close_object();
    }
    if (final_stage) line.truth("final_stage", true);
    if (chance_.happens(priors_.referral.impairment_told)) line.truth("impairment", true);
    if (final_stage && chance_.happens(priors_.referral.sapv)) line.truth("sapv", true);
    if (unresolved_)
      line.text("coverage", word(Coverage::unresolved));
    else if (chance_.between(0, 1) == 1)
      line.text("coverage", word(Coverage::insured));
    end_command();

    if (mistold) {
      const Moment entered = at_desk(day_of(arrival_) + chance_.between(2, 14), arrival_);
      write_discharge(entered, discharged_on_);
    }
  }

  void write_diagnoses(CommandWriter& line) {
    line.open_list("diagnoses");
    line.open_element();
    line.text("icd", icd_);
    line.close_object();
    if (!further_icd_.empty() && further_icd_ != icd_) {
      line.open_element();
      line.text("icd", further_icd_);
      line.close_object();
    }
    line.close_list();
  }

  CivilDate wrong_discharge(CivilDate latest) {
    const CivilDate wrong = discharged_on_ + (chance_.between(0, 1) == 0 ? -1 : 1) * chance_.between(1, 3);
    return std::clamp(wrong, born_ + 1, latest);
  }

  void write_discharge(Moment entered, CivilDate day) {
    CommandWriter& line = command("RecordDischarge", entered, day, staff_at_random());
    line.date("discharged_on", day);
    end_command();
    keep_open_until(entered);
    discharge_settled_ = std::max(discharge_settled_, entered);
  }

  void record_discharge() {
    const CivilDate told = almanac_.after_working_days(
        discharged_on_, static_cast<int>(chance_.pick(priors_.discharge.entered_after_working_days)), land_);
    const Moment entered = at_desk(told, arrival_);
    if (!chance_.happens(priors_.discharge.corrected)) return write_discharge(entered, discharged_on_);
    write_discharge(entered, wrong_discharge(day_of(entered)));
    write_discharge(at_desk(day_of(entered) + chance_.between(1, 14), entered), discharged_on_);
  }

  void assign_team() {
    const Moment entered =
        at_desk(almanac_.after_working_days(day_of(arrival_), chance_.between(0, 3), land_), arrival_);
    CommandWriter& line = command("AssignCareTeam", entered, whole_minute(entered), staff_at_random());
    line.text("lead", facility_.staff(lead_));
    if (second_ != lead_) {
      line.open_list("members");
      line.element(facility_.staff(second_));
      line.close_list();
    }
    end_command();
    keep_open_until(entered);
  }

  static std::string_view next_insurer(std::string_view insurer) {
    const auto at = std::find(insurers.begin(), insurers.end(), insurer);
    assert(at != insurers.end());
    return at + 1 == insurers.end() ? insurers.front() : at[1];
  }

  void amend_referral() {
    const Moment entered = at_desk(day_of(arrival_) + chance_.between(4, 60), arrival_);
    phone_ = chance_.between(0, 999);
    // By the number of the case, so that no other line depends on it.
    if (number_ % 3 == 0) insurer_ = next_insurer(insurer_);
    CommandWriter& line = command("AmendReferral", entered, whole_minute(entered), staff_at_random());
    write_person(line);
    end_command();
  }

  void write_application(Moment entered, CivilDate submitted_on, CivilDate reached_on, bool sgb9) {
    CommandWriter& line = command("SubmitApplication", entered, submitted_on, staff_at_random());
    line.number("units", units_);
    line.date("submitted_on", submitted_on);
    if (reached_on != submitted_on) line.date("received_on", reached_on);
    if (sgb9) line.text("regime", word(Regime::sgb9_14_18));
    if (chance_.between(0, 1) == 1) line.truth("care_plan_attached", true);
    end_command();
    keep_open_until(entered);
  }

  std::string reference() {
    return fmt::format("NSG-{:03}-{:05}-{:02}", facility_.index(), number_, ++references_);
  }

  Uuid write_grant(std::string_view name, Moment entered, CivilDate decided_on, CivilDate from, int units) {
    const Uuid approval = id_at(entered);
    CommandWriter& line = command(name, entered, decided_on, staff_at_random());
    line.uuid("approval", approval);
    line.text("reference", reference());
    line.date("decided_on", decided_on);
    line.number("units", units);
    line.date("from", from);
    line.date("until", from + priors_.application.approval_days);
    end_command();
    return approval;
  }

  void write_denial(std::string_view name, Moment entered, CivilDate decided_on, CivilDate posted_on) {
    CommandWriter& line = command(name, entered, decided_on, staff_at_random());
    line.text("reference", reference());
    line.date("decided_on", decided_on);
    line.date("posted_on", posted_on);
    line.truth("instruction_given", !chance_.happens(priors_.application.instruction_missing));
    if (chance_.between(0, 2) > 0) line.text("reason", chance_.one_of(denial_reasons));
    end_command();
  }

  CivilDate insurers_day(CivilDate day) { return almanac_.working_day_from(day, land_); }
  /// The working day next to one, but after `sent_on`.
  CivilDate answered_on(CivilDate sent_on, int days) {
    const CivilDate day = sent_on + days;
    const CivilDate before = almanac_.working_day_until(day, land_);
    return day - before <= 1 && before > sent_on ? before : insurers_day(day);
  }

  /// Sends the application and receives the answer. False when the case ends with a denial.
  bool apply() {
    CivilDate ready_on = received_on_;
    if (unresolved_) ready_on = resolve_coverage();
    const int wait = std::min(chance_.days(priors_.application.submitted_after), day_cap / 2);
    const CivilDate submitted_on =
        almanac_.working_day_from(std::max(ready_on + wait, day_of(arrival_)), land_);
    // By post it reaches the insurer days later, and is entered when that is known.
    const CivilDate reached_on =
        chance_.between(1, 10) <= 6 ? submitted_on : insurers_day(submitted_on + chance_.between(1, 3));
    Moment entered = at_desk(reached_on, arrival_);
    if (chance_.between(1, 10) == 1) entered = at_desk(reached_on + chance_.between(1, 5), arrival_);
    const bool expert = chance_.happens(priors_.application.expert);
    write_application(entered, submitted_on, reached_on, chance_.happens(priors_.application.regime_sgb9));

    int answer = std::max(1, std::min(chance_.days(expert ? priors_.application.answer_with_expert
                                                          : priors_.application.answer),
                                      day_cap));
    if (!denied_ && chance_.happens(priors_.application.unanswered)) answer = chance_.between(45, 80);
    const CivilDate decided_on = answered_on(reached_on, answer);
    if (expert) {
      const CivilDate told_on = std::min(reached_on + chance_.between(3, 16), decided_on - 1);
      if (told_on > reached_on) {
        entered = at_desk(almanac_.after_working_days(told_on, chance_.between(0, 2), land_), entered);
        CommandWriter& line = command("NoteExpertOpinion", entered, told_on, staff_at_random());
        line.date("told_on", told_on);
        end_command();
        keep_open_until(entered);
      }
    }
    entered = at_desk(almanac_.after_working_days(decided_on, chance_.between(1, 4), land_), entered);
    CivilDate from = std::min(submitted_on, discharged_on_);
    if (chance_.between(1, 10) <= 3) from = submitted_on;
    if (timing_before_) from = std::min(from, received_on_);
    from = std::max(from, born_);
    if (!denied_) {
      grant(entered, decided_on, from);
      return true;
    }

    // From the denial to the objection nothing may be entered that wants an open case.
    entered = at_desk(day_of(entered), std::max(entered, open_until_));
    const CivilDate posted_on = std::min(decided_on + chance_.between(0, 1), day_of(entered));
    write_denial("DenyApproval", entered, decided_on, posted_on);
    if (!objects_) return false;
    const CivilDate filed_on = insurers_day(std::max(posted_on + chance_.between(5, 26), day_of(entered)));
    entered = at_desk(filed_on, entered);
    CommandWriter& objection = command("FileObjection", entered, filed_on, staff_at_random());
    objection.date("filed_on", filed_on);
    end_command();
    const CivilDate settled_on = insurers_day(filed_on + chance_.between(14, 60));
    entered = at_desk(almanac_.after_working_days(settled_on, chance_.between(1, 3), land_), entered);
    const bool upheld = chance_.happens(priors_.application.upheld);
    CommandWriter& decision = command("DecideObjection", entered, settled_on, staff_at_random());
    decision.date("decided_on", settled_on);
    decision.truth("upheld", upheld);
    end_command();
    if (!upheld) return false;
    entered = at_desk(day_of(entered), entered);
    grant(entered, settled_on, from);
    can_plan_from_ = entered;
    return true;
  }

  CivilDate resolve_coverage() {
    const CivilDate since = std::max(born_, received_on_ - 30);
    const CivilDate known_on =
        received_on_ + std::max(1, std::min(chance_.days(priors_.coverage.resolved_after), day_cap));
    const Moment entered = at_desk(known_on, arrival_);
    CommandWriter& line = command("RecordCoverage", entered, whole_minute(entered), staff_at_random());
    line.text("coverage", word(Coverage::insured));
    line.date("since", since);
    end_command();
    return day_of(entered);
  }

  void grant(Moment entered, CivilDate decided_on, CivilDate from) {
    int units = units_;
    if (chance_.happens(priors_.application.fewer_units)) units = std::max(4, units - chance_.between(2, 5));
    Uuid approval = write_grant("GrantApproval", entered, decided_on, from, units);
    if (chance_.happens(priors_.application.approval_revoked)) {
      const Moment revoked = at_desk(day_of(entered), entered);
      CommandWriter& line = command("RevokeApproval", revoked, whole_minute(revoked), staff_at_random());
      line.uuid("approval", approval);
      line.text("reason", "Im falschen Fall erfasst, wird neu eingetragen");
      end_command();
      entered = at_desk(day_of(revoked), revoked);
      approval = write_grant("GrantApproval", entered, decided_on, from, units);
    }
    if (chance_.happens(priors_.application.approval_corrected)) {
      const Moment corrected = at_desk(day_of(entered) + chance_.between(1, 10), entered);
      CommandWriter& line = command("CorrectApproval", corrected, whole_minute(corrected), staff_at_random());
      line.uuid("approval", approval);
      line.date("until", from + priors_.application.approval_days + 30);
      line.text("reason", "Zeitraum laut Bescheid länger");
      end_command();
    }
    approved_units_ = units;
  }

  void withdraw() {
    const Moment ends = at_desk(day_of(arrival_) + chance_.between(4, 30), open_until_);
    if (unresolved_ && chance_.between(0, 1) == 1) {
      resolve_coverage();
    } else {
      unresolved_ = false;
      apply();
    }
    // What would have come after the withdrawal never happens.
    std::erase_if(plan_.steps, [&](const CasePlan::Step& step) { return step.entered >= ends; });
    CommandWriter& line = command("WithdrawReferral", ends, whole_minute(ends), staff_at_random());
    line.text("reason", chance_.one_of(withdraw_reasons));
    end_command();
  }

  // ---- visits

  struct Contact {
    Moment starts;
    int minutes;
    std::size_t staff;
    Place place;
    Category category;
  };

  /// The first free time from that day on, with the case's own two people; a colleague helps out after so
  /// many days.
  std::optional<Contact> agree_on(CivilDate day, PlaceKind kind, int minutes, Category category,
                                  int own_team_days = 3) {
    const Place place = place_of(kind, category);
    const std::size_t wanted = somebody();
    for (int tries = 0; tries < 40; ++tries, day = almanac_.working_day_from(day + 1, land_)) {
      std::array<std::size_t, 5> people{wanted, lead_, second_, staff_at_random(), staff_at_random()};
      const std::size_t asked = tries < own_team_days ? 3 : people.size();
      for (const std::size_t who : std::span(people).first(asked)) {
        if (const auto found = facility_.book(who, day, minutes, kind != by_phone, chance_)) {
          return Contact{*found, minutes, who, place, category};
        }
      }
    }
    return std::nullopt;
  }

  Place place_of(PlaceKind kind, Category category) {
    if (kind == at_home) return Place::home;
    const int draw = chance_.between(1, 10);
    if (kind == by_phone) return draw <= 8 ? Place::phone : Place::video;
    if (category == Category::preparation) return Place::hospital;
    return draw <= 4 ? Place::facility : draw <= 7 ? Place::hospital : Place::other;
  }

  Category category_of(PlaceKind kind) {
    const int draw = chance_.between(1, 10);
    switch (kind) {
      case at_home: return draw <= 9 ? Category::guidance : Category::preparation;
      case by_phone: return draw <= 7 ? Category::coordination : Category::guidance;
      case elsewhere: break;
    }
    return draw <= 5 ? Category::guidance : draw <= 9 ? Category::coordination : Category::preparation;
  }

  std::vector<Reason> reasons_for(CivilDate day) {
    std::vector<Reason> reasons;
    if (first_unit_on_ && day - *first_unit_on_ > complete_days) {
      reasons.push_back({Rule::smn_complete, chance_.one_of(late_reasons)});
    }
    return reasons;
  }

  void write_contact(CommandWriter& line, const Contact& contact) {
    line.minute("starts_at", contact.starts);
    line.number("minutes", contact.minutes);
    line.text("staff", facility_.staff(contact.staff));
    line.text("place", word(contact.place));
    line.text("category", word(contact.category));
  }

  using Delivered = CasePlan::Delivered;  ///< 0 minutes: it did not take place

  /// One contact from its appointment to its documentation and correction. `certain`: nothing comes in
  /// between.
  std::optional<Delivered> meet(CivilDate day, PlaceKind kind, int minutes, Category category, bool certain) {
    std::optional<Contact> contact = agree_on(day, kind, minutes, category, certain ? 0 : 3);
    if (!contact) return std::nullopt;

    const auto& prior = priors_.visit;
    Moment planned{};
    Uuid visit{};
    bool scheduled = kind != by_phone || !chance_.happens(prior.unscheduled_phone);
    if (scheduled) {
      const CivilDate plan_day =
          almanac_.after_working_days(day_of(contact->starts), -chance_.between(1, 10), land_);
      planned = at_desk(plan_day, can_plan_from_);
      scheduled = planned < contact->starts;
    }
    if (scheduled) {
      visit = id_at(planned);
      CommandWriter& line = command("ScheduleVisit", planned, whole_minute(planned), contact->staff);
      line.uuid("visit", visit);
      write_contact(line, *contact);
      end_command();
      keep_open_until(planned);
    }

    const std::uint64_t fate = chance_.next() >> 32;
    if (scheduled && !certain) {
      if (fate < prior.cancelled.bits) {
        cancel(visit, planned, contact->starts);
        return Delivered{day_of(contact->starts), 0};
      }
      if (fate < prior.cancelled.bits + prior.missed.bits) {
        const Moment entered = at_desk(day_of(contact->starts), later(contact->starts, 30 * ms_a_minute));
        CommandWriter& line = command("MissVisit", entered, contact->starts, contact->staff);
        line.uuid("visit", visit);
        if (chance_.between(0, 1) == 1) line.text("reason", chance_.one_of(miss_reasons));
        end_command();
        keep_open_until(entered);
        return Delivered{day_of(contact->starts), 0};
      }
      if (fate < prior.cancelled.bits + prior.missed.bits + prior.moved.bits) {
        const Moment entered = at_desk(day_of(contact->starts) - chance_.between(0, 3), planned);
        const CivilDate new_day = std::max(day_of(contact->starts), day_of(entered)) + chance_.between(1, 7);
        if (const auto moved = agree_on(almanac_.working_day_from(new_day, land_), kind, minutes, category)) {
          CommandWriter& line = command("RescheduleVisit", entered, whole_minute(entered), contact->staff);
          line.uuid("visit", visit);
          line.minute("starts_at", moved->starts);
          if (moved->staff != contact->staff) line.text("staff", facility_.staff(moved->staff));
          end_command();
          keep_open_until(entered);
          const Place place = contact->place;
          contact = moved;
          contact->place = place;
        }
      }
    }
    return deliver(visit, scheduled, planned, *contact, kind, certain);
  }

  void cancel(const Uuid& visit, Moment planned, Moment starts) {
    const Moment entered = at_desk(day_of(starts) - chance_.between(0, 3), planned);
    CommandWriter& line = command("CancelVisit", entered, whole_minute(entered), staff_at_random());
    line.uuid("visit", visit);
    line.text("reason", chance_.one_of(cancel_reasons));
    end_command();
    keep_open_until(entered);
  }

  Delivered deliver(Uuid visit, bool scheduled, Moment planned, const Contact& contact, PlaceKind kind,
                    bool promptly) {
    const auto& prior = priors_.visit;
    Moment started = contact.starts;
    int minutes = contact.minutes;
    const bool start_told = scheduled && chance_.happens(prior.start_told);
    if (start_told) started = later(started, chance_.between(-1, 2) * 5 * ms_a_minute);
    if (scheduled && chance_.happens(prior.minutes_differ)) {
      minutes = std::max(15, minutes + (chance_.between(0, 1) == 0 ? -15 : 15));
    }
    const CivilDate day = day_of(started);
    const Moment end = later(started, minutes * ms_a_minute);
    const Moment entered = documented(end, std::max({end, planned, can_plan_from_}), promptly);
    if (day >= discharged_on_ && (!first_unit_on_ || day < *first_unit_on_)) first_unit_on_ = day;
    if (day >= discharged_on_ && (first_documented_.ms == 0 || entered < first_documented_))
      first_documented_ = entered;
    const std::vector<Reason> reasons = reasons_for(day);

    if (!scheduled) visit = id_at(entered);
    CommandWriter& line = command("DeliverVisit", entered, end, contact.staff, reasons);
    line.uuid("visit", visit);
    if (scheduled) {
      if (start_told) line.minute("started_at", started);
      line.number("minutes", minutes);
    } else {
      write_contact(line, contact);
    }
    if (chance_.happens(prior.note)) line.text("note", chance_.one_of(notes));
    end_command();
    if (chance_.happens(priors_.paper.wrong_version)) collide(visit, entered, contact.staff);

    minutes = correct(visit, contact, started, minutes, entered, kind, reasons);
    if (chance_.happens(prior.entered_twice)) enter_twice(contact, started, minutes, entered, reasons);
    plan_.delivered.push_back({day, minutes});
    delivered_minutes_ += minutes;
    if (contact.place == Place::home) home_minutes_ += minutes;
    return {day, minutes};
  }

  int correct(const Uuid& visit, const Contact& contact, Moment started, int minutes, Moment documented_at,
              PlaceKind kind, std::span<const Reason> reasons) {
    const bool soon = chance_.happens(priors_.visit.corrected_soon);
    const bool late = chance_.happens(priors_.visit.corrected_late);
    if (!soon && !late) return minutes;
    const int wait = soon ? chance_.between(0, 10) : chance_.between(15, 90);
    const Moment entered = at_desk(day_of(documented_at) + wait, documented_at, Hours::documentation);
    CommandWriter& line = command("CorrectVisit", entered, whole_minute(entered), contact.staff, reasons);
    line.uuid("visit", visit);
    const int what = chance_.between(1, 10);
    if (what <= 6) {
      minutes = std::max(15, minutes + (chance_.between(0, 1) == 0 ? -15 : 15));
      line.number("minutes", minutes);
    } else if (what == 7 && kind != at_home) {
      line.text("place", word(kind == by_phone ? Place::video : Place::other));
    } else if (what == 8) {
      // A quarter of an hour earlier: the visit still ends before it was documented.
      line.minute("started_at", later(started, -15 * ms_a_minute));
    } else {
      line.text("note", chance_.one_of(notes));
    }
    line.text("reason", chance_.one_of(correct_reasons));
    end_command();
    return minutes;
  }

  void enter_twice(const Contact& contact, Moment started, int minutes, Moment documented_at,
                   std::span<const Reason> reasons) {
    Contact again = contact;
    again.starts = started;
    again.minutes = minutes;
    const Moment entered = at_desk(day_of(documented_at), documented_at, Hours::documentation);
    const Uuid visit = id_at(entered);
    const Moment end = later(started, contact.minutes * ms_a_minute);
    CommandWriter& line =
        command("DeliverVisit", entered, std::min(end, whole_minute(entered)), contact.staff, reasons);
    line.uuid("visit", visit);
    write_contact(line, again);
    end_command();
    keep_open_until(entered);
    const Moment voided = at_desk(day_of(entered) + chance_.between(0, 9), entered);
    CommandWriter& taken_back = command("VoidVisit", voided, whole_minute(voided), staff_at_random());
    taken_back.uuid("visit", visit);
    taken_back.text("reason", "Doppelt erfasst");
    end_command();
  }

  // Two people at the same visit: the second one's form is older than the case. Only where the priors ask for
  // it.
  void collide(const Uuid& visit, Moment documented_at, std::size_t who) {
    const Moment entered = later(documented_at, 1000);
    CommandWriter& line = command("CorrectVisit", entered, whole_minute(entered), who, {}, 1);
    line.uuid("visit", visit);
    line.text("note", chance_.one_of(notes));
    line.text("reason", chance_.one_of(correct_reasons));
    end_command();
  }

  /// Contacts from `from` on until `minutes` are delivered, spread over so many days. The last day of one.
  CivilDate care(CivilDate from, int minutes, int days, bool first_is_certain, bool mind_home) {
    const int contacts = std::max(2, minutes / priors_.visit.mean_minutes);
    const Fixed gap = Fixed::whole(days) / Fixed::whole(contacts - 1);
    const Fixed latest = Fixed::whole(2 * days + 60);  // then what is left of the contingent is let go
    Fixed offset{0};
    CivilDate last = from;
    bool certain = first_is_certain;
    for (int round = 0; minutes >= 15 && round < 250 && offset < latest; ++round) {
      auto kind = static_cast<PlaceKind>(chance_.pick(priors_.visit.places));
      int length = 15 * (1 + static_cast<int>(chance_.pick(priors_.visit.quarters[kind])));
      const int home_missing = home_minutes_wanted - home_minutes_;
      if (mind_home && home_missing > 0 && kind != at_home && minutes <= home_missing + 30) {
        kind = at_home;
        length = std::max(45, std::min(90, home_missing));
      }
      length = std::min(length, minutes);
      const CivilDate day = almanac_.working_day_from(from + static_cast<int>(offset.bits >> 16), land_);
      const auto met = meet(day, kind, length, category_of(kind), certain);
      if (met) {
        minutes -= met->minutes;
        last = std::max(last, met->day);
        if (met->minutes > 0) certain = false;
      }
      offset = offset + gap * Fixed{26214 + static_cast<std::int64_t>(chance_.below(78643))};  // 0.4 to 1.6
    }
    return last;
  }

  void prepare() {
    const CivilDate from = almanac_.working_day_from(day_of(arrival_) + 1, land_);
    if (denied_ || !discharge_told_later_ || discharged_on_ - from < 2) return;
    if (!chance_.happens(priors_.start.preparatory)) return;
    for (int units = chance_.between(1, 2), at = 0; units > 0; --units, at += 2) {
      if (from + at >= discharged_on_ - 1) return;
      const auto kind = chance_.between(1, 3) == 1 ? by_phone : elsewhere;
      // A colleague's full day may push it past the discharge; it is then an ordinary unit.
      meet(almanac_.working_day_from(from + at, land_), kind, 15 * chance_.between(2, 4),
           Category::preparation, true);
    }
  }

  CivilDate first_unit_day() {
    const int wait = std::min(chance_.days(priors_.start.discharge_to_first_unit), day_cap);
    CivilDate day = discharged_on_ + wait;
    if (!almanac_.is_working_day(day, land_) && chance_.between(0, 1) == 0) {
      day = almanac_.working_day_until(day, land_);
    }
    const CivilDate earliest = std::max({discharged_on_, day_of(arrival_), day_of(can_plan_from_)});
    return almanac_.working_day_from(std::max(day, earliest), land_);
  }

  void agree_care_plan(CivilDate first_day) {
    const CivilDate agreed_on = almanac_.working_day_from(first_day + chance_.between(0, 5), land_);
    const Moment entered =
        at_desk(almanac_.after_working_days(agreed_on, chance_.between(0, 4), land_), can_plan_from_);
    CommandWriter& line = command("AgreeCarePlan", entered, agreed_on, lead_);
    line.date("agreed_on", agreed_on);
    line.open_list("goals");
    const std::uint32_t first = chance_.below(static_cast<std::uint32_t>(goals.size()));
    const int count = chance_.between(2, 4);
    for (int i = 0; i < count; ++i)
      line.element(goals[(first + static_cast<std::uint32_t>(i) * 3) % goals.size()]);
    line.close_list();
    end_command();
    keep_open_until(entered);
  }

  void take_care() {
    prepare();
    const CivilDate first_day = first_unit_day();
    agree_care_plan(first_day);

    int minutes = approved_units_ * minutes_per_unit - delivered_minutes_;
    if (chance_.happens(priors_.units.not_used_up)) minutes = minutes * chance_.between(75, 99) / 100;
    if (chance_.happens(priors_.units.beyond)) minutes += 15 * chance_.between(1, 4);
    int days = static_cast<int>(
        (priors_.units.care_days_mean + priors_.units.care_days_deviation * chance_.normal()).rounded());
    days = std::clamp(days, 14, day_cap);
    if (fate_ == Fate::discontinued) {
      const int part =
          10 + static_cast<int>(static_cast<std::uint64_t>(even_share(root_seven_step)) * 76 >> 32);
      minutes = minutes * part / 100;
      days = days * part / 100;
    }
    minutes = std::max(60, minutes / 15 * 15);
    const bool mind_home = chance_.happens(priors_.visit.home_floor);
    CivilDate last = care(first_day, minutes, days, true, mind_home);

    if (fate_ == Fate::discontinued) return discontinue(last);
    if (!first_unit_on_) return;  // an office without a free hour: the case waits
    if (extends_) last = extend(last);
    Moment ended = complete(last);
    if (chance_.happens(priors_.end.reopened)) {
      const Moment reopened = at_desk(day_of(ended) + chance_.between(5, 25), ended);
      CommandWriter& line = command("ReopenCase", reopened, whole_minute(reopened), lead_);
      line.text("reason", chance_.one_of(reopen_reasons));
      end_command();
      keep_open_until(reopened);
      can_plan_from_ = reopened;
      last = care(almanac_.working_day_from(day_of(reopened) + 1, land_), 15 * chance_.between(2, 8),
                  chance_.between(3, 20), true, false);
      ended = complete(last);
    }
    if (chance_.happens(priors_.end.final_report)) send_report(ended);
  }

  // ---- extension and end

  CivilDate extend(CivilDate last) {
    const int units = chance_.between(priors_.extension.least, priors_.extension.most);
    const CivilDate wanted_on = std::max(last - chance_.between(3, 14), *first_unit_on_ + 7);
    Moment entered = at_desk(almanac_.after_working_days(wanted_on, chance_.between(0, 3), land_),
                             std::max(first_documented_, can_plan_from_));
    const CivilDate follow_up_on = std::min(wanted_on, day_of(entered));
    CommandWriter& referral = command("ReceiveFollowUpReferral", entered, follow_up_on, staff_at_random());
    referral.date("prescribed_on", follow_up_on);
    referral.number("units", units);
    referral.open_object("prescriber");
    const bool practice = chance_.between(1, 10) <= 6;
    referral.text("kind", word(practice ? PrescriberKind::paediatrician : PrescriberKind::hospital));
    referral.text("name", practice ? chance_.one_of(practice_doctors) : chance_.one_of(hospital_doctors));
    referral.close_object();
    end_command();
    keep_open_until(entered);

    const CivilDate requested_on = almanac_.working_day_from(day_of(entered) + chance_.between(0, 3), land_);
    // Running is a state of what has been entered: the first unit and the discharge as it truly was.
    entered = at_desk(requested_on, std::max({entered, first_documented_, discharge_settled_}));
    CommandWriter& request = command("RequestExtension", entered, requested_on, lead_);
    request.number("units", units);
    request.date("requested_on", requested_on);
    request.date("documentation_form_on", requested_on - chance_.between(0, 3));
    request.text("reason", chance_.one_of(extension_reasons));
    end_command();
    keep_open_until(entered);

    const int answer = std::max(1, std::min(chance_.days(priors_.application.answer), day_cap));
    const CivilDate decided_on = answered_on(requested_on, answer);
    entered = at_desk(almanac_.after_working_days(decided_on, chance_.between(1, 4), land_), entered);
    keep_open_until(entered);
    if (chance_.happens(priors_.extension.denied)) {
      write_denial("DenyExtension", entered, decided_on, decided_on);
      return last;
    }
    write_grant("GrantExtension", entered, decided_on, decided_on, units);
    can_plan_from_ = std::max(can_plan_from_, entered);
    const CivilDate from =
        almanac_.working_day_from(std::max(last + chance_.between(2, 6), day_of(entered)), land_);
    return std::max(last, care(from, units * minutes_per_unit, units * 4, false, false));
  }

  Moment complete(CivilDate last) {
    const CivilDate completed_on = last + chance_.between(0, 8);
    const Moment entered =
        at_desk(almanac_.after_working_days(completed_on, chance_.between(0, 3), land_),
                std::max({open_until_, first_documented_, moment(completed_on, 0)}), Hours::documentation);
    CommandWriter& line = command("CompleteCare", entered, completed_on, lead_);
    line.date("completed_on", completed_on);
    line.truth("goal_reached", chance_.happens(priors_.end.goal_reached));
    end_command();
    keep_open_until(entered);
    return entered;
  }

  void discontinue(CivilDate last) {
    const auto cause = static_cast<Cause>(chance_.pick(priors_.end.causes));
    const CivilDate stopped_on = last + chance_.between(0, 6);
    // An appointment that nobody will keep.
    const auto next = agree_on(almanac_.working_day_from(stopped_on + chance_.between(1, 6), land_), by_phone,
                               30, Category::coordination);
    if (next) {
      const Moment planned =
          at_desk(almanac_.after_working_days(last, -chance_.between(0, 2), land_), can_plan_from_);
      if (planned < next->starts && day_of(planned) <= stopped_on) {
        const Uuid visit = id_at(planned);
        CommandWriter& line = command("ScheduleVisit", planned, whole_minute(planned), next->staff);
        line.uuid("visit", visit);
        write_contact(line, *next);
        end_command();
        keep_open_until(planned);
        if (chance_.between(0, 1) == 1) {
          const Moment entered = at_desk(stopped_on, std::max(planned, moment(stopped_on, 0)));
          CommandWriter& cancelled = command("CancelVisit", entered, whole_minute(entered), next->staff);
          cancelled.uuid("visit", visit);
          cancelled.text("reason", chance_.one_of(cancel_reasons));
          end_command();
          keep_open_until(entered);
        }
      }
    }
    const Moment entered = at_desk(almanac_.after_working_days(stopped_on, chance_.between(0, 3), land_),
                                   std::max({open_until_, first_documented_, moment(stopped_on, 0)}));
    CommandWriter& line = command("DiscontinueCare", entered, stopped_on, lead_);
    line.date("discontinued_on", stopped_on);
    line.text("cause", word(cause));
    end_command();
    if (cause == Cause::died && chance_.between(1, 10) <= 4) part_from_family(stopped_on, entered);
    if (chance_.happens(priors_.end.final_report)) send_report(entered);
  }

  // SMN-DEATH: a closing unit after the death is accepted with a reason.
  void part_from_family(CivilDate died_on, Moment ended) {
    const auto contact =
        agree_on(almanac_.working_day_from(std::max(died_on, day_of(ended)) + chance_.between(1, 8), land_),
                 at_home, 60, Category::guidance);
    if (!contact) return;
    const Moment end = later(contact->starts, contact->minutes * ms_a_minute);
    const Moment entered = documented(end, std::max(end, ended), true);
    std::vector<Reason> reasons = reasons_for(day_of(contact->starts));
    reasons.push_back({Rule::smn_death, "Abschlussgespräch mit der Familie"});
    const Uuid visit = id_at(entered);
    CommandWriter& line = command("DeliverVisit", entered, end, contact->staff, reasons);
    line.uuid("visit", visit);
    write_contact(line, *contact);
    end_command();
    plan_.delivered.push_back({day_of(contact->starts), contact->minutes});
  }

  void send_report(Moment ended) {
    const CivilDate sent_on = almanac_.working_day_from(day_of(ended) + chance_.between(1, 28), land_);
    const Moment entered = at_desk(almanac_.after_working_days(sent_on, chance_.between(0, 2), land_), ended);
    CommandWriter& line = command("SendFinalReport", entered, sent_on, lead_);
    line.date("sent_on", sent_on);
    line.text("to", chance_.one_of(report_receivers));
    end_command();
  }

  Fate fate_ = Fate::completed;
  bool denied_ = false, objects_ = false, extends_ = false, unresolved_ = false, unlisted_ = false;
  bool timing_before_ = false, timing_after_ = false, discharge_told_later_ = false;
  CivilDate received_on_, prescribed_on_, discharged_on_, told_discharge_, born_;
  Group group_ = preterm;
  std::string_view icd_, further_icd_, given_name_, guardian_, insurer_;
  std::string family_name_, postal_code_;
  int phone_ = 0, units_ = 0, approved_units_ = 0, references_ = 0;
  int delivered_minutes_ = 0, home_minutes_ = 0;
  std::optional<CivilDate> first_unit_on_;
  Moment first_documented_{};
  Moment discharge_settled_{};  ///< the last word on the discharge date: what needs `running` comes after it
};

}  // namespace

CasePlan plan_smn_case(std::uint64_t seed, std::uint64_t number, Moment arrival, Facility& facility,
                       const Priors& priors, const Almanac& almanac) {
  return SmnStory(seed, number, arrival, facility, priors, almanac).tell();
}

}  // namespace geleit
