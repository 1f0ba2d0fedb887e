// The part of the catalogue that `geleit audit` speaks: the story of a case as a person tells it, and what
// differs. German first, English second, checked like all messages (projections/rules/catalogue.h). It lies
// here because only this folder says it, and most of the program includes the catalogue.
#pragma once

#include "projections/rules/catalogue.h"

namespace geleit::message {

// ---------------------------------------------------------------- head of a story

inline constexpr Message<Text> story_title{"Die Geschichte des Falls {}", "The story of case {}"};
inline constexpr Message<Text, Text, Text> story_about{"{} · Träger {} · {}", "{} · provider {} · {}"};
inline constexpr Message<Text, Text> story_person{"{}, geboren am {}", "{}, born on {}"};
inline constexpr Message<> story_erased{"gelöscht", "erased"};
inline constexpr Message<> story_sealed{"versiegelt", "sealed"};
inline constexpr Message<> story_lost{"nicht lesbar (der Schlüssel fehlt)",
                                      "unreadable (its key is missing)"};
inline constexpr Message<Text> story_person_not_open{"Personendaten: {}", "Personal data: {}"};
inline constexpr Message<Text> story_known_by{"Erzählt wird, was bis {} erfasst war.",
                                              "Told is what was recorded by {}."};
inline constexpr Message<Text, Text> story_stands{"Stand am {}: {}", "State on {}: {}"};
inline constexpr Message<std::uint32_t, std::size_t> story_counts{"Version {}; Einträge im Log: {}",
                                                                  "Version {}; records in the log: {}"};
inline constexpr Message<std::size_t> story_stale_counts{", davon überholt: {}", ", stale among them: {}"};
inline constexpr Message<Text, Text> story_made{"Erstellt von geleit audit show am {} aus dem Log {}",
                                                "Made by geleit audit show on {} from the log {}"};
inline constexpr Message<> story_alerts{"Alarme", "Alerts"};
inline constexpr Message<> story_no_alerts{"Es wurde kein Alarm ausgelöst.", "No alert was raised."};
inline constexpr Message<> story_deadlines{"Fristen", "Deadlines"};
inline constexpr Message<> story_balance{"Guthaben in Minuten", "Balance in minutes"};
inline constexpr Message<> story_events{"Was geschah", "What happened"};

// ---------------------------------------------------------------- around an event

inline constexpr Message<std::uint32_t> story_version{"Version {}", "version {}"};
inline constexpr Message<Text> happened_on{"geschehen {}", "happened {}"};
inline constexpr Message<Text, Text> recorded_by{"erfasst am {} von {}", "recorded on {} by {}"};
inline constexpr Message<Text> recorded_by_service{"erfasst am {} vom Dienst selbst",
                                                   "recorded on {} by the service itself"};
inline constexpr Message<Text> judged_by{"Regelwerk {}", "rule set {}"};
inline constexpr Message<Text> judged_by_unread{"Regelwerk {} (steht nicht im Log)",
                                                "rule set {} (not in the log)"};
inline constexpr Message<Text, Text> reason_for_rule{"Begründung zu {}: {}", "Reason for {}: {}"};
inline constexpr Message<Text> flag_of_rule{"Hinweis: {}", "Flag: {}"};
inline constexpr Message<> stale_record{
    "Überholt: Ein anderer Eintrag war schneller. Dieser gilt nicht und hat nichts geändert.",
    "Stale: another record came first. This one does not count and has changed nothing."};
inline constexpr Message<Text> not_foldable{
    "Dieser Eintrag kann nicht verarbeitet werden, der Fall steht seitdem still: {}",
    "This record cannot be processed, the case stands still since: {}"};
inline constexpr Message<Text> not_derivable{"Was daraus folgt, kann nicht berechnet werden: {}",
                                             "What follows from it cannot be computed: {}"};
inline constexpr Message<Text> in_quotes{"„{}“", "“{}”"};
inline constexpr Message<Text, Text> rule_and_title{"{} ({})", "{} ({})"};
inline constexpr Message<Text, Text> date_and_time{"{}, {} Uhr", "{}, {}"};

// ---------------------------------------------------------------- sentences, an event each

inline constexpr Message<> one_unit{"1 Einheit", "1 unit"};
inline constexpr Message<std::int32_t> units_many{"{} Einheiten", "{} units"};
inline constexpr Message<> one_minute{"1 Minute", "1 minute"};
inline constexpr Message<std::int32_t> minutes_many{"{} Minuten", "{} minutes"};

inline constexpr Message<Text, Text, Text, Text> told_referral{
    "Verordnung über {0} ({1}) eingegangen am {2}, ausgestellt am {3}",
    "Referral for {0} ({1}) received on {2}, prescribed on {3}"};
inline constexpr Message<> told_amendment{"Angaben zur Verordnung geändert",
                                          "What the referral says was changed"};
inline constexpr Message<Text, Text> told_follow_up{"Folgeverordnung über {} vom {} eingegangen",
                                                    "Follow-up referral for {} of {} received"};
inline constexpr Message<> told_withdrawal{"Verordnung zurückgezogen", "Referral withdrawn"};
inline constexpr Message<Text> told_discharge{"Entlassung am {}", "Discharged on {}"};
inline constexpr Message<Text, Text> told_discharge_again{"Entlassung berichtigt: am {} statt am {}",
                                                          "Discharge corrected: on {} instead of {}"};
inline constexpr Message<Text> told_team{"Fallführung übernimmt {}", "{} takes the lead"};
inline constexpr Message<Text, Text> told_coverage{"Versicherungsschutz seit {}: {}",
                                                   "Coverage since {}: {}"};
inline constexpr Message<Text, Text> told_exemption{"Von der Zuzahlung befreit vom {} bis {}",
                                                    "Exempt from co-payment from {} until {}"};
inline constexpr Message<Text, Text> told_application{"Antrag über {} gestellt am {}",
                                                      "Application for {} submitted on {}"};
inline constexpr Message<Text> told_opinion{
    "Die Krankenkasse hat am {} mitgeteilt, dass sie ein Gutachten einholt",
    "On {} the insurer told that it takes an expert opinion"};
inline constexpr Message<Text, Text, Text, Text> told_approval{"Genehmigt am {}: {}, gültig vom {} bis {}",
                                                               "Approved on {}: {}, valid from {} until {}"};
inline constexpr Message<Text, Text, Text> told_approval_correction{
    "Genehmigung über {} (vom {} bis {}) berichtigt", "Approval of {} (from {} until {}) corrected"};
inline constexpr Message<Text, Text, Text> told_revocation{
    "Genehmigung über {} (vom {} bis {}) zurückgenommen", "Approval of {} (from {} until {}) revoked"};
inline constexpr Message<Text, Text> told_denial{"Antrag abgelehnt am {}, zur Post gegeben am {}",
                                                 "Application denied on {}, posted on {}"};
inline constexpr Message<Text> told_objection{"Widerspruch eingelegt am {}", "Objection filed on {}"};
inline constexpr Message<Text> told_objection_upheld{"Dem Widerspruch wurde am {} stattgegeben",
                                                     "The objection was upheld on {}"};
inline constexpr Message<Text> told_objection_failed{"Der Widerspruch wurde am {} zurückgewiesen",
                                                     "The objection was rejected on {}"};
inline constexpr Message<Text, Text> told_request{"Verlängerung um {} beantragt am {}",
                                                  "Extension by {} requested on {}"};
inline constexpr Message<Text, Text, Text, Text> told_extension{
    "Verlängerung genehmigt am {}: {}, gültig vom {} bis {}",
    "Extension granted on {}: {}, valid from {} until {}"};
inline constexpr Message<Text, Text> told_extension_denial{
    "Verlängerung abgelehnt am {}, zur Post gegeben am {}", "Extension denied on {}, posted on {}"};
inline constexpr Message<Text, Text, Text, Text> told_schedule{"Besuch am {} durch {} geplant, {} {}",
                                                               "Visit on {} by {} scheduled, {} {}"};
inline constexpr Message<Text, Text> told_reschedule{"Besuch vom {} auf den {} verlegt",
                                                     "Visit of {} moved to {}"};
inline constexpr Message<Text> told_cancellation{"Besuch am {} abgesagt", "Visit on {} cancelled"};
inline constexpr Message<Text> told_absence{"Besuch am {}: niemand angetroffen",
                                            "Visit on {}: nobody was there"};
inline constexpr Message<Text, Text, Text, Text> told_delivery{"Besuch am {} durch {} geleistet, {} {}",
                                                               "Visit on {} by {} delivered, {} {}"};
inline constexpr Message<Text> told_correction{"Besuch am {} berichtigt", "Visit on {} corrected"};
inline constexpr Message<Text, Text> told_void{"Besuch am {} storniert ({})", "Visit on {} voided ({})"};
inline constexpr Message<> told_unknown_visit{"(unbekannter Besuch)", "(unknown visit)"};
inline constexpr Message<Text> told_care_plan{"Hilfeplan vereinbart am {}", "Care plan agreed on {}"};
inline constexpr Message<Text> told_care_plan_st{"Betreuungsplan vereinbart am {}", "Care plan agreed on {}"};
inline constexpr Message<Text> told_completion{"Begleitung abgeschlossen am {}, Ziel erreicht",
                                               "Care completed on {}, goal reached"};
inline constexpr Message<Text> told_completion_short{"Begleitung abgeschlossen am {}, Ziel nicht erreicht",
                                                     "Care completed on {}, goal not reached"};
inline constexpr Message<Text, Text> told_discontinuation{"Begleitung abgebrochen am {}: {}",
                                                          "Care discontinued on {}: {}"};
inline constexpr Message<> told_reopening{"Fall wieder aufgenommen", "Case reopened"};
inline constexpr Message<Text> told_report{"Abschlussbericht versandt am {}", "Final report sent on {}"};
inline constexpr Message<Text> told_acknowledgement{"Alarm zu {} bestätigt", "Alert of {} acknowledged"};
inline constexpr Message<Text, Text> told_snooze{"Alarm zu {} ruht bis {}", "Alert of {} is silent until {}"};
inline constexpr Message<> told_without_effect{"ohne Wirkung: der Alarm war schon geschlossen",
                                               "without effect: the alert was closed already"};
inline constexpr Message<Text, Text> told_missed{"Frist {} versäumt: letzter Tag war {}. Alarm ausgelöst",
                                                 "Deadline {} missed: its last day was {}. Alert raised"};
inline constexpr Message<Text> told_lapse{"Zeitraum der Genehmigung abgelaufen am {}",
                                          "Period of the approval passed on {}"};
inline constexpr Message<Text, Text, std::int32_t, Text, Text> told_notice{
    "Alarm zu {} an {} gemeldet (Stufe {}) am {}: {}", "Alert of {} told to {} (level {}) on {}: {}"};
inline constexpr Message<Text, Text, std::int32_t, Text, Text> told_all_clear{
    "Dass der Alarm zu {} erledigt ist, an {} gemeldet (Stufe {}) am {}: {}",
    "That the alert of {} is closed was told to {} (level {}) on {}: {}"};
inline constexpr Message<Text, std::int32_t> told_escalation{
    "Alarm zu {} unbeantwortet: auf Stufe {} gehoben", "Alert of {} not answered: raised to level {}"};
inline constexpr Message<> told_settings{"Einstellungen angenommen", "Settings adopted"};
inline constexpr Message<Text, Text> told_tick{"Checkliste {}: {} abgehakt", "Checklist {}: {} ticked"};
inline constexpr Message<Text, Text> told_untick{"Checkliste {}: Haken bei {} entfernt",
                                                 "Checklist {}: {} no longer ticked"};
inline constexpr Message<> an_unknown_alert{"unbekannter Frist", "an unknown deadline"};

// ---------------------------------------------------------------- what changed

inline constexpr Message<Text, Text> labelled{"{}: {}", "{}: {}"};
inline constexpr Message<Text, Text, Text> field_from_to{"{} {} → {}", "{} {} → {}"};
inline constexpr Message<Text, Text> field_is{"{} {}", "{} {}"};
inline constexpr Message<> changes_case{"Fall", "Case"};
inline constexpr Message<Text> changes_deadline{"Frist {}", "Deadline {}"};
inline constexpr Message<> changes_balance{"Guthaben (Minuten)", "Balance (minutes)"};
inline constexpr Message<Text> changes_task{"Aufgabe „{}“", "Task “{}”"};
inline constexpr Message<Text> changes_alert{"Alarm {}", "Alert {}"};
inline constexpr Message<Text> changes_visit{"Besuch am {}", "Visit on {}"};
inline constexpr Message<Text> changes_approval{"Genehmigung vom {}", "Approval of {}"};
inline constexpr Message<Text> changes_overdue{"Überfälliger Beginn{}", "Overdue start{}"};
inline constexpr Message<> nothing_to_do{"Es bleibt nichts mehr zu tun", "Nothing is left to do"};
inline constexpr Message<> something_to_do{"Es ist wieder etwas zu tun", "There is something to do again"};
inline constexpr Message<Text> is_new{"neu; {}", "new; {}"};
inline constexpr Message<> is_new_plain{"neu", "new"};
inline constexpr Message<> is_gone{"entfällt", "no longer there"};
inline constexpr Message<> task_is_gone{"erledigt oder hinfällig", "done or moot"};
inline constexpr Message<> nothing{"–", "–"};
inline constexpr Message<> yes{"ja", "yes"};
inline constexpr Message<> no{"nein", "no"};

// ---------------------------------------------------------------- `geleit audit diff`

inline constexpr Message<Text, std::uint32_t, Text, std::uint32_t, Text> diff_of{
    "Fall {}: Version {} (erfasst am {}) und Version {} (erfasst am {})",
    "Case {}: version {} (recorded on {}) and version {} (recorded on {})"};
inline constexpr Message<Text> no_such_case{"erwartet einen Fall des Logs, aber {} steht nicht darin",
                                            "expected a case of the log, but {} is not in it"};
inline constexpr Message<Text, Text> no_such_case_yet{
    "erwartet einen Fall, der am {1} bekannt war, aber {0} war es nicht",
    "expected a case that was known at {1}, but {0} was not"};
inline constexpr Message<std::uint32_t, std::uint32_t> no_such_version{
    "erwartet eine Version von 1 bis {}, aber es kam {}", "expected a version from 1 to {}, but got {}"};
inline constexpr Message<Text> file_not_written{
    "erwartet, dass {} geschrieben werden kann, aber es gelang nicht", "expected to write {}, but it failed"};

// ---------------------------------------------------------------- `geleit audit replay`

inline constexpr Message<std::uint64_t, double, std::uint64_t> replayed{
    "{} Ereignisse in {:.1f} s ({}/s) noch einmal abgespielt.", "Replayed {} events in {:.1f} s ({}/s)."};
inline constexpr Message<Text, std::uint64_t, Text> replayed_table{"{}: {} Zeilen, SHA-256 {}",
                                                                   "{}: {} rows, SHA-256 {}"};
inline constexpr Message<Text> same_as_live{"Alles ist Byte für Byte wie in den Tabellen {}.",
                                            "All is octet by octet as in the tables {}."};
inline constexpr Message<Text> same_as_export{"Alles ist wie in {}.", "All is as in {}."};
inline constexpr Message<> same_under_rules{
    "Unter dem anderen Regelwerk wäre keine Frist, kein Guthaben und kein Alarm anders.",
    "Under the other rules no deadline, balance or alert would differ."};
inline constexpr Message<std::uint64_t, std::uint64_t> differences_found{"{} Unterschiede in {} Fällen.",
                                                                         "{} differences in {} cases."};
inline constexpr Message<std::uint64_t, std::uint64_t> replay_progress{"{} Ereignisse ({}/s)",
                                                                       "{} events ({}/s)"};
inline constexpr Message<Text, Text> replay_stands_still{"Fall {} steht still und ist ausgelassen: {}",
                                                         "Case {} stands still and is left out: {}"};
inline constexpr Message<Text> what_if_rules{"Was wäre, wenn {} gegolten hätte:", "Had {} been in force:"};

}  // namespace geleit::message
