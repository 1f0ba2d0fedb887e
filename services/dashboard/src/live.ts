// Keeps the page true: listens to /v1/stream for what changed, and where there is none, or it is cut, asks
// every few seconds how far the tables are. Pages say which tables they show and are told to read again.
//
//   listening ──cut──▶ asking ──answers──▶ listening      no answer at all: offline, asked again and again
import { get, headers, type List, serviceNow, standing, stands } from "./api";
import { eventReader } from "./sse";

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
const quiet_ms_max = 45_000;
const try_stream_every_ms = 20_000;
/** Where the service has no stream there will hardly be one soon. */
const no_stream_ms = 600_000;
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

let positions = "";
let lastId = "";

/** How far the tables are; what moved, everybody reads again. */
async function look(): Promise<void> {
  const wasOffline = standing.get().state === "offline";
  const day = standing.get().today;
  const page = await get<List<unknown>>("cases", { limit: 1 });
  const now = JSON.stringify(page.as_at.positions);
  if (wasOffline || (positions && positions !== now) || (day && day !== page.as_at.today)) tellChanged();
  positions = now;
}

/** Listens until the stream ends. False: this service has none. */
async function listen(): Promise<boolean> {
  const cut = new AbortController();
  let quiet = setTimeout(() => cut.abort(), quiet_ms_max);
  const query = tables.map((name) => `table=${name}`).join("&");
  try {
    const answer = await fetch(`/v1/stream?${query}`, {
      headers: headers({ Accept: "text/event-stream", ...(lastId ? { "Last-Event-ID": lastId } : {}) }),
      signal: cut.signal,
    });
    if (!answer.ok || !answer.body || !answer.headers.get("Content-Type")?.startsWith("text/event-stream")) {
      cut.abort();
      return false;
    }
    stands({ state: "live", at: serviceNow() });
    // Whatever happened between the first reads and now.
    await look();
    const read = eventReader(({ event, data, id }) => {
      if (id) lastId = id;
      // What is computed from today is another on the next day.
      if (event === "reset" || event === "day") tellChanged();
      else if (event === "row") tellChanged([JSON.parse(data).table]);
    });
    const decoder = new TextDecoder();
    const body = answer.body.getReader();
    for (;;) {
      const { done, value } = await body.read();
      if (done) return true;
      clearTimeout(quiet);
      quiet = setTimeout(() => cut.abort(), quiet_ms_max);
      stands({ state: "live", at: serviceNow() });
      read(decoder.decode(value, { stream: true }));
    }
  } catch {
    return true;
  } finally {
    clearTimeout(quiet);
  }
}

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

export async function stayLive(): Promise<never> {
  let next = 0;
  for (;;) {
    if (Date.now() >= next) {
      const began = Date.now();
      const streamed = await listen();
      if (standing.get().state === "live") stands({ state: "polling" });
      next = began + (streamed ? try_stream_every_ms : no_stream_ms);
    }
    try {
      await look();
    } catch {
      // The standing says so already.
    }
    await pause(document.hidden ? 4 * ask_every_ms : ask_every_ms);
  }
}
