// Every bound on what a command may say, with its unit, in one place. schema/openapi.json repeats them for
// clients.
#pragma once

#include <cstddef>
#include <cstdint>

#include "services/text_measure.h"

namespace geleit::limits {

inline constexpr std::size_t command_bytes_max = 256 * 1024;  ///< one command as JSON text; beyond it 413
inline constexpr std::size_t json_depth_max = 8;              ///< objects and arrays inside one another
inline constexpr std::size_t json_values_max = 4096;  ///< values of one command, counted over all depths
inline constexpr std::size_t object_members_max = 64;

inline constexpr std::int64_t minutes_min = 1;
inline constexpr std::int64_t minutes_max = 1440;
inline constexpr std::int64_t units_min = 1;
inline constexpr std::int64_t units_max = 120;
inline constexpr std::int64_t group_people_min = 1;
inline constexpr std::int64_t group_people_max = 1000;
inline constexpr std::int64_t stays_min = 0;
inline constexpr std::int64_t stays_max = 366;  ///< inpatient stays in 12 months
inline constexpr std::int64_t gaf_min = 1;
inline constexpr std::int64_t gaf_max = 100;  ///< Global Assessment of Functioning
inline constexpr std::int64_t number_max = 2'147'483'647;
inline constexpr std::int64_t expect_version_max = 4'294'967'295;

inline constexpr std::size_t slug_characters_max = 64;
inline constexpr std::size_t name_characters_max = 200;  ///< names, references, ICD codes, contacts
using geleit::text_characters_max;                       ///< reasons, notes, goals
inline constexpr std::size_t diagnoses_max = 50;
inline constexpr std::size_t goals_max = 50;
inline constexpr std::size_t members_max = 50;

/// Dates lie in these years: holidays and Berlin's clock are known for the later, births for the earlier.
inline constexpr int year_min = 1900;
inline constexpr int year_max = 2100;

/// How far a fact's instant may lie ahead of the clock: clocks of clients differ.
inline constexpr std::int64_t ahead_ms_max = 5 * 60 * 1000;

}  // namespace geleit::limits
