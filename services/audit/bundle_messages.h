#pragma once

#include "projections/rules/catalogue.h"

namespace geleit::message {

// `geleit audit export`.
inline constexpr Message<> a_new_file{"eine neue Datei (--force ersetzt sie)",
                                      "a new file (--force replaces it)"};
inline constexpr Message<Text> is_there_already{"{} gibt es schon", "{} is there already"};
inline constexpr Message<> a_folder_to_write_to{"einen Namen in einem Ordner, den es gibt",
                                                "a name in a folder that there is"};
inline constexpr Message<> a_provider_of_the_log{"einen Träger, der im Log vorkommt",
                                                 "a provider that is in the log"};
inline constexpr Message<Text> is_not_in_the_log{"{} kommt darin nicht vor", "{} is not in it"};
inline constexpr Message<Text, std::uint64_t, std::uint64_t, std::uint64_t, std::uint64_t> bundle_written{
    "{}: {} Ereignisse in {} Fällen, {} davon vor dem Zeitraum; {} Zeilen in Tabellen",
    "{}: {} events in {} cases, {} of them before the range; {} rows in tables"};
inline constexpr Message<Text> bundle_digest{"SHA-256 {} (bitte auf anderem Weg mitteilen)",
                                             "SHA-256 {} (please tell it by another way)"};
inline constexpr Message<> bundle_is_empty{
    "In diesem Zeitraum wurde für diesen Träger nichts aufgezeichnet: Das Paket enthält keine Ereignisse von "
    "Fällen.",
    "Nothing was recorded for this provider in this range: the bundle holds no events of cases."};
inline constexpr Message<Text> bundle_not_final{
    "Noch nicht abgeschlossen: In diesem Zeitraum kann noch etwas aufgezeichnet werden, denn nicht jeder "
    "Teil "
    "des Logs reicht über den {} hinaus.",
    "Not final yet: something may still be recorded in this range, for not every partition of the log "
    "reaches "
    "beyond {}."};
inline constexpr Message<std::uint64_t> bundle_keys_gone{
    "Fälle, deren Schlüssel gelöscht oder nicht da ist; Personenbezogenes bleibt dort versiegelt: {}",
    "Cases whose key was destroyed or is not there; their personal data stays sealed: {}"};
inline constexpr Message<std::uint64_t> bundle_parked{
    "Angehaltene Fälle oder Zeilen, die in den Tabellen fehlen: {}",
    "Cases or rows that stand still and are not in the tables: {}"};
inline constexpr Message<std::uint64_t> bundle_foreign{
    "Einträge im Log, die keine Ereignisse dieses Programms sind und hier fehlen: {}",
    "Records of the log that are no events of this program and are left out: {}"};
inline constexpr Message<> bundle_without_heads{"Ohne signierte Köpfe: Zu diesem Log gibt es noch keine.",
                                                "Without signed heads: there are none of this log yet."};
inline constexpr Message<std::uint64_t> bundle_beyond_heads{
    "Fälle, deren letzte Einträge noch kein signierter Kopf erfasst: {}",
    "Cases whose last records no signed head covers yet: {}"};

// The head of its README.
inline constexpr Message<Text, Text, Text> bundle_title{"# Prüfpaket: {}, {} bis {}",
                                                        "# Audit bundle: {}, {} to {}"};
inline constexpr Message<std::uint64_t, std::uint64_t> bundle_holds{"Es enthält {} Ereignisse von {} Fällen.",
                                                                    "It holds {} events of {} cases."};
inline constexpr Message<Text> bundle_tables_on{"Die Tabellen zeigen den Stand am {}.",
                                                "The tables show how things stood on {}."};
inline constexpr Message<> bundle_is_sealed{
    "Personenbezogenes ist versiegelt: Namen, Geburtstage, Diagnosen und freie Texte stehen darin nur "
    "verschlüsselt.",
    "Personal data is sealed: names, birth dates, diagnoses and free texts stand in it encrypted only."};
inline constexpr Message<> bundle_is_opened{
    "**Personenbezogenes ist geöffnet.** Das Paket enthält Sozialdaten und ist entsprechend zu schützen.",
    "**Personal data is opened.** The bundle holds social data and is to be protected accordingly."};
inline constexpr Message<Text> bundle_purpose{"Zweck: {}", "Purpose: {}"};

// `geleit audit check-bundle`.
inline constexpr Message<Text, std::uint64_t, std::uint64_t, std::uint64_t> bundle_is_whole{
    "{}: nichts wurde verändert. {} Dateien, {} Ereignisse in {} Fällen.",
    "{}: nothing was altered. {} files, {} events in {} cases."};
inline constexpr Message<std::size_t> and_more{"… und {} weitere Befunde", "… and {} more findings"};
inline constexpr Message<Text> zip_is_damaged{"die ZIP-Datei ist beschädigt: {}",
                                              "the ZIP file is damaged: {}"};
inline constexpr Message<Text> other_digest{"SHA-256 ist nicht {}", "SHA-256 is not {}"};
inline constexpr Message<> file_is_missing{"fehlt", "is missing"};
inline constexpr Message<> is_twice{"ist mehrmals da", "is there more than once"};
inline constexpr Message<> is_unlisted{"steht nicht im Manifest", "is not in the manifest"};
inline constexpr Message<> no_manifest{"ist kein Manifest eines Prüfpakets dieser Art",
                                       "is no manifest of an audit bundle of this kind"};
inline constexpr Message<> file_was_altered{"hat einen anderen Inhalt, als das Manifest sagt",
                                            "has another content than the manifest says"};
inline constexpr Message<> other_than_sums{"passt nicht zu SHA256SUMS", "does not fit SHA256SUMS"};
inline constexpr Message<> other_sums{"passt nicht zum Manifest", "does not fit the manifest"};
inline constexpr Message<std::uint64_t, Text> bad_line{"Zeile {}: {}", "line {}: {}"};
inline constexpr Message<> no_event_line{"kein Ereignis mit seinem Eintrag", "no event with its record"};
inline constexpr Message<Text> record_altered{"Fall {}: der Eintrag wurde verändert, sein Hash passt nicht",
                                              "case {}: the record was altered, its hash does not fit"};
inline constexpr Message<Text, Text> line_contradicts{"Fall {}: „{}“ sagt etwas anderes als der Eintrag",
                                                      "case {}: “{}” says something else than the record"};
inline constexpr Message<Text> out_of_order{"Fall {}: steht nicht in der Folge des Logs",
                                            "case {}: is not in the order of the log"};
inline constexpr Message<Text, std::uint64_t> chain_broken{
    "Fall {}: die Kette reißt; nach Version {} folgt nicht die nächste",
    "case {}: the chain breaks; after version {} the next one does not follow"};
inline constexpr Message<std::uint64_t, std::uint64_t> other_count{
    "erwartet {} Ereignisse, wie das Manifest sagt, aber es sind {}",
    "expected {} events, as the manifest says, but there are {}"};
inline constexpr Message<> not_its_name{"der Inhalt ist nicht der, nach dem die Datei heißt",
                                        "its content is not the one that the file is named by"};
inline constexpr Message<Text, Text> no_rules_of{"Fall {}: der Regelsatz {} fehlt",
                                                 "case {}: the rule set {} is missing"};
inline constexpr Message<> no_such_head{"kein signierter Kopf dieses Logs", "no signed head of this log"};
inline constexpr Message<> other_events{"beweist andere Einträge als die in events.ndjson",
                                        "proves other records than those in events.ndjson"};
inline constexpr Message<std::uint64_t> rows_differ{
    "aus den Ereignissen folgt etwas anderes, zuerst in Zeile {}",
    "the events yield something else, first in line {}"};

}  // namespace geleit::message
