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
  DueBadge,
  Icon,
  Lead,
  Loading,
  ScopeChoice,
  type Tone,
  Trouble,
} from "./parts";
import { href, useAddress } from "./routes";
import { clockText, daysInWords, dayText, longDay, numberText, unitsOf } from "./time";
import { t, type Word, word } from "./words";

interface Heap<Row> {
  word: Word;
  why: Word;
  none: Word;
  icon: string;
  tone: Tone;
  table: string;
  /** As the service is asked, and as the list's address says it. */
  filters: Query;
  page: string;
  /** Which of the page's lists, where it is not the first. */
  liste?: string;
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
  const to = href(heap.page, { liste: heap.liste, ...heap.filters, sort: heap.sort, wer: scope });
  return (
    <section
      class={`heap ${count ? heap.tone : "nothing"} ${heap.big ? "big" : ""}`}
      aria-labelledby={`heap-${heap.word}`}
      data-heap={heap.word}
    >
      <header>
        <h2 id={`heap-${heap.word}`}>
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

const taskRow = (row: TaskRow) => (
  <>
    <CaseLink of={row.case} person={row.person} />
    <span class="what">{row.title}</span>
    {row.due_on && <DueBadge day={row.due_on} />}
  </>
);

export function Heute() {
  const { query } = useAddress();
  const scope = query.wer;
  const { today } = useCell(standing);
  // Nothing is asked before the service has told its day, but for that day.
  if (!today) return <FirstAsk />;
  const warned = (name: Word, low: number, high: number, tone: Tone): Heap<DeadlineRow> => ({
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
    name: "answersOverdue" | "homeOpen" | "noStep" | "reportsDue" | "undocumented",
    task: string,
    icon: string,
    tone: Tone,
  ): Heap<TaskRow> => ({
    word: name,
    why: `${name}Why`,
    none: `${name}None`,
    icon,
    tone,
    table: "tasks",
    filters: { task, ended: task === "none" ? "false" : undefined },
    page: "faelle",
    liste: "schritte",
    row: taskRow,
  });
  const overdue: Heap<OverdueStartRow> = {
    word: "overdueStarts",
    why: "overdueStartsWhy",
    none: "overdueStartsNone",
    icon: "alert",
    tone: "late",
    table: "overdue-starts",
    filters: {},
    page: "fristen",
    liste: "beginn",
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
    word: "unitsLow",
    why: "unitsLowWhy",
    none: "unitsLowNone",
    icon: "soon",
    tone: "soon",
    table: "unit-balances",
    filters: { "remaining.to": 120, "approved.from": 1, ended: "false" },
    page: "faelle",
    liste: "einheiten",
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
    word: "todaysVisits",
    why: "todaysVisitsWhy",
    none: "todaysVisitsNone",
    icon: "calendar",
    tone: "calm",
    table: "visits",
    filters: { "starts_at.from": today, "starts_at.to": today, state: "scheduled" },
    page: "termine",
    liste: "liste",
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
        <HeapBox heap={warned("due2", 0, 2, "urgent")} scope={scope} />
        <HeapBox heap={warned("due7", 3, 7, "soon")} scope={scope} />
        <HeapBox heap={warned("due14", 8, 14, "soon")} scope={scope} />
        <HeapBox heap={alerts("escalated")} scope={scope} />
        <HeapBox heap={alerts("open")} scope={scope} />
        <HeapBox heap={tasks("answersOverdue", "call_insurer", "phone", "late")} scope={scope} />
        <HeapBox heap={low} scope={scope} />
        <HeapBox heap={tasks("undocumented", "document_visit", "paper", "soon")} scope={scope} />
        <HeapBox heap={tasks("homeOpen", "visit_at_home", "home", "calm")} scope={scope} />
        <HeapBox heap={tasks("reportsDue", "send_final_report", "paper", "soon")} scope={scope} />
        <HeapBox heap={tasks("noStep", "none", "question", "late")} scope={scope} />
        <HeapBox heap={visits} scope={scope} />
      </div>
    </>
  );
}

function FirstAsk() {
  const { problem, reload } = useList("cases", { limit: 1 });
  return problem ? <Trouble problem={problem} retry={reload} /> : <Loading />;
}
