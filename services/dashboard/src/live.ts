// Keeps the page true: listens to /v1/stream for what changed, and while that is cut asks every few seconds
// how far the tables are. Pages say which tables they show and are told to read again.
//
//   connecting ──ready──▶ live ──cut──▶ polling ──ready──▶ live      no answer at all: offline, asked on
//
// The stream begins where the first reads were, and again after the last event that was heard: nothing is
// missed between.
import { forgetRead, get, headers, type List, leastRead, serviceNow, standing, stands } from "./api";
import { eventReader, placeOf } from "./sse";
import { language } from "./words";

export const tables: readonly string[] = [
  "cases",
  "deadlines",
  "overdue-starts",
  "unit-balances",
  "tasks",
  "visits",
  "alerts",
];

const ask_every_ms = 3_000;
/** The service lets hear of itself every 15 s. */
const quiet_ms_max = 45_000;
const retry_ms_min = 1_000;
const retry_ms_max = 30_000;
/** A page that nobody sees gives its connection back: a browser has six to a service, for all its windows. */
const unseen_ms_max = 20_000;
/** Changes that come together are shown together. */
const together_ms = 120;

const readers = new Map<() => void, ReadonlySet<string>>();
export function onChange(of: readonly string[], read: () => void): () => void {
  readers.set(read, new Set(of));
  return () => void readers.delete(read);
}

let changed = new Set<string>();
let _timer: ReturnType<typeof setTimeout> | undefined;
export function tellChanged(names: readonly string[] = tables): void {
  for (const name of names) changed.add(name);
  _timer ??= setTimeout(() => {
    const these = changed;
    changed = new Set();
    _timer = undefined;
    for (const [read, of] of [...readers]) if ([...of].some((name) => these.has(name))) read();
  }, together_ms);
}

const sleepers = new Set<() => void>();
const pause = (ms: number): Promise<void> =>
  new Promise((done) => {
    const up = () => {
      clearTimeout(timeout);
      sleepers.delete(up);
      done();
    };
    const timeout = setTimeout(up, ms);
    sleepers.add(up);
  });
const wake = (): void => {
  for (const up of [...sleepers]) up();
};

let positions = "";
let lastId = "";
let hangUp = (): void => {};
let listening = false;

/** How far the tables are; what moved, everybody reads again. */
async function look(): Promise<void> {
  const { state, today } = standing.get();
  const page = await get<List<unknown>>("cases", { limit: 1 });
  const now = JSON.stringify(page.as_at.positions);
  if (state === "offline" || (positions && positions !== now) || (today && today !== page.as_at.today))
    tellChanged();
  positions = now;
  if (listening) stands({ state: "live" });
}

function hear(event: string, data: string): void {
  if (event === "row") tellChanged([JSON.parse(data).table]);
  if (event === "ready") {
    listening = true;
    const { today } = standing.get();
    if (today && today !== JSON.parse(data).today) tellChanged();
  }
  // What is computed from today is another on the next day.
  if (event === "reset" || event === "day") tellChanged();
}

/** Listens until the stream ends. False: it has not begun. */
async function listen(): Promise<boolean> {
  const cut = new AbortController();
  hangUp = () => cut.abort();
  let quiet = setTimeout(hangUp, quiet_ms_max);
  try {
    const least = leastRead();
    const from = !lastId && least ? [`since=${encodeURIComponent(placeOf(least))}`] : [];
    const query = [
      ...tables.map((name) => `table=${name}`),
      `language=${language.get()}`,
      "sealed=true",
      ...from,
    ].join("&");
    const answer = await fetch(`/v1/stream?${query}`, {
      headers: headers({ Accept: "text/event-stream", ...(lastId ? { "Last-Event-ID": lastId } : {}) }),
      signal: cut.signal,
    });
    if (!answer.ok || !answer.body || !answer.headers.get("Content-Type")?.startsWith("text/event-stream")) {
      cut.abort();
      // Where the service does not know the place any more, everything is read anew, and listened to from there.
      if (answer.status === 400 && (lastId || least)) {
        lastId = "";
        forgetRead();
        tellChanged();
      }
      return false;
    }
    const read = eventReader(
      ({ event, data }) => hear(event, data),
      (id) => {
        lastId = id;
      },
    );
    const decoder = new TextDecoder();
    const body = answer.body.getReader();
    for (;;) {
      const { done, value } = await body.read();
      if (done) return listening;
      clearTimeout(quiet);
      quiet = setTimeout(hangUp, quiet_ms_max);
      // What could not be read meanwhile is read now.
      if (standing.get().state === "offline") tellChanged();
      read(decoder.decode(value, { stream: true }));
      if (listening) stands({ state: "live", at: serviceNow() });
    }
  } catch {
    return listening;
  } finally {
    clearTimeout(quiet);
    listening = false;
    if (standing.get().state === "live") stands({ state: "polling" });
  }
}

async function keepListening(): Promise<never> {
  let wait = retry_ms_min;
  for (;;) {
    if (!document.hidden) wait = (await listen()) ? retry_ms_min : Math.min(2 * wait, retry_ms_max);
    await pause(document.hidden ? retry_ms_max : wait);
  }
}

async function keepAsking(): Promise<never> {
  for (;;) {
    await pause(document.hidden ? 4 * ask_every_ms : ask_every_ms);
    try {
      if (standing.get().state !== "live") await look();
    } catch {
      // The standing says so already.
    }
  }
}

export function stayLive(): void {
  let unseen: ReturnType<typeof setTimeout> | undefined;
  document.addEventListener("visibilitychange", () => {
    clearTimeout(unseen);
    if (document.hidden) unseen = setTimeout(() => hangUp(), unseen_ms_max);
    else wake();
  });
  addEventListener("offline", () => hangUp());
  addEventListener("online", wake);
  // The pages' first reads are under way.
  look()
    .catch(() => {})
    .then(keepListening);
  keepAsking();
}
