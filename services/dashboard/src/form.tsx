// The form of a command: asks the service while somebody types what would become of it, shows its sentence
// beside the field, asks for a reason where a rule wants one, and keeps what was typed until it is recorded.
import { useEffect, useRef, useState } from "preact/hooks";
import {
  type Accepted,
  type Case,
  type CommandName,
  clockKnown,
  get,
  type HistoryRow,
  type List,
  newId,
  Problem,
  send,
  serviceNow,
  Unreachable,
} from "./api";
import { useCell } from "./cell";
import { dataOf, fieldOf, fieldsFor, missingOf } from "./command_data";
import { type Field, type Form, forms } from "./commands";
import { currentDay, me, type Read, staff } from "./data";
import { type Draft, dropDraft, keyOf, loadDraft, newDraft, saveDraft } from "./draft";
import { tellChanged } from "./live";
import { Badge, Icon, Loading, Trouble } from "./parts";
import { byOf, sentenceOf } from "./sentences";
import { dayText, localOf, momentText } from "./time";
import { toast } from "./toast";
import { say, t, word, wordsOf } from "./words";

const check_after_ms = 350;
const newVisit = "new";

interface Checked {
  state: "idle" | "checking" | "fine" | "refused" | "conflict" | "offline";
  problem?: Problem;
  accepted?: Accepted;
}

function startOf(field: Field, c: Case | undefined, given: Record<string, string>): string {
  if (given[field.name] !== undefined) return given[field.name] ?? "";
  const visit = c?.visits.find((v) => v.visit === given.visit);
  if (visit) {
    if (field.name === "starts_at" || field.name === "started_at") return localOf(visit.starts_at);
    if (field.name === "minutes") return String(visit.minutes);
    if (field.name === "staff" || field.name === "place" || field.name === "category")
      return visit[field.name] ?? "";
  }
  switch (field.start) {
    case "today":
      return currentDay();
    case "now":
      return localOf(
        new Date(Math.floor((serviceNow().getTime() - 45 * 60_000) / 900_000) * 900_000).toISOString(),
      );
    case "me":
      return me.get() || c?.lead || "";
    case "lead":
      return c?.lead || me.get() || "";
    case "provider":
      return lastProvider.provider;
    case "land":
      return lastProvider.land;
    default:
      if (field.kind === "newId") return newId();
      return field.start ?? "";
  }
}
/** Of the latest referral: most providers have one of each. */
const lastProvider = { provider: "", land: "" };

/** What stands in the form as it stands in the case: it need not be said again. */
function unchangedOf(command: CommandName, of: Case | undefined, values: Record<string, string>): string[] {
  const same = (name: string, held: string | number | null) => values[name] === String(held ?? "");
  const visit = of?.visits.find((v) => v.visit === values.visit);
  if (visit && ["DeliverVisit", "CorrectVisit", "RescheduleVisit"].includes(command)) {
    const names = (["staff", "place", "category"] as const).filter((name) =>
      same(name, visit[name]),
    ) as string[];
    if (command !== "DeliverVisit" && same("minutes", visit.minutes)) names.push("minutes");
    if (command === "CorrectVisit" && same("started_at", localOf(visit.starts_at))) names.push("started_at");
    return names;
  }
  return [];
}

/** The form over a case that is still being read. */
export function CaseForm({
  command,
  read: { data, problem, reload },
  given,
  onClose,
}: {
  command: CommandName;
  read: Read<Case>;
  given: Record<string, string>;
  onClose: () => void;
}) {
  return (
    <>
      {problem && <Trouble problem={problem} retry={reload} />}
      {!data && !problem && <Loading />}
      {data && <CommandForm command={command} of={data} given={given} onDone={onClose} onClose={onClose} />}
    </>
  );
}

export function CommandForm({
  command,
  of,
  given = {},
  onDone,
  onClose,
}: {
  command: CommandName;
  of?: Case;
  given?: Record<string, string>;
  onDone: (accepted: Accepted) => void;
  onClose: () => void;
}) {
  const form: Form = forms[command];
  const key = keyOf(command, of?.case, given.visit ?? given.alert ?? given.approval);
  const [draft, setDraft] = useState<Draft>();
  const [kept, setKept] = useState(false);
  const [checked, setChecked] = useState<Checked>({ state: "idle" });
  const [version, setVersion] = useState(of?.version);
  const [sending, setSending] = useState(false);
  const [since, setSince] = useState<HistoryRow[]>([]);
  const busy = useRef(false);
  const focused = useRef(false);
  const known = useCell(staff);

  useEffect(() => {
    const before = loadDraft(key);
    if (before) {
      setKept(!!before.touched);
      return setDraft(before);
    }
    const begin = () => {
      const made = newDraft(key, command, of?.case, me.get(), given);
      for (const field of form.fields) made.values[field.name] = startOf(field, of, given);
      if (command === "DeliverVisit") {
        made.values.visit ||= newVisit;
        made.values[newVisit] = newId();
      }
      setDraft(made);
    };
    let left = false;
    const leave = () => {
      left = true;
    };
    const start = () => clockKnown().then(() => !left && begin());
    if (command !== "ReceiveReferral" || lastProvider.provider) {
      start();
      return leave;
    }
    get<List<{ provider: string; land: string }>>("cases", { sort: "-referred_on", limit: 1 })
      .then((page) => Object.assign(lastProvider, page.items[0] ?? {}))
      .catch(() => {})
      .finally(start);
    return leave;
  }, [key]);

  const benefit = of?.benefit ?? draft?.values.benefit;
  const all = fieldsFor(form, benefit);
  // What the form was opened for is not asked again.
  const fields = all.filter(
    ({ kind }) => kind !== "newId" && !(["visit", "alert", "approval"].includes(kind) && given[kind]),
  );

  const commandOf = (from: Draft) => {
    const values = { ...from.values };
    if (values.visit === newVisit) values.visit = values[newVisit] ?? "";
    else for (const name of unchangedOf(command, of, values)) values[name] = "";
    return {
      command,
      id: from.id,
      ...(of ? { case: of.case } : {}),
      ...(from.by ? { by: from.by } : {}),
      ...(Object.values(from.reasons).some((text) => text.trim()) ? { reasons: from.reasons } : {}),
      data: dataOf(all, values),
    };
  };
  const missing = draft ? missingOf(fields, draft.values) : [];

  // The service is asked as soon as somebody pauses.
  const question = draft ? JSON.stringify([draft.values, draft.reasons, draft.by, version]) : "";
  useEffect(() => {
    if (!draft) return;
    if (draft.touched) saveDraft(draft);
    if (missing.length) return setChecked((c) => (c.state === "conflict" ? c : { state: "idle" }));
    const stop = new AbortController();
    const timer = setTimeout(async () => {
      setChecked((c) => ({ ...c, state: c.state === "conflict" ? "conflict" : "checking" }));
      try {
        const accepted = await send(commandOf(draft), { dryRun: true, version, signal: stop.signal });
        setChecked({ state: "fine", accepted });
      } catch (failure) {
        if (!stop.signal.aborted) await refused(failure);
      }
    }, check_after_ms);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [question]);

  async function refused(failure: unknown): Promise<void> {
    if (failure instanceof Unreachable) return setChecked({ state: "offline" });
    if (!(failure instanceof Problem)) throw failure;
    if (failure.status === 409 && failure.version !== undefined && of) {
      setChecked({ state: "conflict", problem: failure });
      const list = await get<List<HistoryRow>>(`cases/${of.case}/history`, {
        "version.from": (version ?? 0) + 1,
      }).catch(() => undefined);
      return setSince(list?.items ?? []);
    }
    setChecked({ state: "refused", problem: failure });
  }

  async function submit(event: Event): Promise<void> {
    event.preventDefault();
    if (!draft || busy.current || missing.length) return;
    busy.current = true;
    setSending(true);
    try {
      const accepted = await send(commandOf(draft), { version });
      dropDraft(draft.key);
      if (!me.get() && draft.by) me.set(draft.by);
      tellChanged();
      toast(t(accepted.repeated ? "repeatedAlready" : "recorded", say(form.label)));
      onDone(accepted);
    } catch (failure) {
      if (failure instanceof Unreachable) {
        const waiting = { ...draft, waiting: true, touched: true };
        saveDraft(waiting);
        setDraft(waiting);
      }
      await refused(failure);
    }
    busy.current = false;
    setSending(false);
  }

  if (!draft) return null;
  const change = (part: Partial<Draft>) => setDraft({ ...draft, ...part, touched: true });
  const set = (name: string, value: string) => {
    const values = { ...draft.values, [name]: value };
    const visit = name === "visit" ? of?.visits.find((v) => v.visit === value) : undefined;
    if (visit)
      for (const field of form.fields)
        if (field.name !== "visit" && field.name !== "reason")
          values[field.name] = startOf({ ...field, start: undefined }, of, { visit: value });
    change({ values });
  };
  const problem = checked.problem;
  const wrong = checked.state === "refused" ? fieldOf(fields, problem?.field) : undefined;
  const reasons = [
    ...new Set([
      ...(problem?.reasons ?? []),
      ...Object.keys(draft.reasons).filter((r) => draft.reasons[r]?.trim()),
    ]),
  ];
  const discard = () => {
    dropDraft(draft.key);
    onClose();
  };
  return (
    <form
      class="command"
      onSubmit={submit}
      noValidate
      ref={(form) => {
        // A window that opens is there to be typed into.
        if (!form || focused.current || !form.closest("dialog")) return;
        focused.current = true;
        form.querySelector<HTMLElement>(".fields :is(input, select, textarea)")?.focus();
      }}
    >
      {kept && (
        <p class="note">
          <Icon name="info" /> {t("kept")}{" "}
          <button type="button" class="plain" onClick={discard}>
            {t("discard")}
          </button>
        </p>
      )}
      {checked.state === "conflict" && (
        <div class="trouble" role="alert">
          <Icon name="alert" />
          <div>
            <p>
              <strong>{t("conflict")}</strong> {problem?.detail}
            </p>
            {since.length > 0 && (
              <>
                <p>{t("conflictWhat")}</p>
                <ul>
                  {since.map((row) => (
                    <li key={row.version}>
                      {sentenceOf(row)}{" "}
                      <span class="quiet">
                        {byOf(row)}, {momentText(row.recorded)}
                      </span>
                    </li>
                  ))}
                </ul>
              </>
            )}
            <button
              type="button"
              class="main"
              onClick={() => {
                setChecked({ state: "checking" });
                setSince([]);
                setVersion(problem?.version);
                tellChanged();
              }}
            >
              {t("conflictRedo")}
            </button>
          </div>
        </div>
      )}
      <div class="fields">
        {fields.map((field) => (
          <Input
            key={field.name}
            field={field}
            of={of}
            draft={draft}
            known={known}
            set={set}
            problem={wrong === field ? problem : undefined}
          />
        ))}
        {reasons.map((rule) => (
          <div class="field wide reason" key={rule}>
            <label for={`reason-${rule}`}>
              {t("reasonNeeded", word("rule", rule))} <span class="rule-id">{rule}</span>
            </label>
            <textarea
              id={`reason-${rule}`}
              rows={2}
              value={draft.reasons[rule] ?? ""}
              aria-describedby={`reason-why-${rule}`}
              onInput={(event) =>
                change({ reasons: { ...draft.reasons, [rule]: event.currentTarget.value } })
              }
            />
            <p class="hint" id={`reason-why-${rule}`}>
              {t("reasonWhy")}
            </p>
          </div>
        ))}
      </div>
      <div class="field by">
        <label for="form-by">{t("enteredBy")}</label>
        <input
          id="form-by"
          list="known-staff"
          value={draft.by}
          onInput={(event) => change({ by: event.currentTarget.value.trim() })}
          autocomplete="off"
        />
      </div>
      <datalist id="known-staff">
        {known.map((slug) => (
          <option key={slug} value={slug} />
        ))}
      </datalist>
      <div class="verdict" role="status" aria-live="polite">
        {missing.length > 0 && checked.state !== "conflict" && (
          <p class="quiet">{t("missing", missing.map((field) => say(field.label)).join(", "))}</p>
        )}
        {checked.state === "checking" && <p class="quiet">{t("checking")}</p>}
        {checked.state === "fine" && (
          <>
            <Badge tone="good">{t("checked")}</Badge>
            {checked.accepted?.findings.map((finding) => (
              <p class="finding" key={finding.rule}>
                <Icon name="info" /> {finding.text} <span class="rule-id">{finding.rule}</span>
              </p>
            ))}
          </>
        )}
        {checked.state === "refused" && !wrong && problem && (
          <p class="wrong">
            <Icon name="alert" /> {problem.detail}{" "}
            {problem.rule && <span class="rule-id">{problem.rule}</span>}
          </p>
        )}
        {(checked.state === "offline" || draft.waiting) && (
          <p class="wrong">
            <Icon name="off" /> {t("keptOffline")}
          </p>
        )}
      </div>
      <div class="buttons">
        <button
          type="submit"
          class="main"
          disabled={sending || missing.length > 0 || checked.state === "conflict"}
        >
          {sending ? t("sending") : t("send")}
        </button>
        <button type="button" onClick={onClose}>
          {t("cancel")}
        </button>
        {draft.touched && (
          <button type="button" class="plain" onClick={discard}>
            {t("discard")}
          </button>
        )}
      </div>
    </form>
  );
}

function Input({
  field,
  of,
  draft,
  known,
  set,
  problem,
}: {
  field: Field;
  of?: Case;
  draft: Draft;
  known: string[];
  set: (name: string, value: string) => void;
  problem?: Problem;
}) {
  const id = `field-${field.name.replace(".", "-")}`;
  const value = draft.values[field.name] ?? "";
  const hint = field.hint
    ? say(field.hint)
    : { lines: t("lines"), staffs: t("commas"), icds: t("commas") }[field.kind as string];
  const described = [problem && `${id}-problem`, hint && `${id}-hint`].filter(Boolean).join(" ") || undefined;
  const shared = {
    id,
    name: field.name,
    value,
    "aria-invalid": problem ? ("true" as const) : undefined,
    "aria-describedby": described,
    "aria-required": field.required ? ("true" as const) : undefined,
  };
  const typed = (event: { currentTarget: { value: string } }) => set(field.name, event.currentTarget.value);
  const select = (options: [string, string][]) => (
    <select {...shared} onChange={typed}>
      {(!field.required || !value) && <option value="">{field.required ? t("choose") : "–"}</option>}
      {options.map(([key, text]) => (
        <option key={key} value={key}>
          {text}
        </option>
      ))}
    </select>
  );
  const wide = ["long", "lines", "json", "visit", "alert"].includes(field.kind);
  const control = () => {
    switch (field.kind) {
      case "date":
        return <input type="date" {...shared} onInput={typed} />;
      case "moment":
        return <input type="datetime-local" step={300} {...shared} onInput={typed} />;
      case "number":
        return <input inputMode="numeric" {...shared} onInput={typed} autocomplete="off" />;
      case "long":
      case "lines":
      case "json":
        return <textarea rows={field.kind === "json" ? 8 : 3} {...shared} onInput={typed} />;
      case "yes":
        return select([
          ["true", t("yes")],
          ["false", t("no")],
        ]);
      case "choice":
        return select(wordsOf(field.words ?? "").map((key) => [key, word(field.words ?? "", key)]));
      case "visit": {
        const visits = (of?.visits ?? []).filter((v) => v.state === field.state);
        const options = visits.map((v): [string, string] => [
          v.visit,
          `${momentText(v.starts_at)} · ${t("minutes", v.minutes)} · ${v.staff} · ${word("place", v.place)}`,
        ]);
        if (draft.command === "DeliverVisit") options.unshift([newVisit, t("unplanned")]);
        return select(options);
      }
      case "approval":
        return select(
          (of?.approvals ?? [])
            .filter((a) => !a.revoked)
            .map((a) => [
              a.approval,
              `${a.reference} · ${t("units", a.units)} · ${t("until", dayText(a.from), dayText(a.until))}`,
            ]),
        );
      case "alert":
        return select(
          (of?.alerts ?? [])
            .filter((a) => a.state !== "closed")
            .map((a) => [a.alert, `${word("rule", a.rule)} · ${dayText(a.acts_on)}`]),
        );
      case "step":
        return select(
          (of?.tasks ?? [])
            .filter((task) => task.checklist?.length)
            .map((task) => [task.task ?? "", task.title ?? ""]),
        );
      case "item":
        return select(
          (of?.tasks.find((task) => task.task === draft.values.step)?.checklist ?? []).map((item) => [
            item.item,
            item.text,
          ]),
        );
      case "staff":
        return (
          <input
            list={known.length ? "known-staff" : undefined}
            {...shared}
            onInput={typed}
            autocomplete="off"
            spellcheck={false}
          />
        );
      default:
        return <input {...shared} onInput={typed} autocomplete="off" />;
    }
  };
  return (
    <div class={wide ? "field wide" : "field"}>
      <label for={id}>
        {say(field.label)}
        {field.required && (
          <span class="required" aria-hidden="true" title={t("required")}>
            *
          </span>
        )}
      </label>
      {control()}
      {field.kind === "date" && value.length === 10 && <p class="hint">{dayText(value)}</p>}
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {problem && (
        <p class="wrong" id={`${id}-problem`} role="alert">
          <Icon name="alert" /> {problem.detail} {problem.rule && <span class="rule-id">{problem.rule}</span>}
        </p>
      )}
    </div>
  );
}
