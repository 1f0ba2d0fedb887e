import { readFileSync } from "node:fs";
import { afterEach, expect, test } from "vitest";
import { language, t, word, wordsOf } from "./words";

afterEach(() => language.set("de"));
const document = JSON.parse(readFileSync("../../schema/openapi.json", "utf-8"));

test("values stand where the sentence wants them", () => {
  expect(t("shown", 1, 50, 214)).toBe("1 bis 50 von 214");
  language.set("en");
  expect(t("shown", 1, 50, 214)).toBe("1 to 50 of 214");
});

test.each([
  ["benefit", "Benefit"],
  ["caseState", "CaseState"],
  ["deadlineState", "DeadlineState"],
  ["alertState", "AlertState"],
  ["visitState", "VisitState"],
  ["place", "Place"],
  ["category", "Category"],
  ["cause", "Cause"],
  ["setting", "Setting"],
  ["prescriber", "PrescriberKind"],
  ["coverage", "Coverage"],
  ["role", "Role"],
  ["land", "Land"],
  ["task", "Task"],
])("every %s of the surface has words", (kind, schema) => {
  for (const value of document.components.schemas[schema].enum) {
    expect(wordsOf(kind), value).toContain(value);
    for (const spoken of ["de", "en"] as const) {
      language.set(spoken);
      expect(word(kind, value)).not.toBe("");
    }
  }
});
