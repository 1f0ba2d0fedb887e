#include "services/simulate/priors.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <set>
#include <stdexcept>
#include <string>

#include "events/event_words.h"
#include "schema/embedded.h"

namespace geleit {

std::span<const EmbeddedFile> shipped_prior_files();

namespace {

constexpr std::size_t weights_max = 40;

bool all_zero(const std::vector<std::uint32_t>& weights) {
  return std::all_of(weights.begin(), weights.end(), [](std::uint32_t weight) { return weight == 0; });
}

// Reads values by path and remembers which were asked for, so that a misspelt key is told and not passed
// over.
class Document {
 public:
  explicit Document(std::string_view text) try : root_(toml::parse(text)) {
  } catch (const toml::parse_error& error) {
    throw std::invalid_argument(fmt::format("priors: expected TOML, but line {}: {}",
                                            error.source().begin.line, error.description()));
  }

  double number(const std::string& path, double least, double most) {
    const auto value = node(path).value<double>();
    if (!value)
      throw std::invalid_argument(fmt::format("priors: expected {} to be a number, but it is none", path));
    if (!(*value >= least && *value <= most)) {
      throw std::invalid_argument(
          fmt::format("priors: expected {} from {} to {}, but it is {}", path, least, most, *value));
    }
    return *value;
  }
  int whole(const std::string& path, int least, int most) {
    const double value = number(path, least, most);
    if (value != static_cast<int>(value)) {
      throw std::invalid_argument(fmt::format("priors: expected {} to be whole, but it is {}", path, value));
    }
    return static_cast<int>(value);
  }
  Share share(const std::string& path) { return Share::of(number(path, 0, 1)); }
  Fixed fixed(const std::string& path, double least, double most) {
    return Fixed::of(number(path, least, most));
  }
  LogNormal log_normal(const std::string& path) {
    const double median = number(path + ".median", 0.1, 1000);
    return LogNormal::of(median, number(path + ".p95", median * 1.01, 10000));
  }
  std::vector<std::uint32_t> numbers(const std::string& path) {
    const auto found = node(path);
    const toml::array* list = found.as_array();
    if (!list || list->empty()) {
      throw std::invalid_argument(fmt::format("priors: expected {} to be a list, but it is none", path));
    }
    std::vector<std::uint32_t> result;
    std::uint64_t sum = 0;
    for (const toml::node& entry : *list) {
      const auto value = entry.value<std::int64_t>();
      if (!value || *value < 0 || *value > 1'000'000) {
        throw std::invalid_argument(fmt::format(
            "priors: expected {} to hold whole numbers from 0 to 1000000, but it does not", path));
      }
      result.push_back(static_cast<std::uint32_t>(*value));
      sum += result.back();
    }
    if (result.size() > weights_max) {
      throw std::invalid_argument(fmt::format("priors: expected {} to hold at most {}, but it holds {}", path,
                                              weights_max, result.size()));
    }
    if (sum == 0)
      throw std::invalid_argument(fmt::format("priors: expected {} above 0, but all are 0", path));
    return result;
  }
  Weights weights(const std::string& path) { return Weights(numbers(path + ".weights")); }
  std::vector<std::string> texts(const std::string& path) {
    const auto found = node(path);
    const toml::array* list = found.as_array();
    if (!list)
      throw std::invalid_argument(fmt::format("priors: expected {} to be a list, but it is none", path));
    std::vector<std::string> result;
    for (const toml::node& entry : *list) result.push_back(entry.value_or(std::string{}));
    return result;
  }

  void refuse_unknown() const { refuse_unknown(root_, ""); }

 private:
  toml::node_view<const toml::node> node(const std::string& path) {
    asked_.insert(path);
    const auto found = std::as_const(root_).at_path(path);
    if (!found) throw std::invalid_argument(fmt::format("priors: expected {}, but it is missing", path));
    return found;
  }
  void refuse_unknown(const toml::table& table, const std::string& prefix) const {
    for (const auto& [key, value] : table) {
      const std::string path = prefix + std::string(key.str());
      if (const toml::table* inner = value.as_table()) {
        refuse_unknown(*inner, path + ".");
      } else if (!asked_.contains(path)) {
        throw std::invalid_argument(fmt::format("priors: expected only known keys, but {} is none", path));
      }
    }
  }

  toml::table root_;
  std::set<std::string> asked_;
};

// A normal by whole units, cut at both ends: weights 2^(-(x - mean)² / (2 deviation²) × log2 e).
Weights cut_normal(Fixed mean, Fixed deviation, int least, int most) {
  const Fixed log2_e{94548};
  std::vector<std::uint32_t> weights;
  for (int x = least; x <= most; ++x) {
    const Fixed z = (Fixed::whole(x) - mean) / deviation;
    const Fixed exponent = Fixed{0} - z * z * log2_e / Fixed::whole(2);
    weights.push_back(static_cast<std::uint32_t>(exp2_of(exponent + Fixed::whole(8)).bits));
  }
  if (all_zero(weights)) {
    throw std::invalid_argument(
        "priors: expected units.mean near units.least and most, but it is far from them");
  }
  return Weights(weights);
}

std::vector<int> closed_days(Document& document) {
  std::vector<int> result;
  for (const std::string& text : document.texts("office.closed")) {
    const bool shaped =
        text.size() == 5 && text[2] == '-' && text.find_first_not_of("0123456789-") == text.npos;
    if (!shaped) {
      throw std::invalid_argument(
          fmt::format("priors: expected office.closed to hold days like \"12-24\", but one is \"{}\"", text));
    }
    result.push_back((text[0] - '0') * 1000 + (text[1] - '0') * 100 + (text[3] - '0') * 10 + (text[4] - '0'));
  }
  return result;
}

int mean_minutes(const std::array<std::vector<std::uint32_t>, 3>& quarters,
                 const std::array<double, 3>& places) {
  double mean = 0, all = 0;
  for (std::size_t place = 0; place < 3; ++place) {
    double sum = 0, count = 0;
    for (std::size_t i = 0; i < quarters[place].size(); ++i) {
      sum += quarters[place][i] * 15.0 * static_cast<double>(i + 1);
      count += quarters[place][i];
    }
    mean += places[place] * sum / count;
    all += places[place];
  }
  return static_cast<int>(mean / all + 0.5);
}

}  // namespace

Priors Priors::parse(std::string_view toml) {
  Document d(toml);
  Priors p;

  p.size.customer_units_a_year = d.whole("size.customer_units_a_year", 1, 1'000'000);
  p.size.country_children_a_year = d.whole("size.country_children_a_year", 1, 10'000'000);
  p.size.country_facilities = d.whole("size.country_facilities", 2, 100'000);
  p.size.facility_spread = d.fixed("size.facility_spread", 0, 2);
  p.size.children_per_staff = d.whole("size.children_per_staff", 1, 1000);
  p.size.run_in_days = d.whole("size.run_in_days", 0, 730);
  p.size.run_out_days = d.whole("size.run_out_days", 0, 730);

  p.referral.before_discharge = d.share("referral.before_discharge");
  p.referral.at_discharge = d.share("referral.at_discharge");
  p.referral.after_discharge = d.share("referral.after_discharge");
  p.referral.late_after_discharge = d.share("referral.late_after_discharge");
  p.referral.before_days_max = d.whole("referral.before_days_max", 1, 90);
  p.referral.after_days_max = d.whole("referral.after_days_max", 2, 42);
  p.referral.entered_after_working_days = d.weights("referral.entered_after_working_days");
  p.referral.prescribed_days_before = d.weights("referral.prescribed_days_before");
  p.referral.impairment_told = d.share("referral.impairment_told");
  p.referral.unlisted_diagnosis = d.share("referral.unlisted_diagnosis");
  p.referral.final_stage = d.share("referral.final_stage");
  p.referral.sapv = d.share("referral.sapv");
  p.referral.ambulatory = d.share("referral.ambulatory");
  p.referral.units_below_minimum = d.share("referral.units_below_minimum");
  p.referral.units_above_maximum = d.share("referral.units_above_maximum");
  p.referral.amended = d.share("referral.amended");
  p.referral.withdrawn = d.share("referral.withdrawn");
  const double timing = p.referral.before_discharge.value() + p.referral.at_discharge.value() +
                        p.referral.after_discharge.value();
  if (timing < 0.999 || timing > 1.001) {
    throw std::invalid_argument(
        fmt::format("priors: expected referral.before_discharge, at_discharge and after_discharge to sum to "
                    "1, but it is {}",
                    timing));
  }

  const auto weekdays = d.numbers("discharge.weekday_weights");
  if (weekdays.size() != 7) {
    throw std::invalid_argument(fmt::format(
        "priors: expected discharge.weekday_weights to hold 7, but it holds {}", weekdays.size()));
  }
  for (std::size_t i = 0; i < 7; ++i) p.discharge.weekday_weights[i] = weekdays[i];
  for (const std::uint32_t weekday : weekdays) {
    if (weekday == 0) {
      throw std::invalid_argument("priors: expected discharge.weekday_weights above 0, but one is 0");
    }
  }
  p.discharge.entered_after_working_days = d.weights("discharge.entered_after_working_days");
  p.discharge.corrected = d.share("discharge.corrected");

  std::vector<std::uint32_t> groups;
  for (const char* group : {"preterm", "newborn", "malformed", "tumour", "chronic", "adolescent"}) {
    groups.push_back(static_cast<std::uint32_t>(d.whole(fmt::format("child.{}", group), 0, 1'000'000)));
  }
  if (all_zero(groups)) {
    throw std::invalid_argument(
        "priors: expected one of child.preterm … child.adolescent above 0, but all are 0");
  }
  p.child.groups = Weights(groups);
  p.child.newborn_stay = d.log_normal("child.newborn_stay");

  p.prescriber.rehab = d.share("prescriber.rehab");
  p.prescriber.paediatrician_after = d.share("prescriber.paediatrician_after");
  p.prescriber.general_practitioner_after = d.share("prescriber.general_practitioner_after");

  p.coverage.unresolved = d.share("coverage.unresolved");
  p.coverage.resolved_after = d.log_normal("coverage.resolved_after");

  p.application.submitted_after = d.log_normal("application.submitted_after");
  p.application.answer = d.log_normal("application.answer");
  p.application.expert = d.share("application.expert");
  p.application.answer_with_expert = d.log_normal("application.answer_with_expert");
  p.application.unanswered = d.share("application.unanswered");
  p.application.denied = d.share("application.denied");
  p.application.objected = d.share("application.objected");
  p.application.upheld = d.share("application.upheld");
  p.application.instruction_missing = d.share("application.instruction_missing");
  p.application.fewer_units = d.share("application.fewer_units");
  p.application.approval_corrected = d.share("application.approval_corrected");
  p.application.approval_revoked = d.share("application.approval_revoked");
  p.application.approval_days = d.whole("application.approval_days", 30, 730);
  p.application.regime_sgb9 = d.share("application.regime_sgb9");

  p.start.discharge_to_first_unit = d.log_normal("start.discharge_to_first_unit");
  p.start.preparatory = d.share("start.preparatory");

  p.units.least = d.whole("units.least", 1, 120);
  p.units.most = d.whole("units.most", p.units.least, 120);
  p.units.contingent = cut_normal(d.fixed("units.mean", 1, 120), d.fixed("units.deviation", 0.5, 60),
                                  p.units.least, p.units.most);
  p.units.not_used_up = d.share("units.not_used_up");
  p.units.beyond = d.share("units.beyond");
  p.units.care_days_mean = d.fixed("units.care_days_mean", 7, 365);
  p.units.care_days_deviation = d.fixed("units.care_days_deviation", 0, 120);

  p.extension.share = d.share("extension.share");
  p.extension.least = d.whole("extension.least", 1, 10);
  p.extension.most = d.whole("extension.most", p.extension.least, 10);
  p.extension.denied = d.share("extension.denied");

  const std::array<double, 3> places{d.number("visit.home", 0, 1), d.number("visit.phone", 0, 1),
                                     d.number("visit.elsewhere", 0, 1)};
  if (places[0] + places[1] + places[2] < 0.999 || places[0] + places[1] + places[2] > 1.001) {
    throw std::invalid_argument(
        fmt::format("priors: expected visit.home, phone and elsewhere to sum to 1, but it is {}",
                    places[0] + places[1] + places[2]));
  }
  std::vector<std::uint32_t> place_weights;
  for (const double place : places)
    place_weights.push_back(static_cast<std::uint32_t>(Share::of(place).bits / 4096));
  p.visit.places = Weights(place_weights);
  const std::array<std::vector<std::uint32_t>, 3> quarters{d.numbers("visit.home_minutes.weights"),
                                                           d.numbers("visit.phone_minutes.weights"),
                                                           d.numbers("visit.elsewhere_minutes.weights")};
  for (std::size_t i = 0; i < 3; ++i) {
    if (quarters[i].size() > 8) {
      throw std::invalid_argument(
          "priors: expected visit minutes of at most 8 quarters of an hour, but there are more");
    }
    p.visit.quarters[i] = Weights(quarters[i]);
  }
  p.visit.mean_minutes = mean_minutes(quarters, places);
  p.visit.home_floor = d.share("visit.home_floor");
  p.visit.unscheduled = d.share("visit.unscheduled");
  p.visit.unscheduled_phone =
      Share::of(places[1] > 0 ? std::min(1.0, p.visit.unscheduled.value() / places[1]) : 0);
  p.visit.moved = d.share("visit.moved");
  p.visit.cancelled = d.share("visit.cancelled");
  p.visit.missed = d.share("visit.missed");
  if (p.visit.cancelled.value() + p.visit.missed.value() > 0.8) {
    throw std::invalid_argument(
        "priors: expected visit.cancelled and missed to sum to at most 0.8, but they do not");
  }
  p.visit.minutes_differ = d.share("visit.minutes_differ");
  p.visit.start_told = d.share("visit.start_told");
  p.visit.note = d.share("visit.note");
  p.visit.corrected_soon = d.share("visit.corrected_soon");
  p.visit.corrected_late = d.share("visit.corrected_late");
  p.visit.entered_twice = d.share("visit.entered_twice");

  p.paper.documented_after_working_days = d.weights("paper.documented_after_working_days");
  p.paper.documented_15_to_18 = d.share("paper.documented_15_to_18");
  // A month has about 21 working days; without keeping anything back the last three would see 3/21 of the
  // paper.
  const double factor = d.number("paper.month_end_factor", 1, 50);
  // First units are never kept back.
  constexpr double eligible = 0.9;
  const double wanted = 3 * factor / (18 + 3 * factor);
  p.paper.kept_for_month_end = Share::of((wanted - 3.0 / 21) / (1 - 3.0 / 21) / eligible);
  p.paper.sent_twice = d.share("paper.sent_twice");
  p.paper.wrong_version = d.share("paper.wrong_version");

  p.end.discontinued = d.share("end.discontinued");
  std::vector<std::uint32_t> causes;
  for (const std::string_view cause : words<Cause>) {
    causes.push_back(static_cast<std::uint32_t>(d.whole(fmt::format("end.cause.{}", cause), 0, 1'000'000)));
  }
  if (all_zero(causes)) {
    throw std::invalid_argument("priors: expected one of end.cause above 0, but all are 0");
  }
  p.end.causes = Weights(causes);
  p.end.goal_reached = d.share("end.goal_reached");
  p.end.final_report = d.share("end.final_report");
  p.end.reopened = d.share("end.reopened");

  p.soziotherapie.share = Share::of(d.number("soziotherapie.share", 0, 0.9));
  p.soziotherapie.trial = d.share("soziotherapie.trial");
  p.soziotherapie.other_prescriber = d.share("soziotherapie.other_prescriber");
  p.soziotherapie.other_diagnosis = d.share("soziotherapie.other_diagnosis");
  p.soziotherapie.gaf_above = d.share("soziotherapie.gaf_above");
  p.soziotherapie.withdrawn = d.share("soziotherapie.withdrawn");
  p.soziotherapie.denied = d.share("soziotherapie.denied");
  p.soziotherapie.discontinued = d.share("soziotherapie.discontinued");
  p.soziotherapie.follow_up = d.share("soziotherapie.follow_up");
  p.soziotherapie.group = d.share("soziotherapie.group");
  p.soziotherapie.exempt = d.share("soziotherapie.exempt");
  p.soziotherapie.approval_days = d.whole("soziotherapie.approval_days", 30, 1095);

  p.office.closed = closed_days(d);
  p.office.full_time = d.share("office.full_time");

  d.refuse_unknown();
  return p;
}

std::string_view shipped_priors() { return shipped_prior_files().front().bytes; }

}  // namespace geleit
