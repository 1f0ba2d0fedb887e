// What mails say, and how they are dressed.
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <vector>

#include "services/alert/mail_text.h"
#include "tests/unit/alert_samples.h"

namespace geleit {
namespace {

using Form = AlertMessage::Form;

/// A mail taken apart as a reader's program does.
struct ReadMail {
  std::vector<std::string> headers;  ///< unfolded
  std::string text, html;

  [[nodiscard]] std::string header(const std::string& name) const {
    std::string found;
    for (const std::string& one : headers) {
      if (!one.starts_with(name + ": ")) continue;
      EXPECT_EQ(found, "") << name << " is there twice";
      found = one.substr(name.size() + 2);
    }
    return found;
  }
};

std::string from_quoted_printable(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '=') {
      const std::string two(text.substr(i + 1, 2));
      if (two != "\r\n") out += static_cast<char>(std::stoi(two, nullptr, 16));
      i += 2;
    } else if (text[i] != '\r') {
      out += text[i];
    }
  }
  return out;
}

std::string from_encoded_words(std::string text) {
  constexpr std::string_view begin = "=?utf-8?Q?";
  for (std::size_t at; (at = text.find("?= =?")) != std::string::npos;) text.erase(at + 2, 1);
  for (std::size_t at; (at = text.find(begin)) != std::string::npos;) {
    const std::size_t end = text.find("?=", at + begin.size());
    std::string word = text.substr(at + begin.size(), end - at - begin.size());
    std::replace(word.begin(), word.end(), '_', ' ');
    text.replace(at, end + 2 - at, from_quoted_printable(word));
  }
  return text;
}

ReadMail read_mail(const std::string& mail) {
  ReadMail read;
  const std::size_t head_end = mail.find("\r\n\r\n");
  std::string unfolded = mail.substr(0, head_end + 2);
  for (std::size_t at; (at = unfolded.find("\r\n ")) != std::string::npos;) unfolded.erase(at, 2);
  while (!unfolded.empty()) {
    const std::size_t end = unfolded.find("\r\n");
    read.headers.push_back(unfolded.substr(0, end));
    unfolded.erase(0, end + 2);
  }
  const std::string type = read.header("Content-Type");
  const std::size_t quote = type.find("boundary=\"") + 10;
  const std::string boundary = "--" + type.substr(quote, type.find('"', quote) - quote);
  std::vector<std::string> parts;
  for (std::size_t at = mail.find(boundary); mail.compare(at + boundary.size(), 2, "--") != 0;) {
    const std::size_t next = mail.find("\r\n" + boundary, at);
    parts.push_back(mail.substr(at + boundary.size() + 2, next - at - boundary.size() - 2));
    at = next + 2;
  }
  EXPECT_EQ(parts.size(), 2u);
  const auto body = [&](std::size_t i, const std::string& wanted) {
    EXPECT_TRUE(parts[i].starts_with("Content-Type: " + wanted + "; charset=utf-8\r\n")) << parts[i];
    return from_quoted_printable(parts[i].substr(parts[i].find("\r\n\r\n") + 4));
  };
  read.text = body(0, "text/plain");
  read.html = body(1, "text/html");
  return read;
}

ReadMail mail_of(const AlertMessage& message, bool german = true,
                 const std::string& public_url = "https://geleit.example.org") {
  ChannelConfig config = sample_channel(ChannelKind::mail);
  config.german = german;
  config.public_url = public_url;
  return read_mail(mail_text(message, config));
}

TEST(AlertMail, OfOneAlertSaysWhatIsMissedAndWhereToLook) {
  const ReadMail mail = mail_of(sample_single());
  EXPECT_EQ(mail.header("From"), "Geleit <geleit@example.org>");
  EXPECT_EQ(mail.header("To"), "leitung@example.org");
  EXPECT_EQ(from_encoded_words(mail.header("Subject")),
            "Frist versäumt: SMN-START, Fall 01900000-0000-4000-8000-000000000bb9");
  EXPECT_EQ(mail.header("Date"), "Wed, 8 Apr 2026 07:00:00 +0200");
  EXPECT_EQ(mail.header("Auto-Submitted"), "auto-generated");
  EXPECT_EQ(mail.header("X-Auto-Response-Suppress"), "All");
  EXPECT_EQ(mail.header("MIME-Version"), "1.0");
  EXPECT_TRUE(mail.header("Content-Type").starts_with("multipart/alternative;"));
  const std::string german =
      R"(Die Frist nach SMN-START (Beginn der Nachsorge) ist versäumt; ihr letzter Tag war Fr )"
      R"(03.04.2026 (Karfreitag).

Letzter Tag: Fr 03.04.2026 (Karfreitag)
Versäumt:    seit 5 Tagen
Fall:        01900000-0000-4000-8000-000000000bb9
Träger:      hana-muenchen
Team:        nord
Stufe:       1 (Team)

https://geleit.example.org/cases/01900000-0000-4000-8000-000000000bb9

Bitte sehen Sie sich den Fall an und bestätigen Sie die Meldung dort.

Diese Mail schreibt Geleit von selbst; Antworten liest niemand.)"
      R"( Namen und Diagnosen stehen mit Absicht nicht darin.

* * *

The deadline of SMN-START (Start of the aftercare) is missed; its last day was Fri 2026-04-03 (Karfreitag).
)";
  EXPECT_TRUE(mail.text.starts_with(german)) << mail.text;
  EXPECT_TRUE(has(mail.html, "<section lang=\"de\">\n<p><b>Die Frist nach SMN-START (Beginn der Nachsorge)"));
  EXPECT_TRUE(
      has(mail.html, "<a href=\"https://geleit.example.org/cases/01900000-0000-4000-8000-000000000bb9\">"));
  EXPECT_LT(mail.html.find("lang=\"de\""), mail.html.find("lang=\"en\""));
}

TEST(AlertMail, EnglishComesFirstWhereItIsAskedFor) {
  const ReadMail mail = mail_of(sample_single(), false);
  EXPECT_EQ(mail.header("Subject"), "Deadline missed: SMN-START, case 01900000-0000-4000-8000-000000000bb9");
  EXPECT_TRUE(mail.text.starts_with("The deadline of SMN-START (Start of the aftercare) is missed"));
  EXPECT_LT(mail.html.find("lang=\"en\""), mail.html.find("lang=\"de\""));
}

TEST(AlertMail, WithoutAPublicAddressThereIsNoLink) {
  for (const AlertMessage& message : {sample_single(), sample_digest()}) {
    const ReadMail mail = mail_of(message, true, "");
    EXPECT_FALSE(has(mail.text, "http")) << mail.text;
    EXPECT_FALSE(has(mail.html, "href")) << mail.html;
  }
}

TEST(AlertMail, NoticesOfOneAlertShareAThread) {
  const std::string root = "<alert.01900000-0000-4000-8000-0000000007d1@example.org>";
  const ReadMail first = mail_of(sample_single());
  EXPECT_EQ(first.header("Message-ID"), "<01900000-0000-4000-8000-0000000003e9@example.org>");
  EXPECT_EQ(first.header("References"), root);
  EXPECT_EQ(first.header("In-Reply-To"), "");

  AlertMessage closing = sample_single();
  closing.notices = {sample_closed()};
  closing.id = closing.notices[0].id.value;
  const ReadMail second = mail_of(closing);
  EXPECT_EQ(second.header("Message-ID"), "<01900000-0000-4000-8000-000000000fa1@example.org>");
  EXPECT_EQ(second.header("References"), root);
  EXPECT_EQ(second.header("In-Reply-To"), root);
  EXPECT_EQ(from_encoded_words(second.header("Subject")),
            "Re: " + from_encoded_words(first.header("Subject")));
  EXPECT_TRUE(second.text.starts_with("Erledigt: Die Meldung über die versäumte Frist nach SMN-START"));
  EXPECT_TRUE(has(second.text, "Grund:       was versäumt war, ist geschehen\n")) << second.text;
  EXPECT_FALSE(has(second.text, "Bitte sehen"));
  EXPECT_EQ(mail_of(sample_digest()).header("References"), "");
}

TEST(AlertMail, IsTheSameHoweverOftenItIsTried) {
  const ChannelConfig config = sample_channel(ChannelKind::mail);
  EXPECT_EQ(mail_text(sample_digest(), config), mail_text(sample_digest(), config));
}

TEST(AlertMail, OfSeveralAtOnceHasOneLineForEach) {
  AlertMessage message = sample_message(Form::collective);
  for (std::uint64_t i = 1; i <= 203; ++i) message.notices.push_back(sample_notice(i));
  const ReadMail mail = mail_of(message);
  EXPECT_EQ(from_encoded_words(mail.header("Subject")), "203 Fristen versäumt, Team nord");
  EXPECT_TRUE(
      has(mail.text,
          "Neu versäumt\n\n- SMN-START (Beginn der Nachsorge): letzter Tag Fr 03.04.2026 (Karfreitag), "
          "seit 5 Tagen, Fall 01900000-0000-4000-8000-000000000bb9, Stufe 1 (Team)\n"
          "  https://geleit.example.org/cases/01900000-0000-4000-8000-000000000bb9\n"))
      << mail.text;
  EXPECT_TRUE(has(mail.text, "- … und 3 weitere\n  https://geleit.example.org\n"));
  message.notices = {sample_closed(1), sample_closed(2)};
  message.team.clear();
  EXPECT_EQ(mail_of(message).header("Subject"), "2 Meldungen erledigt, hana-muenchen");
  message.notices.push_back(sample_notice(3));
  EXPECT_EQ(from_encoded_words(mail_of(message).header("Subject")), "3 Meldungen zu Fristen, hana-muenchen");
}

TEST(AlertMail, OfADayHasASectionForEachKind) {
  const ReadMail mail = mail_of(sample_digest());
  EXPECT_EQ(from_encoded_words(mail.header("Subject")),
            "Fristen am Mi 08.04.2026, Team nord: 1 neu versäumt, 1 noch offen, 1 bald fällig, 1 erledigt");
  const std::vector<std::string> in_order{"Fristen am Mi 08.04.2026, Team nord\n",
                                          "Neu versäumt\n\n- SMN-START",
                                          "Noch offen\n\n- SMN-START",
                                          "Bald fällig\n\n- SMN-COMPLETE (",
                                          "letzter Tag Fr 10.04.2026, noch 2 Arbeitstage, Fall",
                                          "Seitdem erledigt\n\n- SMN-START",
                                          ", was versäumt war, ist geschehen, Fall",
                                          "* * *",
                                          "Deadlines on Wed 2026-04-08, team nord\n",
                                          "Due soon\n\n- SMN-COMPLETE (",
                                          "2 working days left"};
  std::size_t from = 0;
  for (const std::string& part : in_order) {
    const std::size_t at = mail.text.find(part, from);
    ASSERT_NE(at, std::string::npos) << part << "\n" << mail.text;
    from = at;
  }
  AlertMessage message = sample_message(Form::digest);
  message.warnings = sample_digest().warnings;
  message.warnings[0].working_days = 1;
  message.warnings.push_back(message.warnings[0]);
  message.warnings[1].working_days = 0;
  const ReadMail only_warnings = mail_of(message);
  EXPECT_EQ(from_encoded_words(only_warnings.header("Subject")),
            "Fristen am Mi 08.04.2026, Team nord: 2 bald fällig");
  EXPECT_TRUE(has(only_warnings.text, "noch 1 Arbeitstag,"));
  EXPECT_TRUE(has(only_warnings.text, "kein Arbeitstag mehr,"));
  EXPECT_FALSE(has(only_warnings.text, "Bitte sehen"));
}

TEST(AlertMail, IsOverdueSinceTheDayAfterItsLastDay) {
  AlertMessage message = sample_single();
  message.day = civil(2026, 4, 3);
  EXPECT_FALSE(has(mail_of(message).text, "Versäumt:"));
  message.day = civil(2026, 4, 4);
  EXPECT_TRUE(has(mail_of(message).text, "Versäumt:    seit 1 Tag\n"));
  message.notices[0].acts_on = civil(2026, 4, 7);
  message.day = civil(2026, 4, 9);
  EXPECT_TRUE(has(mail_of(message).text,
                  "Letzter Tag: Fr 03.04.2026 (Karfreitag) → Di 07.04.2026\nVersäumt:    seit 2 Tagen\n"))
      << mail_of(message).text;
}

TEST(AlertMail, WhatStandsInAMailIsNoMarkup) {
  AlertMessage message = sample_single();
  message.notices[0].provider = "<b>&\"";
  EXPECT_TRUE(has(mail_of(message).html, "<td>&lt;b&gt;&amp;&quot;</td>"));
}

TEST(AlertMail, LinesAreAsLongAsAMailMayHaveThem) {
  AlertMessage message = sample_digest();
  for (std::uint64_t i = 0; i < 50; ++i) message.notices.push_back(sample_notice(i));
  ChannelConfig config = sample_channel(ChannelKind::mail);
  config.public_url = "https://geleit.example.org/" + std::string(100, '.');
  config.to.assign(30, "leitung@example.org");
  const std::string mail = mail_text(message, config);
  std::istringstream in(mail);
  for (std::string line; std::getline(in, line);) {
    ASSERT_TRUE(line.ends_with('\r')) << line;
    ASSERT_LE(line.size(), 77u) << line;
    ASSERT_TRUE(std::all_of(line.begin(), line.end() - 1, [](char c) { return c >= ' ' && c < '\x7f'; }))
        << line;
  }
}

TEST(QuotedPrintable, KeepsWhatItIsGiven) {
  EXPECT_EQ(quoted_printable("a=b ä\nx \n"), "a=3Db =C3=A4\r\nx=20\r\n");
  EXPECT_EQ(quoted_printable("ends in a blank "), "ends in a blank=20");
  for (const std::size_t length : {74u, 75u, 76u, 77u, 150u, 151u, 152u, 153u}) {
    for (const std::string& end :
         {std::string(), std::string("\n"), std::string("ä\n"), std::string(" \n")}) {
      const std::string text = std::string(length, 'x') + end;
      EXPECT_EQ(from_quoted_printable(quoted_printable(text)), text);
    }
  }
  EXPECT_EQ(quoted_printable(std::string(76, 'x') + "\n"), std::string(76, 'x') + "\r\n");
}

TEST(EncodedHeader, IsDividedBetweenCharacters) {
  EXPECT_EQ(encoded_header("plain text"), "plain text");
  EXPECT_EQ(encoded_header("ä b"), "=?utf-8?Q?=C3=A4_b?=");
  EXPECT_EQ(encoded_header("=?utf-8?Q?x?="), "=?utf-8?Q?=3D=3Futf-8=3FQ=3Fx=3F=3D?=");
  EXPECT_NE(encoded_header("a\r\nBcc: x"), "a\r\nBcc: x");
  std::string text;
  for (int i = 0; i < 40; ++i) text += "ä€ x";
  std::string unfolded = encoded_header(text);
  EXPECT_TRUE(has(unfolded, "?=\r\n =?"));
  for (std::size_t at; (at = unfolded.find("\r\n")) != std::string::npos;) unfolded.erase(at, 2);
  EXPECT_EQ(from_encoded_words(unfolded), text);
  for (std::size_t at = 0; (at = unfolded.find("=?utf-8?Q?", at)) != std::string::npos; ++at) {
    const int first = std::stoi(unfolded.substr(at + 11, 2), nullptr, 16);
    EXPECT_NE(first & 0xC0, 0x80) << "a word begins in the middle of a character";
  }
}

TEST(MailDate, IsBerlinsWallClock) {
  EXPECT_EQ(mail_date(berlin_time(civil(2026, 11, 30), 7, 0)), "Mon, 30 Nov 2026 07:00:00 +0100");
  EXPECT_EQ(mail_date(berlin_time(civil(2026, 3, 29), 12, 0)), "Sun, 29 Mar 2026 12:00:00 +0200");
  EXPECT_EQ(mail_date(Instant{berlin_time(civil(2026, 10, 25), 23, 59).ms + 59'999}),
            "Sun, 25 Oct 2026 23:59:59 +0100");
}

}  // namespace
}  // namespace geleit
