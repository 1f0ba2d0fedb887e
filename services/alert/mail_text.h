// A message as a mail of RFC 5322: what it says and how it is dressed. Pure; mail.cc sends it.
#pragma once

#include <string>
#include <string_view>

#include "services/alert/notice.h"
#include "services/channel_config.h"

namespace geleit {

/// Lines of a section that are written out; of more their number is told.
inline constexpr std::size_t lines_of_section_max = 200;

/// Header and body, lines end in CR LF: text and HTML side by side, in both languages, the channel's first.
/// The same octets however often a message is tried. Mails about one alert share a thread: each of them
/// refers to the same id, and later ones answer it with the same subject.
[[nodiscard]] std::string mail_text(const AlertMessage& message, const ChannelConfig& config);

/// The value of a header: as it is where it is short ASCII, else in encoded words of RFC 2047, folded.
[[nodiscard]] std::string encoded_header(std::string_view text);
/// Quoted-printable of RFC 2045, lines of at most 76 characters that end in CR LF.
[[nodiscard]] std::string quoted_printable(std::string_view text);
/// "Mon, 30 Nov 2026 07:00:00 +0100".
[[nodiscard]] std::string mail_date(Instant at);

}  // namespace geleit
