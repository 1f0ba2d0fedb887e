// The life of a visit: scheduled, moved, delivered, corrected, taken back.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "events/event_words.h"
#include "events/field.h"
#include "events/named.h"
#include "events/rule.h"

namespace geleit {

/// A plan.
struct VisitScheduled {
  VisitId visit{};
  Instant starts_at{};
  Minutes minutes{};
  std::string_view staff;
  Place place{};
  std::optional<Category> category;        ///< SMN: always set
  std::optional<std::int32_t> group_size;  ///< ST
  static constexpr auto fields = std::tuple{
      field("visit", &VisitScheduled::visit),          field("starts_at", &VisitScheduled::starts_at),
      field("minutes", &VisitScheduled::minutes),      field("staff", &VisitScheduled::staff),
      field("place", &VisitScheduled::place),          field("category", &VisitScheduled::category),
      field("group_size", &VisitScheduled::group_size)};
  friend bool operator==(const VisitScheduled&, const VisitScheduled&) = default;
};

/// Another time for a scheduled visit.
struct VisitRescheduled {
  VisitId visit{};
  Instant starts_at{};
  std::optional<Minutes> minutes;
  std::string_view staff;  ///< empty: as before
  static constexpr auto fields =
      std::tuple{field("visit", &VisitRescheduled::visit), field("starts_at", &VisitRescheduled::starts_at),
                 field("minutes", &VisitRescheduled::minutes), field("staff", &VisitRescheduled::staff)};
  friend bool operator==(const VisitRescheduled&, const VisitRescheduled&) = default;
};

struct VisitCancelled {
  VisitId visit{};
  Sealed reason;
  static constexpr auto fields =
      std::tuple{field("visit", &VisitCancelled::visit), field("reason", &VisitCancelled::reason)};
  friend bool operator==(const VisitCancelled&, const VisitCancelled&) = default;
};

/// Nobody was there.
struct VisitMissed {
  VisitId visit{};
  Sealed reason;
  static constexpr auto fields =
      std::tuple{field("visit", &VisitMissed::visit), field("reason", &VisitMissed::reason)};
  friend bool operator==(const VisitMissed&, const VisitMissed&) = default;
};

/// Care given. A visit the case did not know carries all of its schedule.
struct VisitDelivered {
  VisitId visit{};
  std::optional<Instant> starts_at;   ///< set for a visit that was never scheduled
  std::optional<Instant> started_at;  ///< default: `starts_at`
  Minutes minutes{};
  std::optional<Place> place;  ///< none: as scheduled
  std::optional<Category> category;
  std::string_view staff;  ///< empty: as scheduled
  std::optional<std::int32_t> group_size;
  Sealed note;
  static constexpr auto fields = std::tuple{field("visit", &VisitDelivered::visit),
                                            field("starts_at", &VisitDelivered::starts_at),
                                            field("started_at", &VisitDelivered::started_at),
                                            field("minutes", &VisitDelivered::minutes),
                                            field("place", &VisitDelivered::place),
                                            field("category", &VisitDelivered::category),
                                            field("staff", &VisitDelivered::staff),
                                            field("group_size", &VisitDelivered::group_size),
                                            field("note", &VisitDelivered::note)};
  friend bool operator==(const VisitDelivered&, const VisitDelivered&) = default;
};

/// Replaces the fields that are set; counts from the visit's start (REC-ORIGINAL keeps the original in
/// history).
struct VisitCorrected {
  VisitId visit{};
  std::optional<Instant> started_at;
  std::optional<Minutes> minutes;
  std::optional<Place> place;
  std::optional<Category> category;
  std::string_view staff;
  std::optional<std::int32_t> group_size;
  Sealed note;
  Sealed reason;
  static constexpr auto fields = std::tuple{
      field("visit", &VisitCorrected::visit),           field("started_at", &VisitCorrected::started_at),
      field("minutes", &VisitCorrected::minutes),       field("place", &VisitCorrected::place),
      field("category", &VisitCorrected::category),     field("staff", &VisitCorrected::staff),
      field("group_size", &VisitCorrected::group_size), field("note", &VisitCorrected::note),
      field("reason", &VisitCorrected::reason)};
  friend bool operator==(const VisitCorrected&, const VisitCorrected&) = default;
};

/// Takes a delivered visit back, for good.
struct VisitVoided {
  VisitId visit{};
  Sealed reason;
  static constexpr auto fields =
      std::tuple{field("visit", &VisitVoided::visit), field("reason", &VisitVoided::reason)};
  friend bool operator==(const VisitVoided&, const VisitVoided&) = default;
};

}  // namespace geleit
