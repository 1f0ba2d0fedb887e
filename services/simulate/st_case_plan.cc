// One person's Soziotherapie as a plan: a trial perhaps, then one contingent after another, each with its
// referral, application and answer, single and group units, and the end. What is true comes first, then the
// moment at which it reaches the desk, as in smn_case_plan.cc.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string>

#include "projections/rules/rule_set.h"
#include "services/simulate/case_plan.h"
#include "services/simulate/smn_texts.h"
#include "services/simulate/st_texts.h"
#include "services/simulate/story_desk.h"

namespace geleit {
namespace {

using namespace st_texts;
using smn_texts::given_names;
using smn_texts::insurers;
using smn_texts::postal_areas;

constexpr int contingents_most = 3;               // ST-TOTAL: 90 units and a trial are far from 120 hours
constexpr std::uint64_t dice_of_st = 1ULL << 32;  // streams beside those of the children

class StStory : private StoryDesk {
 public:
  StStory(std::uint64_t seed, std::uint64_t number, Moment arrival, Facility& facility, const Priors& priors,
          const Almanac& almanac)
      : StoryDesk(Dice(seed, dice_of_st + facility.index() + 1, number + 1), number, arrival, facility,
                  priors, almanac),
        prior_(priors.soziotherapie) {}

  CasePlan tell() {
    plan_.text.reserve(32 * 1024);
    plan_.steps.reserve(128);
    choose();
    receive_referral();
    assign_team();
    if (chance_.happens(prior_.withdrawn)) {
      withdraw();
    } else {
      accompany();
      if (chance_.happens(prior_.exempt)) record_exemption();
    }
    send_twice();
    settle();
    return std::move(plan_);
  }

 private:
  // ---- who it is

  void choose() {
    case_ = id_at(arrival_);
    lead_ = staff_at_random();
    second_ = staff_at_random();
    received_on_ = almanac_.after_working_days(
        day_of(arrival_), -static_cast<int>(chance_.pick(priors_.referral.entered_after_working_days)),
        land_);
    prescribed_on_ = received_on_ - static_cast<int>(chance_.pick(priors_.referral.prescribed_days_before));
    trial_ = chance_.happens(prior_.trial);
    units_ = trial_ ? chance_.between(3, numbers_.st_trial_units_max) : contingent();
    groups_ = chance_.happens(prior_.group);
    born_ = prescribed_on_ - chance_.between(18 * 366, 65 * 365);
    given_name_ = chance_.one_of(given_names);
    insurer_ = chance_.one_of(insurers);
    postal_code_ = fmt::format("{}{:03}", postal_areas[static_cast<std::size_t>(land_)], chance_.below(1000));
    phone_ = chance_.between(0, 999);
  }
  int contingent() {
    return chance_.between(1, 10) <= 7 ? numbers_.st_referral_units_max : 5 * chance_.between(2, 5);
  }

  PrescriberKind specialist() {
    constexpr std::array kinds{PrescriberKind::psychiatry, PrescriberKind::psychiatry,
                               PrescriberKind::neurology, PrescriberKind::psychiatric_outpatient_clinic,
                               PrescriberKind::psychological_psychotherapist};
    return chance_.one_of(kinds);
  }
  void write_prescriber(CommandWriter& line, PrescriberKind kind) {
    line.open_object("prescriber");
    line.text("kind", word(kind));
    line.text("name", kind == PrescriberKind::general_practitioner ? chance_.one_of(family_doctors)
                                                                   : chance_.one_of(doctors));
    line.close_object();
  }

  // ---- referrals and the insurer's answers

  void receive_referral() {
    const bool listed = !chance_.happens(prior_.other_diagnosis);
    const bool high_gaf = !listed && chance_.happens(prior_.gaf_above);
    std::vector<Reason> reasons;
    if (high_gaf) reasons.push_back({Rule::st_indication, "Schwere Beeinträchtigung trotz höherem GAF-Wert"});
    CommandWriter& line = command("ReceiveReferral", arrival_, received_on_, staff_at_random(), reasons);
    line.text("benefit", word(Benefit::st));
    line.text("provider", facility_.slug());
    line.text("land", word(land_));
    line.open_object("person");
    line.text("given_name", given_name_);
    line.text("family_name", fmt::format("Musterperson-{:03}-{:04}", facility_.index(), number_));
    line.date("born", born_);
    // Apart from the children's numbers.
    line.text("insurance_number",
              fmt::format("X{:03}{:06}", facility_.index() % 1000, 500'000 + number_ % 500'000));
    line.text("insurer_ik", insurer_);
    line.text("phone", fmt::format("+49 30 23125 {:03}", phone_));  // numbers kept free for stories
    line.text("email", fmt::format("person.{:03}.{:04}@example.org", facility_.index(), number_));
    line.text("postal_code", postal_code_);
    line.close_object();
    const bool family_doctor = trial_ && chance_.happens(prior_.other_prescriber);
    write_prescriber(line, family_doctor ? PrescriberKind::general_practitioner : specialist());
    line.date("prescribed_on", prescribed_on_);
    line.date("received_on", received_on_);
    line.number("units", units_);
    line.open_list("diagnoses");
    line.open_element();
    line.text("icd", listed ? chance_.one_of(listed_diagnoses) : chance_.one_of(other_diagnoses));
    line.close_object();
    line.close_list();
    if (!listed || chance_.between(0, 1) == 1) {
      line.number("gaf", high_gaf ? chance_.between(numbers_.st_gaf_max + 1, numbers_.st_gaf_upper_bound)
                                  : chance_.between(20, numbers_.st_gaf_max));
    }
    if (trial_) line.truth("trial", true);
    end_command();
  }

  void assign_team() {
    const Moment entered =
        at_desk(almanac_.after_working_days(day_of(arrival_), chance_.between(0, 3), land_), arrival_);
    CommandWriter& line = command("AssignCareTeam", entered, whole_minute(entered), staff_at_random());
    line.text("lead", facility_.staff(lead_));
    end_command();
    keep_open_until(entered);
  }

  void withdraw() {
    const Moment entered = at_desk(day_of(arrival_) + chance_.between(4, 30), open_until_);
    CommandWriter& line = command("WithdrawReferral", entered, whole_minute(entered), staff_at_random());
    line.text("reason", chance_.one_of(withdraw_reasons));
    end_command();
  }

  /// From the trial, if there is one, to the end.
  void accompany() {
    if (trial_) {
      const CivilDate last = care(units_ * minutes_per_unit, true);
      follow_up(last + chance_.between(1, 10));
    }
    agree_care_plan();
    const bool breaks_off = chance_.happens(prior_.discontinued);
    CivilDate last = day_of(can_plan_from_);
    for (int contingents = 1;; ++contingents) {
      if (!apply(contingents == 1)) {
        if (contingents == 1) return;  // denied: nothing more is entered
        break;
      }
      const bool goes_on = contingents < contingents_most && chance_.happens(prior_.follow_up);
      int minutes = approved_units_ * minutes_per_unit;
      if (breaks_off && !goes_on) minutes = minutes * chance_.between(10, 85) / 100 / 15 * 15;
      last = std::max(last, care(std::max(minutes, 60), false));
      if (!goes_on) break;
      follow_up(last + chance_.between(1, 20));
    }
    if (!first_documented_) return;  // an office without a free hour: the case waits
    end(last, breaks_off);
  }

  void follow_up(CivilDate wanted_on) {
    const CivilDate prescribed_on = almanac_.working_day_from(wanted_on, land_);
    const Moment entered = at_desk(almanac_.after_working_days(prescribed_on, chance_.between(0, 4), land_),
                                   std::max(can_plan_from_, open_until_));
    units_ = contingent();
    CommandWriter& line = command("ReceiveFollowUpReferral", entered, prescribed_on, staff_at_random());
    line.date("prescribed_on", prescribed_on);
    line.number("units", units_);
    write_prescriber(line, specialist());
    end_command();
    keep_open_until(entered);
    can_plan_from_ = entered;
  }

  void agree_care_plan() {
    const Moment entered = at_desk(day_of(can_plan_from_) + chance_.between(0, 7), can_plan_from_);
    CommandWriter& line = command("AgreeCarePlan", entered, day_of(entered), lead_);
    line.date("agreed_on", day_of(entered));
    line.open_list("goals");
    const std::uint32_t first = chance_.below(static_cast<std::uint32_t>(goals.size()));
    for (std::uint32_t i = 0; i < 3; ++i) line.element(goals[(first + i * 3) % goals.size()]);
    line.close_list();
    end_command();
    keep_open_until(entered);
    can_plan_from_ = entered;
  }

  std::string reference() {
    return fmt::format("ST-{:03}-{:05}-{:02}", facility_.index(), number_, ++references_);
  }

  /// Applies for the contingent and hears the answer; false when it was no. A first no ends the case.
  bool apply(bool first) {
    const int wait = std::min(chance_.days(priors_.application.submitted_after), day_cap / 2);
    const CivilDate submitted_on = almanac_.working_day_from(day_of(can_plan_from_) + wait, land_);
    Moment entered = at_desk(submitted_on, std::max(can_plan_from_, open_until_));
    CommandWriter& application = command("SubmitApplication", entered, submitted_on, staff_at_random());
    application.number("units", units_);
    application.date("submitted_on", submitted_on);
    if (chance_.happens(priors_.application.regime_sgb9)) {
      application.text("regime", word(Regime::sgb9_14_18));
    }
    application.truth("care_plan_attached", true);
    end_command();
    keep_open_until(entered);

    const int answer = std::max(1, std::min(chance_.days(priors_.application.answer), day_cap));
    const CivilDate decided_on = almanac_.working_day_from(submitted_on + answer, land_);
    entered = at_desk(almanac_.after_working_days(decided_on, chance_.between(1, 4), land_),
                      std::max(entered, open_until_));
    keep_open_until(entered);
    if (chance_.happens(prior_.denied)) {
      CommandWriter& line = command("DenyApproval", entered, decided_on, staff_at_random());
      line.text("reference", reference());
      line.date("decided_on", decided_on);
      line.date("posted_on", decided_on);
      line.truth("instruction_given", !chance_.happens(priors_.application.instruction_missing));
      line.text("reason", chance_.one_of(denial_reasons));
      end_command();
      if (!first) can_plan_from_ = entered;
      return false;
    }
    CommandWriter& line = command("GrantApproval", entered, decided_on, staff_at_random());
    line.uuid("approval", id_at(entered));
    line.text("reference", reference());
    line.date("decided_on", decided_on);
    line.number("units", units_);
    line.date("from", submitted_on);
    line.date("until", submitted_on + prior_.approval_days);
    end_command();
    approved_units_ = units_;
    can_plan_from_ = entered;
    return true;
  }

  void record_exemption() {
    const Moment entered = at_desk(day_of(arrival_) + chance_.between(20, 150), arrival_);
    const int year = to_ymd(day_of(entered)).year;
    CommandWriter& line = command("RecordExemption", entered, whole_minute(entered), staff_at_random());
    line.date("from", civil(year, 1, 1));
    line.date("until", civil(year, 12, 31));
    end_command();
  }

  // ---- visits

  struct Contact {
    Moment starts;
    int minutes = 0, people = 0;  ///< 0: not in a group
    std::size_t staff = 0;
    Place place{};
  };

  std::optional<Contact> agree_on(CivilDate day, int minutes, int people) {
    constexpr std::array alone{Place::home, Place::facility, Place::phone, Place::other};
    const Place place = people > 0 ? Place::facility : chance_.one_of(alone);
    for (int tries = 0; tries < 40; ++tries, day = almanac_.working_day_from(day + 1, land_)) {
      for (const std::size_t who : {somebody(), lead_, second_, staff_at_random()}) {
        if (const auto found = facility_.book(who, day, minutes, place != Place::phone, chance_)) {
          return Contact{*found, minutes, people, who, place};
        }
      }
    }
    return std::nullopt;
  }

  void write_contact(CommandWriter& line, const Contact& contact) {
    line.minute("starts_at", contact.starts);
    line.number("minutes", contact.minutes);
    line.text("staff", facility_.staff(contact.staff));
    line.text("place", word(contact.place));
    if (contact.people > 0) line.number("group_size", contact.people);
  }

  /// Units from where the case stands until so many minutes are delivered; the day of the last one. A trial
  /// is told as it was, without groups and corrections.
  CivilDate care(int minutes, bool trial) {
    CivilDate day = almanac_.working_day_from(day_of(can_plan_from_) + 1, land_);
    CivilDate last = day;
    for (int round = 0; minutes >= 15 && round < 120; ++round) {
      const bool group =
          !trial && groups_ && minutes >= numbers_.st_group_minutes && chance_.between(1, 3) == 1;
      const int length = std::min(minutes, group ? numbers_.st_group_minutes : 15 * chance_.between(2, 6));
      if (const auto contact = agree_on(day, length, group ? chance_.between(4, 12) : 0)) {
        minutes -= meet(*contact, trial);
        last = std::max(last, day_of(contact->starts));
      }
      day = almanac_.working_day_from(day + chance_.between(2, 7), land_);
    }
    return last;
  }

  /// One contact from its appointment to its documentation. The minutes that were delivered.
  int meet(const Contact& contact, bool trial) {
    const CivilDate day = day_of(contact.starts);
    Moment planned =
        at_desk(almanac_.after_working_days(day, -chance_.between(1, 10), land_), can_plan_from_);
    const bool scheduled = planned < contact.starts && chance_.between(1, 10) <= 8;
    Uuid visit{};
    if (scheduled) {
      visit = id_at(planned);
      CommandWriter& line = command("ScheduleVisit", planned, whole_minute(planned), contact.staff);
      line.uuid("visit", visit);
      write_contact(line, contact);
      end_command();
      keep_open_until(planned);
      const std::uint64_t fate = chance_.next() >> 32;
      if (fate < priors_.visit.cancelled.bits) return put_off("CancelVisit", visit, planned, contact);
      if (fate < priors_.visit.cancelled.bits + priors_.visit.missed.bits) {
        return put_off("MissVisit", visit, later(contact.starts, 30 * ms_a_minute), contact);
      }
    } else {
      planned = can_plan_from_;
    }
    const Moment end = later(contact.starts, contact.minutes * ms_a_minute);
    const Moment entered = documented(end, std::max({end, planned, can_plan_from_}), trial);
    if (trial) keep_open_until(entered);  // a denial may follow
    if (!first_documented_ || entered < *first_documented_) first_documented_ = entered;
    if (!scheduled) visit = id_at(entered);
    CommandWriter& line = command("DeliverVisit", entered, end, contact.staff);
    line.uuid("visit", visit);
    if (scheduled) {
      line.number("minutes", contact.minutes);
    } else {
      write_contact(line, contact);
    }
    if (chance_.happens(priors_.visit.note)) line.text("note", chance_.one_of(notes));
    end_command();
    int minutes = contact.minutes;
    if (!trial && minutes > 15 && chance_.happens(priors_.visit.corrected_soon)) {
      const Moment corrected =
          at_desk(day_of(entered) + chance_.between(0, 10), entered, Hours::documentation);
      minutes -= 15;
      CommandWriter& correction = command("CorrectVisit", corrected, whole_minute(corrected), contact.staff);
      correction.uuid("visit", visit);
      correction.number("minutes", minutes);
      correction.text("reason", chance_.one_of(smn_texts::correct_reasons));
      end_command();
    }
    plan_.delivered.push_back({day, minutes});
    return minutes;
  }

  int put_off(std::string_view name, const Uuid& visit, Moment not_before, const Contact& contact) {
    const Moment entered = at_desk(day_of(contact.starts), not_before);
    CommandWriter& line = command(name, entered, whole_minute(entered), contact.staff);
    line.uuid("visit", visit);
    line.text("reason", chance_.one_of(cancel_reasons));
    end_command();
    keep_open_until(entered);
    return 0;
  }

  // ---- the end

  void end(CivilDate last, bool breaks_off) {
    const CivilDate ended_on = last + chance_.between(0, 8);
    const Moment entered = at_desk(almanac_.after_working_days(ended_on, chance_.between(0, 3), land_),
                                   std::max({open_until_, *first_documented_, moment(ended_on, 0)}));
    if (breaks_off) {
      CommandWriter& line = command("DiscontinueCare", entered, ended_on, lead_);
      line.date("discontinued_on", ended_on);
      line.text("cause", word(static_cast<Cause>(chance_.pick(priors_.end.causes))));
    } else {
      CommandWriter& line = command("CompleteCare", entered, ended_on, lead_);
      line.date("completed_on", ended_on);
      line.truth("goal_reached", chance_.happens(priors_.end.goal_reached));
    }
    end_command();
    if (!chance_.happens(priors_.end.final_report)) return;
    const CivilDate sent_on = almanac_.working_day_from(day_of(entered) + chance_.between(1, 28), land_);
    const Moment reported = at_desk(sent_on, entered);
    CommandWriter& line = command("SendFinalReport", reported, sent_on, lead_);
    line.date("sent_on", sent_on);
    line.text("to", chance_.one_of(report_receivers));
    end_command();
  }

  const Priors::Soziotherapie& prior_;
  const RuleNumbers& numbers_ = shipped_rule_sets().back()->numbers();  ///< what it tells stays within them
  bool trial_ = false, groups_ = false;
  CivilDate received_on_, prescribed_on_, born_;
  std::string_view given_name_, insurer_;
  std::string postal_code_;
  int phone_ = 0, units_ = 0, approved_units_ = 0, references_ = 0;
  std::optional<Moment> first_documented_;
};

}  // namespace

CasePlan plan_st_case(std::uint64_t seed, std::uint64_t number, Moment arrival, Facility& facility,
                      const Priors& priors, const Almanac& almanac) {
  return StStory(seed, number, arrival, facility, priors, almanac).tell();
}

}  // namespace geleit
