// The frame: who, where, how current; keys; and the page that the address names.
import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { type CommandName, clockKnown, me, standing, stands, useToken } from "./api";
import { kept, useCell } from "./cell";
import { forms } from "./commands";
import { learnStaff, staff } from "./data";
import { type Draft, waitingDrafts } from "./draft";
import { Fall } from "./fall";
import { CommandForm } from "./form";
import { Heute } from "./heute";
import { Kennzahlen } from "./kennzahlen";
import { helpOpen, listenToKeys, openPalette, paletteOpen } from "./keys";
import { Faelle, Fristen, Warnungen } from "./listings";
import { stayLive, tellChanged } from "./live";
import { Help, Palette } from "./palette";
import { Dialog, Empty, Icon } from "./parts";
import { address, followLinks, go, href, pages, useAddress } from "./routes";
import { Stand } from "./stand";
import { Termine } from "./termine";
import { clockText } from "./time";
import { toasts } from "./toast";
import { language, say, t } from "./words";

/** "": as the machine has it. */
const theme = kept<"light" | "dark" | "">("geleit.theme", "");

function Page() {
  const { path } = useAddress();
  const [first, second] = path;
  switch (first) {
    case "heute":
      return <Heute />;
    case "fristen":
      return <Fristen />;
    case "faelle":
      return <Faelle />;
    case "fall":
      return second ? <Fall key={second} id={second} /> : <Faelle />;
    case "termine":
      return <Termine />;
    case "warnungen":
      return <Warnungen />;
    case "kennzahlen":
      return <Kennzahlen />;
    case "stand":
      return <Stand />;
    case "eintragen":
      return second && second in forms && forms[second as CommandName].noCase ? (
        <Entry key={second} command={second as CommandName} />
      ) : (
        <NoPage />
      );
    default:
      return <NoPage />;
  }
}

const NoPage = () => (
  <Empty icon="question">
    {t("notFound")} <a href="/heute">{t("toToday")}</a>
  </Empty>
);

/** A form that needs no case. */
function Entry({ command }: { command: CommandName }) {
  return (
    <>
      <h1>{say(forms[command].label)}</h1>
      <CommandForm
        command={command}
        onDone={(accepted) => go(command === "ReceiveReferral" ? href(`fall/${accepted.case}`) : "/stand")}
        onClose={() => history.back()}
      />
    </>
  );
}

function Connection() {
  const { state, at } = useCell(standing);
  const words = state === "offline" ? "" : t(state);
  return (
    <p class={`connection ${state}`} title={words}>
      <Icon name={state === "offline" ? "off" : "signal"} />
      <span>
        {at ? t("asAt", clockText(at)) : ""} <span class="hidden">{words}</span>
      </span>
    </p>
  );
}

function OfflineBar() {
  const { state, at } = useCell(standing);
  if (state !== "offline") return null;
  return (
    <p class="offline-bar" role="alert">
      <Icon name="off" /> {at ? t("offline", clockText(at)) : t("offlineFirst")}
    </p>
  );
}

const addressOfDraft = ({ command, case: of, given }: Draft): string =>
  of ? href(`fall/${of}`, { tun: command, ...given }) : href(`eintragen/${command}`);
/** What did not get through is never sent in silence: the person looks at it and sends it. */
function WaitingBar() {
  const waiting = useCell(waitingDrafts);
  const first = waiting[0];
  if (!first) return null;
  return (
    <p class="waiting-bar" role="status">
      <Icon name="paper" /> {t("waitingInput", waiting.length)}: {say(forms[first.command].label)}{" "}
      <a href={addressOfDraft(first)}>{t("openIt")}</a>
    </p>
  );
}

function WhoAmI() {
  const known = useCell(staff);
  const mine = useCell(me);
  const all = mine && !known.includes(mine) ? [mine, ...known] : known;
  return (
    <label class="who">
      <span>{t("iAm")}</span>
      <select value={mine} onChange={(event) => me.set(event.currentTarget.value)}>
        <option value="">{t("nobody")}</option>
        {all.map((slug) => (
          <option key={slug} value={slug}>
            {slug}
          </option>
        ))}
      </select>
    </label>
  );
}

function TokenDialog() {
  const { wantsToken } = useCell(standing);
  const [token, setToken] = useState("");
  if (!wantsToken) return null;
  const close = () => stands({ wantsToken: false });
  return (
    <Dialog title={t("token")} onClose={close}>
      <form
        class="command"
        onSubmit={(event) => {
          event.preventDefault();
          useToken(token);
          tellChanged();
          learnStaff();
        }}
      >
        <p>{t("tokenWhy")}</p>
        <div class="field wide">
          <label for="token">{t("token")}</label>
          <input
            id="token"
            type="password"
            autocomplete="off"
            value={token}
            onInput={(event) => setToken(event.currentTarget.value)}
          />
        </div>
        <div class="buttons">
          <button type="submit" class="main">
            {t("tokenSend")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function Toasts() {
  const all = useCell(toasts);
  return (
    <div class="toasts" role="status" aria-live="polite">
      {all.map((each) => (
        <p key={each.id}>
          <Icon name="check" /> {each.text}
        </p>
      ))}
    </div>
  );
}

function App() {
  const spoken = useCell(language);
  const look = useCell(theme);
  const { path } = useAddress();
  const palette = useCell(paletteOpen);
  const help = useCell(helpOpen);
  const dark = look ? look === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const here = path[0] === "fall" ? "faelle" : path[0];
  const page = pages.find((p) => p.path === here);
  useEffect(() => {
    document.documentElement.lang = spoken;
    document.documentElement.dataset.theme = look;
    document.title = `${page ? t(page.word) : path[0] === "eintragen" ? t("form") : ""} · Geleit`;
  });
  // In another language everything is made, and asked for, anew.
  return (
    <div key={spoken} class="frame">
      <a
        class="skip"
        href="#content"
        onClick={(event) => {
          event.preventDefault();
          document.getElementById("content")?.focus();
        }}
      >
        {t("skip")}
      </a>
      <header class="top no-print">
        <a class="brand" href="/heute">
          <svg viewBox="0 0 32 32" aria-hidden="true">
            <path d="M8 22c3-9 13-3 16-12" />
            <circle cx="8" cy="22" r="3" />
            <circle cx="24" cy="10" r="3" />
          </svg>
          Geleit
        </a>
        <button type="button" class="search" onClick={openPalette}>
          <Icon name="search" /> <span>{t("search")}</span> <kbd>/</kbd>
        </button>
        <Connection />
        <WhoAmI />
        <div class="switches">
          <button
            type="button"
            class="plain"
            onClick={() => language.set(spoken === "de" ? "en" : "de")}
            lang={spoken === "de" ? "en" : "de"}
          >
            {t("otherLanguage")}
          </button>
          <button
            type="button"
            class="plain"
            onClick={() => theme.set(dark ? "light" : "dark")}
            aria-label={t(dark ? "themeLight" : "themeDark")}
            title={t(dark ? "themeLight" : "themeDark")}
          >
            <Icon name={dark ? "sun" : "moon"} />
          </button>
          <button
            type="button"
            class="plain keys-button"
            onClick={() => helpOpen.set(true)}
            aria-label={t("keys")}
            title={`${t("keys")} (?)`}
          >
            <Icon name="keyboard" />
          </button>
        </div>
      </header>
      <nav class="side no-print" aria-label={t("pages")}>
        <ul>
          {pages.map((p) => (
            <li key={p.path}>
              <a href={`/${p.path}`} aria-current={here === p.path ? "page" : undefined} title={`g ${p.key}`}>
                <Icon name={p.icon} /> <span>{t(p.word)}</span>
              </a>
            </li>
          ))}
        </ul>
        <a class="button new" href="/eintragen/ReceiveReferral">
          <Icon name="plus" /> <span>{t("newReferral")}</span>
        </a>
      </nav>
      <main id="content" tabIndex={-1}>
        <OfflineBar />
        <WaitingBar />
        <Page />
      </main>
      <Toasts />
      <TokenDialog />
      {palette && <Palette onClose={() => paletteOpen.set(false)} />}
      {help && <Help onClose={() => helpOpen.set(false)} />}
    </div>
  );
}

/** A login link ends in `#token=…`: what stands behind # is sent to nobody, and does not stay in the address. */
function takeToken(): void {
  const shown = /^#token=(glt_[0-9a-f]{12}_[0-9a-f]{64})$/.exec(location.hash);
  if (!shown?.[1]) return;
  useToken(shown[1]);
  history.replaceState(history.state, "", location.pathname + location.search);
}

takeToken();
followLinks();
listenToKeys();
address.watch(() => {
  paletteOpen.set(false);
  helpOpen.set(false);
});
render(<App />, document.getElementById("app") as HTMLElement);
clockKnown().then(learnStaff);
stayLive();
