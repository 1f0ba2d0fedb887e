// What stands in a form's fields becomes the `data` of a command, and the other way round.
import type { Field, Form } from "./commands";
import { berlinMoment } from "./time";

type Json = string | number | boolean | Json[] | { [name: string]: Json };

/** Nothing where the field is empty. */
function valueIn(field: Field, text: string): Json | undefined {
  const trimmed = text.trim();
  if (!trimmed) return undefined;
  const parts = (by: RegExp) =>
    trimmed
      .split(by)
      .map((part) => part.trim())
      .filter(Boolean);
  switch (field.kind) {
    case "number":
      // What is no number goes as it is: the service says what it expected.
      return /^-?\d+$/.test(trimmed) ? Number(trimmed) : trimmed;
    case "yes":
      return trimmed === "true";
    case "moment":
      return /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(trimmed) ? berlinMoment(trimmed) : trimmed;
    case "lines":
      return parts(/\n/);
    case "staffs":
      return parts(/[,\s]+/);
    case "icds":
      return parts(/[,;\s]+/).map((icd) => ({ icd }));
    case "json":
      try {
        return JSON.parse(trimmed) as Json;
      } catch {
        return trimmed;
      }
    default:
      return trimmed;
  }
}

export const fieldsFor = (form: Form, benefit: string | undefined): Field[] =>
  form.fields.filter((field) => !field.benefit || !benefit || field.benefit === benefit);

export function dataOf(fields: Field[], values: Record<string, string>): Record<string, unknown> {
  const data: { [name: string]: Json } = {};
  for (const field of fields) {
    const value = valueIn(field, values[field.name] ?? "");
    if (value === undefined) continue;
    const [outer, inner] = field.name.split(".") as [string, string | undefined];
    if (inner) data[outer] = { ...((data[outer] as object) ?? {}), [inner]: value };
    else data[outer] = value;
  }
  return data;
}

export const missingOf = (fields: Field[], values: Record<string, string>): Field[] =>
  fields.filter((field) => field.required && !(values[field.name] ?? "").trim());

/** The field that a problem names: "prescriber.kind", "diagnoses[0].icd", "person". */
export function fieldOf(fields: Field[], named: string | undefined): Field | undefined {
  if (!named) return undefined;
  const name = named.replace(/^data\./, "").replace(/\[.*$/, "");
  return (
    fields.find((field) => field.name === name) ??
    fields.find((field) => field.name.startsWith(`${name}.`)) ??
    fields.find((field) => name.startsWith(`${field.name}.`))
  );
}
