// The pages that are lists: deadlines, cases, alerts.
import { useState } from "preact/hooks";
import { AlertForm } from "./alert_form";
import type { AlertRow, CaseRow, DeadlineRow, OverdueStartRow, TaskRow, UnitBalanceRow } from "./api";
import { type Column, type Filter, type ListOf, ListPage, ListPages } from "./lists";
import { AlertBadge, Badge, CaseLink, CaseState, DeadlineBadge, DueBadge, Icon, Lead } from "./parts";
import { href } from "./routes";
import { daysInWords, dayText, momentText, unitsOf } from "./time";
import { t, word, wordsOf } from "./words";

export const options =
  (kind: string, keys = wordsOf(kind)) =>
  () =>
    keys.map((key): [string, string] => [key, word(kind, key)]);
const benefit: Filter = { name: "benefit", word: "benefit", options: options("benefit") };
const deadlineRules = ["SMN-START", "SMN-COMPLETE", "GKV-DECISION", "GKV-OBJECTION", "ST-TOTAL"];
const ruleFilter: Filter = { name: "rule", word: "rule", options: options("rule", deadlineRules) };
type WithCase = { case: string; person?: CaseRow["person"]; lead?: string | null };
export const name: Column<WithCase> = {
  key: "case",
  word: "name",
  show: (row) => <CaseLink of={row.case} person={row.person} />,
};
const rule: Column<{ rule: string }> = {
  key: "rule",
  word: "rule",
  show: (row) => word("rule", row.rule),
};
const lead: Column<WithCase> = {
  key: "lead",
  word: "lead",
  show: (row) => <Lead slug={row.lead} />,
  wide: true,
};
const day = <Row,>(
  key: keyof Row & string,
  as: Column<Row>["word"],
  more: Partial<Column<Row>> = {},
): Column<Row> => ({
  key,
  word: as,
  show: (row) => dayText(row[key] as string | null),
  ...more,
});

const deadlines: ListOf<DeadlineRow> = {
  table: "deadlines",
  sort: "acts_on",
  key: (row) => `${row.case}${row.rule}${row.anchor.event}${row.anchor.date}`,
  empty: "emptyDeadlines",
  columns: [
    { key: "days_left", word: "timeLeft", show: (row) => <DeadlineBadge row={row} /> },
    name,
    rule,
    day("acts_on", "dueOn", { sorts: true }),
    lead,
  ],
  filters: [
    { name: "state", word: "state", standard: "open", options: options("deadlineState") },
    ruleFilter,
    { name: "acts_on", word: "dueOn" },
  ],
  explain: (row) => (
    <div class="explanation">
      <p>{row.explanation}</p>
      <p class="quiet">
        <span class="rule-id">{row.rule}</span> · {t("ruleSets")} {row.rule_set} · {row.calendar}
      </p>
    </div>
  ),
};

const overdue: ListOf<OverdueStartRow> = {
  table: "overdue-starts",
  sort: "due_on",
  key: (row) => row.case,
  empty: "overdueStartsNone",
  columns: [
    {
      key: "days_overdue",
      word: "timeLeft",
      show: (row) => <Badge tone="late">{daysInWords(-row.days_overdue)}</Badge>,
    },
    name,
    day("discharged_on", "dischargedOn"),
    day("due_on", "dueOn", { sorts: true }),
    lead,
    {
      key: "alert",
      word: "answer",
      show: (row) => (row.alert ? <AlertBadge state={row.alert.state} /> : "–"),
    },
    {
      key: "do",
      word: "record",
      show: (row) => (
        <a class="button" href={href(`fall/${row.case}`, { tun: "DeliverVisit" })}>
          <Icon name="plus" /> {t("deliverNew")}
        </a>
      ),
    },
  ],
  filters: [{ name: "discharged_on", word: "dischargedOn" }],
};

export const Fristen = () => (
  <ListPages
    page="fristen"
    of={[
      { key: "", word: "deadlines", list: deadlines },
      { key: "beginn", word: "overdueStarts", list: overdue },
    ]}
  />
);

const endedFilter = (standard?: string): Filter => ({
  name: "ended",
  word: "cases",
  standard,
  options: () => [
    ["false", t("open")],
    ["true", t("ended")],
  ],
});

const cases: ListOf<CaseRow> = {
  table: "cases",
  sort: "-referred_on",
  key: (row) => row.case,
  empty: "emptyCases",
  columns: [
    name,
    { key: "state", word: "state", show: (row) => <CaseState state={row.state} /> },
    { key: "benefit", word: "benefit", show: (row) => word("benefit", row.benefit), wide: true },
    day("referred_on", "referredOn", { sorts: true }),
    day("discharged_on", "dischargedOn", { sorts: true }),
    day("first_unit_on", "firstUnitOn", { wide: true }),
    day("closed_on", "closedOn", { sorts: true, wide: true }),
    lead,
  ],
  filters: [endedFilter("false"), { name: "state", word: "state", options: options("caseState") }, benefit],
};

const tasks: ListOf<TaskRow> = {
  table: "tasks",
  sort: "due_on",
  key: (row) => `${row.case}${row.task}${row.due_on}${row.since}`,
  empty: "emptyTasks",
  columns: [
    { key: "left", word: "timeLeft", show: (row) => <DueBadge day={row.due_on} /> },
    name,
    { key: "title", word: "task", show: (row) => row.title ?? t("noStep") },
    day("due_on", "dueOn", { sorts: true }),
    { key: "role", word: "role", show: (row) => word("role", row.role), wide: true },
    lead,
  ],
  filters: [
    endedFilter(),
    { name: "task", word: "task", options: options("task") },
    { name: "role", word: "role", options: options("role") },
    { name: "due_on", word: "dueOn" },
  ],
};

const minutes = (
  key: keyof UnitBalanceRow & string,
  as: Column<UnitBalanceRow>["word"],
  more: Partial<Column<UnitBalanceRow>> = {},
): Column<UnitBalanceRow> => ({
  key,
  word: as,
  number: true,
  show: (row) => unitsOf(row[key] as number),
  ...more,
});
const balances: ListOf<UnitBalanceRow> = {
  table: "unit-balances",
  sort: "remaining",
  key: (row) => row.case,
  empty: "emptyBalances",
  columns: [
    name,
    minutes("prescribed", "prescribed", { wide: true }),
    minutes("approved", "approved"),
    minutes("delivered", "delivered"),
    minutes("at_home", "atHome", { wide: true }),
    minutes("billable", "billable", { wide: true }),
    {
      ...minutes("at_risk", "atRisk"),
      show: (row) => (row.at_risk ? <Badge tone="urgent">{unitsOf(row.at_risk)}</Badge> : "0"),
    },
    minutes("remaining", "remaining", { sorts: true }),
    lead,
  ],
  filters: [endedFilter("false"), benefit],
};

export const Faelle = () => (
  <ListPages
    page="faelle"
    of={[
      { key: "", word: "cases", list: cases },
      { key: "schritte", word: "tasks", list: tasks },
      { key: "einheiten", word: "balances", list: balances },
    ]}
  />
);

const alerts: ListOf<AlertRow> = {
  table: "alerts",
  sort: "-raised",
  key: (row) => row.alert,
  empty: "emptyAlerts",
  columns: [
    { key: "state", word: "answer", show: (row) => <AlertBadge state={row.state} /> },
    name,
    rule,
    day("acts_on", "dueOn"),
    {
      key: "raised",
      word: "raised",
      show: (row) => dayText(row.raised.slice(0, 10)),
      sorts: true,
      wide: true,
    },
    lead,
    { key: "do", word: "record", show: (row) => <Answer row={row} /> },
  ],
  filters: [{ name: "state", word: "answer", options: options("alertState") }, ruleFilter, benefit],
  explain: (row) => <AlertStory row={row} />,
};

/** Who was told when, and what was answered. */
export function AlertStory({ row }: { row: AlertRow }) {
  return (
    <div class="explanation">
      <p>
        {t("missedOn", dayText(row.acts_on))} · {t("level", row.level)}
        {row.closed_by && ` · ${word("alertState", "closed")} ${word("closedBy", row.closed_by)}`}
      </p>
      {row.sent.length === 0 ? (
        <p class="quiet">{t("nobodyTold")}</p>
      ) : (
        <ul>
          {row.sent.map((notice) => (
            <li key={`${notice.channel}${notice.at}${notice.number}`}>
              {t("told")}: {notice.channel}, {momentText(notice.at)} ({notice.outcome})
            </li>
          ))}
        </ul>
      )}
      {row.acknowledged && (
        <p>
          {word("alertState", "acknowledged")} {t("by", row.acknowledged.by ?? "–")},{" "}
          {momentText(row.acknowledged.at)}
          {row.acknowledged.note && <q>{row.acknowledged.note}</q>}
        </p>
      )}
      {row.snoozed && (
        <p>
          {word("alertState", "snoozed")} {t("by", row.snoozed.by ?? "–")} {t("to")}{" "}
          {dayText(row.snoozed_until)}
          {row.snoozed.reason && <q>{row.snoozed.reason}</q>}
        </p>
      )}
    </div>
  );
}

export function Answer({ row }: { row: AlertRow }) {
  const [open, setOpen] = useState<"AcknowledgeAlert" | "SnoozeAlert">();
  if (row.state === "closed") return null;
  return (
    <div class="answers">
      {row.state !== "acknowledged" && (
        <button type="button" onClick={() => setOpen("AcknowledgeAlert")}>
          {t("acknowledge")}
        </button>
      )}
      <button type="button" class="plain" onClick={() => setOpen("SnoozeAlert")}>
        {t("snooze")}
      </button>
      {open && <AlertForm command={open} alert={row} onClose={() => setOpen(undefined)} />}
    </div>
  );
}

export function Warnungen() {
  return (
    <>
      <h1>{t("alerts")}</h1>
      <ListPage list={alerts} />
    </>
  );
}
