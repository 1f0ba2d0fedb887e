#include "services/audit/story_pages.h"

#include "events/civil_time.h"
#include "events/codec.h"
#include "events/sha256.h"
#include "events/uuid.h"
#include "projections/alerts.h"
#include "projections/deadlines.h"
#include "services/audit/audit_catalogue.h"
#include "services/audit/audit_words.h"
#include "services/event_json.h"
#include "services/html_text.h"
#include "services/http/json_text.h"

namespace geleit {
namespace {

/// What pages say, however they are laid out.
class Words {
 public:
  explicit Words(const StoryPage& page)
      : page_(page), language_(page.language), now_(page.story.now), rows_(story_tables()) {
    try {
      rows_.derive(now_, page.rules);
      static const CaseRows none(story_tables());
      const Asked asked = seen();
      standing_ = changes_between(none, rows_, {asked, asked});
    } catch (const std::exception&) {
      // The step that could not be derived says why.
    }
  }

  [[nodiscard]] Asked seen() const {
    return {berlin_date(page_.now), language_, &page_.rules, nullptr, nullptr};
  }
  [[nodiscard]] std::string title() const {
    return say(language_, message::story_title, to_string(page_.id));
  }

  [[nodiscard]] std::vector<std::string> head() const {
    std::vector<std::string> out;
    out.push_back(say(language_, message::story_about,
                      word_words("", "benefit", word(now_.benefit), language_), now_.provider,
                      word_words("", "land", word(now_.land), language_)));
    out.push_back(person());
    if (page_.known_at)
      out.push_back(say(language_, message::story_known_by, instant_words(*page_.known_at, language_, true)));
    std::string state = say(language_, message::story_stands, instant_words(page_.now, language_),
                            word_words("cases", "state", word(state_of(now_)), language_));
    out.push_back(std::move(state));
    std::string counts =
        say(language_, message::story_counts, now_.head.version.value, page_.story.steps.size());
    if (page_.story.stale > 0) counts += say(language_, message::story_stale_counts, page_.story.stale);
    out.push_back(std::move(counts));
    return out;
  }

  [[nodiscard]] std::string when(const StoryStep& step) const {
    const Happened& happened = step.event.happened;
    return happened.at ? instant_words(*happened.at, language_) : date_words(happened.date, language_);
  }
  [[nodiscard]] std::string recorded(const StoryStep& step) const {
    const std::string at = instant_words(step.record->recorded, language_, true);
    return step.event.by.empty() ? say(language_, message::recorded_by_service, at)
                                 : say(language_, message::recorded_by, at, step.event.by);
  }
  [[nodiscard]] std::string judged(const StoryStep& step) const {
    return say(language_, step.rule_set_read ? message::judged_by : message::judged_by_unread, step.rule_set);
  }

  /// Why: reasons that were given and rules that flagged it.
  [[nodiscard]] std::vector<std::string> why(const StoryStep& step) const {
    std::vector<std::string> out;
    for (const Deviation& one : step.event.deviations) {
      const auto clear = page_.opener.open(step.event, SealedField::deviation, one.reason);
      out.push_back(say(language_, message::reason_for_rule, rule_words_of(one.rule, language_),
                        clear ? say(language_, message::in_quotes, *clear)
                              : not_open_words(page_.opener.state(step.event.key), language_)));
    }
    for (const Rule rule : step.event.findings)
      out.push_back(say(language_, message::flag_of_rule, rule_words_of(rule, language_)));
    return out;
  }
  [[nodiscard]] std::string trouble(const StoryStep& step) const {
    if (step.record->standing == Standing::stale) return say(language_, message::stale_record);
    if (step.trouble.empty()) return {};
    const bool folded = step.event.version <= now_.head.version;
    return say(language_, folded ? message::not_derivable : message::not_foldable, step.trouble);
  }
  [[nodiscard]] std::vector<std::string> changes(const StoryStep& step) const {
    std::vector<std::string> out;
    for (const RowChange& change : step.changes) {
      if (is_worth_saying(change)) out.push_back(change_words(change, language_));
    }
    return out;
  }

  /// What stands at the end: rows of one table, each as a line.
  [[nodiscard]] std::vector<std::string> standing(std::string_view table) const {
    std::vector<std::string> out;
    for (const RowChange& row : standing_) {
      if (row.table != table) continue;
      if (table == "unit-balances") {
        for (const FieldChange& field : row.fields) {
          if (is_said(row, field)) out.push_back(field_change_words(row, field, language_));
        }
        continue;
      }
      std::string fields;
      for (const FieldChange& field : row.fields) {
        if (!is_said(row, field)) continue;
        fields += (fields.empty() ? "" : ", ") + field_change_words(row, field, language_);
      }
      out.push_back(say(language_, message::labelled, row_words(row, language_), fields));
    }
    return out;
  }
  /// Each alert with its life: to whom it was told, who answered.
  [[nodiscard]] std::vector<std::string> alerts() const {
    std::vector<std::string> out;
    std::size_t place = 0;
    for (const RowChange& row : standing_) {
      if (row.table != "alerts") continue;
      std::string line = say(language_, message::labelled, row_words(row, language_), fields_of(row));
      const auto& alert = std::get<Uuid>(row.name.front().after);
      if (const Missed* missed = now_.find_alert(EventId{alert})) {
        for (const SentNotice& one : missed->notices) {
          const std::string rule = rule_words_of(missed->rule, language_);
          line += "; " + say(language_, one.number % 2 == 1 ? message::told_notice : message::told_all_clear,
                             rule, one.channel, one.level, instant_words(one.at, language_), one.outcome);
        }
        line += answer(*missed);
      }
      out.push_back(std::move(line));
      ++place;
    }
    if (place == 0) out.push_back(say(language_, message::story_no_alerts));
    return out;
  }

  [[nodiscard]] const std::vector<RowChange>& rows() const { return standing_; }
  [[nodiscard]] std::string say_made() const {
    return say(language_, message::story_made, instant_words(page_.now, language_), to_string(page_.log.id));
  }

 private:
  [[nodiscard]] std::string person() const {
    const auto clear = page_.opener.open(now_.person.key, now_.id, SealedField::person, now_.person.bytes);
    if (clear) {
      try {
        const PersonData person = decode_person(*clear);
        return say(language_, message::story_person, person.given_name + " " + person.family_name,
                   date_words(person.born, language_));
      } catch (const BadRecord&) {}
    }
    return say(language_, message::story_person_not_open,
               not_open_words(page_.opener.state(now_.person.key), language_));
  }
  [[nodiscard]] std::string fields_of(const RowChange& row) const {
    std::string fields;
    for (const FieldChange& field : row.fields) {
      // Who answered stands at the end, with the words.
      if (!is_said(row, field) || field.field.starts_with("acknowledged") ||
          field.field.starts_with("snoozed."))
        continue;
      fields += (fields.empty() ? "" : ", ") + field_change_words(row, field, language_);
    }
    return fields;
  }
  [[nodiscard]] std::string answer(const Missed& missed) const {
    if (missed.answer == AlertAnswer::none) return {};
    const bool acknowledged = missed.answer == AlertAnswer::acknowledged;
    std::string out = "; " + field_words("", acknowledged ? "acknowledged.by" : "snoozed.by", language_) +
                      " " +
                      (missed.answered_by.empty() ? say(language_, message::nothing) : missed.answered_by) +
                      " (" + instant_words(missed.answered_at, language_) + ")";
    if (missed.answer_text.bytes.empty()) return out;
    const auto clear =
        page_.opener.open(missed.answer_text.key, now_.id,
                          acknowledged ? SealedField::note : SealedField::reason, missed.answer_text.bytes);
    return out + ": " +
           (clear ? say(language_, message::in_quotes, *clear)
                  : not_open_words(page_.opener.state(missed.answer_text.key), language_));
  }

  const StoryPage& page_;
  Language language_;
  const Case& now_;
  CaseRows rows_;
  std::vector<RowChange> standing_;
};

}  // namespace

// ---------------------------------------------------------------- text

std::string story_text(const StoryPage& page) {
  const Words words(page);
  std::string out = words.title() + "\n";
  for (const std::string& line : words.head()) out += line + "\n";
  const auto section = [&](const Message<>& name, const std::vector<std::string>& lines) {
    if (lines.empty()) return;
    out += "\n" + say(page.language, name) + "\n";
    for (const std::string& line : lines) out += "  " + line + "\n";
  };
  out += "\n" + say(page.language, message::story_events) + "\n";
  for (const StoryStep& step : page.story.steps) {
    const bool stale = step.record->standing == Standing::stale;
    out += fmt::format("\n{:>4}{} {}  {}\n", step.event.version.value, stale ? "*" : " ", words.when(step),
                       step.sentence);
    const auto line = [&](std::string_view text) { out += fmt::format("      {}\n", text); };
    line(fmt::format("{} · {}", words.recorded(step), words.judged(step)));
    for (const std::string& why : words.why(step)) line(why);
    if (const std::string trouble = words.trouble(step); !trouble.empty()) line(trouble);
    for (const std::string& change : words.changes(step)) line("→ " + change);
  }
  section(message::story_deadlines, words.standing("deadlines"));
  section(message::story_balance, words.standing("unit-balances"));
  section(message::story_alerts, words.alerts());
  out += "\n" + words.say_made() + "\n";
  return out;
}

// ---------------------------------------------------------------- JSON

std::string story_json(const StoryPage& page) {
  const Words words(page);
  const Case& now = page.story.now;
  std::string out;
  http::JsonWriter json(out);
  json.object().member("case").string(to_string(page.id)).member("log").string(to_string(page.log.id));
  json.member("known_at");
  if (page.known_at)
    json.string(to_string(*page.known_at));
  else
    json.null();
  json.member("today").string(to_string(berlin_date(page.now)));
  json.member("benefit").string(word(now.benefit)).member("provider").string(now.provider);
  json.member("land").string(word(now.land)).member("state").string(word(state_of(now)));
  json.member("version").number(now.head.version.value).member("stale").number(page.story.stale);
  const PersonalData state = page.opener.state(now.person.key);
  json.member("personal_data").string(word(state)).member("person");
  const auto clear = page.opener.open(now.person.key, now.id, SealedField::person, now.person.bytes);
  if (clear) {
    std::string person;
    append_person_json(person, now.person_id, decode_person(*clear));
    json.raw(person);
  } else {
    json.null();
  }
  json.member("events").array();
  for (const StoryStep& step : page.story.steps) {
    const Event& event = step.event;
    const OpenSealed open = [&](SealedField field, Sealed sealed) {
      return page.opener.open(event, field, sealed);
    };
    json.object().member("version").number(event.version.value);
    json.member("event").string(name_of(event.payload)).member("happened");
    json.string(event.happened.at ? to_string(*event.happened.at) : to_string(event.happened.date));
    json.member("recorded").string(to_string(step.record->recorded));
    json.member("decided").string(to_string(event.decided)).member("by");
    if (event.by.empty())
      json.null();
    else
      json.string(event.by);
    json.member("stale").boolean(step.record->standing == Standing::stale);
    json.member("id").string(to_string(event.id)).member("position").object();
    json.member("partition").number(step.record->position.partition.value);
    json.member("offset").number(step.record->position.offset.value).end();
    json.member("rule_set").string(step.rule_set);
    json.member("hash").string(to_hex(stated_hash(step.record->bytes)));
    std::string data, reasons;
    append_event_data(data, event, open);
    append_reasons(reasons, event.deviations, open);
    json.member("personal_data").string(word(page.opener.state(event.key)));
    json.member("data").raw(data).member("reasons").raw(reasons).member("findings").array();
    for (const Rule rule : event.findings) json.string(word(rule));
    json.end().member("text").string(step.sentence).member("changes").array();
    for (const RowChange& change : step.changes) json.raw(change_json(change));
    json.end().member("trouble");
    if (step.trouble.empty())
      json.null();
    else
      json.string(step.trouble);
    json.end();
  }
  json.end().member("rows").array();
  for (const RowChange& row : words.rows()) json.raw(change_json(row));
  json.end().member("alerts").array();
  for (const Missed& missed : now.missed) {
    json.object().member("alert").string(to_string(missed.alert)).member("rule").string(word(missed.rule));
    json.member("due_on").string(to_string(missed.due_on));
    json.member("raised").string(to_string(raised_at(missed.acts_on))).member("level").number(missed.level);
    json.member("sent").array();
    for (const SentNotice& one : missed.notices) {
      json.object().member("channel").string(one.channel).member("level").number(one.level);
      json.member("number").number(one.number).member("at").string(to_string(one.at));
      json.member("outcome").string(one.outcome).end();
    }
    json.end().member("answer");
    if (missed.answer == AlertAnswer::none) {
      json.null().end();
      continue;
    }
    const bool acknowledged = missed.answer == AlertAnswer::acknowledged;
    json.object().member("kind").string(acknowledged ? "acknowledged" : "snoozed").member("by");
    if (missed.answered_by.empty())
      json.null();
    else
      json.string(missed.answered_by);
    json.member("at").string(to_string(missed.answered_at)).member("text");
    const auto text =
        page.opener.open(missed.answer_text.key, now.id,
                         acknowledged ? SealedField::note : SealedField::reason, missed.answer_text.bytes);
    if (text)
      json.string(*text);
    else
      json.null();
    json.end().end();
  }
  json.end().end();
  out += "\n";
  return out;
}

// ---------------------------------------------------------------- HTML

namespace {

constexpr std::string_view page_style =
    "@page{size:A4;margin:18mm 16mm 20mm}"
    "*{box-sizing:border-box}"
    "body{font:10.5pt/1.4 'Source Sans 3','Noto Sans','DejaVu Sans',Arial,sans-serif;color:#1b1f24;"
    "max-width:180mm;margin:12mm auto;padding:0 4mm}"
    "h1{font-size:15pt;margin:0 0 2mm;overflow-wrap:anywhere}"
    "h2{font-size:12pt;margin:8mm 0 2mm;border-bottom:.4pt solid #8a939e;padding-bottom:1mm;"
    "break-after:avoid}"
    ".head p{margin:.4mm 0}"
    "ol.events{list-style:none;margin:0;padding:0}"
    "ol.events>li{display:grid;grid-template-columns:12mm 1fr;gap:0 3mm;padding:2.4mm 0;"
    "border-bottom:.3pt solid #d5dae0;break-inside:avoid}"
    ".n{font-variant-numeric:tabular-nums;color:#57606a;text-align:right}"
    ".what{margin:0}.when{font-weight:600}"
    ".who,.why{margin:.6mm 0 0;color:#57606a;font-size:9pt}"
    ".why{color:#7a4b00}"
    ".trouble{margin:.6mm 0 0;color:#a40e26;font-weight:600}"
    "ul.changes{margin:1mm 0 0;padding:0 0 0 4mm;font-size:9.5pt}"
    "ul.changes li{margin:.2mm 0}"
    "li.stale .what{text-decoration:line-through;color:#57606a}"
    "ul.rows{margin:0;padding:0 0 0 4mm}"
    "footer{margin-top:8mm;color:#57606a;font-size:8.5pt;overflow-wrap:anywhere}"
    "@media print{body{margin:0;max-width:none;padding:0}}";

}  // namespace

std::string story_html(const StoryPage& page) {
  const Words words(page);
  std::string out = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" "
      "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width\">\n<title>{}</title>\n<style>{}</style>\n"
      "</head>\n<body>\n",
      page.language == Language::de ? "de" : "en", escape_html(words.title()), page_style);
  const auto element = [&](std::string_view tag, std::string_view of, std::string_view text) {
    out += fmt::format("<{0} class=\"{1}\">{2}</{0}>\n", tag, of, escape_html(text));
  };
  const auto section = [&](const Message<>& name, const std::vector<std::string>& lines) {
    if (lines.empty()) return;
    out += "<h2>" + escape_html(say(page.language, name)) + "</h2>\n<ul class=\"rows\">\n";
    for (const std::string& line : lines) out += "<li>" + escape_html(line) + "</li>\n";
    out += "</ul>\n";
  };
  out += "<h1>" + escape_html(words.title()) + "</h1>\n<div class=\"head\">\n";
  for (const std::string& line : words.head()) element("p", "line", line);
  out += "</div>\n<h2>" + escape_html(say(page.language, message::story_events)) +
         "</h2>\n<ol class=\"events\">\n";
  for (const StoryStep& step : page.story.steps) {
    const bool stale = step.record->standing == Standing::stale;
    out += fmt::format("<li{}>\n<div class=\"n\">{}</div>\n<div>\n", stale ? " class=\"stale\"" : "",
                       step.event.version.value);
    out += fmt::format("<p class=\"what\"><span class=\"when\">{}</span> {}</p>\n",
                       escape_html(words.when(step)), escape_html(step.sentence));
    element("p", "who", words.recorded(step) + " · " + words.judged(step));
    for (const std::string& why : words.why(step)) element("p", "why", why);
    if (const std::string trouble = words.trouble(step); !trouble.empty()) element("p", "trouble", trouble);
    const auto changes = words.changes(step);
    if (!changes.empty()) {
      out += "<ul class=\"changes\">\n";
      for (const std::string& change : changes) out += "<li>" + escape_html(change) + "</li>\n";
      out += "</ul>\n";
    }
    out += "</div>\n</li>\n";
  }
  out += "</ol>\n";
  section(message::story_deadlines, words.standing("deadlines"));
  section(message::story_balance, words.standing("unit-balances"));
  section(message::story_alerts, words.alerts());
  out += "<footer>" + escape_html(words.say_made()) + "</footer>\n</body>\n</html>\n";
  return out;
}

}  // namespace geleit
