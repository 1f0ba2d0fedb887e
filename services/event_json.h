// An event's payload as JSON in the words of API.md: `data` of the history and of exports. Written straight
// from the payload's description (events/field.h), so a new event needs nothing here.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "events/event.h"
#include "events/sealed_field.h"

namespace geleit {

/// Gives the clear text of a sealed field, or nothing where the reader may not see it or its key is gone.
using OpenSealed = std::function<std::optional<std::string>(SealedField field, Sealed sealed)>;
/// Appends the JSON value that stands for a sealed field that was not opened; none: `null`.
using ShowSealed = std::function<void(std::string& out, Sealed sealed)>;

/// Appends one object. Absent fields are left out; a sealed field that was not opened is as `shown`; `person`
/// opens to an object as in ReceiveReferral, `diagnoses` to [{"icd"}], `goals` to a list.
void append_event_data(std::string& out, const Payload& payload, const OpenSealed& open,
                       const ShowSealed& shown = {});
/// The same of an event, as its command said it: a referral's `provider`, which every event carries outside
/// its payload, is among the data again.
void append_event_data(std::string& out, const Event& event, const OpenSealed& open,
                       const ShowSealed& shown = {});
/// Appends {"SMN-COMPLETE": "…"}: the reasons given, each that was not opened as `shown`.
void append_reasons(std::string& out, const std::vector<Deviation>& deviations, const OpenSealed& open,
                    const ShowSealed& shown = {});

}  // namespace geleit
