// `GET /v1/calendars/{secret}.ics`: what a calendar program polls.
#pragma once

#include <atomic>
#include <cstddef>
#include <exception>
#include <functional>

#include "projections/store.h"
#include "services/calendar/calendar_book.h"
#include "services/clock.h"
#include "services/http/router.h"

namespace geleit {

/// Calendars that are asked for and not made yet, one after the other in a thread of their own; beyond it
/// 503.
inline constexpr std::size_t waiting_calendars_max = 64;

/// All of it outlives the router. `unreadable` hears what could not be read.
struct CalendarSources {
  const Store& store;
  const Clock& clock;
  CalendarBook& book;
  std::atomic<std::size_t>& waiting;
  std::function<void(const std::exception&)> unreadable;
};

void add_calendar_routes(http::Router& router, CalendarSources sources);

}  // namespace geleit
