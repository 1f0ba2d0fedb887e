// The case as of any day, or as it was known then. The day stands in the address.
import { useEffect, useState } from "preact/hooks";
import { type Case, Problem } from "./api";
import { Icon } from "./parts";
import { withQuery } from "./routes";
import { addDays, berlinMoment, daysBetween, dayText, longDay } from "./time";
import { t } from "./words";

/** What the service is asked for an earlier state; nothing for now. */
export function travelOf(query: Record<string, string>): { as_of?: string; known_at?: string } | undefined {
  if (query.as_of) return { as_of: query.as_of };
  if (query.known_at) return { known_at: berlinMoment(`${query.known_at.slice(0, 10)}T23:59`) };
  return undefined;
}

const settle_ms = 250;

export function TimeTravel({
  of,
  travel,
  problem,
}: {
  of: Case;
  travel?: { as_of?: string; known_at?: string };
  problem?: Error;
}) {
  const today = of.as_at.today;
  const whole = Math.max(1, daysBetween(of.referred_on, today));
  const given = travel?.as_of ?? travel?.known_at?.slice(0, 10);
  const known = !!travel?.known_at;
  const [day, setDay] = useState(given ?? today);
  useEffect(() => setDay(given ?? today), [given, today]);
  useEffect(() => {
    if (day === (given ?? today)) return;
    const timer = setTimeout(() => show(day, known), settle_ms);
    return () => clearTimeout(timer);
  }, [day]);
  const show = (to: string, asKnown: boolean) =>
    withQuery(
      to >= today && !asKnown
        ? { as_of: undefined, known_at: undefined, tun: undefined }
        : { as_of: asKnown ? undefined : to, known_at: asKnown ? to : undefined, tun: undefined },
      { replace: !!travel },
    );
  return (
    <section class={travel ? "travel on no-print" : "travel no-print"} aria-label={t("slider")}>
      <label for="travel-day">
        <Icon name="clock" /> <strong>{t("slider")}</strong> <span class="quiet">{dayText(day)}</span>
      </label>
      <input
        id="travel-day"
        type="range"
        min={0}
        max={whole}
        value={Math.max(0, Math.min(whole, daysBetween(of.referred_on, day)))}
        aria-valuetext={longDay(day)}
        title={t("sliderHint")}
        onInput={(event) => setDay(addDays(of.referred_on, Number(event.currentTarget.value)))}
      />
      <fieldset class="scope">
        <legend class="hidden">{t("slider")}</legend>
        {[false, true].map((asKnown) => (
          <label key={String(asKnown)}>
            <input
              type="radio"
              name="travel-kind"
              checked={known === asKnown}
              onChange={() => show(day, asKnown)}
            />
            <span>{t(asKnown ? "knownAt" : "asOf")}</span>
          </label>
        ))}
      </fieldset>
      {travel && (
        <>
          <p role="status">{problem ? explain(problem) : t("asItWas", longDay(day))}</p>
          <button type="button" onClick={() => withQuery({ as_of: undefined, known_at: undefined })}>
            {t("backToNow")}
          </button>
        </>
      )}
    </section>
  );
}

function explain(problem: Error): string {
  if (!(problem instanceof Problem)) return t("offlineFirst");
  if (problem.status === 404) return t("notThen");
  return problem.status === 400 && /as_of|known_at/.test(problem.field ?? "")
    ? t("noTravel")
    : problem.detail;
}
