// How an event is called where it leaves Geleit as a CloudEvent: in exports and in the headers on Kafka.
#pragma once

#include <string_view>

namespace geleit {

/// `de.geleit.VisitDelivered`
inline constexpr std::string_view cloud_event_type_prefix = "de.geleit.";
/// `urn:geleit:event:1:VisitDelivered`
inline constexpr std::string_view cloud_event_schema_prefix = "urn:geleit:event:1:";

}  // namespace geleit
