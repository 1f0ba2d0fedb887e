// The one way to the service: reads, lists, commands; what it refuses is a Problem, what does not get through
// is Unreachable. The shapes are those of schema/openapi.json.

import { cell, kept } from "./cell";
import type { components } from "./openapi";
import { leastOf, type Positions } from "./sse";
import { language } from "./words";

type Schemas = components["schemas"];
export type CaseRow = Schemas["CaseRow"];
export type Case = Schemas["Case"];
export type DeadlineRow = Schemas["DeadlineRow"];
export type OverdueStartRow = Schemas["OverdueStartRow"];
export type TaskRow = Schemas["TaskRow"];
export type VisitRow = Schemas["VisitRow"];
export type AlertRow = Schemas["AlertRow"];
export type UnitBalanceRow = Schemas["UnitBalanceRow"];
export type KeyFigureRow = Schemas["KeyFigureRow"];
export type HistoryRow = Schemas["HistoryRow"];
export type Status = Schemas["Status"];
export type Person = Schemas["PersonOfCase"];
export type Accepted = Schemas["Accepted"];
export type CommandName = Schemas["CommandName"];
export interface List<Row> {
  items: Row[];
  next: string | null;
  count?: number;
  as_at: Schemas["AsAt"];
}
export type Query = Record<string, string | number | undefined | null>;

export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly detail: string,
    readonly field?: string,
    readonly rule?: string,
    readonly reasons: string[] = [],
    readonly version?: number,
  ) {
    super(detail);
  }
}
export class Unreachable extends Error {}

/** Where the page stands: what the last answer said, and since when none comes any more. */
export interface Standing {
  state: "connecting" | "live" | "polling" | "offline";
  /** When the last answer came; nothing before the first. */
  at?: Date;
  today?: string;
  wantsToken?: boolean;
}
export const standing = cell<Standing>({ state: "connecting" });
export const stands = (change: Partial<Standing>): void => standing.set({ ...standing.get(), ...change });

/** How far the service's clock is ahead of this machine's: it may be set for a demonstration. */
let ahead_ms = 0;
const same_clock_ms = 90_000;
export const serviceNow = (): Date => new Date(Date.now() + ahead_ms);
async function learnClock(): Promise<void> {
  const status = await get<Status>("status");
  const ahead = Date.parse(status.clock.now) - Date.now();
  ahead_ms = Math.abs(ahead) > same_clock_ms ? ahead : 0;
}
/** Kept once serviceNow() can be relied on; where the service does not answer, this machine's clock has to do. */
let learning: Promise<void> | undefined;
export const clockKnown = (): Promise<void> => {
  learning ??= learnClock().catch(() => {});
  return learning;
};

const tokenKey = "geleit.token";
export const useToken = (token: string): void => {
  sessionStorage.setItem(tokenKey, token);
  stands({ wantsToken: false });
};

/** Who sits before the page, as remembered in this browser: a staff slug, "" while nobody has said. */
export const me = kept<string>("geleit.me", "");

/** Who looks, and what for: the service writes it down with every read of personal data (REC-ACCESS). */
const looker = (): Record<string, string> =>
  /^[a-z0-9][a-z0-9._-]{0,63}$/.test(me.get())
    ? { "X-Geleit-By": me.get(), "X-Geleit-Purpose": "treatment" }
    : {};

export function headers(more: Record<string, string> = {}): Record<string, string> {
  const token = sessionStorage.getItem(tokenKey);
  return {
    "Accept-Language": language.get(),
    ...looker(),
    ...(token ? { Authorization: `Bearer ${token}` } : {}),
    ...more,
  };
}

export const queryText = (query: Query): string => {
  const parts = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== "") parts.append(name, String(value));
  }
  const text = parts.toString();
  return text ? `?${text}` : "";
};

async function problemOf(answer: Response): Promise<Problem> {
  try {
    const p = await answer.json();
    return new Problem(
      answer.status,
      p.detail ?? p.title,
      p.field,
      p.rule,
      p.reasons_required ?? [],
      p.version,
    );
  } catch {
    return new Problem(answer.status, `${answer.status} ${answer.statusText}`);
  }
}

async function ask(path: string, options: RequestInit): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(path, options);
  } catch (failure) {
    if (options.signal?.aborted) throw failure;
    if (standing.get().state !== "offline") stands({ state: "offline" });
    throw new Unreachable("unreachable");
  }
  if (answer.status === 401) stands({ wantsToken: true });
  return answer;
}

/** What was recorded from here and must be seen by the reads that follow it: partition -> offset. */
const written = new Map<number, { offset: number; until: number }>();
function ownWrites(): string[] {
  const now = Date.now();
  const wanted: string[] = [];
  for (const [partition, write] of written) {
    if (write.until < now) written.delete(partition);
    else wanted.push(`${partition}:${write.offset}`);
  }
  return wanted;
}

let leastOfAll: Positions | undefined;
/** What every answer of the present had read: the stream is listened to from there. */
export const leastRead = (): Positions | undefined => leastOfAll;

/** All is read anew, of another log perhaps. */
export const forgetRead = (): void => {
  leastOfAll = undefined;
};

/** `path` below /v1/, "cases". */
export async function get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  const waits = ownWrites().map((position) => `wait_for=${encodeURIComponent(position)}`);
  const text = queryText(query);
  const all = waits.length ? `${text}${text ? "&" : "?"}${waits.join("&")}` : text;
  const answer = await ask(`/v1/${path}${all}`, { headers: headers({ Accept: "application/json" }), signal });
  if (!answer.ok) throw await problemOf(answer);
  const body = await answer.json();
  const { state, today } = standing.get();
  if (body.as_at && !query.as_of && !query.known_at) leastOfAll = leastOf(leastOfAll, body.as_at.positions);
  stands({
    state: state === "live" ? "live" : "polling",
    at: serviceNow(),
    today: query.today || query.as_of || query.known_at ? today : (body.as_at?.today ?? today),
  });
  return body as T;
}

export type FileForm = "csv" | "xlsx";
/** A whole list as a file for spreadsheets. */
export async function fileOf(path: string, query: Query, format: FileForm): Promise<Blob> {
  const answer = await ask(`/v1/${path}${queryText({ ...query, format })}`, { headers: headers() });
  if (!answer.ok) throw await problemOf(answer);
  return answer.blob();
}

export interface Command {
  command: CommandName;
  id: string;
  case?: string;
  by?: string;
  reasons?: Record<string, string>;
  data: Record<string, unknown>;
}

/** Records a command, or only asks what would become of it. `version`: the case as the asker knows it. */
export async function send(
  command: Command,
  { dryRun = false, version, signal }: { dryRun?: boolean; version?: number; signal?: AbortSignal } = {},
): Promise<Accepted> {
  const answer = await ask(`/v1/commands${dryRun ? "?dry_run=true" : ""}`, {
    method: "POST",
    headers: headers({
      "Content-Type": "application/json",
      ...(version === undefined ? {} : { "If-Match": `"${version}"` }),
    }),
    body: JSON.stringify(command),
    signal,
  });
  if (!answer.ok) throw await problemOf(answer);
  const accepted = (await answer.json()) as Accepted;
  if (accepted.position) {
    written.set(accepted.position.partition, { offset: accepted.position.offset, until: Date.now() + 4000 });
  }
  return accepted;
}

/** A version 4 id. (crypto.randomUUID is only there on pages that came by TLS or from this machine.) */
export function newId(): string {
  const octets = crypto.getRandomValues(new Uint8Array(16));
  octets[6] = ((octets[6] ?? 0) & 0x0f) | 0x40;
  octets[8] = ((octets[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(octets, (octet) => octet.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
