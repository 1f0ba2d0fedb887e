import { expect, test } from "vitest";
import { newId } from "./api";
import { dropDraft, keyOf, loadDraft, newDraft, saveDraft, waitingDrafts } from "./draft";

test("what was typed stays until it is recorded, with the id that was minted for it", () => {
  const key = keyOf("DeliverVisit", "c", "v");
  const draft = newDraft(key, "DeliverVisit", "c", "m.roth");
  saveDraft({ ...draft, values: { minutes: "45" }, touched: true });
  expect(loadDraft(key)?.id).toBe(draft.id);
  expect(loadDraft(key)?.values.minutes).toBe("45");
  dropDraft(key);
  expect(loadDraft(key)).toBeUndefined();
});

test("only what did not get through waits", () => {
  const draft = newDraft(keyOf("ReopenCase", "c"), "ReopenCase", "c", "");
  saveDraft(draft);
  expect(waitingDrafts.get()).toEqual([]);
  saveDraft({ ...draft, waiting: true });
  expect(waitingDrafts.get().map((each) => each.id)).toEqual([draft.id]);
  dropDraft(draft.key);
  expect(waitingDrafts.get()).toEqual([]);
});

test("ids are of version 4", () => {
  expect(newId()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});
