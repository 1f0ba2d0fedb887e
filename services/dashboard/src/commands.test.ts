import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { dataOf, fieldOf, fieldsFor, missingOf } from "./command_data";
import { forms } from "./commands";
import { sentenceOf } from "./sentences";

const document = JSON.parse(readFileSync("../../schema/openapi.json", "utf-8"));
const schemas = document.components.schemas;
// biome-ignore lint/suspicious/noExplicitAny: the document is JSON
const resolved = (schema: any): any => (schema?.$ref ? schemas[schema.$ref.split("/").at(-1)] : schema);

test.each(schemas.CommandName.enum as (keyof typeof forms)[])("%s has a form with every member", (name) => {
  const form = forms[name];
  const data = schemas[name].properties.data;
  const members = Object.keys(data.properties).filter((member) => {
    // Planned visits keep their start; who is known already comes in by a new referral of the same provider.
    return !(name === "DeliverVisit" && member === "starts_at") && member !== "person_id";
  });
  const outer = new Set(form.fields.map((field) => field.name.split(".")[0]));
  expect([...outer].sort()).toEqual(members.sort());
  for (const field of form.fields) {
    const [first, second] = field.name.split(".") as [string, string | undefined];
    const member = resolved(data.properties[first]);
    expect(second ? Object.keys(member.properties) : [second]).toContain(second);
  }
  for (const member of data.required ?? []) {
    const of = form.fields.filter((field) => field.name.split(".")[0] === member);
    expect(
      of.some((field) => field.required || field.kind === "newId"),
      member,
    ).toBe(true);
  }
});

test("every event is told in a sentence", () => {
  for (const event of schemas.EventName.enum) {
    if (event === "SettingsAdopted") continue;
    expect(sentenceOf({ event, data: {} }), event).not.toBe(event);
  }
});

test("fields become data, empty ones nothing", () => {
  const fields = fieldsFor(forms.ReceiveReferral, "SMN");
  const data = dataOf(fields, {
    benefit: "SMN",
    "person.given_name": " Mia ",
    "person.born": "2026-01-02",
    "prescriber.kind": "hospital",
    units: "12",
    diagnoses: "P07.3, P21.0",
    impairment: "true",
    gaf: "30",
  });
  expect(data).toEqual({
    benefit: "SMN",
    person: { given_name: "Mia", born: "2026-01-02" },
    prescriber: { kind: "hospital" },
    units: 12,
    diagnoses: [{ icd: "P07.3" }, { icd: "P21.0" }],
    impairment: true,
  });
});

test("what is no number goes as it was typed, so that the service can say what it expected", () => {
  expect(dataOf(forms.SubmitApplication.fields, { units: "zwölf" })).toEqual({ units: "zwölf" });
});

test("a problem finds its field", () => {
  const fields = forms.ReceiveReferral.fields;
  expect(fieldOf(fields, "prescriber.kind")?.name).toBe("prescriber.kind");
  expect(fieldOf(fields, "diagnoses[0].icd")?.name).toBe("diagnoses");
  expect(fieldOf(fields, "person")?.name).toBe("person.given_name");
  expect(fieldOf(fields, "expect_version")).toBeUndefined();
});

test("what is missing is named", () => {
  expect(missingOf(forms.RecordDischarge.fields, {}).map((field) => field.name)).toEqual(["discharged_on"]);
});
