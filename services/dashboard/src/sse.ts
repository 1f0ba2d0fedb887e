// Server-sent events out of a stream of text (the format of the HTML standard, 9.2.6).
export interface ServerEvent {
  event: string;
  data: string;
  /** The last id seen up to here; what is asked for again begins after it. */
  id: string;
}

/** Takes the text as it comes, in pieces of any size; gives each event once it is whole. */
export function eventReader(take: (event: ServerEvent) => void): (text: string) => void {
  let rest = "";
  let event = "";
  let data: string[] = [];
  let id = "";
  const line = (text: string): void => {
    if (text === "") {
      if (data.length) take({ event: event || "message", data: data.join("\n"), id });
      event = "";
      data = [];
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
