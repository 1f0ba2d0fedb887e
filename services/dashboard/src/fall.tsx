// One case on one screen, now or as it was.
import { useState } from "preact/hooks";
import {
  type Case,
  type CommandName,
  type HistoryRow,
  type List,
  newId,
  Problem,
  send,
  serviceNow,
  type TaskRow,
  type VisitRow,
} from "./api";
import { forms, groups } from "./commands";
import { me, useRead } from "./data";
import { CommandForm } from "./form";
import { AlertStory, Answer } from "./listings";
import { tables, tellChanged } from "./live";
import {
  AlertBadge,
  Badge,
  CaseState,
  DeadlineBadge,
  Dialog,
  DueBadge,
  deadlineWords,
  Empty,
  ExplainButton,
  Fact,
  Icon,
  Lead,
  ListTools,
  Loading,
  nameOf,
  type Tone,
  Trouble,
  useAction,
  useFirst,
} from "./parts";
import { address, useAddress, withQuery } from "./routes";
import { byOf, sentenceOf } from "./sentences";
import {
  addDays,
  daysBetween,
  dayText,
  momentText,
  moneyText,
  monthText,
  numberText,
  unitsOf,
  unitsText,
  whenText,
} from "./time";
import { TimeTravel, travelOf } from "./time_travel";
import { toast } from "./toast";
import { say, t, word } from "./words";

export function Fall({ id }: { id: string }) {
  const { query } = useAddress();
  const travel = travelOf(query);
  const now = useRead<Case>(`cases/${id}`, {}, tables);
  const then = useRead<Case>(travel ? `cases/${id}` : null, travel ?? {}, []);
  const history = useRead<List<HistoryRow>>(`cases/${id}/history`, { limit: 500, ...(travel ?? {}) }, tables);
  if (now.problem instanceof Problem && now.problem.status === 404) {
    return (
      <Empty icon="question" why={now.problem.detail}>
        {t("noCase")}
      </Empty>
    );
  }
  if (!now.data) return now.problem ? <Trouble problem={now.problem} retry={now.reload} /> : <Loading />;
  const c = travel ? then.data : now.data;
  return (
    <article class="case">
      <TimeTravel of={now.data} travel={travel} problem={travel ? then.problem : undefined} />
      {c ? (
        <CaseBody
          c={c}
          now={travel ? now.data : undefined}
          history={history.data?.items ?? []}
          more={!!history.data?.next}
        />
      ) : (
        !then.problem && <Loading />
      )}
      {!travel && query.tun && query.tun in forms && (
        <Doing command={query.tun as CommandName} of={now.data} query={query} />
      )}
    </article>
  );
}

/** What the form's command is about, where the address says so. */
const about = ["visit", "alert", "approval", "starts_at"];
/** The form that the address names, over the case. */
function Doing({ command, of, query }: { command: CommandName; of: Case; query: Record<string, string> }) {
  const given: Record<string, string> = {};
  for (const name of about) if (query[name]) given[name] = query[name];
  const close = () =>
    withQuery({ tun: undefined, ...Object.fromEntries(about.map((name) => [name, undefined])) });
  return (
    <Dialog title={`${say(forms[command].label)} · ${nameOf(of.person)}`} onClose={close} wide>
      <CommandForm command={command} of={of} given={given} onDone={close} onClose={close} />
    </Dialog>
  );
}

const doing = (command: CommandName, given: Record<string, string> = {}) =>
  withQuery({ tun: command, ...given });

function CaseBody({ c, now, history, more }: { c: Case; now?: Case; history: HistoryRow[]; more: boolean }) {
  const changed = <T,>(of: (c: Case) => T, show: (value: T) => string): string | undefined =>
    now && JSON.stringify(of(now)) !== JSON.stringify(of(c)) ? show(of(now)) : undefined;
  const openAlerts = c.alerts.filter((alert) => alert.state !== "closed");
  const alerts = [...openAlerts, ...c.alerts.filter((alert) => alert.state === "closed")];
  return (
    <>
      <header class="case-head">
        <div>
          <p class="quiet">
            {word("benefit", c.benefit)} · {c.provider} · {word("land", c.land)}
          </p>
          <h1>{nameOf(c.person)}</h1>
        </div>
        <CaseState state={c.state} />
      </header>
      <dl class="facts">
        {c.person && <Fact label={t("born", "")}>{dayText(c.person.born)}</Fact>}
        <Fact
          label={t("state")}
          changed={changed(
            (x) => x.state,
            (v) => word("caseState", v),
          )}
        >
          {word("caseState", c.state)}
        </Fact>
        <Fact
          label={t("lead")}
          changed={changed(
            (x) => x.lead,
            (v) => v ?? t("noLead"),
          )}
        >
          <Lead slug={c.lead} />
        </Fact>
        <Fact label={t("referredOn")}>{dayText(c.referred_on)}</Fact>
        {c.benefit === "SMN" && (
          <Fact label={t("dischargedOn")} changed={changed((x) => x.discharged_on, dayText)}>
            {c.discharged_on ? dayText(c.discharged_on) : t("notYet")}
          </Fact>
        )}
        <Fact label={t("firstUnitOn")} changed={changed((x) => x.first_unit_on, dayText)}>
          {c.first_unit_on ? dayText(c.first_unit_on) : t("notYet")}
        </Fact>
        {c.closed_on && <Fact label={t("closedOn")}>{dayText(c.closed_on)}</Fact>}
        {c.person?.guardian && (
          <Fact label={t("contact")}>{[c.person.guardian, c.person.phone].filter(Boolean).join(", ")}</Fact>
        )}
        {c.person?.insurance_number && <Fact label={t("insuranceNumber")}>{c.person.insurance_number}</Fact>}
      </dl>
      {!now && <Actions c={c} />}
      <div class="case-grid">
        <section aria-labelledby="steps">
          <h2 id="steps">{t("nextSteps")}</h2>
          <Steps c={c} fixed={!!now} />
        </section>
        <section aria-labelledby="balance">
          <h2 id="balance">{t("balance")}</h2>
          <Balance c={c} now={now} />
        </section>
        <section class="span" aria-labelledby="axis">
          <h2 id="axis">{t("timeAxis")}</h2>
          {c.deadlines.length ? (
            <Axis c={c} now={now} />
          ) : (
            <Empty icon="clock">{t("emptyCaseDeadlines")}</Empty>
          )}
        </section>
        <div class="span thirds">
          {(alerts.length > 0 || !now) && (
            <section aria-labelledby="alerts">
              <h2 id="alerts">{t("alerts")}</h2>
              {alerts.length === 0 && <Empty>{t("emptyCaseAlerts")}</Empty>}
              <ul class="plain-list">
                {alerts.map((alert) => (
                  <li key={alert.alert} data-row tabIndex={-1}>
                    <div class="line">
                      <AlertBadge state={alert.state} /> <strong>{word("rule", alert.rule)}</strong>
                      {!now && <Answer row={alert} />}
                    </div>
                    <AlertStory row={alert} />
                  </li>
                ))}
              </ul>
            </section>
          )}
          <section aria-labelledby="approvals">
            <h2 id="approvals">{t("approvals")}</h2>
            {c.approvals.length === 0 && <Empty icon="paper">{t("emptyApprovals")}</Empty>}
            <ul class="plain-list">
              {c.approvals.map((approval) => (
                <li key={approval.approval} class={approval.revoked ? "struck" : undefined}>
                  <div class="line">
                    <strong>{t("units", approval.units)}</strong>
                    <span>{t("until", dayText(approval.from), dayText(approval.until))}</span>
                    {approval.extension && <Badge tone="calm">{t("extension")}</Badge>}
                    {approval.revoked && <Badge tone="quiet">{t("revoked")}</Badge>}
                  </div>
                  <p class="quiet">
                    {approval.reference}, {dayText(approval.decided_on)}
                  </p>
                </li>
              ))}
            </ul>
          </section>
          <section aria-labelledby="findings">
            <h2 id="findings">{t("findings")}</h2>
            {c.findings.length === 0 && <p class="quiet">{t("emptyFindings")}</p>}
            <ul class="plain-list">
              {c.findings.map((finding, i) => (
                <li key={i} class="line">
                  <Badge tone={finding.version === null ? "soon" : "quiet"} icon="info">
                    {finding.text}
                  </Badge>
                  <span class="rule-id">{finding.rule}</span>
                  {finding.deviation && <span class="quiet">{t("deviation")}</span>}
                </li>
              ))}
            </ul>
            {c.copay_days?.some((day) => day.copay) && (
              <p>
                {t("copay")}: {moneyText(c.copay_days.reduce((sum, day) => sum + (day.copay ?? 0), 0))}
              </p>
            )}
            {c.copay_note && <p class="quiet">{c.copay_note}</p>}
          </section>
        </div>
        <section class="span" aria-labelledby="visits">
          <h2 id="visits">{t("visits")}</h2>
          <Visits c={c} now={now} />
        </section>
        <section class="span" aria-labelledby="history">
          <div class="line">
            <h2 id="history">{t("history")}</h2>
            <span class="no-print">
              <ListTools path={`cases/${c.case}/history`} query={travelOf(address.get().query) ?? {}} />
            </span>
          </div>
          <History rows={history} more={more} />
        </section>
      </div>
    </>
  );
}

function Actions({ c }: { c: Case }) {
  const possible = (name: CommandName) => !forms[name].noCase && (forms[name].allowed?.(c) ?? true);
  const first: CommandName[] = (["DeliverVisit", "ScheduleVisit"] as const).filter(possible);
  return (
    <div class="actions no-print">
      {first.map((name, i) => (
        <button key={name} type="button" class={i === 0 ? "main" : undefined} onClick={() => doing(name)}>
          <Icon name="plus" /> {say(forms[name].label)}
        </button>
      ))}
      {groups.map(({ key, label }) => {
        const names = (Object.keys(forms) as CommandName[]).filter(
          (name) => forms[name].group === key && possible(name) && !first.includes(name),
        );
        return names.length ? (
          <CommandMenu key={key} label={`${say(label)} …`} names={names} act={(name) => doing(name)} />
        ) : null;
      })}
    </div>
  );
}

function Steps({ c, fixed }: { c: Case; fixed: boolean }) {
  const steps = c.tasks.filter((task) => task.task);
  if (!steps.length) return <Empty>{t("emptySteps")}</Empty>;
  return (
    <ul class="plain-list">
      {steps.map((task, i) => (
        <li key={i} data-row tabIndex={-1}>
          <div class="line">
            <DueBadge day={task.due_on} at={c.as_at.today} />
            <strong>{task.title}</strong>
          </div>
          <div class="line">
            <span class="quiet">
              {word("role", task.role)}
              {task.due_on && ` · ${t("dueOn")} ${dayText(task.due_on)}`}
              {task.why && (
                <>
                  {" "}
                  · <span class="rule-id">{task.why}</span>
                </>
              )}
            </span>
            {!fixed && <StepDo c={c} task={task} />}
          </div>
          {task.checklist?.map((item) => (
            <Tick key={item.item} c={c} step={task.task ?? ""} item={item} fixed={fixed} />
          ))}
        </li>
      ))}
    </ul>
  );
}

const stepForms: Partial<Record<string, CommandName>> = {
  assign_team: "AssignCareTeam",
  clarify_coverage: "RecordCoverage",
  agree_care_plan: "AgreeCarePlan",
  record_discharge: "RecordDischarge",
  submit_application: "SubmitApplication",
  await_decision: "GrantApproval",
  call_insurer: "GrantApproval",
  decide_on_objection: "FileObjection",
  await_objection_decision: "DecideObjection",
  schedule_first_visit: "ScheduleVisit",
  start_care: "DeliverVisit",
  document_visit: "DeliverVisit",
  visit_at_home: "ScheduleVisit",
  schedule_visit: "ScheduleVisit",
  secure_approval: "SubmitApplication",
  request_extension: "RequestExtension",
  complete_care: "CompleteCare",
  send_final_report: "SendFinalReport",
  obtain_referral: "ReceiveFollowUpReferral",
};
function StepDo({ c, task }: { c: Case; task: Pick<TaskRow, "task"> }) {
  const command = stepForms[task.task ?? ""];
  if (!command) return null;
  // What waits longest is recorded first.
  const waiting = task.task === "document_visit" ? c.visits.find(isUnrecorded) : undefined;
  return (
    <button
      type="button"
      class="plain no-print"
      onClick={() => doing(command, waiting ? { visit: waiting.visit } : {})}
    >
      {say(forms[command].label)} <Icon name="right" />
    </button>
  );
}

type Item = NonNullable<Case["tasks"][number]["checklist"]>[number];
function Tick({ c, step, item, fixed }: { c: Case; step: string; item: Item; fixed: boolean }) {
  const { run, busy, problem } = useAction(async () => {
    await send({
      command: "TickChecklist",
      id: newId(),
      case: c.case,
      ...(me.get() ? { by: me.get() } : {}),
      data: { step, item: item.item, ticked: !item.done },
    });
    tellChanged();
    toast(t("recorded", item.text));
  });
  return (
    <div class="tick">
      <label>
        <input type="checkbox" checked={item.done} disabled={fixed || busy} onChange={run} /> {item.text}
        {item.done && (
          <span class="quiet">
            {" "}
            {item.by} {dayText(item.on)}
          </span>
        )}
      </label>
      {problem && <Trouble problem={problem} />}
    </div>
  );
}

const shown_minutes = [
  ["prescribed", "prescribed"],
  ["approved", "approved"],
  ["delivered", "delivered"],
  ["billable", "billable"],
  ["at_risk", "atRisk"],
  ["remaining", "remaining"],
] as const;
/** Approved units as one bar: billed, planned, left; what is delivered without cover sticks out. */
function Balance({ c, now }: { c: Case; now?: Case }) {
  const b = c.balance;
  const planned = Math.min(b.scheduled, Math.max(0, b.remaining));
  const whole = Math.max(b.approved, b.billable + b.at_risk + planned, 60);
  const parts: [string, number, string][] = [
    ["billable", b.billable, t("billable")],
    ["scheduled", planned, t("scheduled")],
    ["remaining", Math.max(0, b.remaining - planned), t("remaining")],
    ["at-risk", b.at_risk, t("atRisk")],
  ];
  const was = (of: (typeof shown_minutes)[number][0]) =>
    now && now.balance[of] !== b[of] ? unitsText(now.balance[of]) : undefined;
  const home = Math.floor(b.at_home / 60);
  let x = 0;
  return (
    <>
      <svg
        class="balance"
        viewBox="0 0 600 34"
        preserveAspectRatio="none"
        role="img"
        aria-label={parts.map(([, m, name]) => `${unitsText(m)} ${name}`).join(", ")}
      >
        <rect class="frame" width="600" height="34" rx="4" />
        {parts.map(([key, value]) => {
          const from = x;
          x += (value / whole) * 600;
          return value > 0 ? (
            <rect key={key} class={key} x={from} width={Math.max(2, x - from)} height="34" />
          ) : null;
        })}
      </svg>
      <ul class="legend">
        {parts
          .filter(([key, value]) => value > 0 || key !== "at-risk")
          .map(([key, value, name]) => (
            <li key={key} class={key}>
              <i aria-hidden="true" /> <strong>{unitsOf(value)}</strong> {name}
            </li>
          ))}
      </ul>
      <dl class="facts small">
        {shown_minutes.map(([member, name]) => (
          <Fact key={member} label={t(name)} changed={was(member)}>
            {unitsText(b[member])}
          </Fact>
        ))}
      </dl>
      {c.benefit === "SMN" && (
        <p class="home">
          {[0, 1, 2].map((i) => (
            <span key={i} class={i < home ? "dot full" : "dot"}>
              <Icon name="home" />
            </span>
          ))}
          <span>{t("homeUnits", b.at_home >= 180 ? 3 : numberText(b.at_home / 60))}</span>
        </p>
      )}
    </>
  );
}

/** Each deadline a line of its own from its anchor to its last day, over months, with today as a line. */
function Axis({ c, now }: { c: Case; now?: Case }) {
  const { today } = c.as_at;
  const [open, setOpen] = useState<number>();
  const rows = [...c.deadlines].sort((a, b) => (a.anchor.date < b.anchor.date ? -1 : 1));
  const near = addDays(today, 120);
  const ends = rows.map(({ acts_on: end }) => [end, near].sort()[0] as string);
  const first = [c.referred_on, ...rows.map((d) => d.anchor.date)].sort()[0] ?? today;
  const from = addDays(first, -7);
  const last = [today, ...ends].sort().at(-1) ?? today;
  const span = Math.max(30, daysBetween(from, last) + 10);
  const x = (day: string) => (Math.max(0, Math.min(span, daysBetween(from, day))) / span) * 100;
  const months: string[] = [];
  for (
    let day = `${from.slice(0, 7)}-01`;
    daysBetween(day, addDays(from, span)) >= 0;
    day = `${addDays(day, 32).slice(0, 7)}-01`
  ) {
    if (day >= from) months.push(day);
  }
  const step = Math.ceil(months.length / 10);
  return (
    <div class="axis">
      <svg class="axis-back" aria-hidden="true" preserveAspectRatio="none" viewBox="0 0 100 100">
        {months.map((day) => (
          <line key={day} class="month" x1={x(day)} x2={x(day)} y1="0" y2="100" />
        ))}
        <line class="today" x1={x(today)} x2={x(today)} y1="0" y2="100" />
      </svg>
      <div class="axis-months" aria-hidden="true">
        {months.map((day, i) =>
          i % step === 0 ? (
            <span key={day} style={{ left: `${x(day)}%` }}>
              {monthText(day)} {day.slice(5, 7) === "01" || i === 0 ? day.slice(0, 4) : ""}
            </span>
          ) : null,
        )}
      </div>
      <ul>
        {rows.map((d, i) => {
          const changedNow = now?.deadlines.find(
            (other) => other.rule === d.rule && other.anchor.date === d.anchor.date,
          );
          const differs =
            now && (!changedNow || changedNow.state !== d.state || changedNow.acts_on !== d.acts_on);
          return (
            <li key={i} data-row tabIndex={-1} class={differs ? "changed" : undefined}>
              <div class="line">
                <DeadlineBadge row={d} />
                <strong>{word("rule", d.rule)}</strong>
                <span class="quiet">
                  {t("dueOn")} {dayText(d.acts_on)}
                </span>
                {differs && (
                  <span class="now">
                    {t("nowIs", changedNow ? deadlineWords(changedNow).words : t("moot"))}
                  </span>
                )}
                <ExplainButton open={open === i} toggle={() => setOpen(open === i ? undefined : i)} />
              </div>
              <svg class="axis-line" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
                <rect
                  class={`bar ${deadlineWords(d).tone}`}
                  x={x(d.anchor.date)}
                  y="2"
                  width={Math.max(0.6, x(d.acts_on) - x(d.anchor.date))}
                  height="6"
                  rx="0.5"
                />
                {d.met_on && <rect class="met" x={x(d.met_on) - 0.4} y="0" width="0.8" height="10" />}
              </svg>
              <p class={open === i ? "explanation" : "explanation only-print"}>
                {d.explanation} <span class="rule-id">{d.rule}</span> {d.calendar}
              </p>
            </li>
          );
        })}
      </ul>
    </div>
  );
}

const visitTones: Record<VisitRow["state"], Tone> = {
  scheduled: "calm",
  delivered: "good",
  cancelled: "quiet",
  missed: "quiet",
  voided: "quiet",
};
const isUnrecorded = (row: VisitRow): boolean =>
  row.state === "scheduled" &&
  new Date(row.starts_at).getTime() + row.minutes * 60_000 < serviceNow().getTime();
export function VisitBadge({ row }: { row: VisitRow }) {
  return isUnrecorded(row) ? (
    <Badge tone="urgent">{t("unrecorded")}</Badge>
  ) : (
    <Badge tone={visitTones[row.state]}>{word("visitState", row.state)}</Badge>
  );
}

const shown_visits = 8;
function Visits({ c, now }: { c: Case; now?: Case }) {
  const newest = [...c.visits].sort((a, b) => (a.starts_at < b.starts_at ? 1 : -1));
  const { shown, showAll } = useFirst(newest, shown_visits);
  if (!newest.length) return <Empty icon="calendar">{t("emptyCaseVisits")}</Empty>;
  const differs = (visit: VisitRow) => {
    if (!now) return false;
    const other = now.visits.find((v) => v.visit === visit.visit);
    return (
      !other ||
      other.state !== visit.state ||
      other.minutes !== visit.minutes ||
      other.starts_at !== visit.starts_at
    );
  };
  return (
    <>
      <div class="table-frame" tabIndex={0} role="region" aria-label={t("rowsOf", shown.length)}>
        <table>
          <thead>
            <tr>
              <th scope="col">{t("state")}</th>
              <th scope="col">{t("start")}</th>
              <th scope="col" class="number">
                {t("duration")}
              </th>
              <th scope="col">{t("place")}</th>
              <th scope="col">{t("staff")}</th>
              <th scope="col" class="number wide-only">
                {t("atRisk")}
              </th>
              {!now && (
                <th scope="col" class="no-print">
                  {t("record")}
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {shown.map((visit) => (
              <tr key={visit.visit} data-row tabIndex={-1} class={differs(visit) ? "changed" : undefined}>
                <td>
                  <VisitBadge row={visit} />
                </td>
                <td>{momentText(visit.starts_at)}</td>
                <td class="number">{t("mins", visit.minutes)}</td>
                <td>
                  {word("place", visit.place)}
                  {visit.category && <span class="below">{word("category", visit.category)}</span>}
                </td>
                <td class="slug">{visit.staff}</td>
                <td class="number wide-only">
                  {visit.at_risk ? t("mins", visit.at_risk) : "–"}{" "}
                  {visit.corrected > 0 && <span class="quiet">{t("corrected", visit.corrected)}</span>}
                </td>
                {!now && (
                  <td class="no-print">
                    <VisitDo visit={visit} />
                  </td>
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {showAll}
    </>
  );
}

const visitCommands: Record<string, CommandName[]> = {
  scheduled: ["DeliverVisit", "RescheduleVisit", "CancelVisit", "MissVisit"],
  delivered: ["CorrectVisit", "VoidVisit"],
};
export function VisitDo({ visit, go }: { visit: VisitRow; go?: (command: CommandName) => void }) {
  const [first, ...others] = visitCommands[visit.state] ?? [];
  const act = go ?? ((command: CommandName) => doing(command, { visit: visit.visit }));
  if (!first) return null;
  return (
    <span class="answers">
      <button type="button" onClick={() => act(first)}>
        {t(first === "DeliverVisit" ? "deliver" : "correct")}
      </button>
      {go ? (
        others.map((name) => (
          <button key={name} type="button" class="plain" onClick={() => act(name)}>
            {say(forms[name].label)}
          </button>
        ))
      ) : (
        <CommandMenu label={t("otherThings")} names={others} act={act} />
      )}
    </span>
  );
}

/** Further commands behind one control. */
function CommandMenu({
  label,
  names,
  act,
}: {
  label: string;
  names: CommandName[];
  act: (command: CommandName) => void;
}) {
  return (
    <select
      class="menu"
      aria-label={label}
      value=""
      onChange={(event) => {
        const name = event.currentTarget.value as CommandName;
        event.currentTarget.value = "";
        act(name);
      }}
    >
      <option value="" disabled>
        {label}
      </option>
      {names.map((name) => (
        <option key={name} value={name}>
          {say(forms[name].label)}
        </option>
      ))}
    </select>
  );
}

const shown_history = 12;
function History({ rows, more }: { rows: HistoryRow[]; more: boolean }) {
  const { shown, showAll } = useFirst([...rows].reverse(), shown_history, more);
  return (
    <>
      <ol class="history" reversed>
        {shown.map((row) => (
          <li
            key={`${row.version}${row.hash}`}
            class={row.stale ? "struck" : undefined}
            data-row
            tabIndex={-1}
          >
            <span class="when">{whenText(row.happened)}</span>
            <span>
              {sentenceOf(row)}
              {Object.entries(row.reasons ?? {}).map(([rule, text]) => (
                <em key={rule}> {t("reasonFor", rule, text)}</em>
              ))}
              <span class="quiet">
                {" "}
                {byOf(row)} · {t("recorded", momentText(row.recorded))}
              </span>
            </span>
          </li>
        ))}
      </ol>
      {showAll}
    </>
  );
}
