// Search over everything: persons by name (the service looks), pages, and what can be entered.
import { useEffect, useState } from "preact/hooks";
import type { CaseRow } from "./api";
import { forms } from "./commands";
import { useList } from "./data";
import { CaseState, Dialog, Icon, nameOf } from "./parts";
import { go, pages } from "./routes";
import { dayText } from "./time";
import { say, t, type Word } from "./words";

const pause_ms = 180;

export function Palette({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState("");
  const [asked, setAsked] = useState("");
  const [at, setAt] = useState(0);
  useEffect(() => {
    const timer = setTimeout(() => setAsked(text.trim()), pause_ms);
    return () => clearTimeout(timer);
  }, [text]);
  const { data, waiting } = useList<CaseRow>(asked.length > 1 ? "cases" : null, {
    name: asked,
    sort: "-referred_on",
    limit: 8,
  });
  const fits = (words: string) => words.toLowerCase().includes(text.trim().toLowerCase());
  const results: { key: string; to: string; icon: string; show: preact.ComponentChildren }[] = [
    ...(asked.length > 1 ? (data?.items ?? []) : []).map((row) => ({
      key: row.case,
      to: `/fall/${row.case}`,
      icon: "people",
      show: (
        <>
          <strong>{nameOf(row.person)}</strong>{" "}
          <span class="quiet">{row.person && dayText(row.person.born)}</span> <CaseState state={row.state} />
        </>
      ),
    })),
    ...pages
      .filter((page) => fits(t(page.word)))
      .map((page) => ({ key: page.path, to: `/${page.path}`, icon: page.icon, show: t(page.word) })),
    ...(["ReceiveReferral", "AdoptSettings"] as const)
      .filter((name) => fits(say(forms[name].label)))
      .map((name) => ({ key: name, to: `/eintragen/${name}`, icon: "plus", show: say(forms[name].label) })),
  ];
  const chosen = Math.min(at, Math.max(0, results.length - 1));
  const open = (to: string) => {
    onClose();
    go(to);
  };
  const move = (event: KeyboardEvent) => {
    const by = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (by) {
      event.preventDefault();
      setAt((chosen + by + results.length) % Math.max(1, results.length));
    } else if (event.key === "Enter" && results[chosen]) {
      event.preventDefault();
      open(results[chosen].to);
    }
  };
  return (
    <Dialog title={t("search")} onClose={onClose}>
      <div class="palette">
        <label class="hidden" for="palette-text">
          {t("searchHint")}
        </label>
        <input
          id="palette-text"
          type="search"
          placeholder={t("searchHint")}
          value={text}
          autocomplete="off"
          role="combobox"
          aria-expanded="true"
          aria-controls="palette-results"
          aria-activedescendant={results[chosen] ? `palette-${results[chosen].key}` : undefined}
          onInput={(event) => {
            setText(event.currentTarget.value);
            setAt(0);
          }}
          onKeyDown={move}
        />
        <ul id="palette-results" role="listbox" aria-label={t("search")}>
          {results.map((result, i) => (
            <li
              key={result.key}
              id={`palette-${result.key}`}
              role="option"
              aria-selected={i === chosen}
              onClick={() => open(result.to)}
            >
              <Icon name={result.icon} /> {result.show}
            </li>
          ))}
        </ul>
        {results.length === 0 && (
          <p class="quiet">{waiting || asked !== text.trim() ? t("loading") : t("searchNothing")}</p>
        )}
      </div>
    </Dialog>
  );
}

export function Help({ onClose }: { onClose: () => void }) {
  const keys: [string[], Word][] = [
    [["/"], "keySearch"],
    [["Strg", "K"], "keyPalette"],
    [["j"], "keyNext"],
    [["k"], "keyPrevious"],
    [["Enter"], "keyOpen"],
    [["e"], "keyExplain"],
    [["n"], "keyNew"],
    [["?"], "keyHelp"],
  ];
  return (
    <Dialog title={t("keys")} onClose={onClose}>
      <dl class="keys">
        {keys.map(([names, what]) => (
          <div key={what}>
            <dt>
              {names.map((name) => (
                <kbd key={name}>{name}</kbd>
              ))}
            </dt>
            <dd>{t(what)}</dd>
          </div>
        ))}
        {pages.map((page) => (
          <div key={page.path}>
            <dt>
              <kbd>g</kbd>
              <kbd>{page.key}</kbd>
            </dt>
            <dd>
              {t("keyGo")} {t(page.word)}
            </dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
