// What every story has: a case whose commands are entered at a desk in office hours, a person who writes
// them, the order in which they come out. A story derives from it and tells what is true first.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "events/uuid.h"
#include "services/simulate/case_plan.h"
#include "services/simulate/command_writer.h"

namespace geleit {

class StoryDesk {
 protected:
  static constexpr int day_cap = 120;  ///< of a log-normal wait: keeps the longest story within the almanac
  enum class Hours { office, documentation };

  StoryDesk(Dice chance, std::uint64_t number, Moment arrival, Facility& facility, const Priors& priors,
            const Almanac& almanac)
      : number_(number),
        arrival_(arrival),
        facility_(facility),
        priors_(priors),
        almanac_(almanac),
        land_(facility.land()),
        chance_(chance),
        line_(plan_.text, almanac),
        can_plan_from_(arrival),
        open_until_(arrival) {}

  // What moves the year's total is drawn evenly over the facility's cases.
  std::uint32_t even_share(std::uint32_t step) const {
    return even_point(facility_.even_start() ^ (step * 0x9e3779b9U), number_, step);
  }

  // ---- writing a command

  Uuid id_at(Moment at) {
    const std::uint64_t high = chance_.next();
    return uuid_v7(almanac_.instant(at), high, chance_.next());
  }
  std::size_t staff_at_random() { return chance_.below(static_cast<std::uint32_t>(facility_.staff_count())); }
  std::size_t somebody() { return chance_.between(1, 10) <= 7 ? lead_ : second_; }

  /// Opens a command; `happened` a day or a moment not after `entered`.
  template <class Happened>
  CommandWriter& command(std::string_view name, Moment entered, Happened happened, std::size_t by,
                         std::span<const Reason> reasons = {}, int expect_version = 0) {
    assert(entered >= arrival_);
    plan_.steps.push_back({entered, static_cast<std::uint32_t>(plan_.text.size()), 0});
    plan_.text.push_back('"');  // ends the `entered` that stands in front
    const CommandWriter::Head head{name, id_at(entered), case_, facility_.staff(by), reasons, expect_version};
    line_.open(head, happened);
    return line_;
  }
  void end_command() {
    line_.close();
    plan_.steps.back().length = static_cast<std::uint32_t>(plan_.text.size()) - plan_.steps.back().begin;
  }
  static Moment whole_minute(Moment at) { return Moment{at.ms / ms_a_minute * ms_a_minute}; }

  /// A moment of office work on that day or the next working one, and later than `not_before`.
  Moment at_desk(CivilDate day, Moment not_before, Hours hours = Hours::office) {
    day = almanac_.working_day_from(std::max(day, day_of(not_before)), land_);
    int minute = 0;
    if (hours == Hours::documentation) {
      minute = chance_.happens(priors_.paper.documented_15_to_18) ? chance_.between(15 * 60, 18 * 60 - 1)
                                                                  : chance_.between(8 * 60, 18 * 60 + 30);
    } else {
      minute = 8 * 60 + chance_.between(0, 280) + chance_.between(0, 280);
    }
    Moment at = later(moment(day, minute), chance_.between(0, 59'999));
    if (at > not_before) return at;
    at = later(not_before, chance_.between(20'000, 20 * 60'000));
    if (at < moment(day_of(not_before), 19 * 60 + 30) && day_of(not_before) == day) return at;
    day = almanac_.working_day_from(day + 1, land_);
    return later(moment(day, 8 * 60 + chance_.between(0, 90)), chance_.between(0, 59'999));
  }
  void keep_open_until(Moment at) { open_until_ = std::max(open_until_, at); }

  // ---- documentation

  Moment documented(Moment end, bool promptly) {
    const CivilDate day = day_of(end);
    if (promptly) {
      return at_desk(almanac_.after_working_days(day, chance_.between(0, 1), land_), end,
                     Hours::documentation);
    }
    if (chance_.happens(priors_.paper.kept_for_month_end)) {
      const auto last_days = almanac_.month_end(day, land_);
      const CivilDate chosen = chance_.one_of(last_days);
      return at_desk(std::max(chosen, day), end, Hours::documentation);
    }
    const int wait = static_cast<int>(chance_.pick(priors_.paper.documented_after_working_days));
    return at_desk(almanac_.after_working_days(day, wait, land_), end, Hours::documentation);
  }

  Moment documented(Moment end, Moment not_before, bool promptly) {
    const Moment entered = documented(end, promptly);
    return entered > not_before ? entered : at_desk(day_of(not_before), not_before, Hours::documentation);
  }

  // ---- the order of the day

  void send_twice() {
    const std::size_t count = plan_.steps.size();
    for (std::size_t i = 0; i < count; ++i) {
      if (!chance_.happens(priors_.paper.sent_twice)) continue;
      CasePlan::Step again = plan_.steps[i];
      again.entered = chance_.between(1, 10) <= 7
                          ? later(again.entered, chance_.between(800, 90'000))
                          : at_desk(day_of(again.entered) + chance_.between(0, 3), again.entered);
      plan_.steps.push_back(again);
    }
  }

  void settle() {
    std::stable_sort(plan_.steps.begin(), plan_.steps.end(),
                     [](const CasePlan::Step& a, const CasePlan::Step& b) { return a.entered < b.entered; });
    for (std::size_t i = 1; i < plan_.steps.size(); ++i) {
      if (plan_.steps[i].entered <= plan_.steps[i - 1].entered) {
        plan_.steps[i].entered = later(plan_.steps[i - 1].entered, 1);
      }
    }
  }

  std::uint64_t number_;
  Moment arrival_;
  Facility& facility_;
  const Priors& priors_;
  const Almanac& almanac_;
  Land land_;
  Dice chance_;
  CasePlan plan_;
  CommandWriter line_;
  Uuid case_;
  std::size_t lead_ = 0, second_ = 0;
  Moment can_plan_from_;  ///< appointments are made after this
  Moment open_until_;     ///< the last command so far that wants an open case: the end is entered after it
};

}  // namespace geleit
