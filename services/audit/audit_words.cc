#include "services/audit/audit_words.h"

#include <array>
#include <span>

#include "events/civil_time.h"
#include "events/uuid.h"
#include "projections/rules/rule_set.h"
#include "services/audit/audit_catalogue.h"

namespace geleit {
namespace {

struct CodeName {
  std::string_view code;
  Message<> name;
};

constexpr std::array field_names{
    CodeName{"state", {"Stand", "state"}},
    CodeName{"version", {"Version", "version"}},
    CodeName{"benefit", {"Leistung", "benefit"}},
    CodeName{"provider", {"Träger", "provider"}},
    CodeName{"land", {"Land", "Land"}},
    CodeName{"lead", {"Fallführung", "lead"}},
    CodeName{"members", {"Team", "team"}},
    CodeName{"team", {"Team", "team"}},
    CodeName{"referred_on", {"Verordnung eingegangen am", "referred on"}},
    CodeName{"discharged_on", {"Entlassung am", "discharged on"}},
    CodeName{"expected_discharge_on", {"voraussichtliche Entlassung am", "expected discharge on"}},
    CodeName{"first_unit_on", {"erste Einheit am", "first unit on"}},
    CodeName{"last_unit_on", {"letzte Einheit am", "last unit on"}},
    CodeName{"closed_on", {"beendet am", "closed on"}},
    CodeName{"anchor.event", {"Anlass", "anchor"}},
    CodeName{"anchor.date", {"gezählt ab", "counted from"}},
    CodeName{"due_on", {"letzter Tag", "last day"}},
    CodeName{"acts_on", {"läuft bis", "runs until"}},
    CodeName{"hint_on", {"Hinweis auf den", "hint at"}},
    CodeName{"calendar", {"Kalender", "calendar"}},
    CodeName{"met_on", {"erfüllt am", "met on"}},
    CodeName{"rule_set", {"Regelwerk", "rule set"}},
    CodeName{"rule", {"Regel", "rule"}},
    CodeName{"days_overdue", {"Tage überfällig", "days overdue"}},
    CodeName{"prescribed", {"verordnet", "prescribed"}},
    CodeName{"applied", {"beantragt", "applied for"}},
    CodeName{"approved", {"genehmigt", "approved"}},
    CodeName{"extended", {"davon Verlängerung", "of it extended"}},
    CodeName{"scheduled", {"geplant", "scheduled"}},
    CodeName{"delivered", {"geleistet", "delivered"}},
    CodeName{"at_home", {"zu Hause", "at home"}},
    CodeName{"preparatory", {"vorbereitend", "preparatory"}},
    CodeName{"group", {"in der Gruppe", "in a group"}},
    CodeName{"voided", {"storniert", "voided"}},
    CodeName{"billable", {"abrechenbar", "billable"}},
    CodeName{"at_risk", {"ohne Genehmigung", "at risk"}},
    CodeName{"remaining", {"übrig", "remaining"}},
    CodeName{"task", {"Aufgabe", "task"}},
    CodeName{"title", {"Titel", "title"}},
    CodeName{"role", {"zuständig", "up to"}},
    CodeName{"since", {"seit", "since"}},
    CodeName{"why", {"wegen", "because of"}},
    CodeName{"starts_at", {"Beginn", "start"}},
    CodeName{"started_at", {"Beginn", "start"}},
    CodeName{"minutes", {"Minuten", "minutes"}},
    CodeName{"staff", {"durch", "by"}},
    CodeName{"place", {"Ort", "place"}},
    CodeName{"category", {"Art", "kind"}},
    CodeName{"group_size", {"Personen in der Gruppe", "people in the group"}},
    CodeName{"corrected", {"Berichtigungen", "corrections"}},
    CodeName{"raised", {"ausgelöst", "raised"}},
    CodeName{"closed_by", {"geschlossen", "closed by"}},
    CodeName{"level", {"Stufe", "level"}},
    CodeName{"sent", {"Meldungen", "notices"}},
    CodeName{"acknowledged.by", {"bestätigt von", "acknowledged by"}},
    CodeName{"acknowledged.at", {"bestätigt", "acknowledged"}},
    CodeName{"snoozed_until", {"ruht bis", "silent until"}},
    CodeName{"snoozed.by", {"stillgelegt von", "snoozed by"}},
    CodeName{"snoozed.at", {"stillgelegt", "snoozed"}},
    CodeName{"alert", {"Alarm", "alert"}},
    CodeName{"alert.state", {"Alarm", "alert"}},
    CodeName{"alert.raised", {"Alarm ausgelöst", "alert raised"}},
    CodeName{"units", {"Einheiten", "units"}},
    CodeName{"from", {"gültig ab", "valid from"}},
    CodeName{"until", {"gültig bis", "valid until"}},
    CodeName{"decided_on", {"entschieden am", "decided on"}},
    CodeName{"extension", {"Verlängerung", "extension"}},
    CodeName{"revoked", {"zurückgenommen", "revoked"}},
    CodeName{"lapsed", {"abgelaufen am", "lapsed on"}},
    CodeName{"reference", {"Aktenzeichen", "reference"}},
    CodeName{"person", {"für", "for"}},
    CodeName{"prescriber", {"Verordner", "prescriber"}},
    CodeName{"lanr", {"LANR", "LANR"}},
    CodeName{"bsnr", {"BSNR", "BSNR"}},
    CodeName{"prescribed_on", {"ausgestellt am", "prescribed on"}},
    CodeName{"received_on", {"eingegangen am", "received on"}},
    CodeName{"diagnoses", {"Diagnosen", "diagnoses"}},
    CodeName{"setting", {"nach", "after"}},
    CodeName{"severe", {"besonders schwerwiegend", "especially severe"}},
    CodeName{"no_self_care", {"keine altersgemäße Selbstversorgung", "no self-care"}},
    CodeName{"inpatient_stays_12_months",
             {"stationäre Aufenthalte in 12 Monaten", "inpatient stays in 12 months"}},
    CodeName{"final_stage", {"im Endstadium", "final stage"}},
    CodeName{"impairment", {"Beeinträchtigung", "impairment"}},
    CodeName{"sapv", {"SAPV", "SAPV"}},
    CodeName{"gaf", {"GAF", "GAF"}},
    CodeName{"trial", {"Probestunden", "trial"}},
    CodeName{"coverage", {"Versicherungsschutz", "coverage"}},
    CodeName{"regime", {"Verfahren nach", "procedure of"}},
    CodeName{"care_plan_attached", {"Hilfeplan beigefügt", "care plan attached"}},
    CodeName{"opinion_on", {"Gutachten vom", "opinion of"}},
    CodeName{"instruction_given", {"Rechtsbehelfsbelehrung", "instruction on remedies"}},
    CodeName{"reason", {"Grund", "reason"}},
    CodeName{"note", {"Notiz", "note"}},
    CodeName{"goals", {"Ziele", "goals"}},
    CodeName{"to", {"an", "to"}},
    CodeName{"documentation_form_on", {"Dokumentationsbogen vom", "documentation form of"}},
};

/// What a column or member is called there, where that is something else.
struct CodeNameIn {
  std::string_view table, code;
  Message<> name;
};
constexpr std::array field_names_in{
    CodeNameIn{"", "category", {"Art", "kind"}},
    CodeNameIn{"tasks", "due_on", {"fällig am", "due on"}},
    CodeNameIn{"visits", "minutes", {"Minuten", "minutes"}},
};

constexpr std::array vocabulary{
    CodeName{"SMN", {"sozialmedizinische Nachsorge (SMN)", "social-medical aftercare (SMN)"}},
    CodeName{"ST", {"Soziotherapie (ST)", "Soziotherapie (ST)"}},
    // cases
    CodeName{"referred", {"verordnet", "referred"}},
    CodeName{"applied", {"beantragt", "applied for"}},
    CodeName{"approved", {"genehmigt", "approved"}},
    CodeName{"running", {"läuft", "running"}},
    CodeName{"completed", {"abgeschlossen", "completed"}},
    CodeName{"discontinued", {"abgebrochen", "discontinued"}},
    CodeName{"withdrawn", {"zurückgezogen", "withdrawn"}},
    CodeName{"denied", {"abgelehnt", "denied"}},
    // deadlines and alerts
    CodeName{"open", {"offen", "open"}},
    CodeName{"met", {"eingehalten", "met"}},
    CodeName{"missed", {"versäumt", "missed"}},
    CodeName{"moot", {"gegenstandslos", "moot"}},
    CodeName{"acknowledged", {"bestätigt", "acknowledged"}},
    CodeName{"snoozed", {"stillgelegt", "snoozed"}},
    CodeName{"escalated", {"eskaliert", "escalated"}},
    CodeName{"closed", {"geschlossen", "closed"}},
    CodeName{"corrected", {"durch Berichtigung", "corrected"}},
    CodeName{"ended", {"mit dem Ende des Falls", "the case ended"}},
    // visits
    CodeName{"scheduled", {"geplant", "scheduled"}},
    CodeName{"delivered", {"geleistet", "delivered"}},
    CodeName{"cancelled", {"abgesagt", "cancelled"}},
    CodeName{"voided", {"storniert", "voided"}},
    CodeName{"home", {"zu Hause", "at home"}},
    CodeName{"facility", {"in der Einrichtung", "at the facility"}},
    CodeName{"hospital", {"im Krankenhaus", "in hospital"}},
    CodeName{"phone", {"am Telefon", "by phone"}},
    CodeName{"video", {"per Video", "by video"}},
    CodeName{"other", {"an anderem Ort", "elsewhere"}},
    CodeName{"preparation", {"Analyse und Vorbereitung", "analysis and preparation"}},
    CodeName{"coordination", {"Koordination", "coordination"}},
    CodeName{"guidance", {"Anleitung und Motivation", "guidance and motivation"}},
    // referrals
    CodeName{"rehab", {"Rehabilitationsklinik", "inpatient rehab"}},
    CodeName{"paediatrician", {"Kinder- und Jugendmedizin", "paediatrics"}},
    CodeName{"general_practitioner", {"Hausarzt", "general practitioner"}},
    CodeName{"neurology", {"Neurologie", "neurology"}},
    CodeName{"psychiatry", {"Psychiatrie", "psychiatry"}},
    CodeName{"child_psychiatry", {"Kinder- und Jugendpsychiatrie", "child psychiatry"}},
    CodeName{"psychosomatics", {"Psychosomatik", "psychosomatics"}},
    CodeName{"psychotherapy_title",
             {"Arzt mit Zusatztitel Psychotherapie", "doctor with psychotherapy title"}},
    CodeName{"psychological_psychotherapist",
             {"Psychologische Psychotherapie", "psychological psychotherapist"}},
    CodeName{"child_psychotherapist",
             {"Kinder- und Jugendlichenpsychotherapie", "child and youth psychotherapist"}},
    CodeName{"psychiatric_outpatient_clinic",
             {"Psychiatrische Institutsambulanz", "psychiatric outpatient clinic"}},
    CodeName{"inpatient", {"stationärer Behandlung", "inpatient treatment"}},
    CodeName{"day_patient", {"teilstationärer Behandlung", "day-patient treatment"}},
    CodeName{"pre_post_inpatient",
             {"vor- und nachstationärer Behandlung", "pre- and post-inpatient treatment"}},
    CodeName{"ambulatory_surgery", {"ambulanter Operation", "ambulatory surgery"}},
    CodeName{"inpatient_rehab", {"stationärer Rehabilitation", "inpatient rehab"}},
    CodeName{"ambulatory", {"ambulanter Behandlung", "ambulatory treatment"}},
    CodeName{"insured", {"versichert", "insured"}},
    CodeName{"unresolved", {"ungeklärt", "unresolved"}},
    CodeName{"uninsured", {"nicht versichert", "uninsured"}},
    CodeName{"Sgb5_13_3a", {"§ 13 Abs. 3a SGB V", "§ 13(3a) SGB V"}},
    CodeName{"Sgb9_14_18", {"§§ 14 bis 18 SGB IX", "§§ 14 to 18 SGB IX"}},
    CodeName{"moved", {"verzogen", "moved away"}},
    CodeName{"refused", {"nicht mehr gewünscht", "no longer wanted"}},
    CodeName{"readmitted", {"wieder im Krankenhaus", "readmitted to hospital"}},
    CodeName{"died", {"verstorben", "died"}},
    // roles
    CodeName{"lead", {"Fallführung", "the lead"}},
    CodeName{"team", {"Team", "the team"}},
    CodeName{"management", {"Leitung", "management"}},
    // Länder
    CodeName{"DE", {"Deutschland", "Germany"}},
    CodeName{"DE-BW", {"Baden-Württemberg", "Baden-Württemberg"}},
    CodeName{"DE-BY", {"Bayern", "Bavaria"}},
    CodeName{"DE-BE", {"Berlin", "Berlin"}},
    CodeName{"DE-BB", {"Brandenburg", "Brandenburg"}},
    CodeName{"DE-HB", {"Bremen", "Bremen"}},
    CodeName{"DE-HH", {"Hamburg", "Hamburg"}},
    CodeName{"DE-HE", {"Hessen", "Hesse"}},
    CodeName{"DE-MV", {"Mecklenburg-Vorpommern", "Mecklenburg-Western Pomerania"}},
    CodeName{"DE-NI", {"Niedersachsen", "Lower Saxony"}},
    CodeName{"DE-NW", {"Nordrhein-Westfalen", "North Rhine-Westphalia"}},
    CodeName{"DE-RP", {"Rheinland-Pfalz", "Rhineland-Palatinate"}},
    CodeName{"DE-SL", {"Saarland", "Saarland"}},
    CodeName{"DE-SN", {"Sachsen", "Saxony"}},
    CodeName{"DE-ST", {"Sachsen-Anhalt", "Saxony-Anhalt"}},
    CodeName{"DE-SH", {"Schleswig-Holstein", "Schleswig-Holstein"}},
    CodeName{"DE-TH", {"Thüringen", "Thuringia"}},
    CodeName{"true", {"ja", "yes"}},
    CodeName{"false", {"nein", "no"}},
};
/// Words that mean something else in one field than in others.
constexpr std::array vocabulary_in{
    CodeNameIn{"visits", "missed", {"niemand angetroffen", "nobody was there"}},
    CodeNameIn{"prescriber", "hospital", {"Krankenhaus", "hospital"}},
    CodeNameIn{"prescriber", "other", {"andere Fachrichtung", "another specialty"}},
    CodeNameIn{"cause", "other", {"aus anderem Grund", "for another reason"}},
    CodeNameIn{"closed_by", "met", {"nachgeholt", "done since"}},
};

template <std::size_t N>
const Message<>* find(const std::array<CodeName, N>& names, std::string_view code) {
  for (const CodeName& one : names) {
    if (one.code == code) return &one.name;
  }
  return nullptr;
}
template <std::size_t N>
const Message<>* find(const std::array<CodeNameIn, N>& names, std::string_view where, std::string_view code) {
  for (const CodeNameIn& one : names) {
    if (one.table == where && one.code == code) return &one.name;
  }
  return nullptr;
}

}  // namespace

std::string date_words(CivilDate date, Language language) {
  if (language == Language::en) return to_string(date);
  const YearMonthDay ymd = to_ymd(date);
  return fmt::format("{:02}.{:02}.{:04}", ymd.day, ymd.month, ymd.year);
}

std::string instant_words(Instant at, Language language, bool seconds) {
  // RFC 3339 in Berlin's time: its time of day stands behind the T.
  const std::string text = to_string(at);
  return say(language, message::date_and_time, date_words(berlin_date(at), language),
             std::string_view(text).substr(11, seconds ? 8 : 5));
}

std::string units_words(std::int32_t units, Language language) {
  return units == 1 ? say(language, message::one_unit) : say(language, message::units_many, units);
}

std::string minutes_words(Minutes minutes, Language language) {
  return minutes.value == 1 ? say(language, message::one_minute)
                            : say(language, message::minutes_many, minutes.value);
}

std::string rule_words_of(Rule rule, Language language) {
  return say(language, message::rule_and_title, word(rule),
             shipped_rule_sets().back()->title(rule, language));
}

std::string word_words(std::string_view table, std::string_view field, std::string_view word,
                       Language language) {
  const Message<>* name = find(vocabulary_in, field, word);
  if (!name) name = find(vocabulary_in, table, word);
  if (!name) name = find(vocabulary, word);
  return name ? say(language, *name) : std::string(word);
}

std::string field_words(std::string_view table, std::string_view field, Language language) {
  const Message<>* name = find(field_names_in, table, field);
  if (!name) name = find(field_names, field);
  return name ? say(language, *name) : std::string(field);
}

std::string value_words(std::string_view table, std::string_view field, ColumnType type, const Value& value,
                        Language language) {
  if (const auto* id = std::get_if<Uuid>(&value)) return to_string(*id);
  if (const auto* text = std::get_if<std::string>(&value)) {
    const bool is_word = type == ColumnType::vocabulary || type == ColumnType::boolean;
    if (field == "rule" || field == "why") {
      if (const auto rule = parse_word<Rule>(*text)) return rule_words_of(*rule, language);
    }
    return is_word || field == "alert.state" ? word_words(table, field, *text, language) : *text;
  }
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    if (type == ColumnType::date) return date_words(CivilDate{static_cast<std::int32_t>(*number)}, language);
    if (type == ColumnType::instant) return instant_words(Instant{*number}, language);
    return std::to_string(*number);
  }
  return say(language, message::nothing);
}

std::string value_json(ColumnType type, const Value& value) {
  std::string out;
  if (const auto* id = std::get_if<Uuid>(&value)) return "\"" + to_string(*id) + "\"";
  if (const auto* text = std::get_if<std::string>(&value)) {
    if (type == ColumnType::boolean) return *text;
    append_json_text(out, *text);
    return out;
  }
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    if (type == ColumnType::date)
      return "\"" + to_string(CivilDate{static_cast<std::int32_t>(*number)}) + "\"";
    if (type == ColumnType::instant) return "\"" + to_string(Instant{*number}) + "\"";
    return std::to_string(*number);
  }
  return "null";
}

}  // namespace geleit
