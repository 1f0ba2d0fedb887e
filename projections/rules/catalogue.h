// The one catalogue of sentences that people read: German and English side by side, so that neither is
// forgotten. A message knows the types of its arguments, and its placeholders are checked when the program is
// compiled. Codes, rule ids and field names are no sentences and are never translated; titles of rules come
// from the rule set.
//
// To add a message: a constant below, in the part of who says it; then `say(language, message::name,
// arguments …)`.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace geleit {

enum class Language : std::uint8_t { de, en };

/// A sentence with one text a language. Texts take the same arguments, by number where their order differs.
template <class... Args>
struct Message {
  fmt::format_string<const Args&...> de;
  fmt::format_string<const Args&...> en;
};

template <class... Args>
[[nodiscard]] std::string say(Language language, const Message<Args...>& message,
                              const std::type_identity_t<Args>&... args) {
  return fmt::format(language == Language::de ? message.de : message.en, args...);
}

namespace message {

using Text = std::string_view;

// Refusals: every "no" tells what was expected and what came.
inline constexpr Message<Text, Text> expected_but{"erwartet {}, aber {}", "expected {}, but {}"};

// Amounts of time with their number, in the case that the sentences below need.
inline constexpr Message<int> days{"{} Tage", "{} days"};
inline constexpr Message<int> weeks{"{} Wochen", "{} weeks"};
inline constexpr Message<int> months{"{} Monate", "{} months"};
inline constexpr Message<int> years{"{} Jahre", "{} years"};
inline constexpr Message<> one_day{"1 Tag", "1 day"};
inline constexpr Message<> one_week{"1 Woche", "1 week"};
inline constexpr Message<> one_month{"1 Monat", "1 month"};
inline constexpr Message<> one_year{"1 Jahr", "1 year"};

// Anchors of deadlines.
inline constexpr Message<Text> discharged{"Entlassung am {}", "Discharged on {}"};
inline constexpr Message<Text> first_unit{"Erste Einheit am {}", "First unit on {}"};
inline constexpr Message<Text> first_unit_after_discharge{"Erste Einheit nach der Entlassung am {}",
                                                          "First unit after discharge on {}"};
inline constexpr Message<Text> received_by_insurer{"Antragseingang bei der Krankenkasse am {}",
                                                   "Application received by the insurer on {}"};

// Explanations of deadlines: {0} the anchor, {1} the span, {2} the last day as counted.
inline constexpr Message<Text, Text, Text> start_by{
    "{} + {}: die erste Einheit ist spätestens am {} zu erbringen.",
    "{} + {}: the first unit is to be delivered on {} at the latest."};
inline constexpr Message<Text, Text, Text> complete_by{
    "{} + {}: die Nachsorge ist spätestens am {} abzuschließen.",
    "{} + {}: the aftercare is to be completed on {} at the latest."};
inline constexpr Message<Text, Text, Text> prescribe_by{
    "{} + {}: ein Vertragsarzt kann bis {} verordnen, danach nur mit Begründung.",
    "{} + {}: a contract doctor may prescribe until {}, later only with a reason."};
inline constexpr Message<Text, Text, Text, Text> total_until{
    "{0} + {1}: bis {2} sind höchstens {3} Stunden möglich.",
    "{0} + {1}: until {2} at most {3} hours are possible."};
inline constexpr Message<Text, Text, Text> decide_by{"{} + {}: die Krankenkasse muss bis {} entscheiden.",
                                                     "{} + {}: the insurer has to decide by {}."};
inline constexpr Message<Text, Text, Text> decide_by_sgb9{
    "{} + {} (§ 14 SGB IX): die Entscheidung ist bis {} zu treffen.",
    "{} + {} (§ 14 SGB IX): the decision is due by {}."};
inline constexpr Message<Text, Text, Text> decide_by_expert{
    "{} + {}, weil ein Gutachten eingeholt und dies mitgeteilt wurde: die Krankenkasse muss bis {} "
    "entscheiden.",
    "{} + {}, because an expert opinion was taken and this was told: the insurer has to decide by {}."};
inline constexpr Message<Text, Text, Text, Text> decide_by_sgb9_opinion{
    "{0}; {1} nach dem Gutachten, in allem höchstens {2} (§§ 14, 18 SGB IX): die Entscheidung ist bis {3} zu "
    "treffen.",
    "{0}; {1} after the expert opinion, at most {2} in all (§§ 14, 18 SGB IX): the decision is due by {3}."};
inline constexpr Message<Text, int, Text, Text, Text> object_by{
    "Zur Post gegeben am {}, bekannt gegeben {} Tage danach am {}; + {}: Widerspruch ist bis {} möglich.",
    "Posted on {}, notified {} days later on {}; + {}: an objection is possible until {}."};
inline constexpr Message<Text, int, Text, Text, Text> object_by_no_instruction{
    "Zur Post gegeben am {}, bekannt gegeben {} Tage danach am {}; + {}, weil die Rechtsbehelfsbelehrung "
    "fehlt oder "
    "falsch ist: Widerspruch ist bis {} möglich.",
    "Posted on {}, notified {} days later on {}; + {}, because the instruction on remedies is missing or "
    "wrong: an "
    "objection is possible until {}."};

// What follows from the last day as counted.
inline constexpr Message<Text> rolled_to{"Weil das kein Werktag ist, läuft die Frist bis {}.",
                                         "As this is no working day, the period runs until {}."};
inline constexpr Message<Text> not_rolled{
    "Wochenenden und Feiertage verschieben diese Frist nicht; nur als Hinweis: der nächste Werktag ist {}.",
    "Weekends and holidays do not move this period; as a hint only: the next working day is {}."};
inline constexpr Message<Text> counted_from_discharge{
    "Von der Entlassung an gezählt wäre es {} (nur als Hinweis).",
    "Counted from the discharge it would be {} (as a hint only)."};
// The command line's calculator.
inline constexpr Message<> last_day{"letzter Tag", "last day"};
inline constexpr Message<> acts_until{"läuft bis", "runs until"};
inline constexpr Message<> hint_only{"Hinweis", "hint"};
inline constexpr Message<> calendar{"Kalender", "calendar"};
inline constexpr Message<> rule_set{"Regelwerk", "rule set"};
inline constexpr Message<> value{"Wert", "value"};
inline constexpr Message<> acts{"wirkt", "acts"};
inline constexpr Message<> sure{"Gewissheit", "sure"};
inline constexpr Message<> source{"Quelle", "source"};
inline constexpr Message<> valid{"gilt", "valid"};
inline constexpr Message<> locked{"fest", "locked"};
inline constexpr Message<Text, Text, Text> rule_set_in_force{"Regelwerk {}, gültig ab {}, Prüfsumme {}",
                                                             "Rule set {}, in force from {}, hash {}"};
inline constexpr Message<> rules_more{"Mehr zu einer Regel: geleit rules show SMN-START",
                                      "More about a rule: geleit rules show SMN-START"};
inline constexpr Message<Text, Text, Text> copay_due{"Zuzahlung {} bei Kosten von {} am {}.",
                                                     "Co-payment {} for a cost of {} on {}."};

// Refusals of intake, beside those of decisions.
inline constexpr Message<> case_ready{"einen bereiten Fall", "a case that is ready"};
inline constexpr Message<> case_parked{
    "dieser Fall steht still, weil ein früheres Ereignis nicht verarbeitet werden kann",
    "this case stands still because an earlier event cannot be processed"};
inline constexpr Message<> case_contended{
    "andere ändern diesen Fall gerade; bitte gleich noch einmal versuchen",
    "others are changing this case; please try again in a moment"};
inline constexpr Message<> log_unavailable{
    "das Ereignisprotokoll ist gerade nicht erreichbar; bitte mit derselben id noch einmal senden",
    "the log cannot be reached now; please send it again with the same id"};
inline constexpr Message<> still_starting{
    "Geleit liest gerade die Tabellen ein; bitte gleich noch einmal versuchen",
    "Geleit is making its tables ready; please try again in a moment"};
inline constexpr Message<> known_case{"einen bekannten Fall", "a known case"};
inline constexpr Message<Text> unknown_case{"{} ist keiner", "{} is none"};
inline constexpr Message<> same_content{"unter einer bekannten id denselben Inhalt",
                                        "the same content under a known id"};
inline constexpr Message<> other_content{"der Inhalt ist ein anderer", "the content is another"};
inline constexpr Message<std::int64_t> version_is{"Version {}", "version {}"};
inline constexpr Message<std::int64_t> version_found{"der Fall steht bei Version {}",
                                                     "the case is at version {}"};
inline constexpr Message<> readable_person{"lesbare Personendaten", "readable personal data"};
inline constexpr Message<> erased_person{"sie sind gelöscht", "they are erased"};
inline constexpr Message<> room_in_queue{"Platz in der Warteschlange", "room in the queue"};
inline constexpr Message<> queue_full{"sie ist voll; bitte gleich noch einmal versuchen",
                                      "it is full; please try again in a moment"};

// Refusals of the address and the header fields.
inline constexpr Message<> known_parameter{"nur bekannte Parameter", "known parameters only"};
inline constexpr Message<> unknown_parameter{"dieser ist keiner", "this is none"};
inline constexpr Message<> either_true_or_false{"true oder false", "true or false"};
inline constexpr Message<> another_value{"es kam etwas anderes", "something else came"};
inline constexpr Message<> json_or_ndjson{"application/json oder application/x-ndjson",
                                          "application/json or application/x-ndjson"};
inline constexpr Message<> another_media{"der Inhalt hat einen anderen Typ",
                                         "the content is of another type"};
inline constexpr Message<> one_command_id{"eine UUID der Version 4 oder 7 für einen einzelnen Befehl",
                                          "a UUID of version 4 or 7 for a single command"};
inline constexpr Message<> one_entity_tag{
    "* oder eine Version in Anführungszeichen für einen einzelnen Befehl",
    "* or one quoted version for a single command"};
inline constexpr Message<> same_as_header{"dasselbe wie im Kopf der Anfrage",
                                          "the same as in the request's header"};
inline constexpr Message<std::int64_t> lines_at_most{"höchstens {} Zeilen", "at most {} lines"};
inline constexpr Message<std::int64_t> lines_found{"es sind {}", "there are {}"};

}  // namespace message
}  // namespace geleit
