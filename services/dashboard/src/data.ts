// Reads for pages: the last answer stays while the next one comes, and what changes is read again.
import { useEffect, useRef, useState } from "preact/hooks";
import { get, type List, Problem, type Query, queryText, serviceNow, standing, Unreachable } from "./api";
import { cell, kept, useCell } from "./cell";
import { onChange } from "./live";
import { berlinDay } from "./time";

export interface Read<T> {
  data?: T;
  problem?: Problem | Unreachable;
  /** True while what is shown belongs to the question before. */
  waiting: boolean;
  reload(): void;
}

/** What `read` brings for the question `key`; null asks nothing. `tables`: whose changes make it read again. */
function useAnswer<T>(
  key: string | null,
  read: (signal: AbortSignal) => Promise<T>,
  tables: readonly string[],
): Read<T> {
  const [, show] = useState(0);
  const held = useRef<{ key?: string | null; data?: T; problem?: Problem | Unreachable }>({});
  const reload = useRef(() => {});
  useEffect(() => {
    if (key === null) return;
    let current: AbortController | undefined;
    const again = async () => {
      current?.abort();
      const mine = new AbortController();
      current = mine;
      try {
        const data = await read(mine.signal);
        if (mine.signal.aborted) return;
        held.current = { key, data };
      } catch (problem) {
        if (mine.signal.aborted) return;
        if (!(problem instanceof Problem || problem instanceof Unreachable)) throw problem;
        // Without a connection what was seen last is better than nothing, and the page says how old it is.
        const keep =
          problem instanceof Unreachable && held.current.key === key ? held.current.data : undefined;
        held.current = { key, data: keep, problem };
      }
      show((n) => n + 1);
    };
    reload.current = again;
    again();
    const forget = onChange(tables, again);
    return () => {
      forget();
      current?.abort();
    };
  }, [key]);
  const { key: heldKey, data, problem } = held.current;
  const same = heldKey === key;
  return { data, problem: same ? problem : undefined, waiting: !same, reload: () => reload.current() };
}

/** `path` below /v1/; null asks nothing. */
export const useRead = <T>(path: string | null, query: Query, tables: readonly string[]): Read<T> =>
  useAnswer<T>(
    path === null ? null : path + queryText(query),
    (signal) => get<T>(path ?? "", query, signal),
    tables,
  );

export const useList = <Row>(path: string | null, query: Query): Read<List<Row>> =>
  useRead<List<Row>>(path, query, [path ?? "", "cases"]);

const pages_max = 10;
/** All rows of a list, page by page. */
export const useAll = <Row>(path: string, query: Query): Read<Row[]> =>
  useAnswer<Row[]>(
    path + queryText(query),
    async (signal) => {
      const rows: Row[] = [];
      let cursor: string | null = null;
      for (let page = 0; page < pages_max; ++page) {
        const answer: List<Row> = await get<List<Row>>(path, { limit: 500, ...query, cursor }, signal);
        rows.push(...answer.items);
        cursor = answer.next;
        if (!cursor) break;
      }
      return rows;
    },
    [path, "cases"],
  );

/** The service's day; before it has told one, Berlin's. */
export const currentDay = (): string => standing.get().today ?? berlinDay(serviceNow());
export function useToday(): string {
  useCell(standing);
  return currentDay();
}

// ---- what the page remembers of the person before it, in this browser

export const me = kept<string>("geleit.me", "");

/** Whom the service knows: leads and visitors of late, and the teams of the settings. */
export const staff = cell<string[]>([]);
export const teams = cell<string[][]>([]);

export async function learnStaff(): Promise<void> {
  const [cases, visits, settings] = await Promise.allSettled([
    get<List<{ lead: string | null }>>("cases", { sort: "-referred_on", limit: 300 }),
    get<List<{ staff: string }>>("visits", { sort: "-starts_at", limit: 300 }),
    get<Record<string, { settings?: { teams?: { lead?: string; members?: string[] }[] } } | null>>(
      "settings",
    ),
  ]);
  const known = new Set<string>();
  if (cases.status === "fulfilled") for (const row of cases.value.items) if (row.lead) known.add(row.lead);
  if (visits.status === "fulfilled") for (const row of visits.value.items) known.add(row.staff);
  if (settings.status === "fulfilled") {
    const sets = [settings.value.installation, settings.value.provider_set];
    const found = sets.flatMap((set) => set?.settings?.teams ?? []);
    teams.set(
      found.map((team) => [team.lead, ...(team.members ?? [])].filter((slug): slug is string => !!slug)),
    );
    for (const slug of teams.get().flat()) known.add(slug);
  }
  staff.set([...known].sort());
}

/** What `leads` must be to see the cases of that scope, "mine" or "team"; nothing: everybody's. */
export function useLeads(scope: string | undefined): string | undefined {
  const slug = useCell(me);
  const all = useCell(teams);
  if (!slug || !scope || scope === "all") return undefined;
  if (scope === "mine") return slug;
  return [...new Set([slug, ...all.filter((team) => team.includes(slug)).flat()])].join(",");
}
