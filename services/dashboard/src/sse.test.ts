import { expect, test } from "vitest";
import { eventReader, type ServerEvent } from "./sse";

const text =
  ': heartbeat\n\nevent: row\nid: 0:12,1:3\ndata: {"table":"visits",\ndata: "key":"a"}\n\nevent: reset\ndata: {}\n\n';

function read(pieces: string[]): ServerEvent[] {
  const events: ServerEvent[] = [];
  const take = eventReader((event) => events.push(event));
  for (const piece of pieces) take(piece);
  return events;
}

test("events come whole, with the last id, and heartbeats are none", () => {
  expect(read([text])).toEqual([
    { event: "row", data: '{"table":"visits",\n"key":"a"}', id: "0:12,1:3" },
    { event: "reset", data: "{}", id: "0:12,1:3" },
  ]);
});

test("it does not matter where the text is cut, nor how lines end", () => {
  const windows = text.replaceAll("\n", "\r\n");
  for (const whole of [text, windows]) {
    for (let cut = 1; cut < whole.length; ++cut) {
      expect(read([whole.slice(0, cut), whole.slice(cut)])).toEqual(read([text]));
    }
  }
});
