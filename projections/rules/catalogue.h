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
inline constexpr Message<Text> discharged{"Entlassung am {}.", "Discharged on {}."};
inline constexpr Message<Text> first_unit{"Erste Einheit am {}.", "First unit on {}."};
inline constexpr Message<Text> first_unit_after_discharge{"Erste Einheit nach der Entlassung am {}.",
                                                          "First unit after discharge on {}."};
inline constexpr Message<Text> period_begun{"Beginn des Zeitraums am {}.", "Period begun on {}."};
inline constexpr Message<Text> received_by_insurer{"Antragseingang bei der Krankenkasse am {}.",
                                                   "Application received by the insurer on {}."};
inline constexpr Message<Text, int, Text> posted_and_notified{
    "Zur Post gegeben am {0}, bekannt gegeben am {2}, dem {1}. Tag danach.",
    "Posted on {0}, notified on {2}, day {1} after."};

// Explanations of deadlines: {0} the anchor, {1} the span, {2} the last day, with an arrow to the day to
// which it moves: "Fr 03.04.2026 (Karfreitag) → Di 07.04.2026".
inline constexpr Message<Text, Text> moves_to{"{} → {}", "{} → {}"};
inline constexpr Message<Text, Text> weeks_in_days{"{} ({})", "{} ({})"};
inline constexpr Message<Text, Text, Text> start_by{
    "{} Bis zur ersten Einheit hat die Einrichtung {} Zeit, also bis {}.",
    "{} The provider has {} until the first unit, that is until {}."};
inline constexpr Message<Text, Text, Text> complete_by{
    "{} Für die ganze Nachsorge hat die Einrichtung {} Zeit, also bis {}; ein späterer Besuch braucht einen "
    "Grund.",
    "{} The provider has {} for the whole aftercare, that is until {}; a later visit needs a reason."};
inline constexpr Message<Text, Text, Text> prescribe_by{
    "{} Ein Vertragsarzt hat {} Zeit zu verordnen, also bis {}; danach nur mit Begründung.",
    "{} A contract doctor has {} to prescribe, that is until {}; later only with a reason."};
inline constexpr Message<Text, Text, Text, Text> total_until{
    "{0} Für {1} gibt es höchstens {3} Stunden, also bis {2}; einen neuen Zeitraum beginnt die erste Einheit "
    "danach.",
    "{0} For {1} there are at most {3} hours, that is until {2}; the first unit after that begins a new "
    "period."};
inline constexpr Message<Text, Text, Text, Text> total_until_or_referral{
    "{0} Für {1} gibt es höchstens {3} Stunden, also bis {2}; einen neuen Zeitraum beginnt die erste Einheit "
    "oder Verordnung danach.",
    "{0} For {1} there are at most {3} hours, that is until {2}; the first unit or referral after that "
    "begins "
    "a new period."};
inline constexpr Message<Text, Text, Text, Text> total_rolling{
    "{0} Für {1} gibt es höchstens {3} Stunden, gleitend gezählt: Was an diesem Tag erbracht wurde, zählt "
    "bis "
    "{2}.",
    "{0} For {1} there are at most {3} hours, counted as they go by: what was delivered on that day counts "
    "until {2}."};
inline constexpr Message<Text, Text, Text> decide_by{"{} Sie hat {} Zeit zu entscheiden, also bis {}.",
                                                     "{} It has {} to decide, that is until {}."};
inline constexpr Message<Text, Text, Text> decide_by_expert{
    "{} Weil sie ein Gutachten einholt und das mitgeteilt hat, hat sie {} Zeit zu entscheiden, also bis {}.",
    "{} As it takes an expert opinion and has said so, it has {} to decide, that is until {}."};
inline constexpr Message<Text, Text, Text> decide_by_sgb9{
    "{} Nach § 14 SGB IX hat sie {} Zeit zu entscheiden, also bis {}.",
    "{} Under § 14 SGB IX it has {} to decide, that is until {}."};
inline constexpr Message<Text, Text, Text, Text> decide_by_sgb9_opinion{
    "{0} Das Gutachten kam am {3}; danach hat sie {1} Zeit zu entscheiden (§ 14 SGB IX), also bis {2}.",
    "{0} The expert opinion came on {3}; after it the insurer has {1} to decide (§ 14 SGB IX), that is until "
    "{2}."};
inline constexpr Message<Text, Text, Text> decide_by_sgb9_in_all{
    "{} Auch mit Gutachten hat sie in allem höchstens {} Zeit zu entscheiden (§ 18 SGB IX), also bis {}.",
    "{} Even with an expert opinion it has {} at most in all to decide (§ 18 SGB IX), that is until {}."};
inline constexpr Message<Text, Text, Text> deemed_approved{
    "{} Entscheidet sie nicht bis {} und nennt bis dahin keinen hinreichenden Grund, gilt die Leistung ab {} "
    "als genehmigt. Das gibt nur einen Anspruch auf Kostenerstattung; abrechenbare Einheiten kommen nicht "
    "hinzu.",
    "{} If it neither decides by {} nor gives a sufficient reason by then, the benefit is deemed approved "
    "from "
    "{} on. This gives reimbursement only; it adds no billable units."};
inline constexpr Message<Text, Text, Text> object_by{"{} Für den Widerspruch hat man {} Zeit, also bis {}.",
                                                     "{} The time for an objection is {}, that is until {}."};
inline constexpr Message<Text, Text, Text> object_by_no_instruction{
    "{} Weil die Rechtsbehelfsbelehrung fehlt oder falsch ist, hat man für den Widerspruch {} Zeit, also bis "
    "{}.",
    "{} As the instruction on remedies is missing or wrong, the time for an objection is {}, that is until "
    "{}."};
inline constexpr Message<Text, Text, Text, int, Text> first_unit_before_age{
    "Geboren am {0}. Das {3}. Lebensjahr ist mit Ablauf von {1} vollendet: das ist der letzte Tag für die "
    "erste Einheit. Ab {2} ist sie nur in einem besonders schwerwiegenden Fall möglich, längstens bis {4}.",
    "Born on {0}. Year {3} of life is completed at the end of {1}: that is the last day for the first unit. "
    "From {2} on it is possible in an especially severe case only, until {4} at the latest."};
inline constexpr Message<Text, Text, int> first_unit_before_severe_age{
    "Geboren am {0}. In einem besonders schwerwiegenden Fall gilt das {2}. Lebensjahr; es ist mit Ablauf von "
    "{1} vollendet: das ist der letzte Tag für die erste Einheit.",
    "Born on {0}. In an especially severe case year {2} of life counts; it is completed at the end of {1}: "
    "that is the last day for the first unit."};
inline constexpr Message<Text, Text, Text, int> copay_from{
    "Geboren am {0}. Bis {1} fällt keine Zuzahlung an; ab {2}, mit {3} Jahren, fällt sie an, außer bei einer "
    "Befreiung.",
    "Born on {0}. Until {1} there is no co-payment; from {2} on, at the age of {3}, there is one unless "
    "exempt."};
inline constexpr Message<Text, Text, Text> keep_treatment_records{
    "Ende der Behandlung am {0}. Die Unterlagen der Behandlung sind {1} aufzubewahren, also bis {2}; für "
    "Minderjährige kann es länger sein.",
    "The treatment ended on {0}. Its records are to be kept for {1}, that is until {2}; for minors it can be "
    "longer."};
inline constexpr Message<Text, Text, Text> keep_invoice{
    "Rechnung vom {0}. Sie ist vom Ende ihres Jahres an {1} aufzubewahren, also bis {2}.",
    "Invoice of {0}. It is to be kept for {1} from the end of its year, that is until {2}."};
inline constexpr Message<Text, Text, Text> days_counted{
    "Ereignis am {0}; dieser Tag zählt nicht mit. Gezählt wird vom Tag danach an, {1} lang, also bis {2}.",
    "Event on {0}; this day is not counted. The count begins on the day after and goes on for {1}, that is "
    "until {2}."};
inline constexpr Message<Text, Text, Text> weeks_counted{
    "Ereignis am {0}. {1} später, am gleichen Wochentag, endet die Frist: {2}.",
    "Event on {0}. {1} later, on the same weekday, the period ends: {2}."};
inline constexpr Message<Text, Text, Text> months_counted{
    "Ereignis am {0}. {1} später, am Tag mit der gleichen Zahl, endet die Frist: {2}.",
    "Event on {0}. {1} later, on the day with the same number, the period ends: {2}."};
inline constexpr Message<Text, Text, Text> months_counted_to_the_last{
    "Ereignis am {0}. {1} später fehlt der Tag mit der gleichen Zahl; die Frist endet am letzten des Monats: "
    "{2}.",
    "Event on {0}. {1} later there is no day with the same number; the period ends on the last of the month: "
    "{2}."};
inline constexpr Message<Text, Text, Text, int> year_of_life{
    "Geboren am {0}. Das {3}. Lebensjahr ist mit Ablauf von {1} vollendet; {3} Jahre alt ab {2}.",
    "Born on {0}. Year {3} of life is completed at the end of {1}; {3} years old from {2} on."};
inline constexpr Message<> no_29_february{"Einen 29. Februar gibt es in diesem Jahr nicht.",
                                          "There is no 29 February in that year."};
inline constexpr Message<Text> action_ends{"Letzter Tag einer Frist zum Handeln: {}.",
                                           "Last day of a period for acting: {}."};
inline constexpr Message<Text> window_ends{"Letzter Tag eines Leistungszeitraums: {}.",
                                           "Last day of a benefit window: {}."};

// What follows from the last day as counted.
inline constexpr Message<> rolled{
    "An einem Wochenende oder Feiertag endet diese Frist nicht, sondern am nächsten Werktag.",
    "This period does not end on a weekend or holiday but on the next working day."};
inline constexpr Message<> stays{"Das ist ein Werktag, dabei bleibt es.",
                                 "This is a working day, it stays so."};
inline constexpr Message<> notified_on_any_day{"Auch an einem Wochenende oder Feiertag bleibt es dabei.",
                                               "Even on a weekend or holiday it stays so."};
inline constexpr Message<Text> not_rolled{
    "Diese Frist verschiebt sich nicht: der letzte Werktag davor ist {}.",
    "This period does not move: the last working day before its end is {}."};
inline constexpr Message<Text, Text> not_rolled_hint{
    "Diese Frist verschiebt sich nicht: der letzte Werktag davor ist {}; der nächste danach, {}, ist nur ein "
    "Hinweis.",
    "This period does not move: the last working day before its end is {}; the next one after it, {}, is a "
    "hint only."};
inline constexpr Message<Text> counted_from_discharge{
    "Von der Entlassung an gezählt wäre es {} (nur als Hinweis).",
    "Counted from the discharge it would be {} (as a hint only)."};
inline constexpr Message<> no_unit_price{
    "An mindestens einem Tag ist für diesen Fall kein Preis je Einheit hinterlegt; dort stehen keine "
    "Beträge.",
    "On one day at least no price per unit is set for this case; there are no amounts there."};
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
inline constexpr Message<Text> since{"ab {}", "from {}"};
inline constexpr Message<> before{"bisher", "before"};
inline constexpr Message<> afterwards{"neu", "now"};
inline constexpr Message<> every_rule_is_the_same{"Keine Regel unterscheidet sich.", "No rule differs."};
inline constexpr Message<int> rules_differ{"Unterschiede: {}", "Differences: {}"};
inline constexpr Message<Text, Text, Text> copay_due{"Zuzahlung {} bei Kosten von {} am {}.",
                                                     "Co-payment {} for a cost of {} on {}."};

// Refusals of intake, beside those of decisions.
inline constexpr Message<> case_ready{"einen bereiten Fall", "a case that is ready"};
inline constexpr Message<> case_parked{
    "dieser Fall steht still, weil ein früheres Ereignis nicht verarbeitet werden kann",
    "this case stands still because an earlier event cannot be processed"};
inline constexpr Message<> tables_kept_up{"Tabellen, die dem Log folgen", "tables that follow the log"};
inline constexpr Message<> tables_stand_still{"sie stehen gerade still; bitte gleich noch einmal versuchen",
                                              "they stand still now; please try again in a moment"};
inline constexpr Message<> one_backup_at_a_time{"eine Sicherung zur gleichen Zeit", "one backup at a time"};
inline constexpr Message<> backup_under_way{"gerade läuft eine andere", "another one is under way"};
inline constexpr Message<> a_checkpoint{"einen Schnappschuss von Tabellen, Log und Schlüsseln",
                                        "a checkpoint of tables, log and keys"};
inline constexpr Message<Text> no_checkpoint{"er gelang nicht: {}", "it failed: {}"};
inline constexpr Message<> case_contended{
    "andere ändern diesen Fall gerade; bitte gleich noch einmal versuchen",
    "others are changing this case; please try again in a moment"};
inline constexpr Message<> log_unavailable{
    "das Ereignisprotokoll ist gerade nicht erreichbar; bitte mit derselben id noch einmal senden",
    "the log cannot be reached now; please send it again with the same id"};
inline constexpr Message<Text> directory_in_use{
    "erwartet, {} für sich allein zu haben, aber ein anderer Prozess benutzt es schon; jenen beenden oder "
    "diesem ein eigenes Verzeichnis geben",
    "expected to have {} alone, but another process uses it already; stop that one or give this one a "
    "directory of its own"};
inline constexpr Message<Text> log_is_damaged{
    "Das Log ist beschädigt oder nicht vollständig und wird so nicht benutzt; geleit restore holt es aus der "
    "letzten Sicherung. {}",
    "The log is damaged or not complete and is not used like this; geleit restore gets it back from the last "
    "backup. {}"};
inline constexpr Message<Text> keys_are_damaged{
    "Die Personenschlüssel sind beschädigt oder nicht vollständig und werden so nicht benutzt; geleit "
    "restore "
    "holt sie aus der letzten Sicherung. {}",
    "The person keys are damaged or not complete and are not used like this; geleit restore gets them back "
    "from the last backup. {}"};
inline constexpr Message<Text> tables_are_damaged{
    "Die Tabellen sind beschädigt; geleit serve und geleit rebuild legen sie aus dem Log neu an. {}",
    "The tables are damaged; geleit serve and geleit rebuild make them anew from the log. {}"};
inline constexpr Message<Text, Text> tables_were_damaged{
    "Die Tabellen sind beschädigt ({}). Sie wurden nach {} verschoben und werden aus dem Log neu angelegt.",
    "The tables are damaged ({}). They were moved to {} and are made anew from the log."};
inline constexpr Message<> readable_data{"lesbare Daten", "data that can be read"};
inline constexpr Message<Text> cannot_write{"erwartet, dass alles geschrieben werden kann, aber: {}",
                                            "expected that everything can be written, but: {}"};
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
inline constexpr Message<> unrestricted_data{"uneingeschränkte Personendaten", "unrestricted personal data"};
inline constexpr Message<> data_is_restricted{
    "ihre Verarbeitung ist eingeschränkt: sie werden aufbewahrt und sonst nichts",
    "their processing is restricted: they are stored and nothing else"};
inline constexpr Message<> restricted_data{"eingeschränkte Personendaten", "restricted personal data"};
inline constexpr Message<> data_is_not_restricted{"sie sind nicht eingeschränkt", "they are not restricted"};
inline constexpr Message<> privacy_possible{"dass es jetzt geht", "that it can be done now"};
inline constexpr Message<> person_with_cases{
    "die Kennung eines Menschen, dem ein Fall gehört, oder eines Falls",
    "the id of a person who has a case, or of a case"};
inline constexpr Message<Text> no_such_person{"{} ist keine davon", "{} is none"};
inline constexpr Message<> a_reason_object{R"(genau {{"reason": "…"}} mit einem Grund)",
                                           R"(exactly {{"reason": "…"}} with a reason)"};
inline constexpr Message<> erasure_grounds{"retention_over, request oder other",
                                           "retention_over, request or other"};
inline constexpr Message<> retention_passed{"eine abgelaufene Aufbewahrung", "that retention has passed"};
inline constexpr Message<Text, Text> kept_to{
    "die Unterlagen sind bis {0} aufzubewahren. Bis dahin kann die Verarbeitung eingeschränkt werden: "
    "geleit privacy restrict {1} --reason …",
    "the records are to be kept until {0}. Until then processing can be restricted: "
    "geleit privacy restrict {1} --reason …"};
inline constexpr Message<Text> not_ended_yet{
    "ein Fall dieses Menschen ist nicht beendet. Bis dahin kann die Verarbeitung eingeschränkt werden: "
    "geleit privacy restrict {} --reason …",
    "a case of this person has not ended. Until then processing can be restricted: "
    "geleit privacy restrict {} --reason …"};
inline constexpr Message<> erasure_not_recorded{
    "die Schlüssel sind vernichtet, aber die Ereignisse konnten nicht alle eingetragen werden; noch einmal "
    "versuchen, oder der nächste Start tut es",
    "the keys are destroyed, but not all events could be recorded; try again, or the next start does it"};
inline constexpr Message<Text, std::size_t, Text> person_erased{
    "{0} ist gelöscht ({1} Fälle), seit {2}: niemand kann die Daten mehr lesen",
    "{0} is erased ({1} cases), since {2}: nobody can read the data any more"};
inline constexpr Message<int> no_key_backup_known{
    "Von einer Sicherung der Schlüssel ist hier nichts bekannt; gibt es eine, ist sie nach {} Tagen zu "
    "vernichten",
    "No backup of the keys is known here; if there is one, it is to be destroyed after {} days"};
inline constexpr Message<Text, int> key_backups_gone{
    "Die letzte Sicherung der Schlüssel ist bis {} zu vernichten ({} Tage)",
    "The last backup of the keys is to be destroyed by {} ({} days)"};
inline constexpr Message<Text> key_topic_gone{"Aus Kafka sind die Schlüssel spätestens {} verschwunden",
                                              "The keys are gone from Kafka by {}"};
inline constexpr Message<Text, std::size_t> person_restricted{
    "Die Daten von {} werden aufbewahrt und sonst nichts ({} Fälle)",
    "The data of {} is stored and nothing else ({} cases)"};
inline constexpr Message<Text, std::size_t> person_unrestricted{
    "Die Einschränkung von {} ist aufgehoben ({} Fälle)", "The restriction of {} is lifted ({} cases)"};
inline constexpr Message<> nobody_may_go{"Niemandes Aufbewahrung ist abgelaufen",
                                         "Nobody's retention has passed"};
inline constexpr Message<> nobody_was_erased{"Niemand wurde gelöscht", "Nobody was erased"};
inline constexpr Message<> nobody_is_restricted{"Niemandes Daten sind eingeschränkt",
                                                "Nobody's data is restricted"};
inline constexpr Message<std::uint64_t, Text> access_log_whole{
    "{} Zeilen, wie sie geschrieben wurden; Prüfsumme der letzten: {}",
    "{} lines, as they were written; hash of the last one: {}"};
inline constexpr Message<> an_access_word{
    "ein Wort aus Buchstaben, Ziffern, Punkt, Strichen, bis zu 64 Zeichen",
    "a word of letters, digits, dots, dashes, up to 64 characters"};
inline constexpr Message<> access_recorded{"dass festgehalten werden kann, wer hier liest",
                                           "that it can be recorded who reads this"};
inline constexpr Message<> access_waits{"es wartet zu viel darauf; bitte gleich noch einmal versuchen",
                                        "too much waits for that; please try again in a moment"};
inline constexpr Message<Text> access_unwritable{"es geht gerade nicht: {}", "it cannot be done now: {}"};
inline constexpr Message<> a_token{"ein Token, das gilt (Authorization: Bearer glt_…)",
                                   "a token that is valid (Authorization: Bearer glt_…)"};
inline constexpr Message<> no_valid_token{"es kam keins, das gilt", "there was none that is valid"};
inline constexpr Message<Text> a_role_of{"eine dieser Rollen: {}", "one of these roles: {}"};
inline constexpr Message<> no_such_role{"das Token hat keine davon", "the token has none of them"};
inline constexpr Message<> nobodys_path{"einen Pfad, den jemand aufrufen darf",
                                        "a path that somebody may call"};
inline constexpr Message<std::size_t> wrong_tokens_at_most{"höchstens {} falsche Token in der Minute",
                                                           "at most {} wrong tokens a minute"};
inline constexpr Message<> more_wrong_tokens{"von dieser Adresse kamen mehr",
                                             "more of them came from this address"};
inline constexpr Message<> tokens_unreadable{"es geht gerade nicht; was der Dienst protokolliert, sagt mehr",
                                             "it cannot be done now; the log of the service says more"};
inline constexpr Message<> token_of_a_provider{"dieses Token gehört zu einem Träger",
                                               "this token is of one provider"};
inline constexpr Message<Text> list_of_another_role{"die Rolle des Tokens liest {} nicht",
                                                    "the token's role does not read {}"};
inline constexpr Message<> readable_tokens{"dass die Token gelesen werden können", "that tokens can be read"};
inline constexpr Message<> a_command_of_the_role{"einen Befehl, den die Rolle des Tokens senden darf",
                                                 "a command that the token's role may send"};
inline constexpr Message<Text> not_of_the_role{"{} gehört nicht dazu", "{} is none of them"};
inline constexpr Message<Text> ones_own_provider{"den Träger des Tokens, {}", "the token's provider, {}"};
inline constexpr Message<> another_provider{"es ist ein anderer", "it is another one"};
inline constexpr Message<> a_known_provider{"einen Träger, den es gibt", "a provider that exists"};
inline constexpr Message<> a_token_object{"ein Objekt mit roles und, wo gewünscht, provider, name, expires",
                                          "an object with roles and, if wanted, provider, name, expires"};
inline constexpr Message<> a_provider_or_none{"einen Träger wie hana-muenchen, oder null für alle",
                                              "a provider such as hana-muenchen, or null for all"};
inline constexpr Message<Text> roles_of_people{"eine oder mehrere Rollen: {}", "one or more roles: {}"};
inline constexpr Message<> operator_of_all{"die Rolle operator nur für alle Träger",
                                           "the role operator for all providers only"};
inline constexpr Message<> an_end_to_come{"einen Tag oder Zeitpunkt, der noch kommt",
                                          "a day or an instant yet to come"};
inline constexpr Message<> a_known_token{"ein Token, das es gibt", "a token that exists"};
inline constexpr Message<> no_such_token{"es gibt keins mit dieser Kennung", "there is none of this id"};
inline constexpr Message<Text, Text> token_made{
    "Token {0} für {1}; der Text steht nur hier und nur jetzt. Zurücknehmen: geleit token revoke {0}",
    "Token {0} for {1}; its text stands here and now only. To take it back: geleit token revoke {0}"};
inline constexpr Message<> first_token{"Es ist das erste: von jetzt an wird niemand ohne Token eingelassen",
                                       "It is the first one: from now on nobody is let in without a token"};
inline constexpr Message<> no_tokens{"Es gibt keine Token: wer diesen Rechner erreicht, darf alles",
                                     "There are no tokens: whoever reaches this machine may do everything"};
inline constexpr Message<Text> token_revoked{"Token {} gilt nicht mehr", "Token {} is no longer valid"};
inline constexpr Message<Text> token_unknown{"Token {} gibt es nicht", "There is no token {}"};
inline constexpr Message<> room_in_queue{"Platz in der Warteschlange", "room in the queue"};
inline constexpr Message<> queue_full{"sie ist voll; bitte gleich noch einmal versuchen",
                                      "it is full; please try again in a moment"};

// Refusals of the address and the header fields.
inline constexpr Message<> a_uuid{"eine UUID", "a UUID"};
inline constexpr Message<> a_filter_text{"eine Kennung oder einen Text, der nicht leer ist",
                                         "an identifier or a text that is not blank"};
inline constexpr Message<> a_known_word{"eines der Wörter dieser Spalte", "one of the column's words"};
inline constexpr Message<> a_filter_date{"ein Datum wie 2026-02-20", "a date like 2026-02-20"};
inline constexpr Message<> a_filter_instant{
    "ein Datum oder einen Zeitpunkt mit Abstand zu UTC wie 2026-03-02T14:10:00+01:00",
    "a date or an instant with an offset like 2026-03-02T14:10:00+01:00"};
inline constexpr Message<> an_integer{"eine ganze Zahl", "a whole number"};
inline constexpr Message<> a_decimal{"eine Zahl mit höchstens zwei Stellen nach dem Punkt",
                                     "a number with at most two digits after the point"};
inline constexpr Message<> a_cursor{"next der Seite davor, mit denselben Filtern und derselben Ordnung",
                                    "next of the page before, with the same filters and order"};
inline constexpr Message<Text> to_not_before_from{"to nicht vor from, {}", "to not before from, {}"};
inline constexpr Message<> known_parameter{"nur bekannte Parameter", "known parameters only"};
inline constexpr Message<> unknown_parameter{"dieser ist keiner", "this is none"};
inline constexpr Message<> either_true_or_false{"true oder false", "true or false"};
inline constexpr Message<> another_value{"es kam etwas anderes", "something else came"};
inline constexpr Message<> json_or_ndjson{"application/json oder application/x-ndjson",
                                          "application/json or application/x-ndjson"};
inline constexpr Message<> json_or_csv{"application/json, text/csv oder XLSX als Antwort",
                                       "application/json, text/csv or XLSX as the answer"};
inline constexpr Message<> events_as_answer{"text/event-stream als Antwort",
                                            "text/event-stream as the answer"};
inline constexpr Message<> a_stream_place{"die id eines Ereignisses, wie 0:123,4:45",
                                          "the id of an event, such as 0:123,4:45"};
inline constexpr Message<> room_to_listen{"einen freien Platz zum Zuhören", "a free place to listen"};
inline constexpr Message<> too_many_listen{"es hören schon zu viele zu; bitte später noch einmal versuchen",
                                           "too many are listening already; please try again later"};
inline constexpr Message<> a_calendar{"die Adresse eines Kalenders", "the address of a calendar"};
inline constexpr Message<> no_calendar{"unter dieser liegt keiner (mehr)",
                                       "there is none at this one (any more)"};
inline constexpr Message<Text> calendar_name{"Geleit: {}", "Geleit: {}"};
inline constexpr Message<Text, Text> calendar_deadline{"{} fällig · Fall {}", "{} due · case {}"};
inline constexpr Message<Text> calendar_visit{"Besuch · Fall {}", "Visit · case {}"};
inline constexpr Message<Text, Text> calendar_made{
    "Kalender {} angelegt. Seine Adresse wird nur jetzt gezeigt; wer sie hat, liest ihn:\n{}",
    "calendar {} created. Its address is shown only now; whoever has it reads the calendar:\n{}"};
inline constexpr Message<Text> calendar_revoked{"Kalender {} widerrufen; seine Adresse gilt nicht mehr",
                                                "calendar {} revoked; its address is no longer valid"};
inline constexpr Message<Text> calendar_unknown{"es gibt keinen Kalender {}", "there is no calendar {}"};
inline constexpr Message<> no_calendars{"Es gibt keine Kalender.", "There are no calendars."};
inline constexpr Message<> another_media{"der Inhalt hat einen anderen Typ",
                                         "the content is of another type"};
inline constexpr Message<> one_command_id{"eine UUID der Version 4 oder 7 für einen einzelnen Befehl",
                                          "a UUID of version 4 or 7 for a single command"};
inline constexpr Message<> one_entity_tag{
    "* oder eine Version in Anführungszeichen für einen einzelnen Befehl",
    "* or one quoted version for a single command"};
inline constexpr Message<> same_as_header{"dasselbe wie im Kopf der Anfrage",
                                          "the same as in the request's header"};
inline constexpr Message<> a_position{"eine Position wie 3:1234 in einer vorhandenen Partition",
                                      "a position such as 3:1234 in a partition that exists"};
inline constexpr Message<> position_reached{"bis zu dieser Position gelesene Tabellen",
                                            "the tables to have read up to that position"};
inline constexpr Message<> position_not_reached{
    "sie sind noch nicht so weit; bitte gleich noch einmal versuchen",
    "they are not there yet; please try again in a moment"};
inline constexpr Message<> a_moment{"einen Zeitpunkt mit Abstand zu UTC wie 2026-03-02T14:10:00+01:00",
                                    "an instant with an offset like 2026-03-02T14:10:00+01:00"};
inline constexpr Message<> past_made{"fertige Tabellen dieser Zeit",
                                     "the tables of that time to be finished"};
inline constexpr Message<std::uint64_t, std::uint64_t> past_not_made{
    "{} von {} Ereignissen sind erst gelesen; bitte gleich noch einmal fragen",
    "{} of {} events have been read so far; please ask again in a moment"};
inline constexpr Message<> after_first_record{"einen Zeitpunkt, zu dem schon etwas aufgenommen war",
                                              "an instant at which something had been recorded"};
inline constexpr Message<> nothing_recorded{"da war noch nichts", "there was nothing yet"};
inline constexpr Message<std::int64_t> lines_at_most{"höchstens {} Zeilen", "at most {} lines"};
inline constexpr Message<std::int64_t> lines_found{"es sind {}", "there are {}"};

// Intake, reading: what a member should have been ({0} its name, {1} one of the descriptions below) …
inline constexpr Message<Text, Text> member_as{"{} als {}", "{} to be {}"};
inline constexpr Message<> an_object{"Objekt", "an object"};
inline constexpr Message<int> a_list{"Liste mit 1 bis {} Einträgen", "a list of 1 to {} entries"};
inline constexpr Message<int> a_list_or_empty{"Liste mit höchstens {} Einträgen",
                                              "a list of at most {} entries"};
inline constexpr Message<Text> one_of{"eines von {}", "one of {}"};
inline constexpr Message<> true_or_false{"true oder false", "true or false"};
inline constexpr Message<std::int64_t, std::int64_t> whole_number{"ganze Zahl von {} bis {}",
                                                                  "a whole number from {} to {}"};
inline constexpr Message<int, int> a_date{"Datum wie 2026-02-20 aus den Jahren {} bis {}",
                                          "a date such as 2026-02-20 of the years {} to {}"};
inline constexpr Message<int, int> an_instant{
    "Zeitpunkt mit Zeitzone wie 2026-03-02T14:10:00+01:00 aus den Jahren {} bis {}",
    "an instant with its offset such as 2026-03-02T14:10:00+01:00 of the years {} to {}"};
inline constexpr Message<int, int> a_date_or_instant{
    "Datum wie 2026-02-20 oder Zeitpunkt mit Zeitzone wie 2026-03-02T14:10:00+01:00 aus den Jahren {} bis {}",
    "a date such as 2026-02-20 or an instant with its offset such as 2026-03-02T14:10:00+01:00 of the years "
    "{} to {}"};
inline constexpr Message<Text> day_until_today{"Tag bis heute, {}", "a day until today, {}"};
inline constexpr Message<Text> moment_until_now{"Zeitpunkt bis jetzt, {}", "a moment until now, {}"};
inline constexpr Message<> a_chosen_id{"UUID der Version 4 oder 7", "a UUID of version 4 or 7"};
inline constexpr Message<> a_known_id{"UUID der Version 4, 5 oder 7", "a UUID of version 4, 5 or 7"};
inline constexpr Message<int> a_slug{
    "Kürzel aus a–z, 0–9, Punkt, Binde- und Unterstrich mit höchstens {} Zeichen, beginnend mit a–z oder 0–9",
    "a slug of a–z, 0–9, dot, hyphen and underscore with at most {} characters, beginning with a–z or 0–9"};
inline constexpr Message<int> a_text{"nicht leerer Text mit höchstens {} Zeichen",
                                     "a text of at most {} characters that is not blank"};
inline constexpr Message<int> a_reason{"Text mit höchstens {} Zeichen", "a text of at most {} characters"};
// … and what came instead.
inline constexpr Message<> is_missing{"es fehlt", "it is missing"};
inline constexpr Message<Text> got{"es kam {}", "got {}"};
inline constexpr Message<Text> lies_ahead{"{} liegt in der Zukunft", "{} lies ahead"};
inline constexpr Message<> got_object{"ein Objekt", "an object"};
inline constexpr Message<> got_list{"eine Liste", "a list"};
inline constexpr Message<> got_blank{"ein leerer Text", "a blank text"};
inline constexpr Message<int> got_characters{"ein Text mit {} Zeichen", "a text of {} characters"};
inline constexpr Message<int> got_entries{"eine Liste mit {} Einträgen", "a list of {} entries"};

inline constexpr Message<> a_json_object{"einen Befehl als JSON-Objekt (RFC 8259) in UTF-8",
                                         "a command as a JSON object (RFC 8259) in UTF-8"};
inline constexpr Message<int, Text> wrong_at_byte{"bei Byte {} steht etwas anderes ({})",
                                                  "byte {} begins something else ({})"};
inline constexpr Message<int, int> command_of_bytes{"einen Befehl von höchstens {} Bytes, {} Werten",
                                                    "a command of at most {} bytes, {} values"};
inline constexpr Message<> it_is_larger{"er ist größer", "it is larger"};
inline constexpr Message<> a_step_to_do_without{"einen Schritt, auf den verzichtet werden kann",
                                                "a step that can be done without"};
inline constexpr Message<Text> step_is_required{"ohne {} hätte ein Fall keinen nächsten Schritt",
                                                "without {} a case would have no next step"};
inline constexpr Message<Text> only_once{"{} höchstens einmal", "{} at most once"};
inline constexpr Message<> it_came_twice{"es kam zweimal", "it came twice"};
inline constexpr Message<Text> no_other_members{"keine anderen Felder als {}", "no other members than {}"};
inline constexpr Message<Text> a_command{"als command eines von {}", "command to be one of {}"};
inline constexpr Message<Text, Text> no_such_field_for{"kein {} bei benefit {}", "no {} with benefit {}"};
inline constexpr Message<> it_came{"es ist angegeben", "it is given"};
inline constexpr Message<> person_or_id{"genau eines von person und person_id",
                                        "exactly one of person and person_id"};
inline constexpr Message<> both_came{"es kamen beide", "both came"};
inline constexpr Message<> neither_came{"es fehlen beide", "neither came"};
inline constexpr Message<Text> not_before_from{"until nicht vor from, {}", "until not before from, {}"};
inline constexpr Message<> a_change{"mindestens ein Feld, das sich ändert",
                                    "at least one field that changes"};
inline constexpr Message<> none_came{"es kam keines", "none came"};
inline constexpr Message<> rule_ids{"in reasons nur Kennungen von Regeln wie SMN-COMPLETE",
                                    "reasons to name nothing but rules such as SMN-COMPLETE"};

// Intake, deciding: the case and what a command refers to.
inline constexpr Message<> a_new_case_id{"eine neue Kennung für den Fall", "a new id for the case"};
inline constexpr Message<> case_is_known{"diese ist vergeben", "this one is in use"};
inline constexpr Message<> a_known_case{"einen vorhandenen Fall", "a case that exists"};
inline constexpr Message<> case_is_unknown{"diesen gibt es nicht", "there is no such case"};
inline constexpr Message<Text> case_in_state{"einen Fall im Stand {}", "a case that is {}"};
inline constexpr Message<Text> case_is{"der Fall ist {}", "the case is {}"};
inline constexpr Message<> case_not_withdrawn{"einen Fall, der nicht withdrawn ist",
                                              "a case that is not withdrawn"};
inline constexpr Message<Text> a_case_of_benefit{"einen Fall mit benefit {}", "a case with benefit {}"};
inline constexpr Message<Text> benefit_is{"dieser hat {}", "this one has {}"};
inline constexpr Message<> a_known_person{"eine Person, die dem Träger bekannt ist",
                                          "a person that the provider knows"};
inline constexpr Message<> person_is_unknown{"diese ist es nicht", "this one is unknown"};
inline constexpr Message<> no_delivered_visit{"einen Fall ohne erbrachten Besuch",
                                              "a case without a delivered visit"};
inline constexpr Message<> one_is_delivered{"es ist einer erbracht", "one is delivered"};
inline constexpr Message<> a_known_visit{
    "einen Besuch, den der Fall kennt, oder eine neue UUID der Version 4 oder 7",
    "a visit that the case knows, or a new UUID of version 4 or 7"};
inline constexpr Message<> visit_is_unknown{"diesen kennt er nicht", "it does not know this one"};
inline constexpr Message<> a_command_of_people{"ein Kommando, das Menschen geben",
                                               "a command that people give"};
inline constexpr Message<Text> services_own{"{} gibt nur der Dienst selbst", "{} is the service's own"};
inline constexpr Message<> a_known_alert{"einen Alarm des Falls", "an alert of the case"};
inline constexpr Message<> alert_is_unknown{"der Fall hat keinen solchen", "the case has none like it"};
inline constexpr Message<Text, Text> snooze_between{
    "einen Tag von {} bis {}, denn niemand kann einen Alarm für immer stilllegen",
    "a day from {} to {}, for nobody can silence an alert for good"};
inline constexpr Message<> a_missed_deadline{"eine Frist, die jetzt versäumt ist",
                                             "a deadline that is missed now"};
inline constexpr Message<> deadline_not_missed{"sie ist es nicht", "it is not"};
inline constexpr Message<> a_lapsed_approval{"eine Genehmigung, deren Zeitraum vorbei ist",
                                             "an approval whose period has passed"};
inline constexpr Message<> approval_not_lapsed{"er ist es nicht", "it has not"};
inline constexpr Message<int> notice_number{"die Nachricht Nr. {}", "notice no. {}"};
inline constexpr Message<int> notice_number_came{"es kam Nr. {}", "no. {} came"};
inline constexpr Message<> an_unanswered_alert{"einen Alarm, den seit seiner Frist niemand beantwortet hat",
                                               "an alert that nobody has answered in its time"};
inline constexpr Message<> alert_needs_no_escalation{"dieser ist es nicht", "this is none"};
inline constexpr Message<> cause_met{"was versäumt war, ist geschehen", "what was missed has been done"};
inline constexpr Message<> cause_corrected{"die Frist gilt so nicht mehr (berichtigt)",
                                           "the deadline holds no longer (corrected)"};
inline constexpr Message<> cause_ended{"der Fall ist beendet", "the case has ended"};
inline constexpr Message<> an_alert_that_holds{"einen Alarm, der gilt", "an alert that holds"};
inline constexpr Message<> no_alert_that_holds{"es gibt keinen solchen", "there is none like it"};
inline constexpr Message<> a_known_step{"einen Schritt des Ablaufs, den die Leistung hat",
                                        "a step of the workflow that the benefit has"};
inline constexpr Message<Text> step_is_unknown{"{} ist keiner", "{} is none"};
inline constexpr Message<Text> an_item_of_step{"einen Punkt der Checkliste von {}",
                                               "an item of the checklist of {}"};
inline constexpr Message<Text> item_is_unknown{"{} steht dort nicht", "{} does not stand there"};
inline constexpr Message<> a_new_visit{"eine neue Kennung für den Besuch", "a new id for the visit"};
inline constexpr Message<> visit_is_known{"der Fall kennt sie schon", "the case knows it already"};
inline constexpr Message<Text> visit_in_state{"einen Besuch im Stand {}", "a visit that is {}"};
inline constexpr Message<Text> visit_is{"er ist {}", "it is {}"};
inline constexpr Message<Text> all_of_a_new_visit{"{}, weil der Fall diesen Besuch nicht kennt",
                                                  "{}, as the case does not know this visit"};
inline constexpr Message<> started_at_of_an_early_visit{
    "started_at, weil der Besuch vor seinem geplanten Beginn erbracht sein soll",
    "started_at, as the visit is told before its planned start"};
inline constexpr Message<Text> it_starts_at{"es fehlt, und geplant ist {}",
                                            "it is missing and planned for {}"};
inline constexpr Message<Text> visit_until_end{"einen Besuch bis zum Ende des Falls am {}",
                                               "a visit until the case's end on {}"};
inline constexpr Message<> an_application{"einen gestellten Antrag", "an application that was made"};
inline constexpr Message<> none_was_made{"es ist keiner gestellt", "none was made"};
inline constexpr Message<> an_undecided_application{"einen Antrag, über den noch nicht entschieden ist",
                                                    "an application that is undecided"};
inline constexpr Message<> none_is_open{"es ist keiner offen", "none is open"};
inline constexpr Message<> an_undecided_request{
    "einen Verlängerungsantrag, über den noch nicht entschieden ist",
    "a request for an extension that is undecided"};
inline constexpr Message<> a_known_approval{"eine Genehmigung dieses Falls", "an approval of this case"};
inline constexpr Message<> approval_is_unknown{"diese kennt er nicht", "it does not know this one"};
inline constexpr Message<> a_standing_approval{"eine Genehmigung, die gilt", "an approval that stands"};
inline constexpr Message<> approval_is_revoked{"sie ist zurückgenommen", "it is revoked"};
inline constexpr Message<> a_new_approval{"eine neue Kennung für die Genehmigung",
                                          "a new id for the approval"};
inline constexpr Message<> approval_is_known{"der Fall kennt sie schon", "the case knows it already"};
inline constexpr Message<> a_denial{"eine Ablehnung", "a denial"};
inline constexpr Message<> none_came_from_insurer{"es liegt keine vor", "there is none"};
inline constexpr Message<> a_denial_without_objection{"eine Ablehnung ohne Widerspruch",
                                                      "a denial without an objection"};
inline constexpr Message<> objection_is_filed{"der Widerspruch ist eingelegt", "the objection is filed"};
inline constexpr Message<> an_undecided_objection{"einen Widerspruch, über den noch nicht entschieden ist",
                                                  "an objection that is undecided"};
inline constexpr Message<> none_is_filed{"es ist keiner eingelegt", "none is filed"};
inline constexpr Message<> objection_is_decided{"über ihn ist entschieden", "it is decided"};

// Intake, deciding: the rules.
inline constexpr Message<Text, Text> rule_wants{"{} ({})", "{} ({})"};
inline constexpr Message<Text> a_reason_for{"eine Begründung zu {}", "a written reason for {}"};
inline constexpr Message<Text> without_reason{"sie fehlt: {}", "there is none: {}"};
inline constexpr Message<Text> not_before_birth{"{} nicht vor der Geburt", "{} not before the birth"};
inline constexpr Message<Text> day_is{"es kam {}", "got {}"};
inline constexpr Message<int> younger_than{"ein Kind, das das {}. Lebensjahr nicht vollendet hat",
                                           "a child that has not completed year {} of life"};
inline constexpr Message<Text> year_is_completed{"am {} ist es vollendet", "on {} it is completed"};
inline constexpr Message<int, int> a_severe_case{
    "ab {} Jahren keine altersentsprechende Selbstversorgung oder mindestens {} stationäre Aufenthalte in 12 "
    "Monaten",
    "from age {} on no age-appropriate self-care, or at least {} inpatient stays within 12 months"};
inline constexpr Message<> neither_is_stated{"keines von beiden ist angegeben", "neither is stated"};
inline constexpr Message<int> units_at_least{"mindestens {} verordnete Einheiten",
                                             "at least {} units prescribed"};
inline constexpr Message<int> units_at_most{"höchstens {} verordnete Einheiten",
                                            "at most {} units prescribed"};
inline constexpr Message<int> units_are{"es sind {}", "there are {}"};
inline constexpr Message<> a_prescriber{
    "eine Verordnung aus Krankenhaus, stationärer Rehabilitation oder von einem Vertragsarzt",
    "a referral by hospital, inpatient rehab or contract doctor"};
inline constexpr Message<> a_paediatrician{"einen Vertragsarzt der Kinder- und Jugendmedizin",
                                           "a contract doctor in paediatrics"};
inline constexpr Message<Text> prescriber_is{"es verordnet {}", "the prescriber is {}"};
inline constexpr Message<Text> prescribed_until{"eine vertragsärztliche Verordnung bis {}",
                                                "a contract doctor's referral until {}"};
inline constexpr Message<Text> prescribed_is{"verordnet ist am {}", "it was prescribed on {}"};
inline constexpr Message<> follows_a_stay{"den Anschluss an einen stationären Aufenthalt",
                                          "care that follows on an inpatient stay"};
inline constexpr Message<Text> setting_is{"setting ist {}", "setting is {}"};
inline constexpr Message<> a_listed_diagnosis{"eine gelistete Diagnose", "a listed diagnosis"};
inline constexpr Message<> none_is_listed{"keine der Diagnosen ist gelistet", "no diagnosis is listed"};
inline constexpr Message<> an_impairment{"eine Beeinträchtigung oder das Finalstadium",
                                         "an impairment or the final stage"};
inline constexpr Message<> impairment_is_denied{"beides ist verneint oder nicht angegeben",
                                                "both are denied or not stated"};
inline constexpr Message<> no_sapv{"keine spezialisierte ambulante Palliativversorgung daneben",
                                   "no specialised palliative care beside it"};
inline constexpr Message<> sapv_is_given{"sie wird geleistet", "it is given"};
inline constexpr Message<int> a_st_prescriber{
    "eine Verordnung der zur Soziotherapie zugelassenen Fachgruppen, von anderen höchstens {} Einheiten zur "
    "Klärung",
    "a referral by the specialist groups that prescribe Soziotherapie, by others at most {} units to "
    "clarify"};
inline constexpr Message<Text, int> prescriber_of_units{"es verordnet {} {} Einheiten",
                                                        "the prescriber is {} with {} units"};
inline constexpr Message<int, int> a_listed_diagnosis_or_gaf{
    "eine gelistete Diagnose, oder eine andere psychische Störung mit GAF höchstens {} (Obergrenze {})",
    "a listed diagnosis, or another mental disorder with GAF at most {} (upper bound {})"};
inline constexpr Message<> gaf_is_missing{"keine ist gelistet, und GAF fehlt",
                                          "none is listed, and GAF is missing"};
inline constexpr Message<int> gaf_is{"keine ist gelistet, und GAF ist {}", "none is listed, and GAF is {}"};
inline constexpr Message<> a_care_plan_attached{"einen Antrag, dem der Betreuungsplan beiliegt",
                                                "an application with the care plan attached"};
inline constexpr Message<> care_plan_is_missing{"er fehlt", "it is missing"};
inline constexpr Message<int> trial_units_at_most{"höchstens {} Probeeinheiten", "at most {} trial units"};
inline constexpr Message<int> trial_minutes_at_most{"höchstens {} Minuten in einer Probe",
                                                    "at most {} minutes in one trial"};
inline constexpr Message<int, int> trials_at_most{"höchstens {} Proben im Kalenderjahr {}",
                                                  "at most {} trials in the calendar year {}"};
inline constexpr Message<int> would_be{"es wären {}", "there would be {}"};
inline constexpr Message<int, Text, Text> total_at_most{"höchstens {} Minuten vom {} bis {}",
                                                        "at most {} minutes from {} to {}"};
inline constexpr Message<int> people_at_most{"höchstens {} Personen in der Gruppe",
                                             "at most {} people in the group"};
inline constexpr Message<> a_category{"als category eines von preparation, coordination, guidance",
                                      "category to be one of preparation, coordination, guidance"};
inline constexpr Message<Text> visit_until{"einen Besuch bis {}", "a visit until {}"};
inline constexpr Message<Text> visit_on{"er ist am {}", "it is on {}"};
inline constexpr Message<Text> visit_until_death{"keinen Besuch nach dem Tod am {}",
                                                 "no visit after the death on {}"};
inline constexpr Message<> visit_after_discharge{"einen Besuch ab der Entlassung",
                                                 "a visit on or after the discharge"};
inline constexpr Message<int> step_of_minutes{"Minuten in Schritten von {}", "minutes in steps of {}"};
inline constexpr Message<int> minutes_are{"es sind {}", "there are {}"};
inline constexpr Message<int> minutes_at_home{"mindestens {} Minuten zu Hause",
                                              "at least {} minutes at home"};
inline constexpr Message<> a_follow_up{"eine Folgeverordnung", "a follow-up referral"};
inline constexpr Message<> there_is_none{"es gibt keine", "there is none"};
inline constexpr Message<int> extension_at_most{"höchstens {} weitere Einheiten", "at most {} more units"};
inline constexpr Message<int> extensions_at_most{"in allen Verlängerungen zusammen höchstens {} Einheiten",
                                                 "at most {} units in all extensions together"};
inline constexpr Message<int> extensions_would_be{"es wären {}", "there would be {}"};
// Settings that are to be adopted.
inline constexpr Message<> a_rule_id{"die Kennung einer Regel wie SMN-MAX-UNITS",
                                     "the id of a rule such as SMN-MAX-UNITS"};
inline constexpr Message<> a_rule_value{"ganze Zahl, true oder false, Text oder Liste von Texten",
                                        "a whole number, true or false, a text or a list of texts"};
inline constexpr Message<> an_open_value{"einen Wert, der gesetzt werden kann", "a value that can be set"};
inline constexpr Message<Text, Text> value_is_locked{"{} ist fest: {}", "{} is locked: {}"};
inline constexpr Message<Text, Text> a_value_of_rule{"bei {} einen von {}", "for {} one of {}"};
inline constexpr Message<Text> rule_without_values{"eine Regel mit Werten statt {}",
                                                   "a rule with values instead of {}"};
inline constexpr Message<> it_has_none{"diese hat keine", "it has none"};
inline constexpr Message<Text> nothing_but{"{}, denn etwas anderes versteht dieses Programm nicht",
                                           "{}, for this program understands nothing else"};
inline constexpr Message<Text> a_list_of{"Liste aus {}", "a list of some of {}"};
inline constexpr Message<> icd_prefixes{"Liste von ICD-10-Anfängen wie P07 oder P05-P08",
                                        "a list of ICD-10 prefixes such as P07 or P05-P08"};
inline constexpr Message<Text> rules_of_contracts{
    "je Vertrag nur Regeln, die beim Entscheiden eines Befehls wirken ({})",
    "per contract only rules that act when a command is decided ({})"};
inline constexpr Message<Text> acts_in_tables{
    "{} wirkt auch in Fristen und Tabellen, die die Krankenkasse nicht kennen",
    "{} acts in deadlines and tables too, which do not know the insurer"};
inline constexpr Message<> an_ik{"Institutionskennzeichen mit 9 Ziffern",
                                 "the 9 digits of an insurer's IK number"};
inline constexpr Message<> a_contract_of_these{"einen Vertrag aus contracts", "a contract of contracts"};
inline constexpr Message<> insurer_or_contract{"höchstens eines von insurer_ik und contract",
                                               "at most one of insurer_ik and contract"};
inline constexpr Message<Text> an_alert_rule{"eine Regel, deren Fristen überwacht werden ({})",
                                             "a rule whose deadlines are watched ({})"};
inline constexpr Message<> each_once{"jede Zahl höchstens einmal", "each number at most once"};
inline constexpr Message<> a_time_of_day{"Uhrzeit wie 07:30", "a time of day such as 07:30"};
inline constexpr Message<Text> later_than{"Uhrzeit nach {}", "a time after {}"};
inline constexpr Message<Text, Text> not_in_quiet{"Uhrzeit außerhalb der Ruhe von {} bis {}",
                                                  "a time outside quiet hours, {} to {}"};
inline constexpr Message<int, int> numbers_up_to{"Liste mit höchstens {} ganzen Zahlen von 1 bis {}",
                                                 "a list of at most {} whole numbers from 1 to {}"};
inline constexpr Message<int, int> numbers_exactly{"Liste mit {} ganzen Zahlen von 1 bis {}",
                                                   "a list of {} whole numbers from 1 to {}"};
// `geleit settings`.
inline constexpr Message<Text> settings_id{"Befehl {}", "command {}"};
inline constexpr Message<> of_the_installation{"die Installation", "the installation"};
inline constexpr Message<Text, Text, Text> settings_adopted{"Angenommen für {}, gültig ab {}, Version {}.",
                                                            "Adopted for {}, in force from {}, version {}."};
inline constexpr Message<Text, Text> settings_would_do{
    "So würde es für {} ab {} angenommen; aufgezeichnet ist nichts.",
    "Like this it would be adopted for {} from {}; nothing is recorded."};
inline constexpr Message<Text, Text> in_force_on{"In Kraft am {}: {}", "In force on {}: {}"};
inline constexpr Message<Text, Text, Text> adopted_set{"{}, gültig ab {}, Prüfsumme {}",
                                                       "{}, in force from {}, hash {}"};
// The command line's client.
inline constexpr Message<> a_shorter_line{"eine Zeile von weniger als 16 MiB", "a line of less than 16 MiB"};
inline constexpr Message<> a_line_too_long{"diese ist länger", "this one is longer"};
inline constexpr Message<> an_id_to_repeat{
    "eine `id`, mit der die Zeile ohne Schaden noch einmal gesendet werden kann",
    "an `id` with which the line can be sent again without harm"};
inline constexpr Message<> none_there{"sie fehlt; --allow-without-id vergibt selbst eine",
                                      "there is none; --allow-without-id makes one"};
inline constexpr Message<std::uint64_t, std::uint64_t, std::uint64_t> submit_progress{
    "{} Zeilen · {}/s · {} abgelehnt", "{} lines · {}/s · {} refused"};
inline constexpr Message<std::uint64_t, double, std::uint64_t, std::uint64_t, std::uint64_t, std::uint64_t>
    submit_total{"{} Zeilen in {:.1f} s ({}/s): {} angenommen, {} wiederholt, {} abgelehnt",
                 "{} lines in {:.1f} s ({}/s): {} accepted, {} repeated, {} refused"};
inline constexpr Message<Text> submit_waits{"Warte auf den Dienst: {}", "Waiting for the service: {}"};
inline constexpr Message<Text> submit_gave_up{
    "Aufgegeben: {}\nDieselbe Datei kann noch einmal eingereicht werden: Was aufgenommen ist, wird als "
    "wiederholt "
    "beantwortet.",
    "Gave up: {}\nThe same file can be submitted again: what was recorded is answered as repeated."};
inline constexpr Message<std::size_t> lines_undecided{"{} Zeilen sind noch nicht entschieden",
                                                      "{} lines are not decided yet"};
inline constexpr Message<> another_count_of_answers{
    "erwartet eine Antwort je Zeile, aber es kam eine andere Zahl",
    "expected an answer for each line, but another number came"};
inline constexpr Message<> no_rows{"Keine Zeilen.", "No rows."};
inline constexpr Message<std::size_t> more_rows{"{} Zeilen; es gibt mehr: --all oder --limit N",
                                                "{} rows; there are more: --all or --limit N"};

inline constexpr Message<std::uint64_t, std::uint64_t> past_being_made{
    "Tabellen dieser Zeit: {} von {} Ereignissen gelesen", "Tables of that time: {} of {} events read"};

// `geleit alert`.
inline constexpr Message<> no_alerts{"Keine Alarme.", "No alerts."};
inline constexpr Message<> alert_of_service{"einen Alarm, den der Dienst kennt",
                                            "an alert that the service knows"};
inline constexpr Message<Text> alert_not_known{"{} kennt er nicht", "it does not know {}"};
inline constexpr Message<Text, Text> alert_is_acknowledged{
    "Alarm {} zu Fall {} ist bestätigt; niemand wird mehr benachrichtigt.",
    "Alert {} of case {} is acknowledged; nobody is told any more."};
inline constexpr Message<Text, Text, Text> alert_is_snoozed{"Alarm {} zu Fall {} ruht bis {}.",
                                                            "Alert {} of case {} is silent until {}."};
inline constexpr Message<Text, Text, Text> alert_stays{
    "Die Antwort auf Alarm {} zu Fall {} ändert nichts: Sein Stand ist {}.",
    "The answer to alert {} of case {} changes nothing: its state is {}."};
inline constexpr Message<Text, Text> alert_told_again{"Alarm {} wird noch einmal gesendet: {}.",
                                                      "Alert {} will be sent once more: {}."};
inline constexpr Message<Text> no_channel_takes_alert{"Kein Kanal nimmt Alarm {} an.",
                                                      "No channel takes alert {}."};

// `geleit log info`.
inline constexpr Message<> log_created{"angelegt", "created"};
inline constexpr Message<> log_events{"Ereignisse", "events"};
inline constexpr Message<> log_first_recorded{"erstes aufgezeichnet", "first recorded"};
inline constexpr Message<> log_last_recorded{"letztes aufgezeichnet", "last recorded"};
inline constexpr Message<> log_on_disk{"auf der Platte", "on disk"};
inline constexpr Message<> log_partition{"Partition", "partition"};
inline constexpr Message<> log_end{"Ende", "end"};

// `geleit log copy`.
inline constexpr Message<std::uint64_t, std::uint64_t> log_copying{"{} von {} Einträgen übertragen",
                                                                   "{} of {} records copied"};
inline constexpr Message<std::uint64_t, Text, Text> log_copied{
    "{} Einträge liegen in {}, verglichen Byte für Byte; das neue Log heißt {}.",
    "{} records lie in {}, compared octet by octet; the new log is called {}."};
inline constexpr Message<std::uint64_t> log_grew_meanwhile{
    "Seitdem sind im alten Log {} Einträge hinzugekommen, die im neuen fehlen.",
    "{} records have come to the old log since, which the new one does not hold."};

// `geleit retry`, `geleit backup`, `geleit restore`.
inline constexpr Message<Text> nothing_stands_still{"Fall {} steht nicht still.",
                                                    "Case {} does not stand still."};
inline constexpr Message<Text, Text> case_goes_on{"Fall {} läuft wieder: {}.", "Case {} goes on again: {}."};
inline constexpr Message<Text, Text, Text> case_stands_still{"Fall {} steht noch still, {}: {}",
                                                             "Case {} still stands still, {}: {}"};
inline constexpr Message<Text, std::uint64_t, Text, std::uint64_t, std::uint64_t, double, double> backed_up{
    "Gesichert in {}: {} Ereignisse, zuletzt aufgezeichnet {}, {} Schlüssel ({} Löschungen), "
    "{:.1f} MiB in {:.1f} s; die Kopie ist geprüft.",
    "Backed up in {}: {} events, last recorded {}, {} keys ({} erasures), {:.1f} MiB in {:.1f} s; the copy "
    "was checked."};
inline constexpr Message<Text> master_key_apart{
    "Der Hauptschlüssel {} ist nicht dabei: getrennt verwahren, ohne ihn ist Personenbezogenes unlesbar.",
    "The master key {} is not in it: keep it apart, without it personal data cannot be read."};
inline constexpr Message<Text, std::uint64_t, Text, Text, std::uint64_t, std::uint64_t> restored{
    "Wiederhergestellt in {}: {} Ereignisse, zuletzt aufgezeichnet {}, Positionen {}, {} Schlüssel, "
    "{} nach der Sicherung gelöscht.",
    "Restored in {}: {} events, last recorded {}, positions {}, {} keys, {} erased since the backup."};
inline constexpr Message<> never_recorded{"nie", "never"};

// The command line's offline tools.
inline constexpr Message<> tables_made{"Es gab keine Tabellen; sie sind jetzt da.",
                                       "There were no tables; now they are there."};
inline constexpr Message<> tables_the_same{
    "Alt und neu sind gleich; die neuen gelten, die alten bleiben daneben liegen.",
    "Old and new are the same; the new ones count, the old ones are kept beside them."};
inline constexpr Message<Text, std::uint64_t, Text> table_differs{
    "{}: {} Schlüssel verschieden, zum Beispiel {}", "{}: {} keys differ, for example {}"};
inline constexpr Message<std::uint64_t> tables_read_on{"Danach noch {} weitere Einträge des Logs gelesen.",
                                                       "Then read {} further records of the log."};
inline constexpr Message<> nothing_differs{"Nichts weicht ab.", "Nothing differs."};
inline constexpr Message<std::size_t> cases_parked{
    "{} angehaltene Fälle oder Zeilen; mehr dazu: geleit get status",
    "{} cases or rows stand still; more about it: geleit get status"};
inline constexpr Message<Text> no_tables{
    "erwartet Tabellen in {}, aber dort sind keine; geleit rebuild legt sie an",
    "expected tables in {}, but there are none; geleit rebuild makes them"};
inline constexpr Message<Text, Text> tables_of_another_log{
    "erwartet, dass die Tabellen in {} zum Log in {} gehören, aber sie stammen aus einem anderen; "
    "geleit rebuild legt sie neu an",
    "expected the tables in {} to be of the log in {}, but they were made from another one; geleit rebuild "
    "makes them anew"};
inline constexpr Message<std::uint64_t> foreign_records{
    "{} Einträge sind keine Ereignisse dieses Programms und fehlen in der Ausgabe.",
    "{} records are no events of this program and are left out."};
inline constexpr Message<Text> no_keys_there{"in {} liegen keine Schlüssel", "there are no keys in {}"};
inline constexpr Message<Text> export_stays_sealed{"Personenbezogenes bleibt versiegelt: {}",
                                                   "Personal data stays sealed: {}"};

// What is told about alerts, in mails and in Alertmanager: rules, dates and ids, never a name.
inline constexpr Message<Text, Text> alert_rule{"{} ({})", "{} ({})"};
inline constexpr Message<Text, Text> alert_subject{"Frist versäumt: {}, Fall {}",
                                                   "Deadline missed: {}, case {}"};
inline constexpr Message<Text, Text> alert_described{
    "Die Frist nach {} ist versäumt; ihr letzter Tag war {}.",
    "The deadline of {} is missed; its last day was {}."};
inline constexpr Message<Text> alert_closed_described{
    "Erledigt: Die Meldung über die versäumte Frist nach {} ist geschlossen.",
    "Done: the alert about the missed deadline of {} is closed."};
inline constexpr Message<> alert_last_day{"Letzter Tag", "Last day"};
inline constexpr Message<> alert_overdue{"Versäumt", "Overdue"};
inline constexpr Message<int> alert_since_days{"seit {} Tagen", "for {} days"};
inline constexpr Message<> alert_since_one_day{"seit 1 Tag", "for 1 day"};
inline constexpr Message<> alert_case{"Fall", "Case"};
inline constexpr Message<> alert_provider{"Träger", "Provider"};
inline constexpr Message<> alert_team{"Team", "Team"};
inline constexpr Message<> alert_level{"Stufe", "Level"};
inline constexpr Message<> alert_level_team{"1 (Team)", "1 (team)"};
inline constexpr Message<> alert_level_lead{"2 (Leitung des Teams)", "2 (the team's lead)"};
inline constexpr Message<> alert_level_management{"3 (Leitung des Trägers)", "3 (the provider's management)"};
inline constexpr Message<> alert_cause{"Grund", "Cause"};
inline constexpr Message<> alert_please_look{
    "Bitte sehen Sie sich den Fall an und bestätigen Sie die Meldung dort.",
    "Please look at the case and acknowledge the alert there."};
inline constexpr Message<> alert_no_reply{
    "Diese Mail schreibt Geleit von selbst; Antworten liest niemand. Namen und Diagnosen stehen mit Absicht "
    "nicht darin.",
    "Geleit writes this mail by itself; nobody reads answers. Names and diagnoses are left out on purpose."};
inline constexpr Message<Text> alert_of_team{"Team {}", "team {}"};
inline constexpr Message<std::size_t, Text> alert_several_missed{"{} Fristen versäumt, {}",
                                                                 "{} deadlines missed, {}"};
inline constexpr Message<std::size_t, Text> alert_several_closed{"{} Meldungen erledigt, {}",
                                                                 "{} alerts closed, {}"};
inline constexpr Message<std::size_t, Text> alert_several_changed{"{} Meldungen zu Fristen, {}",
                                                                  "{} alerts about deadlines, {}"};
inline constexpr Message<Text, Text> alert_digest{"Fristen am {}, {}", "Deadlines on {}, {}"};
inline constexpr Message<std::size_t> alert_count_new{"{} neu versäumt", "{} newly missed"};
inline constexpr Message<std::size_t> alert_count_open{"{} noch offen", "{} still open"};
inline constexpr Message<std::size_t> alert_count_near{"{} bald fällig", "{} due soon"};
inline constexpr Message<std::size_t> alert_count_closed{"{} erledigt", "{} closed"};
inline constexpr Message<> alert_section_new{"Neu versäumt", "Newly missed"};
inline constexpr Message<> alert_section_open{"Noch offen", "Still open"};
inline constexpr Message<> alert_section_near{"Bald fällig", "Due soon"};
inline constexpr Message<> alert_section_closed{"Seitdem erledigt", "Closed since"};
inline constexpr Message<Text, Text> alert_line{"{}: letzter Tag {}", "{}: last day {}"};
inline constexpr Message<Text> alert_line_case{"Fall {}", "case {}"};
inline constexpr Message<Text> alert_line_level{"Stufe {}", "level {}"};
inline constexpr Message<std::int32_t> alert_working_days{"noch {} Arbeitstage", "{} working days left"};
inline constexpr Message<> alert_one_working_day{"noch 1 Arbeitstag", "1 working day left"};
inline constexpr Message<> alert_no_working_day{"kein Arbeitstag mehr", "no working day left"};
inline constexpr Message<std::size_t> alert_more_lines{"… und {} weitere", "… and {} more"};
inline constexpr Message<> alert_heartbeat{
    "Geleits Meldungen leben. Fehlt dieses Zeichen, meldet Geleit nichts mehr.",
    "Geleit's alerting is alive. When this sign is missing, Geleit tells nothing any more."};

}  // namespace message
}  // namespace geleit
