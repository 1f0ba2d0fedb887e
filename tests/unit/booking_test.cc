#include "projections/booking.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "projections/soziotherapie.h"
#include "tests/unit/any_story.h"

namespace geleit {
namespace {

using testing::any_story;
using testing::CaseStory;
using testing::day;

/// Billable and at-risk minutes of a visit.
std::pair<int, int> booked(const CaseStory& story, int visit) {
  const Case& c = story.now();
  const Booking booking = book(c, story.rules());
  for (std::size_t i = 0; i < c.visits.size(); ++i) {
    if (c.visits[i].id == testing::visit_id(visit)) {
      return {booking.visits[i].billable.value, booking.visits[i].at_risk.value};
    }
  }
  throw std::logic_error("no such visit");
}
using Minute = std::pair<int, int>;

CaseStory applied() {
  CaseStory story;
  story.referred({.discharged_on = "2026-02-20"}).applied("2026-02-20");
  return story;
}

TEST(Booking, WithoutAnApprovalAllIsAtRisk) {
  EXPECT_EQ(booked(applied().delivered(1, "2026-03-02", 50), 1), Minute(0, 50));
}

TEST(Booking, AnApprovalCoversItsFirstAndLastDay) {
  CaseStory story = applied();
  story.granted(1, "2026-02-27", 12, "2026-03-02", "2026-03-31");
  story.delivered(1, "2026-03-01")
      .delivered(2, "2026-03-02")
      .delivered(3, "2026-03-31")
      .delivered(4, "2026-04-01");
  EXPECT_EQ(booked(story, 1), Minute(0, 60));
  EXPECT_EQ(booked(story, 2), Minute(60, 0));
  EXPECT_EQ(booked(story, 3), Minute(60, 0));
  EXPECT_EQ(booked(story, 4), Minute(0, 60));
}

TEST(Booking, AVisitIsSplitBetweenApprovalsAndRisk) {
  CaseStory story = applied();
  story.granted(1, "2026-02-27", 1, "2026-02-20", "2026-03-31");
  story.granted(2, "2026-02-27", 1, "2026-02-20", "2026-04-30");
  story.delivered(1, "2026-03-02", 40).delivered(2, "2026-03-03", 50).delivered(3, "2026-03-04", 50);
  EXPECT_EQ(booked(story, 2), Minute(50, 0));
  EXPECT_EQ(booked(story, 3), Minute(30, 20));
  EXPECT_EQ(book(story.now(), story.rules()).used, (std::vector{Minutes{60}, Minutes{60}}));
}

TEST(Booking, WhatEndsFirstIsUsedFirst) {
  CaseStory story = applied();
  story.granted(1, "2026-02-24", 1, "2026-02-20", "2026-06-30");
  story.granted(2, "2026-02-27", 1, "2026-02-20", "2026-03-31");
  story.delivered(1, "2026-03-02").delivered(2, "2026-04-15");
  EXPECT_EQ(booked(story, 2), Minute(60, 0));
  EXPECT_EQ(book(story.now(), story.rules()).used, (std::vector{Minutes{60}, Minutes{60}}));
}

TEST(Booking, ThenWhatWasDecidedEarlierThenTheLowerId) {
  CaseStory story = applied();
  story.granted(3, "2026-02-27", 1, "2026-02-20", "2026-06-30");
  story.granted(2, "2026-02-27", 1, "2026-02-20", "2026-06-30");
  story.granted(1, "2026-02-28", 1, "2026-02-20", "2026-06-30");
  story.delivered(1, "2026-03-02", 60);
  EXPECT_EQ(book(story.now(), story.rules()).used, (std::vector{Minutes{0}, Minutes{60}, Minutes{0}}));
}

TEST(Booking, VisitsAreBookedInTheOrderOfStartThenId) {
  CaseStory story = applied();
  story.granted(1, "2026-02-27", 1, "2026-02-20", "2026-06-30");
  story.delivered(9, "2026-03-10", 45).delivered(2, "2026-03-10", 45);
  EXPECT_EQ(booked(story, 2), Minute(45, 0));
  EXPECT_EQ(booked(story, 9), Minute(15, 30));
  story.delivered(5, "2026-03-02", 60);
  EXPECT_EQ(booked(story, 2), Minute(0, 45));
}

TEST(Booking, PreparatoryVisitsAreBookedTheSameWay) {
  CaseStory story = applied();
  story.granted(1, "2026-02-27", 1, "2026-02-10", "2026-06-30");
  story.delivered(1, "2026-02-18", 45).delivered(2, "2026-02-27", 60);
  EXPECT_EQ(booked(story, 1), Minute(45, 0));
  EXPECT_EQ(booked(story, 2), Minute(15, 45));
}

TEST(Booking, ARevokedApprovalCoversNothing) {
  CaseStory story = applied();
  story.granted(1, "2026-02-27", 12, "2026-02-20", "2026-06-30").delivered(1, "2026-03-02").revoked(1);
  EXPECT_EQ(booked(story, 1), Minute(0, 60));
}

TEST(Booking, ACorrectionAndALateApprovalBookAnew) {
  CaseStory story = applied();
  story.granted(1, "2026-02-27", 1, "2026-02-20", "2026-06-30")
      .delivered(1, "2026-03-02")
      .delivered(2, "2026-03-09");
  story.corrected(1, 15);
  EXPECT_EQ(booked(story, 2), Minute(45, 15));
  story.granted(2, "2026-06-01", 1, "2026-03-09", "2026-03-09");
  EXPECT_EQ(booked(story, 2), Minute(60, 0));
}

TEST(Booking, TrialUnitsOfStAreNeitherBillableNorAtRisk) {
  CaseStory story;
  story.referred({.benefit = Benefit::st, .trial = true}).applied("2026-03-01");
  story.granted(1, "2026-03-02", 12, "2026-01-01", "2026-12-31").delivered(1, "2026-03-10");
  story.followed_up("2026-03-20", 30).delivered(2, "2026-03-19").delivered(3, "2026-03-20");
  EXPECT_EQ(booked(story, 1), Minute(0, 0));
  EXPECT_EQ(booked(story, 2), Minute(0, 0));
  EXPECT_EQ(booked(story, 3), Minute(60, 0));
}

RC_GTEST_PROP(Booking, EveryDeliveredMinuteIsBillableOrAtRisk, ()) {
  const CaseStory story = any_story();
  const Case& c = story.now();
  const Booking booking = book(c, story.rules());
  Minutes billable, at_risk, used;
  for (std::size_t i = 0; i < c.visits.size(); ++i) {
    const bool booked = c.visits[i].delivered() && !is_trial_unit(c, c.visits[i]);
    const Minutes delivered = booked ? c.visits[i].minutes : Minutes{0};
    RC_ASSERT(booking.visits[i].billable + booking.visits[i].at_risk == delivered);
    RC_ASSERT(booking.visits[i].billable >= Minutes{0} && booking.visits[i].at_risk >= Minutes{0});
    billable += booking.visits[i].billable;
    at_risk += booking.visits[i].at_risk;
  }
  for (std::size_t i = 0; i < c.approvals.size(); ++i) {
    RC_ASSERT(booking.used[i] <=
              (c.approvals[i].stands() ? minutes_of_units(c.approvals[i].units) : Minutes{0}));
    used += booking.used[i];
  }
  RC_ASSERT(booking.billable == billable && booking.at_risk == at_risk && used == billable);
}

RC_GTEST_PROP(Booking, NothingIsBillableOutsideAStandingApproval, ()) {
  const CaseStory story = any_story();
  const Case& c = story.now();
  const Booking booking = book(c, story.rules());
  for (std::size_t i = 0; i < c.visits.size(); ++i) {
    const bool covered = std::any_of(c.approvals.begin(), c.approvals.end(), [&](const Approval& a) {
      return a.stands() && a.from <= c.visits[i].on && c.visits[i].on <= a.until;
    });
    if (!covered) RC_ASSERT(booking.visits[i].billable == Minutes{0});
  }
}

RC_GTEST_PROP(Booking, NoMinuteIsAtRiskThatAnApprovalCouldStillCover, ()) {
  const CaseStory story = any_story();
  const Case& c = story.now();
  const Booking booking = book(c, story.rules());
  for (std::size_t i = 0; i < c.visits.size(); ++i) {
    if (booking.visits[i].at_risk == Minutes{0}) continue;
    for (std::size_t j = 0; j < c.approvals.size(); ++j) {
      const Approval& a = c.approvals[j];
      if (!a.stands() || c.visits[i].on < a.from || c.visits[i].on > a.until) continue;
      RC_ASSERT(booking.used[j] == minutes_of_units(a.units));
    }
  }
}

RC_GTEST_PROP(Booking, TheOrderOfIndependentFactsDoesNotMatter, ()) {
  // The same visits and approvals, told in any order.
  struct Told {
    int name;
    bool approval;
    std::string on, until;
    int amount;
  };
  std::vector<Told> facts;
  const int count = testing::pick(0, 12);
  for (int i = 1; i <= count; ++i) {
    const std::string on = testing::any_day();
    facts.push_back(
        {i, testing::pick(0, 3) == 0, on, to_string(day(on) + testing::pick(0, 60)), testing::pick(1, 9)});
  }
  const auto tell = [](const std::vector<Told>& order) {
    CaseStory story;
    story.referred({.received_on = "2026-02-01", .discharged_on = "2026-02-20"}).applied("2026-02-20");
    for (const Told& fact : order) {
      if (fact.approval) {
        story.granted(fact.name, "2026-02-27", fact.amount, fact.on, fact.until);
      } else {
        story.delivered(fact.name, fact.on, 15 * fact.amount);
      }
    }
    return story;
  };
  std::vector<Told> other = facts;
  for (std::size_t i = other.size(); i > 1; --i) {
    std::swap(other[i - 1], other[static_cast<std::size_t>(testing::pick(0, static_cast<int>(i)))]);
  }
  const CaseStory one = tell(facts), two = tell(other);
  RC_ASSERT(one.balance() == two.balance());
  RC_ASSERT(one.rows<VisitRow>(Table::visits).size() == two.rows<VisitRow>(Table::visits).size());
  for (const Told& fact : facts) {
    if (!fact.approval) RC_ASSERT(booked(one, fact.name) == booked(two, fact.name));
  }
}

RC_GTEST_PROP(Booking, OfSoziotherapieTheOrderOfIndependentFactsDoesNotMatter, ()) {
  // Visits, approvals and exemptions come in any order, before or after the referrals that they belong to.
  // Referrals keep theirs: a regular one ends the trials received before it.
  struct Told {
    enum class What { visit, approval, exemption, referral } what;
    int name;
    std::string on;
    int amount, people;
    bool trial;
  };
  std::vector<Told> facts, referrals;
  const int count = testing::pick(0, 24), followed = testing::pick(0, 4);
  // Few approved units for many visits, so that they compete.
  for (int i = 1; i <= count; ++i) {
    const int kind = testing::pick(0, 8);
    const Told::What what = kind < 5   ? Told::What::visit
                            : kind < 7 ? Told::What::approval
                                       : Told::What::exemption;
    facts.push_back({what, i, testing::any_day(), testing::pick(1, 9), testing::pick(0, 14), false});
  }
  for (int i = 0; i < followed; ++i) {
    referrals.push_back(
        {Told::What::referral, i, testing::any_day(), testing::pick(1, 31), 0, testing::pick(0, 3) == 0});
  }
  const bool begins_with_trial = testing::pick(0, 2) == 0;
  const auto in_any_order = [&] {
    std::vector<Told> order = facts;
    for (std::size_t i = order.size(); i > 1; --i) {
      std::swap(order[i - 1], order[static_cast<std::size_t>(testing::pick(0, static_cast<int>(i)))]);
    }
    std::size_t at = 0;
    for (const Told& referral : referrals) {
      at += static_cast<std::size_t>(testing::pick(0, static_cast<int>(order.size() - at) + 1));
      order.insert(order.begin() + static_cast<std::ptrdiff_t>(at++), referral);
    }
    return order;
  };
  const auto tell = [&](const std::vector<Told>& order) {
    CaseStory story;
    story.referred(
        {.benefit = Benefit::st, .received_on = "2026-02-01", .units = 5, .trial = begins_with_trial});
    story.applied("2026-02-20");
    for (const Told& fact : order) {
      const CivilDate until = day(fact.on) + 20 * fact.amount;
      switch (fact.what) {
        case Told::What::visit:
          story.delivered(fact.name, fact.on, 15 * fact.amount, {.group_size = fact.people});
          break;
        case Told::What::approval:
          story.granted(fact.name, "2026-02-27", (fact.amount + 2) / 3, fact.on, to_string(until));
          break;
        case Told::What::exemption: story.happens(ExemptionRecorded{day(fact.on), until}); break;
        case Told::What::referral: story.followed_up(fact.on, fact.amount, fact.trial); break;
      }
    }
    return story;
  };
  const CaseStory one = tell(in_any_order()), two = tell(in_any_order());
  RC_ASSERT(one.balance() == two.balance());
  const auto by_visit = [](const CaseStory& story) {
    auto rows = story.rows<VisitRow>(Table::visits);
    std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.visit < b.visit; });
    return rows;
  };
  RC_ASSERT(by_visit(one) == by_visit(two));
  RC_ASSERT(state_of(one.now()) == state_of(two.now()));
  const auto total = [](const CaseStory& story) {
    auto rows = story.deadlines(Rule::st_total);
    for (DeadlineRow& row : rows) row.generation = {};
    return rows;
  };
  RC_ASSERT(total(one) == total(two));
}

}  // namespace
}  // namespace geleit
