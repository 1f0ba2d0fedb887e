// A sentence that stands at the edge for some seconds: what was just recorded.
import { cell } from "./cell";

export const toasts = cell<{ id: number; text: string }[]>([]);
let next = 0;
const shown_ms = 6_000;

export function toast(text: string): void {
  const id = ++next;
  toasts.set([...toasts.get(), { id, text }]);
  setTimeout(() => toasts.set(toasts.get().filter((each) => each.id !== id)), shown_ms);
}
