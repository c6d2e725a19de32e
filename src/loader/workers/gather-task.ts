import { HexzError } from "../../errors.js";
import type { Kernels } from "../../kernels/index.js";
import type { FieldGather, Gathered, GatherJob, GatherTask } from "./protocol.js";

/** The values of a field with items begin at multiples of this. */
const ITEMS_ALIGNMENT = 64;

/**
 * Copies, or casts, the rows of each job into its batch.
 *
 * @throws HexzError `E_RECORD` where a value is not one of the classes of a one-hot field; `E_LIMIT` where a field has 2^31 items or more.
 */
export function runGather({ fields, jobs }: GatherTask, kernels: Kernels): Gathered[] {
  return jobs.map((job) => gatherBatch(fields, job, kernels));
}

function gatherBatch(fields: readonly FieldGather[], job: GatherJob, kernels: Kernels): Gathered {
  const { rows, bases, count, at, bytes } = job;
  const starts: number[] = [];
  let end = job.itemsAt;
  for (const field of fields) {
    if (field.kind !== "items") {
      gatherFixed(field, job, kernels);
      continue;
    }
    const { offset, itemBytes, to } = field;
    const items = kernels.gatherOffsets(rows, count, offset, itemBytes, at + to);
    if (items < 0)
      throw new HexzError("E_LIMIT", `a field has 2^31 items or more in a batch of ${count}; lower batchSize`);
    const start = Math.ceil(end / ITEMS_ALIGNMENT) * ITEMS_ALIGNMENT;
    end = start + items * itemBytes;
    starts.push(start);
    if (end <= bytes) kernels.gatherItems(rows, bases, count, offset, at + start);
  }
  return { starts, neededBytes: end };
}

function gatherFixed(field: Exclude<FieldGather, { kind: "items" }>, job: GatherJob, kernels: Kernels): void {
  const { rows, count } = job;
  const to = job.at + field.to;
  if (field.kind === "bytes") kernels.gather(rows, count, field.offset, field.valueBytes, to);
  else if (field.kind === "validity") kernels.gatherBits(rows, count, field.offset, field.bit, to);
  else if (field.kind === "cast") {
    const { offset, elements, type, scale, bias, period, result } = field;
    kernels.gatherCast(rows, count, offset, elements, type, job.at + scale, job.at + bias, period, to, result);
  } else {
    const bad = kernels.gatherOneHot(rows, count, field.offset, field.type, field.classes, to, field.result);
    if (bad >= 0) throw notAClass(bad, field.classes);
  }
}

function notAClass(row: number, classes: number): HexzError {
  const message = `row ${row} of a batch has a label that is not one of ${classes} classes (0 to ${classes - 1}); raise options.cast's oneHot`;
  return new HexzError("E_RECORD", message, { context: { row, classes } });
}
