// Server-sent events out of a stream of text (the format of the HTML standard, 9.2.6), and where to begin.

/** The last record read of each partition of which any was. */
export type Positions = Record<string, number>;
/** What both have read. */
export function leastOf(one: Positions | undefined, other: Positions): Positions {
  if (!one) return other;
  const both = Object.entries(one).filter(([partition]) => partition in other);
  return Object.fromEntries(both.map(([p, offset]) => [p, Math.min(offset, other[p] ?? offset)]));
}

/** As the stream writes it. */
export const placeOf = (positions: Positions): string =>
  Object.entries(positions)
    .map(([partition, offset]) => `${partition}:${offset}`)
    .join(",") || "-";

export interface ServerEvent {
  event: string;
  data: string;
}

/**
 * Takes the text as it comes, in pieces of any size; gives each event once it is whole. `seen` is told the
 * last id, once what it stands with is whole, be that no more than a comment.
 */
export function eventReader(
  take: (event: ServerEvent) => void,
  seen: (id: string) => void,
): (text: string) => void {
  let rest = "";
  let event = "";
  let data: string[] = [];
  let id = "";
  const line = (text: string): void => {
    if (text === "") {
      if (data.length) take({ event: event || "message", data: data.join("\n") });
      if (id) seen(id);
      event = "";
      data = [];
      id = "";
      return;
    }
    if (text.startsWith(":")) return;
    const colon = text.indexOf(":");
    const field = colon < 0 ? text : text.slice(0, colon);
    const value = colon < 0 ? "" : text.slice(colon + 1).replace(/^ /, "");
    if (field === "event") event = value;
    else if (field === "data") data.push(value);
    else if (field === "id") id = value;
  };
  return (text) => {
    rest += text;
    // A carriage return at the end may be half of a line's end.
    for (;;) {
      const end = /\r\n|\n|\r(?!$)/.exec(rest);
      if (!end) return;
      const whole = rest.slice(0, end.index);
      rest = rest.slice(end.index + end[0].length);
      line(whole);
    }
  };
}
