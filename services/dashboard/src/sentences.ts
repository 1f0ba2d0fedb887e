// What happened in a case, as a person would tell it.
import type { HistoryRow } from "./api";
import { dayText, momentText } from "./time";
import { say, t, word } from "./words";

type Data = Record<string, unknown>;

/** One sentence without who and when; unknown events are named as they are. */
export function sentenceOf(row: Pick<HistoryRow, "event" | "data">): string {
  const d = row.data as Data;
  const s = (german: string, english: string) => say([german, english]);
  const text = (name: string) => (d[name] === undefined ? "" : String(d[name]));
  const day = (name: string) => dayText(d[name] as string | undefined);
  const moment = (name: string) => momentText(d[name] as string | undefined);
  const units = () =>
    Number(d.units) === 1
      ? s("1 Einheit", "1 unit")
      : s(`${text("units")} Einheiten`, `${text("units")} units`);
  const reason = () => (d.reason ? `: ${text("reason")}` : "");
  const place = () => (d.place ? `, ${word("place", text("place"))}` : "");
  const staff = () => (d.staff ? s(` durch ${text("staff")}`, ` by ${text("staff")}`) : "");
  const changed = () => {
    const names = Object.keys(d).filter((name) => !["visit", "approval", "reason"].includes(name));
    return names
      .map((name) => {
        const value = d[name];
        const said =
          typeof value === "object"
            ? ""
            : ` ${name.endsWith("_at") ? moment(name) : name.endsWith("_on") ? day(name) : word(name, String(value))}`;
        return `${word("member", name)}${said}`;
      })
      .join(", ");
  };
  switch (row.event) {
    case "ReferralReceived":
      return (
        s(
          `Verordnung über ${units()} ${word("benefit", text("benefit"))} eingegangen`,
          `Referral for ${units()} of ${word("benefit", text("benefit"))} received`,
        ) +
        (d.discharged_on
          ? s(`, Entlassung am ${day("discharged_on")}`, `, discharge on ${day("discharged_on")}`)
          : "")
      );
    case "ReferralAmended":
      return s(`Verordnung berichtigt: ${changed()}`, `Referral amended: ${changed()}`);
    case "FollowUpReferralReceived":
      return s(
        `Folgeverordnung über ${units()} vom ${day("prescribed_on")}`,
        `Follow-up referral for ${units()} of ${day("prescribed_on")}`,
      );
    case "ReferralWithdrawn":
      return s("Verordnung zurückgezogen", "Referral withdrawn") + reason();
    case "DischargeRecorded":
      return s(`Entlassung am ${day("discharged_on")}`, `Discharge on ${day("discharged_on")}`);
    case "CareTeamAssigned": {
      const members = (d.members as string[] | undefined) ?? [];
      return (
        s(`Leitung: ${text("lead")}`, `Lead: ${text("lead")}`) +
        (members.length ? s(`, im Team: ${members.join(", ")}`, `, team: ${members.join(", ")}`) : "")
      );
    }
    case "ApplicationSubmitted":
      return s(
        `Antrag über ${units()} am ${day("submitted_on")} gestellt`,
        `Application for ${units()} submitted on ${day("submitted_on")}`,
      );
    case "ExpertOpinionNoted":
      return s(`Gutachten am ${day("told_on")} angekündigt`, `Expert opinion announced on ${day("told_on")}`);
    case "ApprovalGranted":
    case "ExtensionGranted":
      return (
        (row.event === "ApprovalGranted"
          ? s("Genehmigt", "Approved")
          : s("Verlängerung genehmigt", "Extension granted")) +
        s(
          `: ${units()}, gültig ${day("from")} bis ${day("until")}`,
          `: ${units()}, valid ${day("from")} to ${day("until")}`,
        )
      );
    case "ApprovalCorrected":
      return s(`Genehmigung berichtigt: ${changed()}`, `Approval corrected: ${changed()}`) + reason();
    case "ApprovalRevoked":
      return s("Genehmigung widerrufen", "Approval revoked") + reason();
    case "ApprovalDenied":
      return s(`Abgelehnt am ${day("decided_on")}`, `Denied on ${day("decided_on")}`) + reason();
    case "ExtensionDenied":
      return (
        s(`Verlängerung abgelehnt am ${day("decided_on")}`, `Extension denied on ${day("decided_on")}`) +
        reason()
      );
    case "ObjectionFiled":
      return s(`Widerspruch eingelegt am ${day("filed_on")}`, `Objection filed on ${day("filed_on")}`);
    case "ObjectionDecided":
      return d.upheld
        ? s("Widerspruch hatte Erfolg", "Objection upheld")
        : s("Widerspruch ohne Erfolg", "Objection not upheld");
    case "CoverageRecorded":
      return s(
        `Versicherung: ${word("coverage", text("coverage"))} seit ${day("since")}`,
        `Coverage: ${word("coverage", text("coverage"))} since ${day("since")}`,
      );
    case "ExemptionRecorded":
      return s(
        `Von der Zuzahlung befreit, ${day("from")} bis ${day("until")}`,
        `Exempt from co-payment, ${day("from")} to ${day("until")}`,
      );
    case "CarePlanAgreed":
      return (
        s("Hilfeplan vereinbart", "Care plan agreed") +
        (Array.isArray(d.goals) ? `: ${(d.goals as string[]).join("; ")}` : "")
      );
    case "VisitScheduled":
      return s(
        `Besuch geplant für ${moment("starts_at")}${place()}${staff()}`,
        `Visit planned for ${moment("starts_at")}${place()}${staff()}`,
      );
    case "VisitRescheduled":
      return s(`Besuch verschoben auf ${moment("starts_at")}`, `Visit moved to ${moment("starts_at")}`);
    case "VisitCancelled":
      return s("Besuch abgesagt", "Visit cancelled") + reason();
    case "VisitMissed":
      return s("Niemand angetroffen", "Nobody was there") + reason();
    case "VisitDelivered":
      return (
        s(
          `Besuch durchgeführt, ${text("minutes")} Minuten${place()}${staff()}`,
          `Visit delivered, ${text("minutes")} minutes${place()}${staff()}`,
        ) + (d.note ? ` – ${text("note")}` : "")
      );
    case "VisitCorrected":
      return s(`Besuch berichtigt: ${changed()}`, `Visit corrected: ${changed()}`) + reason();
    case "VisitVoided":
      return s("Besuch storniert", "Visit voided") + reason();
    case "ExtensionRequested":
      return s(`Verlängerung um ${units()} beantragt`, `Extension by ${units()} requested`) + reason();
    case "CareCompleted":
      return s(
        `Abgeschlossen am ${day("completed_on")}, Ziel ${d.goal_reached ? "erreicht" : "nicht erreicht"}`,
        `Completed on ${day("completed_on")}, goal ${d.goal_reached ? "reached" : "not reached"}`,
      );
    case "CareDiscontinued":
      return s(
        `Abgebrochen am ${day("discontinued_on")}: ${word("cause", text("cause"))}`,
        `Discontinued on ${day("discontinued_on")}: ${word("cause", text("cause"))}`,
      );
    case "CaseReopened":
      return s("Fall wieder geöffnet", "Case reopened") + reason();
    case "FinalReportSent":
      return s(`Abschlussbericht gesendet an ${text("to")}`, `Final report sent to ${text("to")}`);
    case "ChecklistTicked":
      return s(
        `Punkt ${d.ticked === false ? "wieder offen" : "abgehakt"}: ${text("item")}`,
        `Item ${d.ticked === false ? "reopened" : "ticked"}: ${text("item")}`,
      );
    case "AlertAcknowledged":
      return s("Warnung angenommen", "Alert acknowledged") + (d.note ? `: ${text("note")}` : "");
    case "AlertSnoozed":
      return (
        s(`Warnung zurückgestellt bis ${day("until")}`, `Alert snoozed until ${day("until")}`) + reason()
      );
    case "StartDeadlineMissed":
      return s("Frist für den Beginn versäumt", "Start deadline missed");
    case "DeadlineMissed":
      return s(
        `Frist versäumt: ${word("rule", text("rule"))}`,
        `Deadline missed: ${word("rule", text("rule"))}`,
      );
    case "ApprovalPeriodLapsed":
      return s("Genehmigungszeitraum abgelaufen", "Approval period lapsed");
    case "AlertSent":
      return s(`Benachrichtigt über ${text("channel")}`, `Told through ${text("channel")}`);
    case "AlertEscalated":
      return s("Warnung eskaliert", "Alert escalated");
    default:
      return row.event;
  }
}

const ownEvents = [
  "StartDeadlineMissed",
  "DeadlineMissed",
  "ApprovalPeriodLapsed",
  "AlertSent",
  "AlertEscalated",
];
/** Who entered it; Geleit itself, or somebody who did not say. */
export function byOf(row: Pick<HistoryRow, "event" | "by">): string {
  if (row.by) return t("by", row.by);
  return t(ownEvents.includes(row.event) ? "byService" : "byNobody");
}
