import { expect, test } from "vitest";
import { eventReader, leastOf, placeOf, type ServerEvent } from "./sse";

const text =
  ': heartbeat\n\nevent: row\nid: 0:12,1:3\ndata: {"table":"visits",\ndata: "key":"a"}\n\nevent: reset\ndata: {}\n\n:\nid: 0:14\n\n';

function read(pieces: string[]): (ServerEvent | string)[] {
  const heard: (ServerEvent | string)[] = [];
  const take = eventReader(
    (event) => heard.push(event),
    (id) => heard.push(id),
  );
  for (const piece of pieces) take(piece);
  return heard;
}

test("events come whole, then their id; heartbeats are none, but may move the place", () => {
  expect(read([text])).toEqual([
    { event: "row", data: '{"table":"visits",\n"key":"a"}' },
    "0:12,1:3",
    { event: "reset", data: "{}" },
    "0:14",
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

test("an id counts only once the lines after it are whole", () => {
  expect(read(["event: row\nid: 0:12\ndata: {}\n"])).toEqual([]);
});

test("a place in the stream is what was read of each partition", () => {
  expect(placeOf({ "0": 12, "3": 0 })).toBe("0:12,3:0");
  expect(placeOf({})).toBe("-");
});

test("what two answers have both read, by partition", () => {
  expect(leastOf(undefined, { "0": 3 })).toEqual({ "0": 3 });
  expect(leastOf({ "0": 3, "1": 9 }, { "0": 5, "1": 7, "2": 0 })).toEqual({ "0": 3, "1": 7 });
  expect(leastOf({ "0": 3 }, {})).toEqual({});
});
