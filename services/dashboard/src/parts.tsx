// The small parts that pages are made of.
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import {
  type AlertRow,
  type Case,
  type DeadlineRow,
  type FileForm,
  fileOf,
  me,
  type Person,
  Problem,
  type Query,
  standing,
} from "./api";
import { useCell } from "./cell";
import { teams } from "./data";
import { askAnew, href, useAddress } from "./routes";
import { daysBetween, daysInWords, dayText } from "./time";
import { t, type Word, word } from "./words";

const shapes: Record<string, string> = {
  sun: "M12 4V2M12 22v-2M4 12H2M22 12h-2M6 6 4.6 4.6M19.4 19.4 18 18M6 18l-1.4 1.4M19.4 4.6 18 6M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8Z",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5Z",
  clock: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18ZM12 7v5l3.5 2",
  people:
    "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM2.5 20c.4-3.6 3-6 6.5-6s6.100 2.400 6.500 6M16 4.400a3.500 3.500 0 0 1 0 6.400M18 14.400c2 .8 3.200 2.800 3.500 5.600",
  calendar: "M4 6.500h16V20H4zM4 10.500h16M8.500 3.500v4M15.500 3.500v4",
  bell: "M6 16.500V11a6 6 0 1 1 12 0v5.500l1.500 2h-15zM10 21.500h4",
  chart: "M4 20h16M6.500 16.500v-5M12 16.500v-9M17.500 16.500v-12",
  pulse: "M3 12h4l2.500-6 4 12 2.500-6H21",
  alert: "M12 3.500 22 20.500H2zM12 10v4.500M12 17.400v.2",
  late: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18ZM12 7v6M12 16.400v.2",
  soon: "M6 3.500h12M6 20.500h12M7.500 3.500c0 5 4.500 5.500 4.500 8.500s-4.500 3.500-4.500 8.500M16.500 3.500c0 5-4.500 5.500-4.500 8.500s4.500 3.500 4.500 8.500",
  check: "M4.500 12.500 10 18 20 6.500",
  dash: "M5 12h14",
  plus: "M12 5v14M5 12h14",
  search: "M10.500 4a6.500 6.500 0 1 0 0 13 6.500 6.500 0 0 0 0-13ZM15.500 15.500 21 21",
  close: "M6 6l12 12M18 6 6 18",
  print: "M7 8.500v-5h10v5M7 17.500H4v-9h16v9h-3M7 14h10v6.500H7z",
  download: "M12 4v11M7.500 11 12 15.500 16.500 11M4.500 20h15",
  right: "M9 5.500 15.500 12 9 18.500",
  left: "M15 5.500 8.500 12 15 18.500",
  up: "M6 15l6-6 6 6",
  down: "M6 9l6 6 6-6",
  home: "M4 11.500 12 4.500l8 7M6 10v9.500h12V10",
  phone:
    "M6 3.500h3.500l1.500 5-2.200 1.400a11 11 0 0 0 5.300 5.300L15.500 13l5 1.500V18c0 1.500-1.200 2.500-2.500 2.500C10.500 20 4 13.500 3.500 6 3.500 4.700 4.500 3.500 6 3.500Z",
  paper: "M6 3.500h8l4.500 4.500v12.500H6zM13.500 3.500V8.500h5M9 12.500h6.500M9 16h6.500",
  question: "M9 9a3 3 0 1 1 4.500 2.600c-1 .6-1.500 1.200-1.500 2.400M12 17.400v.2",
  keyboard: "M3 6.500h18v11H3zM7 10.500h.1M11 10.500h.1M15 10.500h.1M7 14h10",
  signal: "M12 18.500h.1M8.500 15a5 5 0 0 1 7 0M5 11.500a10 10 0 0 1 14 0",
  off: "M4 4l16 16M8.500 15a5 5 0 0 1 6-.8M5 11.500a10 10 0 0 1 4.500-2.600M14 8.800a10 10 0 0 1 5 2.700M12 18.500h.1",
  info: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18ZM12 11v5.500M12 7.500v.2",
};
export const Icon = ({ name, label }: { name: string; label?: string }): JSX.Element => (
  <svg
    class="icon"
    viewBox="0 0 24 24"
    role={label ? "img" : undefined}
    aria-label={label}
    aria-hidden={label ? undefined : "true"}
  >
    <path d={shapes[name] ?? shapes.info} />
  </svg>
);

export type Tone = "late" | "urgent" | "soon" | "calm" | "good" | "quiet";
const toneIcons: Record<Tone, string> = {
  late: "alert",
  urgent: "late",
  soon: "soon",
  calm: "clock",
  good: "check",
  quiet: "dash",
};
/** Colour, sign and words together; none of them alone says it. */
export const Badge = ({
  tone,
  icon,
  children,
}: {
  tone: Tone;
  icon?: string;
  children: ComponentChildren;
}) => (
  <span class={`badge ${tone}`}>
    <Icon name={icon ?? toneIcons[tone]} />
    <span>{children}</span>
  </span>
);

export const toneOfDays = (left: number): Tone =>
  left < 0 ? "late" : left <= 2 ? "urgent" : left <= 14 ? "soon" : "calm";

type Standing = Pick<DeadlineRow, "state" | "days_left" | "met_on" | "acts_on">;
/** How a deadline stands, in a tone and in words. */
export function deadlineWords(row: Standing): { tone: Tone; words: string } {
  if (row.state === "open" && row.days_left !== null) {
    return { tone: toneOfDays(row.days_left), words: daysInWords(row.days_left) };
  }
  if (row.state === "met") return { tone: "good", words: t("metOn", dayText(row.met_on)) };
  if (row.state === "missed" && row.met_on)
    return { tone: "quiet", words: t("metLate", dayText(row.met_on)) };
  if (row.state === "missed") return { tone: "late", words: t("missedOn", dayText(row.acts_on)) };
  return { tone: "quiet", words: t("moot") };
}
export const DeadlineBadge = ({ row }: { row: Standing }) => {
  const { tone, words } = deadlineWords(row);
  return <Badge tone={tone}>{words}</Badge>;
};
const alertTones: Record<AlertRow["state"], Tone> = {
  open: "late",
  escalated: "late",
  acknowledged: "calm",
  snoozed: "soon",
  closed: "good",
};
export const AlertBadge = ({ state }: { state: AlertRow["state"] }) => (
  <Badge tone={alertTones[state]}>{word("alertState", state)}</Badge>
);

export const CaseState = ({ state }: { state: Case["state"] }) => (
  <span class={`state ${state}`}>{word("caseState", state)}</span>
);

/** `at`: the day from which it is counted, where that is not today. */
export function DueBadge({ day: due, at }: { day: string | null; at?: string }) {
  const now = useCell(standing).today;
  const today = at ?? now;
  if (!due || !today) return <Badge tone="quiet">{t("noDate")}</Badge>;
  const left = daysBetween(today, due);
  return <Badge tone={toneOfDays(left)}>{daysInWords(left)}</Badge>;
}

export const nameOf = (person: Person | null | undefined): string =>
  person ? `${person.family_name}, ${person.given_name}` : t("noName");

export const CaseLink = ({ of, person }: { of: string; person?: Person | null }) => (
  <a class="case-link" href={`/fall/${of}`}>
    {person ? nameOf(person) : `${t("case")} ${of.slice(0, 8)}`}
  </a>
);
export const Lead = ({ slug }: { slug?: string | null }) =>
  slug ? <span class="slug">{slug}</span> : <span class="quiet">{t("noLead")}</span>;

export function Empty({
  children,
  why,
  icon = "check",
}: {
  children: ComponentChildren;
  why?: string;
  icon?: string;
}) {
  return (
    <div class="empty">
      <Icon name={icon} />
      <p>{children}</p>
      {why && <p class="quiet">{why}</p>}
    </div>
  );
}

export function Trouble({ problem, retry }: { problem: Error; retry?: () => void }) {
  const known = problem instanceof Problem;
  return (
    <div class="trouble" role="alert">
      <Icon name="alert" />
      <p>
        {known ? problem.detail : t("couldNotLoad")}
        {known && problem.rule && <span class="rule-id"> {problem.rule}</span>}
      </p>
      {retry && (
        <button type="button" onClick={retry}>
          {t("retry")}
        </button>
      )}
    </div>
  );
}

export const Loading = () => (
  <p class="loading" role="status">
    {t("loading")}
  </p>
);

/** A window over the page; Escape and the way back close it. */
export function Dialog({
  title,
  onClose,
  children,
  wide,
}: {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
  wide?: boolean;
}) {
  const at = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    if (at.current && !at.current.open) at.current.showModal();
    at.current?.querySelector<HTMLElement>(".dialog-body :is(input, select, textarea, button)")?.focus();
    return () => before?.isConnected && before.focus();
  }, []);
  return (
    <dialog
      ref={at}
      class={wide ? "wide" : undefined}
      aria-label={title}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <header>
        <h2>{title}</h2>
        <button type="button" class="plain" onClick={onClose} aria-label={t("close")}>
          <Icon name="close" />
        </button>
      </header>
      <div class="dialog-body">{children}</div>
    </dialog>
  );
}

/** The views of a page as links: `liste` in the address says which one is open, "" is the first. */
export const Tabs = ({
  page,
  of,
  open,
}: {
  page: string;
  of: { key: string; word: Word }[];
  open: string;
}) => (
  <nav class="tabs" aria-label={t("views")}>
    {of.map((tab) => (
      <a
        key={tab.key}
        href={href(page, { liste: tab.key })}
        aria-current={tab.key === open ? "page" : undefined}
      >
        {t(tab.word)}
      </a>
    ))}
  </nav>
);

/** Unfolds why a row is as it is; the key `e` presses it. */
export const ExplainButton = ({ open, toggle }: { open: boolean; toggle: () => void }) => (
  <button
    type="button"
    class="plain no-print"
    data-explain
    aria-expanded={open}
    onClick={toggle}
    title={`${t("explain")} (e)`}
  >
    <Icon name={open ? "up" : "question"} label={t("explain")} />
  </button>
);

/** The first rows, and a button for all of them where there are more; `atLeast`: the service has further ones. */
export function useFirst<Row>(rows: Row[], first: number, atLeast = false) {
  const [all, setAll] = useState(false);
  return {
    shown: all ? rows : rows.slice(0, first),
    showAll: rows.length > first && !all && (
      <button type="button" class="plain no-print" onClick={() => setAll(true)}>
        {t("showAll", `${rows.length}${atLeast ? "+" : ""}`)}
      </button>
    ),
  };
}

/** Something that a press does and that may take a while or go wrong. */
export function useAction<Given extends unknown[]>(act: (...given: Given) => Promise<void>) {
  const [problem, setProblem] = useState<Error>();
  const [busy, setBusy] = useState(false);
  const run = async (...given: Given) => {
    setBusy(true);
    setProblem(undefined);
    try {
      await act(...given);
    } catch (failure) {
      setProblem(failure as Error);
    }
    setBusy(false);
  };
  return { run, busy, problem };
}

export function Choice({
  name,
  label,
  value,
  options,
  onChange,
}: {
  name: string;
  label: string;
  value: string;
  options: [string, string][];
  onChange: (to: string) => void;
}) {
  return (
    <label class="choice">
      <span>{label}</span>
      <select name={name} value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        {options.map(([key, text]) => (
          <option key={key} value={key}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Mine, my team's, everybody's; in the address as `wer`. */
export function ScopeChoice() {
  const { query } = useAddress();
  const mine = useCell(me);
  const hasTeam = useCell(teams).some((team) => team.includes(mine));
  const value = query.wer ?? "all";
  const options: [string, Word, boolean][] = [
    ["mine", "mine", !!mine],
    ["team", "team", !!mine && hasTeam],
    ["all", "all", true],
  ];
  return (
    <fieldset class="scope">
      <legend class="hidden">{t("whose")}</legend>
      {options.map(([key, name, can]) => (
        <label key={key} title={can ? undefined : t(mine ? "noTeam" : "chooseMe")}>
          <input
            type="radio"
            name="wer"
            value={key}
            checked={value === key}
            disabled={!can}
            onChange={() => askAnew({ wer: key === "all" ? undefined : key })}
          />
          <span>{t(name)}</span>
        </label>
      ))}
    </fieldset>
  );
}

/** The whole list with its filters for spreadsheets, and on paper. */
export function ListTools({ path, query }: { path: string; query: Query }) {
  const { run, busy, problem } = useAction(async (format: FileForm) => {
    const { cursor: _, limit: __, count: ___, ...filters } = query;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await fileOf(path, filters, format));
    link.download = `geleit-${path.replaceAll("/", "-")}.${format}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  });
  return (
    <div class="tools">
      {(["xlsx", "csv"] as const).map((format) => (
        <button type="button" class="plain" key={format} onClick={() => run(format)} disabled={busy}>
          <Icon name="download" /> {t(format)}
        </button>
      ))}
      <button type="button" class="plain" onClick={() => print()}>
        <Icon name="print" /> {t("print")}
      </button>
      {problem && <Trouble problem={problem} />}
    </div>
  );
}

export const Fact = ({
  label,
  children,
  changed,
}: {
  label: string;
  children: ComponentChildren;
  changed?: string;
}) => (
  <div class={changed === undefined ? "fact" : "fact changed"}>
    <dt>{label}</dt>
    <dd>
      {children}
      {changed !== undefined && <span class="now">{t("nowIs", changed)}</span>}
    </dd>
  </div>
);
