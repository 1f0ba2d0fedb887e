// Every command of the surface as a form: one table. A new command is one entry here (services/dashboard/
// README.md says how); commands.test.ts holds the table against schema/openapi.json.
import type { Case, CommandName } from "./api";
import type { Said } from "./words";

export type Kind =
  | "date"
  | "moment"
  | "number"
  | "text"
  | "long"
  | "yes"
  | "choice"
  | "staff"
  | "staffs"
  | "lines"
  | "icds"
  | "visit"
  | "approval"
  | "alert"
  | "step"
  | "item"
  | "json"
  /** Made once with the form: the id of what the command brings into being. */
  | "newId";

export interface Field {
  /** Its place in `data`: "prescriber.kind". */
  name: string;
  kind: Kind;
  label: Said;
  required?: boolean;
  /** Of a choice: the vocabulary of words.ts. */
  words?: string;
  /** What it is to begin with. */
  start?: string | "today" | "now" | "me" | "lead";
  /** Only asked for this benefit. */
  benefit?: "SMN" | "ST";
  /** Of a visit: in which state. */
  state?: "scheduled" | "delivered";
  hint?: Said;
}
export interface Form {
  group: "care" | "visit" | "insurer" | "end" | "alert" | "other";
  label: Said;
  fields: Field[];
  /** Whether it makes sense now (API.md, What is allowed when); the service has the last word. */
  allowed?: (c: Case) => boolean;
  /** Its case is the one of an alert or there is none. */
  noCase?: boolean;
}

const ended = (c: Case) => ["completed", "discontinued", "withdrawn", "denied"].includes(c.state);
const going = (c: Case) => !ended(c);
const visits = (state: "scheduled" | "delivered") => (c: Case) => c.visits.some((v) => v.state === state);
const notWithdrawn = (c: Case) => c.state !== "withdrawn";
const appliedFor = (c: Case) => c.balance.applied > 0 && notWithdrawn(c);
const approved = (c: Case) => c.approvals.some((a) => !a.revoked);
const objectable = (c: Case) => c.deadlines.some((d) => d.rule === "GKV-OBJECTION");
const extensible = (c: Case) => c.benefit === "SMN" && going(c);
const alerted = (c: Case) => c.alerts.some((a) => a.state !== "closed");
const date = (name: string, label: Said, more: Partial<Field> = {}): Field => ({
  name,
  kind: "date",
  label,
  start: "today",
  required: true,
  ...more,
});
const reason = (required = true): Field => ({
  name: "reason",
  kind: "long",
  label: ["Grund", "Reason"],
  required,
});
const note: Field = { name: "note", kind: "long", label: ["Notiz", "Note"] };
const units = (more: Partial<Field> = {}): Field => ({
  name: "units",
  kind: "number",
  label: ["Einheiten", "Units"],
  required: true,
  hint: ["zu je 60 Minuten", "of 60 minutes each"],
  ...more,
});
const minutes = (more: Partial<Field> = {}): Field => ({
  name: "minutes",
  kind: "number",
  label: ["Dauer in Minuten", "Duration in minutes"],
  required: true,
  start: "60",
  ...more,
});
const place = (more: Partial<Field> = {}): Field => ({
  name: "place",
  kind: "choice",
  words: "place",
  label: ["Ort", "Place"],
  required: true,
  ...more,
});
const category = (more: Partial<Field> = {}): Field => ({
  name: "category",
  kind: "choice",
  words: "category",
  label: ["Art", "Kind"],
  benefit: "SMN",
  required: true,
  ...more,
});
const staff = (more: Partial<Field> = {}): Field => ({
  name: "staff",
  kind: "staff",
  label: ["Person", "Staff"],
  required: true,
  start: "me",
  ...more,
});
const group: Field = {
  name: "group_size",
  kind: "number",
  label: ["Gruppengröße", "Group size"],
  benefit: "ST",
};
const theVisit = (state: "scheduled" | "delivered"): Field => ({
  name: "visit",
  kind: "visit",
  state,
  label: ["Besuch", "Visit"],
  required: true,
});
const theApproval: Field = {
  name: "approval",
  kind: "approval",
  label: ["Genehmigung", "Approval"],
  required: true,
};
const prescriber: Field[] = [
  {
    name: "prescriber.kind",
    kind: "choice",
    words: "prescriber",
    label: ["Wer verordnet", "Prescriber"],
    required: true,
  },
  { name: "prescriber.name", kind: "text", label: ["Name der verordnenden Stelle", "Prescriber's name"] },
  { name: "prescriber.lanr", kind: "text", label: ["Arztnummer (LANR)", "Doctor's number (LANR)"] },
  { name: "prescriber.bsnr", kind: "text", label: ["Betriebsstätte (BSNR)", "Practice number (BSNR)"] },
];
const person = (required: boolean): Field[] => [
  { name: "person.given_name", kind: "text", label: ["Vorname", "Given name"], required },
  { name: "person.family_name", kind: "text", label: ["Nachname", "Family name"], required },
  { name: "person.born", kind: "date", label: ["Geburtsdatum", "Born"], required },
  { name: "person.insurance_number", kind: "text", label: ["Versichertennummer", "Insurance number"] },
  { name: "person.insurer_ik", kind: "text", label: ["IK der Krankenkasse", "Insurer's IK"] },
  { name: "person.guardian", kind: "text", label: ["Sorgeberechtigte", "Guardian"] },
  { name: "person.phone", kind: "text", label: ["Telefon", "Phone"] },
  { name: "person.email", kind: "text", label: ["E-Mail", "E-mail"] },
  { name: "person.postal_code", kind: "text", label: ["Postleitzahl", "Postal code"] },
];
const referral = (required: boolean): Field[] => [
  {
    name: "prescribed_on",
    kind: "date",
    label: ["Verordnet am", "Prescribed on"],
    required,
    start: required ? "today" : undefined,
  },
  { name: "received_on", kind: "date", label: ["Eingegangen am", "Received on"] },
  units({ required }),
  { name: "diagnoses", kind: "icds", label: ["Diagnosen (ICD-10)", "Diagnoses (ICD-10)"], required },
  {
    name: "setting",
    kind: "choice",
    words: "setting",
    label: ["Vorausgehende Behandlung", "Treatment before"],
    benefit: "SMN",
    required,
  },
  { name: "discharged_on", kind: "date", label: ["Entlassen am", "Discharged on"], benefit: "SMN" },
  {
    name: "expected_discharge_on",
    kind: "date",
    label: ["Entlassung erwartet am", "Discharge expected on"],
    benefit: "SMN",
  },
  {
    name: "impairment",
    kind: "yes",
    label: ["Beeinträchtigung, Überlastung der Familie droht", "Impairment, family threatened by overload"],
    benefit: "SMN",
  },
  {
    name: "final_stage",
    kind: "yes",
    label: ["Endstadium der Krankheit", "Final stage of illness"],
    benefit: "SMN",
  },
  {
    name: "severe.no_self_care",
    kind: "yes",
    label: ["Kann sich nicht altersgemäß selbst versorgen", "No age-appropriate self-care"],
    benefit: "SMN",
  },
  {
    name: "severe.inpatient_stays_12_months",
    kind: "number",
    label: ["Krankenhausaufenthalte in 12 Monaten", "Hospital stays in 12 months"],
    benefit: "SMN",
  },
  {
    name: "sapv",
    kind: "yes",
    label: ["Palliativversorgung (SAPV)", "Palliative care (SAPV)"],
    benefit: "SMN",
  },
  { name: "gaf", kind: "number", label: ["GAF-Wert", "GAF score"], benefit: "ST" },
  { name: "trial", kind: "yes", label: ["Probeeinheiten", "Trial units"], benefit: "ST" },
  { name: "coverage", kind: "choice", words: "coverage", label: ["Versicherung", "Coverage"] },
];
const decision: Field[] = [
  { name: "approval", kind: "newId", label: ["Genehmigung", "Approval"] },
  { name: "reference", kind: "text", label: ["Aktenzeichen", "Reference"], required: true },
  date("decided_on", ["Entschieden am", "Decided on"]),
  units(),
  { name: "from", kind: "date", label: ["Gilt von", "Valid from"], required: true },
  { name: "until", kind: "date", label: ["Gilt bis", "Valid until"], required: true },
];
const denial: Field[] = [
  { name: "reference", kind: "text", label: ["Aktenzeichen", "Reference"], required: true },
  date("decided_on", ["Entschieden am", "Decided on"]),
  date("posted_on", ["Zur Post gegeben am", "Posted on"]),
  {
    name: "instruction_given",
    kind: "yes",
    label: ["Mit Rechtsbehelfsbelehrung", "With instruction on remedies"],
    required: true,
    start: "true",
  },
  reason(false),
];

export const forms: Record<CommandName, Form> = {
  ReceiveReferral: {
    group: "care",
    label: ["Neue Verordnung", "New referral"],
    noCase: true,
    fields: [
      {
        name: "benefit",
        kind: "choice",
        words: "benefit",
        label: ["Leistung", "Benefit"],
        required: true,
        start: "SMN",
      },
      ...person(true),
      {
        name: "provider",
        kind: "text",
        label: ["Einrichtung", "Provider"],
        required: true,
        start: "provider",
      },
      {
        name: "land",
        kind: "choice",
        words: "land",
        label: ["Bundesland", "Land"],
        required: true,
        start: "land",
      },
      ...prescriber,
      ...referral(true),
    ],
  },
  AmendReferral: {
    group: "care",
    label: ["Verordnung berichtigen", "Amend the referral"],
    allowed: notWithdrawn,
    fields: [
      { name: "land", kind: "choice", words: "land", label: ["Bundesland", "Land"] },
      ...person(false).map(
        (f): Field => ({
          ...f,
          hint: [
            "Wer einen Namen ändert, gibt alle Angaben zur Person an.",
            "Whoever changes a name gives all of the person.",
          ],
        }),
      ),
      ...prescriber.map((f) => ({ ...f, required: false })),
      ...referral(false),
    ],
  },
  ReceiveFollowUpReferral: {
    group: "care",
    label: ["Folgeverordnung", "Follow-up referral"],
    allowed: going,
    fields: [
      date("prescribed_on", ["Verordnet am", "Prescribed on"]),
      units(),
      ...prescriber,
      { name: "trial", kind: "yes", label: ["Probeeinheiten", "Trial units"], benefit: "ST" },
      { name: "diagnoses", kind: "icds", label: ["Diagnosen (ICD-10)", "Diagnoses (ICD-10)"] },
    ],
  },
  WithdrawReferral: {
    group: "end",
    label: ["Verordnung zurückziehen", "Withdraw the referral"],
    allowed: (c) => going(c) && c.balance.delivered === 0,
    fields: [reason()],
  },
  RecordDischarge: {
    group: "care",
    label: ["Entlassung", "Discharge"],
    allowed: (c) => c.benefit === "SMN" && notWithdrawn(c),
    fields: [date("discharged_on", ["Entlassen am", "Discharged on"])],
  },
  AssignCareTeam: {
    group: "care",
    label: ["Team zuweisen", "Assign the team"],
    allowed: going,
    fields: [
      { name: "lead", kind: "staff", label: ["Leitung", "Lead"], required: true, start: "lead" },
      { name: "members", kind: "staffs", label: ["Weitere", "Members"] },
    ],
  },
  SubmitApplication: {
    group: "insurer",
    label: ["Antrag gestellt", "Application submitted"],
    allowed: (c) => going(c) || c.state === "denied",
    fields: [
      units(),
      date("submitted_on", ["Gestellt am", "Submitted on"]),
      {
        name: "received_on",
        kind: "date",
        label: ["Bei der Kasse eingegangen am", "Received by the insurer on"],
      },
      { name: "regime", kind: "choice", words: "regime", label: ["Verfahren", "Procedure"] },
      {
        name: "care_plan_attached",
        kind: "yes",
        label: ["Betreuungsplan liegt bei", "Care plan attached"],
        benefit: "ST",
        start: "true",
      },
    ],
  },
  NoteExpertOpinion: {
    group: "insurer",
    label: ["Gutachten angekündigt", "Expert opinion announced"],
    allowed: (c) => c.balance.applied > 0,
    fields: [
      date("told_on", ["Mitgeteilt am", "Told on"]),
      { name: "opinion_on", kind: "date", label: ["Gutachten vom", "Opinion of"] },
    ],
  },
  GrantApproval: {
    group: "insurer",
    label: ["Genehmigung", "Approval"],
    allowed: appliedFor,
    fields: decision,
  },
  CorrectApproval: {
    group: "insurer",
    label: ["Genehmigung berichtigen", "Correct an approval"],
    allowed: approved,
    fields: [
      theApproval,
      ...decision.filter((f) => f.kind !== "newId").map((f) => ({ ...f, required: false, start: undefined })),
      reason(),
    ],
  },
  RevokeApproval: {
    group: "insurer",
    label: ["Genehmigung widerrufen", "Revoke an approval"],
    allowed: approved,
    fields: [theApproval, reason()],
  },
  DenyApproval: {
    group: "insurer",
    label: ["Ablehnung", "Denial"],
    allowed: appliedFor,
    fields: denial,
  },
  FileObjection: {
    group: "insurer",
    label: ["Widerspruch eingelegt", "Objection filed"],
    allowed: objectable,
    fields: [date("filed_on", ["Eingelegt am", "Filed on"])],
  },
  DecideObjection: {
    group: "insurer",
    label: ["Widerspruch entschieden", "Objection decided"],
    allowed: objectable,
    fields: [
      date("decided_on", ["Entschieden am", "Decided on"]),
      {
        name: "upheld",
        kind: "yes",
        label: ["Widerspruch hatte Erfolg", "Objection upheld"],
        required: true,
      },
    ],
  },
  RecordCoverage: {
    group: "insurer",
    label: ["Versicherung", "Coverage"],
    allowed: notWithdrawn,
    fields: [
      {
        name: "coverage",
        kind: "choice",
        words: "coverage",
        label: ["Versicherung", "Coverage"],
        required: true,
      },
      date("since", ["Seit", "Since"]),
    ],
  },
  RecordExemption: {
    group: "insurer",
    label: ["Befreiung von der Zuzahlung", "Exemption from co-payment"],
    allowed: (c) => c.benefit === "ST" && notWithdrawn(c),
    fields: [
      date("from", ["Von", "From"]),
      { name: "until", kind: "date", label: ["Bis", "Until"], required: true },
    ],
  },
  AgreeCarePlan: {
    group: "care",
    label: ["Hilfeplan vereinbart", "Care plan agreed"],
    allowed: going,
    fields: [
      date("agreed_on", ["Vereinbart am", "Agreed on"]),
      { name: "goals", kind: "lines", label: ["Ziele", "Goals"], required: true },
    ],
  },
  ScheduleVisit: {
    group: "visit",
    label: ["Besuch planen", "Plan a visit"],
    allowed: going,
    fields: [
      { name: "visit", kind: "newId", label: ["Besuch", "Visit"] },
      { name: "starts_at", kind: "moment", label: ["Beginn", "Starts at"], required: true },
      minutes(),
      staff({ start: "lead" }),
      place({ start: "home" }),
      category({ start: "guidance" }),
      group,
    ],
  },
  RescheduleVisit: {
    group: "visit",
    label: ["Besuch verschieben", "Move a visit"],
    allowed: visits("scheduled"),
    fields: [
      theVisit("scheduled"),
      { name: "starts_at", kind: "moment", label: ["Neuer Beginn", "New start"], required: true },
      minutes({ required: false, start: undefined }),
      staff({ required: false, start: undefined }),
    ],
  },
  CancelVisit: {
    group: "visit",
    label: ["Besuch absagen", "Cancel a visit"],
    allowed: visits("scheduled"),
    fields: [theVisit("scheduled"), reason()],
  },
  MissVisit: {
    group: "visit",
    label: ["Nicht angetroffen", "Nobody there"],
    allowed: visits("scheduled"),
    fields: [theVisit("scheduled"), reason(false)],
  },
  DeliverVisit: {
    group: "visit",
    label: ["Besuch eintragen", "Record a visit"],
    fields: [
      theVisit("scheduled"),
      { name: "started_at", kind: "moment", label: ["Beginn", "Started at"], required: true, start: "now" },
      minutes(),
      staff({ start: "lead" }),
      place({ start: "home" }),
      category({ start: "guidance" }),
      group,
      note,
    ],
  },
  CorrectVisit: {
    group: "visit",
    label: ["Besuch berichtigen", "Correct a visit"],
    allowed: visits("delivered"),
    fields: [
      theVisit("delivered"),
      { name: "started_at", kind: "moment", label: ["Beginn", "Started at"] },
      minutes({ required: false, start: undefined }),
      staff({ required: false, start: undefined }),
      place({ required: false }),
      category({ required: false }),
      group,
      note,
      reason(),
    ],
  },
  VoidVisit: {
    group: "visit",
    label: ["Besuch stornieren", "Void a visit"],
    allowed: visits("delivered"),
    fields: [theVisit("delivered"), reason()],
  },
  RequestExtension: {
    group: "insurer",
    label: ["Verlängerung beantragt", "Extension requested"],
    allowed: (c) => c.state === "running" && c.benefit === "SMN",
    fields: [
      units(),
      date("requested_on", ["Beantragt am", "Requested on"]),
      date("documentation_form_on", ["Dokumentationsbogen vom", "Documentation form of"]),
      reason(),
    ],
  },
  GrantExtension: {
    group: "insurer",
    label: ["Verlängerung genehmigt", "Extension granted"],
    allowed: extensible,
    fields: decision,
  },
  DenyExtension: {
    group: "insurer",
    label: ["Verlängerung abgelehnt", "Extension denied"],
    allowed: extensible,
    fields: denial,
  },
  CompleteCare: {
    group: "end",
    label: ["Abschließen", "Complete care"],
    allowed: (c) => c.state === "running",
    fields: [
      date("completed_on", ["Abgeschlossen am", "Completed on"]),
      { name: "goal_reached", kind: "yes", label: ["Ziel erreicht", "Goal reached"], required: true },
    ],
  },
  DiscontinueCare: {
    group: "end",
    label: ["Abbrechen", "Discontinue care"],
    allowed: going,
    fields: [
      date("discontinued_on", ["Abgebrochen am", "Discontinued on"]),
      { name: "cause", kind: "choice", words: "cause", label: ["Grund", "Cause"], required: true },
    ],
  },
  ReopenCase: {
    group: "end",
    label: ["Fall wieder öffnen", "Reopen the case"],
    allowed: (c) => ["completed", "discontinued", "withdrawn"].includes(c.state),
    fields: [reason()],
  },
  SendFinalReport: {
    group: "end",
    label: ["Abschlussbericht gesendet", "Final report sent"],
    allowed: (c) => ["completed", "discontinued"].includes(c.state),
    fields: [
      date("sent_on", ["Gesendet am", "Sent on"]),
      { name: "to", kind: "text", label: ["An", "To"], required: true },
    ],
  },
  TickChecklist: {
    group: "care",
    label: ["Punkt abhaken", "Tick an item"],
    allowed: (c) => c.tasks.some((task) => task.checklist?.length),
    fields: [
      { name: "step", kind: "step", label: ["Schritt", "Step"], required: true },
      { name: "item", kind: "item", label: ["Punkt", "Item"], required: true },
      { name: "ticked", kind: "yes", label: ["Erledigt", "Done"], start: "true" },
    ],
  },
  AcknowledgeAlert: {
    group: "alert",
    label: ["Warnung annehmen", "Acknowledge the alert"],
    allowed: alerted,
    fields: [{ name: "alert", kind: "alert", label: ["Warnung", "Alert"], required: true }, note],
  },
  SnoozeAlert: {
    group: "alert",
    label: ["Warnung zurückstellen", "Snooze the alert"],
    allowed: alerted,
    fields: [
      { name: "alert", kind: "alert", label: ["Warnung", "Alert"], required: true },
      { name: "until", kind: "date", label: ["Bis", "Until"], required: true },
      reason(),
    ],
  },
  AdoptSettings: {
    group: "other",
    label: ["Einstellungen übernehmen", "Adopt settings"],
    noCase: true,
    fields: [
      {
        name: "provider",
        kind: "text",
        label: ["Einrichtung", "Provider"],
        hint: ["leer: für alle", "empty: for all"],
      },
      date("from", ["Gilt ab", "Valid from"]),
      {
        name: "settings",
        kind: "json",
        label: ["Einstellungen (JSON)", "Settings (JSON)"],
        required: true,
        start: "{}",
        hint: ["schema/README.md, Settings, zeigt alle", "schema/README.md, Settings, shows all"],
      },
    ],
  },
};

export const groups: { key: Form["group"]; label: Said }[] = [
  { key: "visit", label: ["Besuche", "Visits"] },
  { key: "insurer", label: ["Krankenkasse", "Insurer"] },
  { key: "care", label: ["Verordnung und Team", "Referral and team"] },
  { key: "alert", label: ["Warnungen", "Alerts"] },
  { key: "end", label: ["Ende", "End"] },
];
