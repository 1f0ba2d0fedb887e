// Key figures of a year: month by month, against the target, with a way to the cases behind each number.
import type { ComponentChildren } from "preact";
import type { KeyFigureRow, List, Query } from "./api";
import { useRead, useToday } from "./data";
import { Choice, Empty, ListTools, Loading, Trouble } from "./parts";
import { href, useAddress, withQuery } from "./routes";
import { monthText, numberText, percentText } from "./time";
import { t, type Word, word } from "./words";

interface Figure {
  word: Word;
  show: (row: KeyFigureRow) => string;
  /** The list behind it, of the row's days. */
  behind?: (row: KeyFigureRow) => string;
}
const days =
  (page: string, column: string, more: Query = {}) =>
  (row: KeyFigureRow) =>
    href(page, { ...more, benefit: row.benefit, [`${column}.from`]: row.from, [`${column}.to`]: row.until });
const started = days("faelle", "first_unit_on", { ended: "any" });
const delivered = days("termine", "starts_at", { liste: "liste", state: "delivered" });
const count = (key: keyof KeyFigureRow) => (row: KeyFigureRow) =>
  row[key] === null ? "–" : numberText(row[key] as number);
const share = (key: keyof KeyFigureRow) => (row: KeyFigureRow) => percentText(row[key] as number | null);

const figures: Figure[] = [
  { word: "referrals", show: count("referrals"), behind: days("faelle", "referred_on", { ended: "any" }) },
  { word: "starts", show: count("starts"), behind: started },
  {
    word: "startsMissed",
    show: count("starts_missed"),
    behind: (row) =>
      href("fristen", {
        state: "missed",
        rule: "SMN-START",
        "due_on.from": row.from,
        "due_on.to": row.until,
      }),
  },
  { word: "startsInTime", show: share("starts_in_time_share") },
  { word: "medianDays", show: count("start_days_median") },
  {
    word: "unitsDelivered",
    show: count("units_delivered"),
    behind: delivered,
  },
  { word: "unitsBillable", show: count("units_billable") },
  {
    word: "homeShare",
    show: share("home_share"),
    behind: days("termine", "starts_at", { liste: "liste", state: "delivered", place: "home" }),
  },
  {
    word: "completions",
    show: count("completions"),
    behind: days("faelle", "closed_on", { ended: "any", state: "completed" }),
  },
  {
    word: "discontinuations",
    show: count("discontinuations"),
    behind: days("faelle", "closed_on", { ended: "any", state: "discontinued" }),
  },
  { word: "extensions", show: count("extensions") },
  { word: "approvalDays", show: count("approval_days_median") },
  { word: "fictions", show: count("fictions") },
  { word: "denials", show: count("denials") },
];

/** The number, a way to what is behind it where there is a list of that. */
const shown = (figure: Figure, row: KeyFigureRow): ComponentChildren =>
  figure.behind ? <a href={figure.behind(row)}>{figure.show(row)}</a> : figure.show(row);

export function Kennzahlen() {
  const { query } = useAddress();
  const today = useToday();
  const year = query.jahr ?? today.slice(0, 4);
  const asked: Query = { from: `${year}-01-01`, to: `${year}-12-31`, benefit: query.benefit };
  const months = useRead<List<KeyFigureRow>>("key-figures", { ...asked, by: "month", limit: 500 }, [
    "cases",
    "visits",
  ]);
  const whole = useRead<List<KeyFigureRow>>("key-figures", { ...asked, by: "year" }, ["cases", "visits"]);
  const providers = [...new Set(whole.data?.items.map((row) => row.provider) ?? [])];
  const provider = query.provider ?? providers[0] ?? "";
  const ofProvider = (row: KeyFigureRow) => row.provider === provider;
  const rows = months.data?.items.filter((row) => ofProvider(row) && row.from <= today) ?? [];
  const total = whole.data?.items.find(ofProvider);
  const years = Array.from({ length: 6 }, (_, i) => String(Number(today.slice(0, 4)) - i));
  return (
    <>
      <h1>
        {t("figures")} {year}
      </h1>
      <div class="bar choices no-print">
        <Choice
          name="jahr"
          label={t("year")}
          value={year}
          options={years.map((y) => [y, y])}
          onChange={(jahr) => withQuery({ jahr })}
        />
        <Choice
          name="benefit"
          label={t("benefit")}
          value={query.benefit ?? ""}
          options={[
            ["", t("bothBenefits")],
            ...["SMN", "ST"].map((b): [string, string] => [b, word("benefit", b)]),
          ]}
          onChange={(benefit) => withQuery({ benefit })}
        />
        {providers.length > 1 && (
          <Choice
            name="provider"
            label={t("by", "")}
            value={provider}
            options={providers.map((p) => [p, p])}
            onChange={(to) => withQuery({ provider: to })}
          />
        )}
        <ListTools path="key-figures" query={{ ...asked, by: "month" }} />
      </div>
      {months.problem && <Trouble problem={months.problem} retry={months.reload} />}
      {!months.data && !months.problem && <Loading />}
      {months.data && !total && <Empty icon="chart">{t("emptyFigures")}</Empty>}
      {total && (
        <>
          <ul class="big-figures">
            {figures.slice(0, 8).map((figure) => (
              <li key={figure.word}>
                <strong>{shown(figure, total)}</strong>
                <span>{t(figure.word)}</span>
              </li>
            ))}
          </ul>
          <Target row={total} />
          <div class="charts">
            <Bars
              rows={rows}
              today={today}
              title={t("unitsPerMonth")}
              value={(row) => row.units_delivered}
              goal={total.target_units ? total.target_units / 12 : undefined}
              behind={delivered}
            />
            <Bars
              rows={rows}
              today={today}
              title={t("medianDays")}
              value={(row) => row.start_days_median}
              goal={42}
              behind={started}
            />
          </div>
          <div class="table-frame" tabIndex={0} role="region" aria-label={t("figures")}>
            <table class="figures">
              <thead>
                <tr>
                  <th scope="col">{t("month")}</th>
                  {figures.map((figure) => (
                    <th scope="col" class="number" key={figure.word}>
                      {t(figure.word)}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {rows.map((row) => (
                  <tr key={row.period} data-row tabIndex={-1}>
                    <th scope="row">{monthText(row.from)}</th>
                    {figures.map((figure) => (
                      <td class="number" key={figure.word}>
                        {shown(figure, row)}
                      </td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </>
      )}
    </>
  );
}

function Target({ row }: { row: KeyFigureRow }) {
  const goal = row.target_units;
  const whole = Math.max(goal ?? 0, row.forecast_units ?? 0, row.units_billable, 1);
  const x = (units: number) => (units / whole) * 100;
  return (
    <section class="target" aria-label={t("target")}>
      <div class="line">
        <strong>{t("target")}</strong>
        <span>{goal ? t("ofTarget", percentText(row.target_share), numberText(goal)) : t("noTarget")}</span>
        {row.forecast_units !== null && (
          <span>
            {t("forecast")}: {t("units", numberText(Math.round(row.forecast_units)))}
            {row.forecast_share !== null && ` (${percentText(row.forecast_share)})`}
          </span>
        )}
      </div>
      <svg class="balance" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
        <rect class="frame" width="100" height="10" />
        {row.forecast_units !== null && <rect class="scheduled" width={x(row.forecast_units)} height="10" />}
        <rect class="billable" width={x(row.units_billable)} height="10" />
        {goal && <rect class="goal" x={x(goal) - 0.3} width="0.6" height="10" />}
      </svg>
    </section>
  );
}

/** Bars of the months, each a way to what lies behind it; a dashed line is the goal. */
function Bars({
  rows,
  today,
  title,
  value,
  goal,
  behind,
}: {
  rows: KeyFigureRow[];
  today: string;
  title: string;
  value: (row: KeyFigureRow) => number | null;
  goal?: number;
  behind: (row: KeyFigureRow) => string;
}) {
  const top = Math.max(1, goal ?? 0, ...rows.map((row) => value(row) ?? 0)) * 1.12;
  const width = 600;
  const height = 200;
  const step = width / 12;
  const y = (v: number) => height - (v / top) * height;
  return (
    <figure>
      <figcaption>{title}</figcaption>
      <svg class="bars" viewBox={`0 0 ${width} ${height + 26}`} role="group" aria-label={title}>
        {goal !== undefined && (
          <>
            <line class="goal" x1="0" x2={width} y1={y(goal)} y2={y(goal)} />
            <text class="goal" x={width} y={y(goal) - 5} text-anchor="end">
              {numberText(Math.round(goal))}
            </text>
          </>
        )}
        {rows.map((row) => {
          const v = value(row);
          const x = (Number(row.from.slice(5, 7)) - 1) * step;
          return (
            <a key={row.period} href={behind(row)}>
              <rect class="hit" x={x} y="0" width={step} height={height + 26} />
              {v !== null && (
                <rect
                  class={row.until >= today ? "part" : "full"}
                  x={x + 6}
                  y={y(v)}
                  width={step - 12}
                  height={height - y(v)}
                  rx="3"
                />
              )}
              {v !== null && (
                <text x={x + step / 2} y={y(v) - 5} text-anchor="middle">
                  {numberText(Math.round(v))}
                </text>
              )}
              <text class="month" x={x + step / 2} y={height + 18} text-anchor="middle">
                {monthText(row.from)}
              </text>
            </a>
          );
        })}
        <line class="ground" x1="0" x2={width} y1={height} y2={height} />
      </svg>
    </figure>
  );
}
