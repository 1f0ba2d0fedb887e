// What stands in invented cases of Soziotherapie, beside what they share with the others (smn_texts.h).
#pragma once

#include <array>
#include <string_view>

namespace geleit::st_texts {

inline constexpr std::array<std::string_view, 9> listed_diagnoses{"F20.0", "F20.0", "F20.5", "F25.1", "F25.0",
                                                                  "F22.0", "F31.5", "F32.3", "F33.3"};
inline constexpr std::array<std::string_view, 5> other_diagnoses{"F60.31", "F33.2", "F31.4", "F43.1",
                                                                 "F20.8"};
inline constexpr std::array<std::string_view, 4> doctors{
    "Dr. Muster, Praxis für Psychiatrie", "Dr. Beispiel, Nervenheilkunde", "Dr. Probe, Institutsambulanz",
    "Dr. Vorlage, Psychosomatische Medizin"};
inline constexpr std::array<std::string_view, 2> family_doctors{"Dr. Exempel, Hausarztpraxis",
                                                                "Dr. Modell, Hausarztpraxis am Markt"};
inline constexpr std::array<std::string_view, 8> goals{
    "Tagesstruktur aufbauen",        "Arzttermine selbständig wahrnehmen",
    "Medikamente regelmäßig nehmen", "Frühwarnzeichen erkennen",
    "Krisenplan vereinbaren",        "Konflikte im Alltag bewältigen",
    "Kontakt zur Tagesstätte",       "Wohnung sichern"};
inline constexpr std::array<std::string_view, 6> notes{
    "Gemeinsam zum Facharzt gegangen.",   "Wochenplan besprochen.",
    "Rückzug, Krisenplan durchgegangen.", "Behördenpost sortiert, Antrag läuft.",
    "Gruppe: Umgang mit Belastung.",      "Medikation mit der Praxis geklärt."};
inline constexpr std::array<std::string_view, 3> cancel_reasons{
    "Abgesagt, fühlt sich nicht gut", "Mitarbeiter erkrankt", "Arzttermin am selben Tag"};
inline constexpr std::array<std::string_view, 3> withdraw_reasons{"Möchte keine Soziotherapie",
                                                                  "Stationäre Aufnahme", "Nicht erreichbar"};
inline constexpr std::array<std::string_view, 2> denial_reasons{
    "Voraussetzungen nach Aktenlage nicht erfüllt", "Andere Hilfen sind vorrangig"};
inline constexpr std::array<std::string_view, 2> report_receivers{"Verordnende Praxis", "Krankenkasse"};

}  // namespace geleit::st_texts
