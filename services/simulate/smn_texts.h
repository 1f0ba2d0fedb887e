// What stands in invented cases: diagnoses, names that nobody bears, sentences that staff write.
#pragma once

#include <array>
#include <string_view>

namespace geleit::smn_texts {

inline constexpr std::array<std::array<std::string_view, 8>, 6> diagnoses{{
    {"P07.12", "P07.3", "P07.2", "P07.02", "P05.1", "P07.01", "P05.0", "P07.11"},
    {"P22.0", "P27.1", "P21.0", "P24.0", "P28.4", "P29.3", "P25.1", "P26.1"},
    {"Q21.0", "Q90.9", "Q39.1", "Q35.9", "Q20.3", "Q79.0", "Q05.9", "Q42.3"},
    {"C91.00", "C71.6", "C74.9", "C64", "C92.00", "C49.9", "C81.1", "C40.2"},
    {"E10.90", "G40.3", "E84.0", "G80.0", "J45.0", "G40.4", "E10.11", "G80.1"},
    {"E10.11", "C91.00", "E84.80", "C40.2", "G40.2", "C81.1", "Q21.3", "J45.1"},
}};
inline constexpr std::array<std::string_view, 6> unlisted_diagnoses{"K50.8", "I42.0", "T31.2",
                                                                    "S06.9", "K90.0", "D57.1"};

inline constexpr std::array<std::string_view, 48> given_names{
    "Emma",  "Mia",   "Hannah", "Lina",   "Ella",  "Clara", "Leni", "Ida",   "Marie", "Frieda",
    "Yara",  "Lotte", "Noah",   "Matteo", "Elias", "Finn",  "Leon", "Theo",  "Paul",  "Emil",
    "Luca",  "Anton", "Jonas",  "Karl",   "Aylin", "Elif",  "Zoe",  "Amira", "Nora",  "Juna",
    "Maja",  "Greta", "Rosa",   "Thea",   "Lena",  "Hedi",  "Emir", "Ali",   "Jakob", "Oskar",
    "Milan", "Ben",   "Samuel", "David",  "Mats",  "Tom",   "Levi", "Kian"};
inline constexpr std::array<std::string_view, 24> guardian_names{
    "Anna", "Julia",  "Katharina", "Sabrina", "Fatma",  "Olena",  "Maria",  "Sarah",
    "Lisa", "Nadine", "Elena",     "Miriam",  "Thomas", "Daniel", "Markus", "Mehmet",
    "Jan",  "Stefan", "Andriy",    "Michael", "Tim",    "Omar",   "Felix",  "Peter"};
// Made up in the shape of an IK.
inline constexpr std::array<std::string_view, 8> insurers{"109900001", "109900012", "109900023", "109900034",
                                                          "109900045", "109900056", "109900067", "109900078"};
inline constexpr std::array<std::string_view, 16> postal_areas{
    "70", "80", "10", "14", "28", "20", "60", "19", "30", "50", "55", "66", "01", "39", "24", "99"};
inline constexpr std::array<std::string_view, 6> hospital_doctors{
    "Dr. Muster, Neonatologie",     "Dr. Beispiel, Kinderklinik",  "Dr. Probe, Kinderkardiologie",
    "Dr. Vorlage, Kinderonkologie", "Dr. Exempel, Neuropädiatrie", "Dr. Modell, Kinderchirurgie"};
inline constexpr std::array<std::string_view, 4> practice_doctors{
    "Dr. Mustermann, Kinderarztpraxis am Park", "Dr. Beispielhaft, Praxis für Kinder- und Jugendmedizin",
    "Dr. Probst-Muster, Kinderarztpraxis Mitte", "Dr. Vorbild, Gemeinschaftspraxis"};

inline constexpr std::array<std::string_view, 10> goals{"Trink- und Essverhalten stabilisieren",
                                                        "Sicherheit der Eltern im Umgang mit dem Monitor",
                                                        "Anbindung an das SPZ",
                                                        "Frühförderung beantragen",
                                                        "Medikamentengabe selbständig durchführen",
                                                        "Entlastung der Geschwister",
                                                        "Pflegegrad klären",
                                                        "Sondenernährung zu Hause sichern",
                                                        "Krisenplan mit der Familie vereinbaren",
                                                        "Kinderärztliche Weiterbehandlung gesichert"};
inline constexpr std::array<std::string_view, 8> notes{"Gewichtszunahme gut, Eltern sicherer.",
                                                       "Mutter erschöpft, Haushaltshilfe angesprochen.",
                                                       "Anleitung Inhalation, klappt.",
                                                       "Termin im SPZ vereinbart.",
                                                       "Monitoralarme besprochen.",
                                                       "Telefonat mit der Klinik wegen Medikamentenplan.",
                                                       "Hilfsmittel geliefert und eingewiesen.",
                                                       "Vater anwesend, Fragen zur \"Kinästhetik\" geklärt."};
inline constexpr std::array<std::string_view, 5> cancel_reasons{
    "Familie hat abgesagt", "Kind erkrankt", "Mitarbeiterin erkrankt", "Arzttermin am selben Tag",
    "Absage durch das SPZ"};
inline constexpr std::array<std::string_view, 3> miss_reasons{"Niemand angetroffen", "Familie nicht erreicht",
                                                              "Termin von der Familie vergessen"};
inline constexpr std::array<std::string_view, 4> correct_reasons{
    "Zeit vertippt", "Fahrtzeit war enthalten", "Nach Rücksprache berichtigt", "Falsche Angabe übernommen"};
inline constexpr std::array<std::string_view, 4> late_reasons{
    "Familie war im Krankenhaus", "Wartezeit auf den SPZ-Termin", "Erneuter stationärer Aufenthalt",
    "Verlängerung bewilligt, Ziel noch nicht erreicht"};
inline constexpr std::array<std::string_view, 4> withdraw_reasons{
    "Familie möchte keine Nachsorge", "Kind in eine andere Klinik verlegt", "Familie nicht erreichbar",
    "Anderer Träger übernimmt"};
inline constexpr std::array<std::string_view, 3> denial_reasons{
    "Voraussetzungen nach Aktenlage nicht erfüllt", "Unterlagen unvollständig",
    "Überlastung nicht dargelegt"};
inline constexpr std::array<std::string_view, 3> extension_reasons{
    "Ziel noch nicht erreicht: Sondenentwöhnung läuft",
    "Erneute Operation, Eltern brauchen weitere Anleitung", "Anbindung an die Frühförderung verzögert sich"};
inline constexpr std::array<std::string_view, 3> reopen_reasons{"Rückfrage der Klinik, Kontakt wieder nötig",
                                                                "Zu früh abgeschlossen",
                                                                "Familie bittet um weiteren Termin"};
inline constexpr std::array<std::string_view, 3> report_receivers{"Kinderarztpraxis", "Krankenkasse",
                                                                  "Entlassende Klinik"};

}  // namespace geleit::smn_texts
