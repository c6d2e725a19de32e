import { describe, expect, it } from "vitest";
import type { RowLayout } from "../../src/core/format/row-layout.js";
import { createRowLayout } from "../../src/core/format/row-layout.js";
import type { SchemaSpec } from "../../src/core/format/schema.js";
import { HexzError } from "../../src/errors.js";
import { createKernels, createSharedMemory } from "../../src/kernels/index.js";
import { ARENA_PAGE_BYTES, Arena } from "../../src/loader/arena.js";
import type { BatchLayout } from "../../src/loader/batch-layout.js";
import { createBatchLayout } from "../../src/loader/batch-layout.js";
import type { BatchBuffer } from "../../src/loader/batch-ring.js";
import { BatchRing } from "../../src/loader/batch-ring.js";
import type { BlockStore } from "../../src/loader/block-store.js";
import type { Executor } from "../../src/loader/executor.js";
import { Gatherer } from "../../src/loader/gatherer.js";
import type { Step } from "../../src/loader/plan.js";
import type { Resident } from "../../src/loader/resident.js";
import { runGather } from "../../src/loader/workers/gather-task.js";
import type { Gathered, GatherTask } from "../../src/loader/workers/protocol.js";

const PAGE = ARENA_PAGE_BYTES;
const BLOCKS = 4;
const ROWS = 10;
const BLOCK_BYTES = 2 * PAGE;
/** Where the items of a row begin in its block, and how far apart. */
const HEAP_AT = 1024;
const HEAP_STEP = 3000;
const BATCH = 8;

interface Options {
  readonly schema: SchemaSpec;
  /** Writes the row of a record at `at`; its items may begin at `heap`, counted from the block's `base`. */
  readonly write: (view: DataView, at: number, record: number, base: number, heap: number) => void;
  readonly pages?: number;
  readonly buffers?: number;
  readonly fault?: (task: GatherTask) => void;
}

/** Blocks of rows in an arena, a ring, and an executor that gathers when it is told to. */
function setup({ schema, write, pages = 64, buffers = 6, fault = () => {} }: Options) {
  const arena = new Arena(createSharedMemory(pages * PAGE), pages * PAGE);
  const rows = createRowLayout(schema);
  const layout = createBatchLayout(schema, rows, Object.keys(schema), BATCH);
  const addresses = Uint32Array.from({ length: BLOCKS }, () => arena.allocate(BLOCK_BYTES)?.at ?? 0);
  writeBlocks(arena, rows, addresses, write);
  const released: (readonly Resident[])[] = [];
  const store = { addresses, release: (residents: readonly Resident[]) => released.push(residents) };
  const tasks: GatherTask[] = [];
  const held: (() => void)[] = [];
  const kernels = createKernels(arena.memory);
  const executor = {
    run: (task: GatherTask) =>
      new Promise<readonly Gathered[]>((resolve, reject) => {
        tasks.push(task);
        held.push(() => {
          try {
            fault(task);
            resolve(runGather(task, kernels));
          } catch (error) {
            reject(error);
          }
        });
      }),
  };
  const memory = { reserve: (bytes: number) => arena.allocate(bytes), free: arena.free.bind(arena) };
  const ring = new BatchRing(memory, layout.itemsAt, buffers, () => {});
  // The members of a store and an executor that a gatherer uses.
  const gatherer = new Gatherer(
    arena,
    store as unknown as BlockStore,
    executor as unknown as Executor,
    layout,
    rows.strideBytes,
    ring,
  );

  /** Adds the batch of these records; what becomes of it. */
  function add(step: number, records: readonly number[]) {
    const buffer = ring.acquire() as BatchBuffer;
    const residents = [] as unknown as Resident[];
    const gathered = new Promise<Gathered>((resolve, reject) => {
      gatherer.add({ step: stepOf(step, records), residents, buffer, resolve, reject });
    });
    gathered.catch(() => {}); // looked at later
    return { buffer, residents, gathered };
  }

  /** Runs what is held until nothing is any more. */
  async function runAll(): Promise<void> {
    while (held.length > 0) {
      for (const run of held.splice(0)) run();
      await new Promise(setImmediate);
    }
  }

  return { arena, layout, gatherer, add, tasks, released, runAll, ring };
}

function writeBlocks(arena: Arena, rows: RowLayout, addresses: Uint32Array, write: Options["write"]): void {
  const view = new DataView(arena.memory.buffer);
  for (const [block, base] of addresses.entries()) {
    for (let row = 0; row < ROWS; row++) {
      write(view, base + row * rows.strideBytes, block * ROWS + row, base, HEAP_AT + row * HEAP_STEP);
    }
  }
}

function stepOf(step: number, records: readonly number[]): Step {
  return {
    step,
    end: 0,
    padded: 0,
    indices: Float64Array.from(records),
    blocks: [...new Set(records.map((record) => Math.floor(record / ROWS)))],
    blockOf: Uint32Array.from(records, (record) => Math.floor(record / ROWS)),
    rows: Uint32Array.from(records, (record) => record % ROWS),
  };
}

const numbers: Options = {
  schema: { id: { type: "int32", shape: [], nullable: false } },
  write: (view, at, record) => view.setInt32(at, record, true),
};

const LONG = 600;

/** Lists of a record's number, `record % 7` of them, but LONG in the last block. */
const lists: Options = {
  schema: { words: { type: "list", item: "int32", nullable: false } },
  write(view, at, record, base, heap) {
    const length = record >= 3 * ROWS ? LONG : record % 7;
    view.setUint32(at, heap, true);
    view.setUint32(at + 4, length * 4, true);
    for (let i = 0; i < length; i++) view.setInt32(base + heap + i * 4, record, true);
  },
};

const longOnes = Array.from({ length: BATCH }, (_, i) => 3 * ROWS + i);

type Added = ReturnType<ReturnType<typeof setup>["add"]>;

/** The first column: numbers, or the offsets of lists. */
function int32sOf(arena: Arena, layout: BatchLayout, buffer: BatchBuffer, count: number): number[] {
  return Array.from(new Int32Array(arena.memory.buffer, buffer.slot.at + (layout.fields[0]?.at ?? 0), count));
}

describe("Gatherer", () => {
  it("gathers several small batches in one task, the rest when told to, and releases the blocks of each once", async () => {
    const { add, gatherer, tasks, released, runAll, arena, layout } = setup(numbers);
    const batches = [
      [0, 39, 17],
      [5, 5, 5, 5, 5, 5, 5, 5],
      [21, 1],
    ];
    const added = batches.map((records, i) => add(i, records));
    expect(tasks.map(({ jobs }) => jobs.length)).toEqual([2]);
    gatherer.flush();
    gatherer.flush();
    expect(tasks.map(({ jobs }) => jobs.length)).toEqual([2, 1]);
    expect(released).toEqual([]);
    await runAll();
    for (const [i, { gathered, buffer }] of added.entries()) {
      expect(await gathered).toEqual({ starts: [], neededBytes: layout.itemsAt });
      expect(int32sOf(arena, layout, buffer, batches[i]?.length ?? 0)).toEqual(batches[i]);
    }
    expect(released).toHaveLength(3);
    for (const { residents } of added) expect(released.filter((each) => each === residents)).toHaveLength(1);
  });

  it("is idle when nothing it was given writes to memory any more, also what was not sent yet", async () => {
    const { add, gatherer, runAll, released } = setup(numbers);
    add(0, [1]);
    let isIdle = false;
    const idle = gatherer.idle().then(() => {
      isIdle = true;
    });
    await new Promise(setImmediate);
    expect(isIdle).toBe(false);
    await runAll();
    await idle;
    expect(released).toHaveLength(1);
    await gatherer.idle();
  });

  it("gathers a batch with more items than its buffer holds once more into a longer one, and only that one", async () => {
    const { add, tasks, runAll, arena, layout, released } = setup(lists);
    const small = add(0, [3, 4, 13]);
    const large = add(1, longOnes);
    const before = large.buffer.slot;
    await runAll();
    const { starts, neededBytes } = await large.gathered;
    expect(before.bytes).toBeLessThan(neededBytes);
    expect(large.buffer.slot.bytes).toBeGreaterThanOrEqual(neededBytes);
    const start = large.buffer.slot.at + (starts[0] ?? 0);
    const wanted = longOnes.flatMap((record) => new Array<number>(LONG).fill(record));
    expect(Array.from(new Int32Array(arena.memory.buffer, start, BATCH * LONG))).toEqual(wanted);
    expect(int32sOf(arena, layout, small.buffer, 4)).toEqual([0, 3, 7, 13]);
    expect(tasks.map(({ jobs }) => jobs.length)).toEqual([2, 1]);
    expect(released).toHaveLength(2);
  });

  it("fails a batch that memory has no room for by its number; others of its task come all the same", async () => {
    const full = BLOCKS * (BLOCK_BYTES / PAGE) + 6;
    const { add, gatherer, runAll, released } = setup({ ...lists, pages: full });
    const large = add(7, longOnes);
    const small = add(8, [1, 2]);
    gatherer.flush();
    await runAll();
    await expect(large.gathered).rejects.toMatchObject({ code: "E_LIMIT", context: { step: 7 } });
    await expect(large.gathered).rejects.toThrow(/batch 7 takes .* raise cache\.memory or lower batchSize/);
    expect((await small.gathered).starts).toHaveLength(1);
    expect(released).toHaveLength(2);
  });

  it("gives each batch of a task that failed its own result", async () => {
    const isBad = ({ jobs }: GatherTask) => jobs.length > 1 || jobs[0]?.count === 3;
    const fault = (task: GatherTask) => {
      if (isBad(task)) throw new HexzError("E_RECORD", "a label of no class");
    };
    const { add, runAll, tasks, released, arena, layout } = setup({ ...numbers, buffers: 9, fault });
    const added = [add(0, [4, 5]), add(1, [1, 2, 3]), add(2, [9])];
    await runAll();
    const results = await Promise.allSettled(added.map(({ gathered }) => gathered));
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(results[1]).toMatchObject({ reason: { code: "E_RECORD" } });
    expect(int32sOf(arena, layout, (added[0] as Added).buffer, 2)).toEqual([4, 5]);
    expect(int32sOf(arena, layout, (added[2] as Added).buffer, 1)).toEqual([9]);
    expect(tasks.map(({ jobs }) => jobs.length)).toEqual([3, 1, 1, 1]);
    expect(released).toHaveLength(3);
  });

  it("takes as many batches into a task as leave two thirds of the ring", () => {
    for (const [buffers, perTask] of [
      [2, 1],
      [3, 1],
      [9, 3],
    ] as const) {
      const { add, tasks } = setup({ ...numbers, buffers });
      for (let step = 0; step < perTask; step++) add(step, [step]);
      expect(tasks.map(({ jobs }) => jobs.length)).toEqual([perTask]);
    }
  });
});
