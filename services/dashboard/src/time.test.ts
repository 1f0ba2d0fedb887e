import { afterEach, expect, test } from "vitest";
import {
  addDays,
  berlinDay,
  berlinMoment,
  clockText,
  daysBetween,
  daysInWords,
  dayText,
  localOf,
  mondayOf,
  unitsText,
} from "./time";
import { language } from "./words";

afterEach(() => language.set("de"));

test("days are told in words", () => {
  expect([5, 1, 0, -1, -3].map(daysInWords)).toEqual([
    "noch 5 Tage",
    "noch 1 Tag",
    "heute fällig",
    "seit 1 Tag überfällig",
    "seit 3 Tagen überfällig",
  ]);
  language.set("en");
  expect(daysInWords(-3)).toBe("3 days overdue");
});

test("a day has its weekday before it", () => {
  expect(dayText("2026-02-20")).toBe("Fr\u00a020.02.2026");
  expect(dayText(null)).toBe("–");
  language.set("en");
  expect(dayText("2026-02-20")).toBe("Fri\u00a020/02/2026");
});

test("a moment belongs to Berlin's day, wherever the browser is", () => {
  expect(berlinDay("2026-06-30T22:30:00Z")).toBe("2026-07-01");
  expect(clockText("2026-06-30T22:30:00Z")).toBe("00:30");
});

test("what somebody types is on Berlin's clocks, summer and winter", () => {
  expect(berlinMoment("2026-03-02T14:10")).toBe("2026-03-02T14:10:00+01:00");
  expect(berlinMoment("2026-07-02T14:10")).toBe("2026-07-02T14:10:00+02:00");
  expect(localOf("2026-07-02T14:10:00+02:00")).toBe("2026-07-02T14:10");
});

test("of the hour that comes twice the first is meant", () => {
  expect(berlinMoment("2026-10-25T02:30")).toBe("2026-10-25T02:30:00+02:00");
  expect(berlinMoment("2026-10-25T03:30")).toBe("2026-10-25T03:30:00+01:00");
});

test("days are counted over changes of the clock", () => {
  expect(addDays("2026-03-28", 2)).toBe("2026-03-30");
  expect(daysBetween("2026-03-28", "2026-03-30")).toBe(2);
  expect(mondayOf("2026-11-29")).toBe("2026-11-23");
});

test("minutes are units of an hour", () => {
  expect(unitsText(60)).toBe("1 Einheit");
  expect(unitsText(435)).toBe("7,25 Einheiten");
});
