// Days and moments as people in Berlin say them. A day is "2026-02-20", a moment RFC 3339.
import { language, t } from "./words";

const zone = "Europe/Berlin";
const locale = () => (language.get() === "de" ? "de-DE" : "en-GB");
const noon = (day: string) => new Date(`${day}T12:00:00Z`);

const formats = new Map<string, Intl.DateTimeFormat>();
function format(options: Intl.DateTimeFormatOptions, at: Date, as = locale()): string {
  const key = as + JSON.stringify(options);
  let made = formats.get(key);
  if (!made) {
    made = new Intl.DateTimeFormat(as, options);
    formats.set(key, made);
  }
  return made.format(at);
}

/** "Fr 20.02.2026", "Fri 20/02/2026". */
export function dayText(day: string | null | undefined): string {
  if (!day) return "–";
  const weekday = format({ weekday: "short", timeZone: "UTC" }, noon(day)).replace(".", "");
  return `${weekday}\u00a0${format({ day: "2-digit", month: "2-digit", year: "numeric", timeZone: "UTC" }, noon(day))}`;
}
/** "Freitag, 20. Februar 2026". */
export const longDay = (day: string): string =>
  format({ weekday: "long", day: "numeric", month: "long", year: "numeric", timeZone: "UTC" }, noon(day));
export const monthText = (day: string): string => format({ month: "short", timeZone: "UTC" }, noon(day));
export const weekdayText = (day: string): string => format({ weekday: "long", timeZone: "UTC" }, noon(day));
export const shortDay = (day: string): string =>
  format({ day: "numeric", month: "short", timeZone: "UTC" }, noon(day));

const clock = { hour: "2-digit", minute: "2-digit", hour12: false, timeZone: zone } as const;
/** "09:41". */
export const clockText = (moment: string | Date): string => format(clock, new Date(moment));
/** "Fr 20.02.2026, 09:41 Uhr". */
export const momentText = (moment: string | null | undefined): string =>
  moment ? `${dayText(berlinDay(moment))}, ${t("clock", clockText(moment))}` : "–";

/** The civil day in Berlin that a moment lies in. */
export const berlinDay = (moment: string | Date): string =>
  format({ timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" }, new Date(moment), "en-CA");
/** What `happened` holds, a day or a moment, as text. */
export const whenText = (when: string): string => (when.length === 10 ? dayText(when) : momentText(when));

export function addDays(day: string, days: number): string {
  const at = noon(day);
  at.setUTCDate(at.getUTCDate() + days);
  return at.toISOString().slice(0, 10);
}
export const daysBetween = (from: string, to: string): number =>
  Math.round((noon(to).getTime() - noon(from).getTime()) / 86_400_000);
/** The Monday on or before. */
export const mondayOf = (day: string): string => addDays(day, -((noon(day).getUTCDay() + 6) % 7));

/** Minutes that Berlin is ahead of UTC at that moment. */
function offsetMinutes(at: Date): number {
  const text = format({ timeZone: zone, timeZoneName: "longOffset" }, at, "en-US");
  const [, sign, hours, minutes] = /GMT([+-])(\d\d):(\d\d)/.exec(text) ?? ["", "+", "00", "00"];
  return (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
}

/** "2026-03-02T14:10" on Berlin's clocks as a moment with Berlin's offset: "2026-03-02T14:10:00+01:00". */
export function berlinMoment(local: string): string {
  const asUtc = new Date(`${local.slice(0, 16)}:00Z`);
  // Of the hour that an autumn night has twice, the first; an hour that a spring night lacks is moved on.
  const earlier = offsetMinutes(new Date(asUtc.getTime() - 3 * 3_600_000));
  const guess = new Date(asUtc.getTime() - earlier * 60_000);
  const ahead = offsetMinutes(guess);
  const sign = ahead < 0 ? "-" : "+";
  const two = (n: number) => String(Math.abs(n)).padStart(2, "0");
  return `${local.slice(0, 16)}:00${sign}${two(Math.trunc(ahead / 60))}:${two(ahead % 60)}`;
}
/** The other way: what a datetime-local input shows. */
export const localOf = (moment: string): string =>
  `${berlinDay(moment)}T${format(clock, new Date(moment), "en-GB")}`;

/** "noch 5 Tage", "heute fällig", "seit 3 Tagen überfällig". */
export function daysInWords(left: number): string {
  if (left === 0) return t("dueToday");
  if (left === 1) return t("dayLeft");
  if (left === -1) return t("dayOver");
  return left > 0 ? t("daysLeft", left) : t("daysOver", -left);
}

export const numberText = (n: number): string =>
  n.toLocaleString(locale(), { maximumFractionDigits: 2, minimumFractionDigits: 0 });
export const percentText = (share: number | null): string =>
  share === null ? "–" : share.toLocaleString(locale(), { style: "percent", maximumFractionDigits: 0 });
export const moneyText = (cents: number | null): string =>
  cents === null ? "–" : (cents / 100).toLocaleString(locale(), { style: "currency", currency: "EUR" });
/** Minutes as units of 60: "7,25". */
export const unitsOf = (minutes: number): string => numberText(minutes / 60);
export const unitsText = (minutes: number): string =>
  minutes === 60 ? t("unit1") : t("units", unitsOf(minutes));
