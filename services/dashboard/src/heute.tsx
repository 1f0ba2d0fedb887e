// What needs somebody now. Each heap counts exactly the list that it leads to: both ask the same question.
import type { ComponentChildren } from "preact";
import type { AlertRow, DeadlineRow, OverdueStartRow, Query, TaskRow, UnitBalanceRow, VisitRow } from "./api";
import { standing } from "./api";
import { useCell } from "./cell";
import { useLeads, useList } from "./data";
import {
  AlertBadge,
  Badge,
  CaseLink,
  DeadlineBadge,
  Icon,
  Lead,
  Loading,
  ScopeChoice,
  type Tone,
  Trouble,
  toneOfDays,
} from "./parts";
import { href, useAddress } from "./routes";
import { clockText, daysBetween, daysInWords, dayText, longDay, numberText, unitsOf } from "./time";
import { t, type Word, word } from "./words";

interface Heap<Row> {
  key: string;
  word: Word;
  why: Word;
  none: Word;
  icon: string;
  tone: Tone;
  table: string;
  /** As the service is asked, and as the list's address says it. */
  filters: Query;
  page: string;
  /** Where the list's own address differs from the filters. */
  address?: Query;
  sort?: string;
  row: (row: Row) => ComponentChildren;
  big?: boolean;
}

const shown_rows = 5;

const HeapBox = <Row,>({ heap, scope }: { heap: Heap<Row>; scope?: string }) => {
  const { data, problem, waiting, reload } = useList<Row>(heap.table, {
    ...heap.filters,
    sort: heap.sort,
    leads: useLeads(scope),
    with: "person",
    count: "true",
    limit: heap.big ? 12 : shown_rows,
  });
  const count = data?.count ?? 0;
  const to = href(heap.page, { ...(heap.address ?? heap.filters), sort: heap.sort, wer: scope });
  return (
    <section
      class={`heap ${count ? heap.tone : "nothing"} ${heap.big ? "big" : ""}`}
      aria-labelledby={`heap-${heap.key}`}
      data-heap={heap.key}
    >
      <header>
        <h2 id={`heap-${heap.key}`}>
          <Icon name={count ? heap.icon : "check"} />
          <a href={to}>{t(heap.word)}</a>
        </h2>
        <strong class="number" data-count>
          {data && !waiting ? numberText(count) : "…"}
        </strong>
      </header>
      {problem && <Trouble problem={problem} retry={reload} />}
      {!data && !problem && <Loading />}
      {data && count === 0 && <p class="quiet">{t(heap.none)}</p>}
      {data && count > 0 && (
        <>
          <p class="quiet">{t(heap.why)}</p>
          <ul>
            {data.items.map((row, i) => (
              <li key={i} data-row tabIndex={-1}>
                {heap.row(row)}
              </li>
            ))}
          </ul>
          {count > data.items.length && (
            <a class="more" href={to}>
              {t("more")} <Icon name="right" />
            </a>
          )}
        </>
      )}
    </section>
  );
};

const deadlineRow = (row: DeadlineRow) => (
  <>
    <CaseLink of={row.case} person={row.person} />
    <span class="what">{word("rule", row.rule)}</span>
    <DeadlineBadge row={row} />
  </>
);

export function Heute() {
  const { query } = useAddress();
  const scope = query.wer;
  const { today } = useCell(standing);
  if (!today) {
    // Nothing is asked before the service has told its day, but for that day.
    return <FirstAsk />;
  }
  const task = (row: TaskRow) => (
    <>
      <CaseLink of={row.case} person={row.person} />
      <span class="what">{row.title}</span>
      {row.due_on && (
        <Badge tone={toneOfDays(daysBetween(today, row.due_on))}>
          {daysInWords(daysBetween(today, row.due_on))}
        </Badge>
      )}
    </>
  );
  const warned = (key: string, name: Word, low: number, high: number, tone: Tone): Heap<DeadlineRow> => ({
    key,
    word: name,
    why: "dueWhy",
    none: "dueNone",
    icon: tone === "urgent" ? "late" : "soon",
    tone,
    table: "deadlines",
    filters: { state: "open", "warning.from": low, "warning.to": high },
    page: "fristen",
    row: deadlineRow,
  });
  const tasks = (
    key: string,
    name: Word,
    why: Word,
    none: Word,
    icon: string,
    tone: Tone,
    which: string,
  ): Heap<TaskRow> => ({
    key,
    word: name,
    why,
    none,
    icon,
    tone,
    table: "tasks",
    filters: { task: which, ...(which === "none" ? { ended: "false" } : {}) },
    page: "faelle",
    address: { liste: "schritte", task: which, ...(which === "none" ? { ended: "false" } : {}) },
    row: task,
  });
  const overdue: Heap<OverdueStartRow> = {
    key: "overdue",
    word: "overdueStarts",
    why: "overdueStartsWhy",
    none: "overdueStartsNone",
    icon: "alert",
    tone: "late",
    table: "overdue-starts",
    filters: {},
    page: "fristen",
    address: { liste: "beginn" },
    big: true,
    row: (row) => (
      <>
        <CaseLink of={row.case} person={row.person} />
        <Badge tone="late">{daysInWords(-row.days_overdue)}</Badge>
        <span class="what">
          {t("dischargedOn")} {dayText(row.discharged_on)} · {t("dueOn")} {dayText(row.due_on)}
        </span>
        <Lead slug={row.lead} />
        {row.alert && row.alert.state !== "open" && <AlertBadge state={row.alert.state} />}
        <a class="button main" href={href(`fall/${row.case}`, { tun: "DeliverVisit" })}>
          <Icon name="plus" /> {t("firstVisit")}
        </a>
      </>
    ),
  };
  const alerts = (state: "open" | "escalated"): Heap<AlertRow> => ({
    key: `alerts-${state}`,
    word: state === "open" ? "alertsOpen" : "alertsEscalated",
    why: "alertsOpenWhy",
    none: "alertsOpenNone",
    icon: "bell",
    tone: "late",
    table: "alerts",
    filters: { state },
    page: "warnungen",
    sort: "-raised",
    row: (row) => (
      <>
        <CaseLink of={row.case} person={row.person} />
        <span class="what">{word("rule", row.rule)}</span>
        <Badge tone="late">{t("missedOn", dayText(row.acts_on))}</Badge>
      </>
    ),
  });
  const low: Heap<UnitBalanceRow> = {
    key: "units",
    word: "unitsLow",
    why: "unitsLowWhy",
    none: "unitsLowNone",
    icon: "soon",
    tone: "soon",
    table: "unit-balances",
    filters: { "remaining.to": 120, "approved.from": 1, ended: "false" },
    page: "faelle",
    address: { liste: "einheiten", "remaining.to": 120, "approved.from": 1, ended: "false" },
    sort: "remaining",
    row: (row) => (
      <>
        <CaseLink of={row.case} person={row.person} />
        <Badge tone={row.remaining === 0 ? "urgent" : "soon"}>
          {unitsOf(row.remaining)} {t("remaining")}
        </Badge>
      </>
    ),
  };
  const visits: Heap<VisitRow> = {
    key: "visits",
    word: "todaysVisits",
    why: "todaysVisitsWhy",
    none: "todaysVisitsNone",
    icon: "calendar",
    tone: "calm",
    table: "visits",
    filters: { "starts_at.from": today, "starts_at.to": today, state: "scheduled" },
    page: "termine",
    address: { liste: "liste", "starts_at.from": today, "starts_at.to": today, state: "scheduled" },
    row: (row) => (
      <>
        <span class="time">{clockText(row.starts_at)}</span>
        <CaseLink of={row.case} person={row.person} />
        <span class="what">
          {word("place", row.place)}, {t("minutes", row.minutes)}
        </span>
        <span class="slug">{row.staff}</span>
      </>
    ),
  };
  return (
    <>
      <header class="page-head">
        <div>
          <h1>{t("goodMorning")}</h1>
          <p>{longDay(today)}</p>
        </div>
        <ScopeChoice />
      </header>
      <HeapBox heap={overdue} scope={scope} />
      <div class="heaps">
        <HeapBox heap={warned("due2", "due2", 0, 2, "urgent")} scope={scope} />
        <HeapBox heap={warned("due7", "due7", 3, 7, "soon")} scope={scope} />
        <HeapBox heap={warned("due14", "due14", 8, 14, "soon")} scope={scope} />
        <HeapBox heap={alerts("escalated")} scope={scope} />
        <HeapBox heap={alerts("open")} scope={scope} />
        <HeapBox
          heap={tasks(
            "insurer",
            "answersOverdue",
            "answersOverdueWhy",
            "answersOverdueNone",
            "phone",
            "late",
            "call_insurer",
          )}
          scope={scope}
        />
        <HeapBox heap={low} scope={scope} />
        <HeapBox
          heap={tasks(
            "undocumented",
            "undocumented",
            "undocumentedWhy",
            "undocumentedNone",
            "paper",
            "soon",
            "document_visit",
          )}
          scope={scope}
        />
        <HeapBox
          heap={tasks("home", "homeOpen", "homeOpenWhy", "homeOpenNone", "home", "calm", "visit_at_home")}
          scope={scope}
        />
        <HeapBox
          heap={tasks(
            "reports",
            "reportsDue",
            "reportsDueWhy",
            "reportsDueNone",
            "paper",
            "soon",
            "send_final_report",
          )}
          scope={scope}
        />
        <HeapBox
          heap={tasks("nostep", "noStep", "noStepWhy", "noStepNone", "question", "late", "none")}
          scope={scope}
        />
        <HeapBox heap={visits} scope={scope} />
      </div>
    </>
  );
}

function FirstAsk() {
  const { problem, reload } = useList("cases", { limit: 1 });
  return problem ? <Trouble problem={problem} retry={reload} /> : <Loading />;
}
