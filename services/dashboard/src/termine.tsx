// Visits by week and by staff: what overlaps, and what is over and not recorded. A click on a visit shows what
// can be done with it, a second opens the form, a third records it.
import { useState } from "preact/hooks";
import type { Case, CommandName, VisitRow } from "./api";
import { useCell } from "./cell";
import { forms } from "./commands";
import { me, staff, useAll, useRead, useToday } from "./data";
import { VisitBadge, VisitDo } from "./fall";
import { CaseForm } from "./form";
import { name, options } from "./listings";
import { type ListOf, ListPage } from "./lists";
import { overlapping } from "./overlaps";
import { Badge, Choice, Dialog, Empty, Icon, ListTools, Loading, nameOf, Tabs, Trouble } from "./parts";
import { href, useAddress, withQuery } from "./routes";
import { addDays, berlinDay, clockText, dayText, momentText, mondayOf, shortDay, weekdayText } from "./time";
import { say, t, word } from "./words";

const list: ListOf<VisitRow> = {
  table: "visits",
  sort: "-starts_at",
  key: (row) => row.visit,
  empty: "emptyVisits",
  columns: [
    { key: "state", word: "state", show: (row) => <VisitBadge row={row} /> },
    name,
    { key: "starts_at", word: "start", sorts: true, show: (row) => momentText(row.starts_at) },
    { key: "minutes", word: "duration", number: true, show: (row) => t("mins", row.minutes) },
    { key: "place", word: "place", show: (row) => word("place", row.place) },
    { key: "staff", word: "staff", show: (row) => <span class="slug">{row.staff}</span> },
    {
      key: "at_risk",
      word: "atRisk",
      number: true,
      wide: true,
      show: (row) => (row.at_risk ? t("mins", row.at_risk) : "–"),
    },
  ],
  filters: [
    { name: "state", word: "state", options: options("visitState") },
    { name: "place", word: "place", options: options("place") },
    { name: "staff", word: "staff", options: () => staff.get().map((slug) => [slug, slug]) },
    { name: "starts_at", word: "start" },
  ],
};

export function Termine() {
  const { query } = useAddress();
  useCell(staff);
  const asList = query.liste === "liste";
  const tabs = (
    <Tabs
      page="termine"
      open={asList ? "liste" : ""}
      of={[
        { key: "", word: "byWeek" },
        { key: "liste", word: "asList" },
      ]}
    />
  );
  return (
    <>
      <h1>{t("visits")}</h1>
      {asList ? <ListPage list={list}>{tabs}</ListPage> : <Week tabs={tabs} />}
    </>
  );
}

function Week({ tabs }: { tabs: preact.ComponentChildren }) {
  const { query } = useAddress();
  const mine = useCell(me);
  const known = useCell(staff);
  const today = useToday();
  const monday = mondayOf(query.woche ?? today);
  const sunday = addDays(monday, 6);
  const who = query.staff ?? "";
  const asked = { "starts_at.from": monday, "starts_at.to": sunday, staff: who || undefined, with: "person" };
  const { data, problem, waiting, reload } = useAll<VisitRow>("visits", asked);
  const [open, setOpen] = useState<VisitRow>();
  const rows = waiting ? undefined : data;
  const clashes = overlapping(rows ?? []);
  const days = Array.from({ length: 7 }, (_, i) => addDays(monday, i));
  const week = (by: number) => withQuery({ woche: addDays(monday, by) });
  return (
    <>
      <div class="bar no-print">
        {tabs}
        <div class="week-steps">
          <button type="button" class="plain" onClick={() => week(-7)} aria-label={t("weekBefore")}>
            <Icon name="left" />
          </button>
          <button type="button" onClick={() => withQuery({ woche: undefined })}>
            {t("thisWeek")}
          </button>
          <button type="button" class="plain" onClick={() => week(7)} aria-label={t("weekAfter")}>
            <Icon name="right" />
          </button>
        </div>
        <Choice
          name="staff"
          label={t("staff")}
          value={who}
          options={[
            ["", t("everybody")],
            ...[...new Set([mine, ...known].filter(Boolean))].map((slug): [string, string] => [slug, slug]),
          ]}
          onChange={(slug) => withQuery({ staff: slug })}
        />
        <ListTools path="visits" query={asked} />
      </div>
      <p class="count" role="status">
        {t("weekOf", dayText(monday), dayText(sunday))}
      </p>
      {problem && <Trouble problem={problem} retry={reload} />}
      {!rows && !problem && <Loading />}
      {rows?.length === 0 && <Empty icon="calendar">{t("emptyVisits")}</Empty>}
      {rows && rows.length > 0 && (
        <div class="week">
          {days.map((day, i) => {
            const here = rows.filter((row) => berlinDay(row.starts_at) === day);
            return here.length || i < 5 ? (
              <section key={day} class={day === today ? "day today" : "day"} aria-labelledby={`day-${day}`}>
                <h2 id={`day-${day}`}>
                  {weekdayText(day)} <span>{shortDay(day)}</span>
                  {day === today && <span class="badge calm">{t("today")}</span>}
                </h2>
                {here.length === 0 && <p class="quiet">–</p>}
                <ul>
                  {here.map((row) => (
                    <li key={row.visit}>
                      <VisitCard row={row} clash={clashes.has(row.visit)} open={() => setOpen(row)} />
                    </li>
                  ))}
                </ul>
              </section>
            ) : null;
          })}
        </div>
      )}
      {open && <VisitDialog row={open} onClose={() => setOpen(undefined)} />}
    </>
  );
}

function VisitCard({ row, clash, open }: { row: VisitRow; clash: boolean; open: () => void }) {
  const quiet = ["cancelled", "missed", "voided"].includes(row.state);
  return (
    <button
      type="button"
      class={quiet ? "visit quiet-visit" : "visit"}
      data-row
      onClick={open}
      aria-haspopup="dialog"
    >
      <span class="time">{clockText(row.starts_at)}</span>
      <span class="who">{nameOf(row.person)}</span>
      <span class="where">
        {word("place", row.place)} · {t("minutes", row.minutes)} · <span class="slug">{row.staff}</span>
      </span>
      <span class="flags">
        {row.state === "delivered" ? (
          <span class="done">
            <Icon name="check" /> {word("visitState", "delivered")}
          </span>
        ) : (
          <VisitBadge row={row} />
        )}
        {clash && (
          <Badge tone="soon" icon="people">
            {t("overlap")}
          </Badge>
        )}
      </span>
    </button>
  );
}

function VisitDialog({ row, onClose }: { row: VisitRow; onClose: () => void }) {
  const [command, setCommand] = useState<CommandName>();
  const read = useRead<Case>(`cases/${row.case}`, {}, []);
  const title = command ? `${say(forms[command].label)} · ${nameOf(row.person)}` : nameOf(row.person);
  return (
    <Dialog title={title} onClose={onClose} wide={!!command}>
      {!command && (
        <>
          <p>
            {momentText(row.starts_at)} · {t("minutes", row.minutes)} · {word("place", row.place)} ·{" "}
            {row.staff}
          </p>
          <p>
            <VisitBadge row={row} />
          </p>
          <VisitDo visit={row} go={setCommand} />
          <p>
            <a href={href(`fall/${row.case}`)}>
              {t("case")} <Icon name="right" />
            </a>
          </p>
        </>
      )}
      {command && <CaseForm command={command} read={read} given={{ visit: row.visit }} onClose={onClose} />}
    </Dialog>
  );
}
