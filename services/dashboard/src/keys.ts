// The keyboard: everything that a hand on it needs, and nothing while it types.
import { cell } from "./cell";
import { go, pages } from "./routes";

export const paletteOpen = cell(false);
export const helpOpen = cell(false);
export const openPalette = (): void => paletteOpen.set(true);

const after_g_ms = 1_500;

const rows = (): HTMLElement[] => [...document.querySelectorAll<HTMLElement>("main [data-row]")];
const holdsFocus = (row: HTMLElement): boolean => row.contains(document.activeElement);

function step(by: 1 | -1): void {
  const all = rows();
  const here = all.findIndex(holdsFocus);
  const next = all[here < 0 ? (by > 0 ? 0 : all.length - 1) : here + by];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

export function listenToKeys(): void {
  let afterG = 0;
  addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      return openPalette();
    }
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const at = event.target as HTMLElement;
    if (/^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName) && (at as HTMLInputElement).type !== "radio") return;
    if (afterG > Date.now()) {
      afterG = 0;
      const page = pages.find((p) => p.key === event.key);
      if (page) {
        event.preventDefault();
        go(`/${page.path}`);
      }
      return;
    }
    switch (event.key) {
      case "/":
        openPalette();
        break;
      case "?":
        helpOpen.set(true);
        break;
      case "g":
        afterG = Date.now() + after_g_ms;
        break;
      case "j":
        step(1);
        break;
      case "k":
        step(-1);
        break;
      case "n":
        go("/eintragen/ReceiveReferral");
        break;
      case "e":
        rows().find(holdsFocus)?.querySelector<HTMLElement>("[data-explain]")?.click();
        break;
      case "Enter":
        if (!at.matches("[data-row]") || at.tagName === "BUTTON") return;
        at.querySelector<HTMLElement>("a, button")?.click();
        break;
      default:
        return;
    }
    event.preventDefault();
  });
}
