import { expect, test } from "vitest";
import { overlapping } from "./overlaps";

const visit = (id: string, at: string, minutes: number, staff = "m.roth", state = "scheduled") => ({
  visit: id,
  starts_at: `2026-03-02T${at}:00+01:00`,
  minutes,
  staff,
  state,
});

test("visits of one person that share a moment overlap, those that touch do not", () => {
  const rows = [visit("a", "09:00", 60), visit("b", "10:00", 60), visit("c", "10:45", 30)];
  expect([...overlapping(rows)].sort()).toEqual(["b", "c"]);
});

test("a long visit overlaps with all that lie in it", () => {
  const rows = [visit("a", "08:00", 240), visit("b", "08:30", 15), visit("c", "11:00", 15)];
  expect([...overlapping(rows)].sort()).toEqual(["a", "b", "c"]);
});

test("other persons, and what does not take place, do not count", () => {
  const rows = [
    visit("a", "09:00", 60),
    visit("b", "09:00", 60, "s.sommer"),
    visit("c", "09:30", 60, "m.roth", "cancelled"),
  ];
  expect(overlapping(rows).size).toBe(0);
});
