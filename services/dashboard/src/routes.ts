// The address is the state of the page: which page, and every filter of it.

import { type Query, queryText } from "./api";
import { cell, useCell } from "./cell";
import type { Word } from "./words";

interface Address {
  /** "/fall/0197…" in parts: ["fall", "0197…"]. */
  path: string[];
  query: Record<string, string>;
}

/** The pages of the navigation, with the letter that follows `g`. The program answers to the same addresses. */
export const pages: readonly { path: string; word: Word; key: string; icon: string }[] = [
  { path: "heute", word: "today", key: "h", icon: "sun" },
  { path: "fristen", word: "deadlines", key: "f", icon: "clock" },
  { path: "faelle", word: "cases", key: "c", icon: "people" },
  { path: "termine", word: "visits", key: "t", icon: "calendar" },
  { path: "warnungen", word: "alerts", key: "w", icon: "bell" },
  { path: "kennzahlen", word: "figures", key: "k", icon: "chart" },
  { path: "stand", word: "status", key: "s", icon: "pulse" },
];

function addressOf(url: { pathname: string; search: string }): Address {
  const path = url.pathname.split("/").filter(Boolean).map(decodeURIComponent);
  return { path: path.length ? path : ["heute"], query: Object.fromEntries(new URLSearchParams(url.search)) };
}

export const address = cell<Address>(addressOf(location));
export const useAddress = (): Address => useCell(address);

export const href = (path: string, query: Query = {}): string => `/${path}${queryText(query)}`;

export function go(to: string, { replace = false } = {}): void {
  if (to === location.pathname + location.search) return;
  const samePage = to.split("?")[0] === location.pathname;
  history[replace ? "replaceState" : "pushState"](null, "", to);
  address.set(addressOf(location));
  if (!samePage) scrollTo(0, 0);
}

/** The same page with some parameters changed; an empty one is left out. */
export function withQuery(change: Query, options?: { replace?: boolean }): void {
  go(location.pathname + queryText({ ...address.get().query, ...change }), options);
}

/** Another question to a list: it begins at its first page. */
export const askAnew = (change: Query): void => withQuery({ ...change, cursor: undefined, ab: undefined });

export function followLinks(): void {
  addEventListener("popstate", () => address.set(addressOf(location)));
  document.addEventListener("click", (event) => {
    const link = (event.target as Element).closest?.("a");
    if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey)
      return;
    if (link.origin !== location.origin || link.target || link.hasAttribute("download")) return;
    const to = link.getAttribute("href") ?? "";
    if (!to.startsWith("/")) return;
    event.preventDefault();
    go(to);
  });
}
