import type { fields as makers, Schema } from "../../src/index.js";

/** Records with every kind of field; the fields are those of sources or build, whichever `fields` is handed in. */
export function everySchema(fields: typeof makers): Schema;

/** Record `i`, as `pack` takes it and `get` gives it. */
export function everyRecord(i: number): Readonly<Record<string, unknown>>;
