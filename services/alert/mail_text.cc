#include "services/alert/mail_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "events/civil_time.h"
#include "events/uuid.h"
#include "projections/rules/deadline.h"
#include "services/alert/notice_words.h"
#include "services/html_text.h"
#include "services/http/text_scan.h"

namespace geleit {
namespace {

constexpr std::size_t mail_line_max = 76;      // RFC 2045, 6.7
constexpr std::size_t encoded_word_max = 66;   // RFC 2047, 2: lines of 76 with "Subject: "
constexpr std::size_t plain_header_max = 900;  // RFC 5322, 2.1.1: 998 with its name
constexpr std::string_view hex_digits = "0123456789ABCDEF";

// ---------------------------------------------------------------- what it says

struct MailLine {
  std::string text, link;
};
struct MailSection {
  std::string heading;
  std::vector<MailLine> lines;
};
/// All that a mail says in one language.
struct MailWords {
  Language language = Language::de;
  std::string subject, title;
  std::vector<std::pair<std::string, std::string>> facts;
  std::string link;
  std::vector<MailSection> sections;
  std::string request;  ///< what the reader is asked to do; may be empty
};

std::vector<Notice> of_kind(const std::vector<Notice>& notices, NoticeKind kind) {
  std::vector<Notice> some;
  std::copy_if(notices.begin(), notices.end(), std::back_inserter(some),
               [&](const Notice& notice) { return notice.kind() == kind; });
  return some;
}

/// Puts a message into words of one language.
class MailTelling {
 public:
  MailTelling(const AlertMessage& message, const std::string& public_url, Language language)
      : message_(message), public_url_(public_url), language_(language) {}

  [[nodiscard]] MailWords words() const {
    switch (message_.form) {
      case AlertMessage::Form::single:
        if (message_.notices.size() == 1) return single(message_.notices.front());
        return collective();
      case AlertMessage::Form::collective: return collective();
      case AlertMessage::Form::digest: return digest();
    }
    return collective();
  }

 private:
  template <class... Args>
  [[nodiscard]] std::string tell(const Message<Args...>& sentence,
                                 const std::type_identity_t<Args>&... args) const {
    return say(language_, sentence, args...);
  }

  [[nodiscard]] std::string whose() const {
    return message_.team.empty() ? message_.provider : tell(message::alert_of_team, message_.team);
  }

  [[nodiscard]] MailWords single(const Notice& notice) const {
    MailWords words;
    words.language = language_;
    words.subject = tell(message::alert_subject, word(notice.rule), to_string(notice.case_id));
    const std::string rule = rule_words(notice.rule, language_);
    const std::string last_day = last_day_words(notice.due_on, notice.acts_on, language_);
    const bool is_open = notice.kind() == NoticeKind::open;
    words.title = is_open ? tell(message::alert_described, rule, last_day)
                          : tell(message::alert_closed_described, rule);
    const auto put = [&](const Message<>& name, std::string value) {
      if (!value.empty()) words.facts.emplace_back(tell(name), std::move(value));
    };
    put(message::alert_last_day, last_day);
    if (is_open) put(message::alert_overdue, overdue_words(notice.acts_on, message_.day, language_));
    put(message::alert_cause, cause_words(notice.closed_cause, language_));
    put(message::alert_case, to_string(notice.case_id));
    put(message::alert_provider, notice.provider);
    put(message::alert_team, notice.team);
    put(message::alert_level, level_words(notice.level, language_));
    words.link = case_link(public_url_, notice.case_id);
    if (is_open) words.request = tell(message::alert_please_look);
    return words;
  }

  [[nodiscard]] MailWords collective() const {
    const std::vector<Notice> open = of_kind(message_.notices, NoticeKind::open);
    const std::vector<Notice> closed = of_kind(message_.notices, NoticeKind::closed);
    const auto& subject = closed.empty() ? message::alert_several_missed
                          : open.empty() ? message::alert_several_closed
                                         : message::alert_several_changed;
    MailWords words;
    words.language = language_;
    words.subject = words.title = tell(subject, message_.notices.size(), whose());
    put_section(words, message::alert_section_new, open);
    put_section(words, message::alert_section_closed, closed);
    if (!open.empty()) words.request = tell(message::alert_please_look);
    return words;
  }

  [[nodiscard]] MailWords digest() const {
    const std::vector<Notice> open = of_kind(message_.notices, NoticeKind::open);
    const std::vector<Notice> closed = of_kind(message_.notices, NoticeKind::closed);
    MailWords words;
    words.language = language_;
    words.title = tell(message::alert_digest, name_day(message_.day, {}, language_), whose());
    std::string counts;
    const auto count = [&](const Message<std::size_t>& sentence, std::size_t number) {
      if (number > 0) counts += (counts.empty() ? ": " : ", ") + tell(sentence, number);
    };
    count(message::alert_count_new, open.size());
    count(message::alert_count_open, message_.still_open.size());
    count(message::alert_count_near, message_.warnings.size());
    count(message::alert_count_closed, closed.size());
    words.subject = words.title + counts;
    put_section(words, message::alert_section_new, open);
    put_section(words, message::alert_section_open, message_.still_open);
    put_section(words, message::alert_section_near, message_.warnings);
    put_section(words, message::alert_section_closed, closed);
    if (!open.empty() || !message_.still_open.empty()) words.request = tell(message::alert_please_look);
    return words;
  }

  template <class Some>
  void put_section(MailWords& words, const Message<>& heading, const std::vector<Some>& some) const {
    if (some.empty()) return;
    MailSection section{tell(heading), {}};
    const std::size_t written = std::min(some.size(), lines_of_section_max);
    for (std::size_t i = 0; i < written; ++i) section.lines.push_back(line_of(some[i]));
    if (written < some.size())
      section.lines.push_back({tell(message::alert_more_lines, some.size() - written), public_url_});
    words.sections.push_back(std::move(section));
  }

  [[nodiscard]] MailLine line_of(const Notice& notice) const {
    const bool is_open = notice.kind() == NoticeKind::open;
    return line(notice.rule, notice.due_on, notice.acts_on,
                is_open ? overdue_words(notice.acts_on, message_.day, language_)
                        : cause_words(notice.closed_cause, language_),
                notice.case_id, tell(message::alert_line_level, level_words(notice.level, language_)));
  }
  [[nodiscard]] MailLine line_of(const Warning& warning) const {
    const std::string left = warning.working_days > 1
                                 ? tell(message::alert_working_days, warning.working_days)
                             : warning.working_days == 1 ? tell(message::alert_one_working_day)
                                                         : tell(message::alert_no_working_day);
    return line(warning.rule, warning.due_on, warning.acts_on, left, warning.case_id, {});
  }
  [[nodiscard]] MailLine line(Rule rule, CivilDate due_on, CivilDate acts_on, const std::string& how,
                              const CaseId& id, const std::string& level) const {
    std::string text =
        tell(message::alert_line, rule_words(rule, language_), last_day_words(due_on, acts_on, language_));
    for (const std::string& more : {how, tell(message::alert_line_case, to_string(id)), level})
      if (!more.empty()) text += ", " + more;
    return {std::move(text), case_link(public_url_, id)};
  }

  const AlertMessage& message_;
  const std::string& public_url_;
  Language language_;
};

// ---------------------------------------------------------------- as text and as HTML

std::string as_text(const MailWords& words) {
  std::string out = words.title + "\n\n";
  // By characters, not octets: "Träger" is as wide as "Grund" and one more.
  const auto width = [](std::string_view text) {
    return std::count_if(text.begin(), text.end(),
                         [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; });
  };
  std::ptrdiff_t widest = 0;
  for (const auto& fact : words.facts) widest = std::max(widest, width(fact.first));
  for (const auto& [name, value] : words.facts) {
    const auto gap = static_cast<std::size_t>(widest - width(name) + 1);
    out.append(name).append(":").append(gap, ' ').append(value).append("\n");
  }
  if (!words.facts.empty()) out += '\n';
  if (!words.link.empty()) out += words.link + "\n\n";
  for (const MailSection& section : words.sections) {
    out += section.heading + "\n\n";
    for (const MailLine& line : section.lines) {
      out += "- " + line.text + '\n';
      if (!line.link.empty()) out += "  " + line.link + '\n';
    }
    out += '\n';
  }
  if (!words.request.empty()) out += words.request + "\n\n";
  return out + say(words.language, message::alert_no_reply) + '\n';
}

std::string as_html(const MailWords& words) {
  const auto linked = [](const std::string& link, const std::string& text) {
    return link.empty() ? escape_html(text)
                        : fmt::format(R"(<a href="{}">{}</a>)", escape_html(link), escape_html(text));
  };
  std::string out = fmt::format("<section lang=\"{}\">\n<p><b>{}</b></p>\n",
                                words.language == Language::de ? "de" : "en", escape_html(words.title));
  if (!words.facts.empty()) {
    out += "<table>\n";
    for (const auto& [name, value] : words.facts) {
      out += fmt::format("<tr><th align=\"left\">{}</th><td>{}</td></tr>\n", escape_html(name),
                         escape_html(value));
    }
    out += "</table>\n";
  }
  if (!words.link.empty()) out += "<p>" + linked(words.link, words.link) + "</p>\n";
  for (const MailSection& section : words.sections) {
    out += "<h3>" + escape_html(section.heading) + "</h3>\n<ul>\n";
    for (const MailLine& line : section.lines) out += "<li>" + linked(line.link, line.text) + "</li>\n";
    out += "</ul>\n";
  }
  if (!words.request.empty()) out += "<p>" + escape_html(words.request) + "</p>\n";
  out += "<p><small>" + escape_html(say(words.language, message::alert_no_reply)) + "</small></p>\n";
  return out + "</section>\n";
}

// ---------------------------------------------------------------- as a mail

void put_part(std::string& mail, const std::string& boundary, std::string_view type, std::string_view text) {
  mail += "--" + boundary + "\r\nContent-Type: " + std::string(type) +
          "; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + quoted_printable(text);
  if (!mail.ends_with("\r\n")) mail += "\r\n";
}

bool is_plain(char c) { return c >= ' ' && c < '\x7f'; }

}  // namespace

std::string mail_text(const AlertMessage& message, const ChannelConfig& config) {
  const std::array<Language, 2> languages =
      config.german ? std::array{Language::de, Language::en} : std::array{Language::en, Language::de};
  const std::array<MailWords, 2> words{MailTelling(message, config.public_url, languages[0]).words(),
                                       MailTelling(message, config.public_url, languages[1]).words()};
  const std::string domain = config.from.substr(config.from.find('@') + 1);
  const std::string id = to_string(message.id);
  const std::string boundary = "=_geleit_" + id;  // no line of quoted-printable has "=_"

  std::string mail;
  const auto header = [&](std::string_view name, std::string_view value) {
    mail.append(name).append(": ").append(value).append("\r\n");
  };
  const bool is_single = message.form == AlertMessage::Form::single && message.notices.size() == 1;
  const bool is_answer = is_single && message.notices.front().number > 1;
  header("From", "Geleit <" + config.from + ">");
  header("To", fmt::format("{}", fmt::join(config.to, ",\r\n ")));
  header("Subject", encoded_header((is_answer ? "Re: " : "") + words[0].subject));
  header("Date", mail_date(message.at));
  header("Message-ID", "<" + id + "@" + domain + ">");
  if (is_single) {
    const std::string root = "<alert." + to_string(message.notices.front().alert) + "@" + domain + ">";
    if (is_answer) header("In-Reply-To", root);
    header("References", root);
  }
  header("Auto-Submitted", "auto-generated");
  header("X-Auto-Response-Suppress", "All");
  header("Content-Language", config.german ? "de, en" : "en, de");
  header("MIME-Version", "1.0");
  header("Content-Type", "multipart/alternative;\r\n boundary=\"" + boundary + "\"");
  mail += "\r\n";
  put_part(mail, boundary, "text/plain", as_text(words[0]) + "\n* * *\n\n" + as_text(words[1]));
  put_part(mail, boundary, "text/html",
           "<!DOCTYPE html>\n<html>\n<body>\n" + as_html(words[0]) + "<hr>\n" + as_html(words[1]) +
               "</body>\n</html>\n");
  return mail + "--" + boundary + "--\r\n";
}

std::string encoded_header(std::string_view text) {
  const bool is_simple = text.size() <= plain_header_max && std::all_of(text.begin(), text.end(), is_plain) &&
                         text.find("=?") == std::string_view::npos;
  if (is_simple) return std::string(text);
  constexpr std::string_view begin = "=?utf-8?Q?";
  constexpr std::string_view end = "?=";
  std::string out(begin);
  std::size_t in_word = begin.size() + end.size();
  for (std::size_t i = 0; i < text.size();) {
    // A character is never divided between words.
    std::size_t length = 1;
    while (i + length < text.size() && (static_cast<unsigned char>(text[i + length]) & 0xC0U) == 0x80U)
      ++length;
    std::string encoded;
    for (const char c : text.substr(i, length)) {
      const auto octet = static_cast<unsigned char>(c);
      const bool as_it_is =
          (c >= '0' && c <= '9') || (http::lower(c) >= 'a' && http::lower(c) <= 'z') || c == '-' || c == '.';
      if (c == ' ') {
        encoded += '_';
      } else if (as_it_is) {
        encoded += c;
      } else {
        encoded += {'=', hex_digits[octet >> 4U], hex_digits[octet & 0xfU]};
      }
    }
    if (in_word + encoded.size() > encoded_word_max) {
      out.append(end).append("\r\n ").append(begin);
      in_word = begin.size() + end.size();
    }
    out += encoded;
    in_word += encoded.size();
    i += length;
  }
  return out.append(end);
}

std::string quoted_printable(std::string_view text) {
  std::string out;
  std::size_t column = 0;
  const auto put = [&](std::string_view piece, bool ends_line) {
    // The last column is for "=", but where the line ends anyway.
    if (column + piece.size() > (ends_line ? mail_line_max : mail_line_max - 1)) {
      out += "=\r\n";
      column = 0;
    }
    out += piece;
    column += piece.size();
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') {
      out += "\r\n";
      column = 0;
      continue;
    }
    const auto octet = static_cast<unsigned char>(c);
    const bool ends_line = i + 1 == text.size() || text[i + 1] == '\n';
    if (is_plain(c) && c != '=' && !(c == ' ' && ends_line)) {
      put({&c, 1}, ends_line);
    } else {
      const std::array<char, 3> encoded{'=', hex_digits[octet >> 4U], hex_digits[octet & 0xfU]};
      put({encoded.data(), encoded.size()}, ends_line);
    }
  }
  return out;
}

std::string mail_date(Instant at) {
  constexpr std::array<std::string_view, 7> days{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
  constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const CivilDate date = berlin_date(at);
  const YearMonthDay day = to_ymd(date);
  const int offset = berlin_offset_minutes(at);
  // By the wall clock: a day with a change of time has not 24 hours.
  const std::int64_t local_s = at.ms / 1'000 + std::int64_t{offset} * 60 - std::int64_t{date.days} * 86'400;
  return fmt::format("{}, {} {} {} {:02}:{:02}:{:02} +{:02}{:02}",
                     days[static_cast<std::size_t>(weekday_of(date))], day.day,
                     months[static_cast<std::size_t>(day.month - 1)], day.year, local_s / 3'600,
                     local_s / 60 % 60, local_s % 60, offset / 60, offset % 60);
}

}  // namespace geleit
