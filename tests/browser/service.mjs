// A service for the tests in the browser: a simulated facility until a fixed morning, then that morning.
import { spawn, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

export const root = resolve(import.meta.dirname, "../..");
const geleit = process.env.GELEIT ?? join(root, "build/geleit");
/** playwright-core and axe-core come with the dashboard's own modules. */
const fromDashboard = createRequire(join(root, "services/dashboard/package.json"));
const { chromium } = fromDashboard("playwright-core");
const axe = readFileSync(fromDashboard.resolve("axe-core/axe.min.js"), "utf-8");

/** A Monday, before anybody has begun. */
export const today = "2026-03-16";
export const morning = `${today}T07:40:00+01:00`;
const yearBefore = "2025-03-16";
export const provider = "hana-muenchen";

const children = new Set();
process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL");
});

async function serve(data, clock) {
  const child = spawn(geleit, ["serve", "--data", data, "--listen", "127.0.0.1:0", "--clock", clock], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.add(child);
  const ended = new Promise((done) => child.once("exit", done));
  const url = await new Promise((found, lost) => {
    createInterface(child.stdout).on("line", (line) => {
      if (line.startsWith("listening on ")) found(line.slice("listening on ".length));
    });
    ended.then((status) => lost(new Error(`geleit serve ended with ${status}`)));
  });
  const stop = async () => {
    child.kill("SIGINT");
    await ended;
    children.delete(child);
  };
  return { url, stop };
}

/** Records the NDJSON lines in an empty directory, each at its own time, then serves it on the fixed morning. */
async function filled(lines) {
  const folder = mkdtempSync(join(tmpdir(), "geleit-browser-"));
  const data = join(folder, "data");
  const file = join(folder, "commands.ndjson");
  writeFileSync(file, lines);
  const loading = await serve(data, "entered");
  const submit = spawnSync(geleit, ["submit", file, "--server", loading.url], { stdio: "ignore" });
  if (submit.status > 1) throw new Error(`geleit submit ended with ${submit.status}`);
  await loading.stop();
  const running = await serve(data, morning);
  return {
    url: running.url,
    async stop() {
      await running.stop();
      rmSync(folder, { recursive: true });
    },
  };
}

export async function facilityYear() {
  const folder = mkdtempSync(join(tmpdir(), "geleit-year-"));
  const out = join(folder, "year.ndjson");
  spawnSync(geleit, ["simulate", "--seed", "1", "--facilities", "1", "--years", "1", "--start", yearBefore, "--out", out]);
  const lines = readFileSync(out, "utf-8").split("\n");
  rmSync(folder, { recursive: true });
  const until = lines.findIndex((line) => line.slice(12, 41) > morning || line === "");
  return filled(`${lines.slice(0, until).join("\n")}\n`);
}

export const referral = (name, dischargedOn, more = {}) => ({
  command: "ReceiveReferral",
  id: randomUUID(),
  case: randomUUID(),
  happened: dischargedOn,
  by: "l.winter",
  data: {
    benefit: "SMN",
    provider,
    land: "DE-BY",
    person: { given_name: "Mia", family_name: name, born: "2025-11-02" },
    prescriber: { kind: "hospital" },
    prescribed_on: dischargedOn,
    units: 12,
    diagnoses: [{ icd: "P07.3" }],
    setting: "inpatient",
    discharged_on: dischargedOn,
    impairment: true,
    ...more,
  },
});

export async function manyCases(count) {
  const lines = [];
  for (let i = 0; i < count; ++i) {
    const day = new Date(Date.UTC(2026, 0, 20 + Math.floor((i * 50) / count))).toISOString().slice(0, 10);
    lines.push(JSON.stringify({ entered: `${day}T12:00:00+01:00`, ...referral(`Musterkind-${String(i).padStart(5, "0")}`, day) }));
  }
  return filled(`${lines.join("\n")}\n`);
}

export async function tell(url, command) {
  const answer = await fetch(`${url}/v1/commands`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(command),
  });
  const said = await answer.json();
  if (!answer.ok) throw new Error(JSON.stringify(said));
  return said;
}
export async function read(url, path) {
  const answer = await fetch(`${url}/v1/${path}`);
  return answer.json();
}

export const startBrowser = () =>
  chromium.launch({
    executablePath: ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find(existsSync),
    args: ["--no-sandbox", "--lang=de"],
  });

/** A window with what its console complained about; `quiet` regexes are expected. */
export async function openWindow(browser, { theme = "light", language = "de", width = 1280, height = 860, quiet = [] } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme, locale: "de-DE", acceptDownloads: true });
  await context.addInitScript((to) => localStorage.setItem("geleit.language", to), language);
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => {
    const text = `${message.text()} ${message.location().url ?? ""}`;
    if (message.type() === "error" && !quiet.some((each) => each.test(text))) complaints.push(text);
  });
  page.on("pageerror", (error) => complaints.push(String(error.stack)));
  page.setDefaultTimeout(8_000);
  return { context, page, complaints };
}

/** Waits until nothing is being loaded any more. */
export async function settled(page) {
  await page.locator("main h1, main .empty").first().waitFor();
  await page.waitForFunction(() => !document.querySelector(".loading"));
}

export async function axeFindings(page) {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    const { violations } = await globalThis.axe.run(document, { runOnly: rules });
    return violations.map((v) => `${v.id}: ${v.nodes.map((node) => node.html.slice(0, 120)).join(" | ")}`);
  });
}

/** Every page, and a form, of a service that has such a case. */
export const pagesOf = (caseId) => ({
  heute: "/heute",
  fristen: "/fristen",
  "fristen-beginn": "/fristen?liste=beginn",
  faelle: "/faelle",
  "faelle-schritte": "/faelle?liste=schritte",
  "faelle-einheiten": "/faelle?liste=einheiten",
  fall: `/fall/${caseId}`,
  "fall-besuch": `/fall/${caseId}?tun=DeliverVisit`,
  termine: "/termine",
  "termine-liste": "/termine?liste=liste",
  warnungen: "/warnungen",
  kennzahlen: "/kennzahlen",
  stand: "/stand",
  verordnung: "/eintragen/ReceiveReferral",
});
/** One in the midst of its care, with deadlines, an approval, visits and steps. */
export async function aRunningCase(url) {
  const balances = await read(url, "unit-balances?benefit=SMN&sort=-remaining&limit=100&approved.from=300&at_home.from=60");
  const running = await read(url, "cases?state=running&benefit=SMN&limit=500");
  const ids = new Set(running.items.filter((row) => row.first_unit_on > "2026-01-10").map((row) => row.case));
  return balances.items.find((row) => ids.has(row.case)).case;
}
