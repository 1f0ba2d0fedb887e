// What somebody is typing, kept until the service has it: with the ids that were minted once for it, so that
// sending it twice records it once. In this window only (sessionStorage): it holds personal data.
import { type CommandName, newId } from "./api";
import { cell } from "./cell";

export interface Draft {
  key: string;
  command: CommandName;
  id: string;
  case?: string;
  /** What it was opened for: a visit, an alert, an approval. */
  given: Record<string, string>;
  by: string;
  values: Record<string, string>;
  reasons: Record<string, string>;
  /** Sent without getting through: only the person sends it again. */
  waiting?: boolean;
  touched?: boolean;
}

const prefix = "geleit.draft.";

export const keyOf = (command: CommandName, of?: string, about?: string): string =>
  [command, of ?? "", about ?? ""].join("/");

export function loadDraft(key: string): Draft | undefined {
  const text = sessionStorage.getItem(prefix + key);
  return text ? (JSON.parse(text) as Draft) : undefined;
}
export function saveDraft(draft: Draft): void {
  sessionStorage.setItem(prefix + draft.key, JSON.stringify(draft));
  waitingDrafts.set(listWaiting());
}
export function dropDraft(key: string): void {
  sessionStorage.removeItem(prefix + key);
  waitingDrafts.set(listWaiting());
}
export function newDraft(
  key: string,
  command: CommandName,
  of: string | undefined,
  by: string,
  given: Record<string, string> = {},
): Draft {
  return { key, command, id: newId(), case: of, given, by, values: {}, reasons: {} };
}

function listWaiting(): Draft[] {
  const found: Draft[] = [];
  for (let i = 0; i < sessionStorage.length; ++i) {
    const name = sessionStorage.key(i);
    if (!name?.startsWith(prefix)) continue;
    const draft = loadDraft(name.slice(prefix.length));
    if (draft?.waiting) found.push(draft);
  }
  return found;
}
export const waitingDrafts = cell<Draft[]>(listWaiting());
