// Every page in both themes, and on a phone, into a folder; with --readme the two that the README shows.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { aRunningCase, facilityYear, openWindow, pagesOf, referral, root, settled, startBrowser, tell } from "./service.mjs";

const readme = process.argv.includes("--readme");
const folder = readme ? join(root, "services/dashboard") : process.argv[2];
mkdirSync(folder, { recursive: true });
const service = await facilityYear();
await tell(service.url, referral("Musterkind-Wartend", "2026-01-25"));
const browser = await startBrowser();
const kinds = readme
  ? [{ theme: "light", width: 1180, height: 760 }]
  : [{ theme: "light" }, { theme: "dark" }, { theme: "light", width: 390, height: 800 }];
const pages = pagesOf(await aRunningCase(service.url));
for (const kind of kinds) {
  const { page, context } = await openWindow(browser, kind);
  for (const [name, path] of Object.entries(pages)) {
    if (readme && name !== "heute" && name !== "fall") continue;
    await page.goto(service.url + path);
    await settled(page);
    await page.waitForTimeout(700);
    const file = readme ? `${name}.png` : `${name}-${kind.theme}-${kind.width ?? 1280}.png`;
    await page.screenshot({ path: join(folder, file), fullPage: !readme && !name.includes("-besuch") });
  }
  await context.close();
}
await browser.close();
await service.stop();
console.log(`screenshots in ${folder}`);
