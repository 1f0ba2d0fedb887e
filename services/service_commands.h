// What the service asks of itself, as lines of the surface (API.md, Made by the service itself): watch and
// alert send them to an intake, in their own process or another.
#pragma once

#include <string>
#include <string_view>

#include "events/named.h"
#include "projections/row_codec.h"

namespace geleit {

/// The id of the AlertSent event of a notice, and of the notice itself wherever it goes.
[[nodiscard]] EventId notice_id(EventId alert, std::string_view channel, std::int32_t level,
                                std::int32_t number);

/// Appends one command and a newline: what a timer asks for once it is due. `happened` is when it was due.
void append_due_command(std::string& out, const TimerRow& timer);
/// What became of a notice.
void append_send_command(std::string& out, const CaseId& id, EventId alert, const SentNotice& notice);

/// That the keys of the case's person are destroyed; `by` may be empty.
void append_erase_command(std::string& out, const CaseId& id, ErasureGrounds grounds, std::string_view by);
/// RestrictProcessing, or LiftRestriction.
void append_restrict_command(std::string& out, const CaseId& id, bool lift, std::string_view reason,
                             std::string_view by);

}  // namespace geleit
