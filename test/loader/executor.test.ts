import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { BlockRecipe } from "../../src/core/blocks.js";
import { encodeBlock } from "../../src/core/blocks.js";
import { loadChecksums } from "../../src/core/codec/checksum.js";
import { createRowLayout } from "../../src/core/format/row-layout.js";
import { HexzError, isHexzError } from "../../src/errors.js";
import { createSharedMemory } from "../../src/kernels/index.js";
import type { Slot } from "../../src/loader/arena.js";
import { ARENA_PAGE_BYTES, Arena } from "../../src/loader/arena.js";
import type { Executor } from "../../src/loader/executor.js";
import { createExecutor } from "../../src/loader/executor.js";
import { ScratchRooms } from "../../src/loader/scratch-rooms.js";
import type { DecodeTask, GatherTask, Outcome, TaskPackage } from "../../src/loader/workers/protocol.js";
import { packageScratchBytes } from "../../src/loader/workers/run-task.js";

/** A package that a fake thread holds until the test answers. */
interface Sent {
  readonly tasks: TaskPackage;
  readonly answer: (outcomes: Outcome[]) => void;
  readonly fail: (error: unknown) => void;
}

const pool = vi.hoisted(() => ({ sent: [] as Sent[], options: undefined as unknown }));

vi.mock("../../src/platform/pool.js", () => ({
  createWorkerPool(options: unknown) {
    pool.options = options;
    let isClosed = false;
    const closed = () => new HexzError("E_CLOSED", "the worker pool is closed");
    return {
      run: (tasks: TaskPackage) =>
        new Promise<Outcome[]>((answer, fail) => {
          if (isClosed) fail(closed());
          else pool.sent.push({ tasks, answer, fail });
        }),
      async close() {
        isClosed = true;
        for (const { fail } of pool.sent.splice(0)) fail(closed());
      },
    };
  },
}));

beforeAll(loadChecksums);
afterEach(() => {
  pool.sent.length = 0;
});

const COUNT = 100;
const RAW_BYTES = COUNT * 8;
const rows = createRowLayout({ id: { type: "int32", shape: [2], nullable: false } });
const recipe: BlockRecipe = { name: "data.hxz", codec: 1, checksum: 2, rows };
const encoding = { codec: "lz4", level: 0, checksum: 2, rows, filters: [1], verify: true } as const;

function setup(threads: number, pages = 64) {
  const arena = new Arena(createSharedMemory(pages * ARENA_PAGE_BYTES), pages * ARENA_PAGE_BYTES);
  const rooms = new ScratchRooms(arena, packageScratchBytes(RAW_BYTES, rows), (bytes) => arena.allocate(bytes));
  const executor = createExecutor({ recipe, arena, maxRawBytes: RAW_BYTES, threads, rooms });
  const room = () => arena.allocate(1) as Slot;

  /** A task that decodes `ids` from stored bytes in the arena, and where to. */
  function decodeTask(ids: readonly number[]): { task: DecodeTask; target: Slot; stored: Slot } {
    const raw = new Uint8Array(Int32Array.from({ length: COUNT * 2 }, (_, i) => ids[i % ids.length] ?? 0).buffer);
    const block = encodeBlock(raw, COUNT, encoding);
    const [target, stored] = [room(), room()];
    arena.view(stored.at, block.stored.length).set(block.stored);
    const entry = { ...block.entry, block: ids[0] ?? 0, offset: 0, source: 0 };
    const job = { entry, target: target.at, stored: stored.at };
    return { task: { kind: "decode", descriptor: undefined, jobs: [job] }, target, stored };
  }

  /** A task that gathers the rows `picks` of a block at `from`. */
  function gatherTask(from: Slot, picks: readonly number[]): { task: GatherTask; to: Slot } {
    const to = room();
    const view = new Uint32Array(arena.memory.buffer, to.at, picks.length);
    view.set(picks.map((row) => from.at + row * 8));
    const fields = [{ kind: "bytes", offset: 0, valueBytes: 8, to: 1024 }] as const;
    const job = { count: picks.length, rows: to.at, bases: 0, at: to.at, itemsAt: 8192, bytes: to.bytes };
    return { task: { kind: "gather", fields, jobs: [job] }, to };
  }

  const int32At = (at: number, count: number) => Array.from(new Int32Array(arena.memory.buffer, at, count));
  return { arena, executor, decodeTask, gatherTask, int32At };
}

const anyGather: GatherTask = { kind: "gather", fields: [], jobs: [] };
const anyDecode: DecodeTask = { kind: "decode", descriptor: 3, jobs: [] };
const done: Outcome = { gathered: [], ms: 1 };
const died = () => new HexzError("E_WORKER", "a worker thread failed");
const turn = () => new Promise(setImmediate);

describe("an executor without threads", () => {
  it("decodes blocks and gathers their rows, and says how long that took", async () => {
    const { executor, decodeTask, gatherTask, int32At } = setup(0);
    const { task, target } = decodeTask([7, 8, 9, 10]);
    await executor.run(task);
    expect(int32At(target.at, 6)).toEqual([7, 8, 9, 10, 7, 8]);
    const gather = gatherTask(target, [3, 0, 98]);
    expect(await executor.run(gather.task)).toEqual([{ starts: [], neededBytes: 8192 }]);
    expect(int32At(gather.to.at + 1024, 6)).toEqual([9, 10, 7, 8, 7, 8]);
    expect(executor.threads).toBe(0);
    expect(executor.stats.decodeMs).toBeGreaterThan(0);
    expect(executor.stats.gatherMs).toBeGreaterThan(0);
    expect(pool.sent).toEqual([]);
  });

  it("does batches before blocks, and one task in a turn of the event loop: it never keeps a timer waiting long", async () => {
    const { executor, decodeTask, gatherTask } = setup(0);
    const order: string[] = [];
    const note = (name: string, work: Promise<unknown>) => work.then(() => order.push(name));
    const all = [
      note("block 1", executor.run(decodeTask([1]).task)),
      note("block 2", executor.run(decodeTask([2]).task)),
      note("batch 1", executor.run(gatherTask(decodeTask([3]).target, [0]).task)),
      note("batch 2", executor.run(gatherTask(decodeTask([4]).target, [0]).task)),
    ];
    await turn();
    expect(order).toEqual(["block 1"]);
    await Promise.all(all);
    expect(order).toEqual(["block 1", "batch 1", "batch 2", "block 2"]);
  });

  it("fails one task without the others, with its own error", async () => {
    const { executor, arena, decodeTask, int32At } = setup(0);
    const [good, bad, last] = [decodeTask([1]), decodeTask([2]), decodeTask([3])];
    arena.view(bad.stored.at, 1)[0] = 255;
    const results = await Promise.allSettled([good, bad, last].map(({ task }) => executor.run(task)));
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    const { reason } = results[1] as PromiseRejectedResult;
    expect(isHexzError(reason, "E_BLOCK_CORRUPT")).toBe(true);
    expect(reason).toMatchObject({ context: { block: 2 } });
    expect(int32At(last.target.at, 1)).toEqual([3]);
  });

  it("does nothing any more once it is closed: the file it would read may be another's", async () => {
    const { executor, decodeTask, int32At } = setup(0);
    const { task, target } = decodeTask([5]);
    const results = Promise.allSettled([executor.run(task), executor.run(task)]);
    await executor.close();
    for (const result of await results) {
      expect(result.status).toBe("rejected");
      expect(isHexzError((result as PromiseRejectedResult).reason, "E_CLOSED")).toBe(true);
    }
    await expect(executor.run(task)).rejects.toMatchObject({ code: "E_CLOSED" });
    expect(int32At(target.at, 1)).toEqual([0]);
  });

  it("says so where memory does not even hold what decoding takes", () => {
    const arena = new Arena(createSharedMemory(1), 1);
    const make = () => new ScratchRooms(arena, packageScratchBytes(2 ** 20, rows), () => undefined);
    expect(make).toThrow(/decoding a block takes .* raise cache\.memory/);
    expect(make).toThrow(expect.objectContaining({ code: "E_LIMIT" }));
  });
});

/** An executor whose fake threads have started: what is sent from here on is real work. */
async function started(threads: number, pages?: number) {
  const all = setup(threads, pages);
  answer(0);
  await turn();
  return all;
}

/** Answers the package at `i` of those under way. */
function answer(i: number): TaskPackage {
  const [sent] = pool.sent.splice(i, 1);
  if (sent === undefined) throw new RangeError(`no package ${i}`);
  sent.answer(sent.tasks.tasks.map(() => done));
  return sent.tasks;
}

async function fail(i: number, error: unknown): Promise<void> {
  const [sent] = pool.sent.splice(i, 1);
  sent?.fail(error);
  await turn();
}

const run = (executor: Executor, count: number) =>
  Promise.allSettled(Array.from({ length: count }, () => executor.run(anyDecode)));

describe("an executor with threads", () => {
  it("works on the calling thread until they are up", async () => {
    const { executor, decodeTask, int32At, arena } = setup(2);
    expect(pool.options).toMatchObject({ threads: 2, workerData: { recipe, memory: arena.memory.handle } });
    expect(pool.sent.map(({ tasks }) => tasks.tasks)).toEqual([[]]);
    const { task, target } = decodeTask([6]);
    await executor.run(task);
    expect(int32At(target.at, 1)).toEqual([6]);
    expect(pool.sent).toHaveLength(1);
    answer(0);
    await turn();
    const sent = executor.run(task);
    expect(pool.sent.map(({ tasks }) => tasks.tasks)).toEqual([[task]]);
    answer(0);
    await sent;
  });

  it("still asks the threads where they could not start, so that the error is heard", async () => {
    const { executor } = setup(1);
    await fail(0, died());
    const work = run(executor, 1);
    for (let death = 0; death < 3; death++) await fail(0, died());
    expect(await work).toMatchObject([{ status: "rejected", reason: { code: "E_WORKER" } }]);
  });

  it("sends packages of many tasks, two a thread at most, each with a room to decode in that no other has meanwhile", async () => {
    const { executor } = await started(2);
    const work = run(executor, 200);
    const rooms = new Map<number, number>();
    let tasks = 0;
    while (pool.sent.length > 0) {
      expect(pool.sent.length).toBeLessThanOrEqual(4);
      expect(new Set(pool.sent.map(({ tasks: { scratch } }) => scratch)).size).toBe(pool.sent.length);
      const { scratch, tasks: sent } = answer(tasks % pool.sent.length);
      rooms.set(scratch, (rooms.get(scratch) ?? 0) + 1);
      tasks += sent.length;
      await turn();
    }
    expect(tasks).toBe(200);
    expect(rooms.size).toBeLessThanOrEqual(3);
    expect((await work).every(({ status }) => status === "fulfilled")).toBe(true);
    expect(executor.stats.decodeMs).toBe(200);
  });

  it("goes on with one room where memory has no more", async () => {
    const { executor } = await started(4, 1);
    const work = run(executor, 20);
    expect(pool.sent).toHaveLength(1);
    while (pool.sent.length > 0) {
      expect(pool.sent).toHaveLength(1);
      answer(0);
      await turn();
    }
    expect(await work).toHaveLength(20);
  });

  it("repeats what a dead thread had, before anything else, and nothing else", async () => {
    const { executor } = await started(1);
    const results = Promise.all([executor.run(anyGather), executor.run(anyDecode), executor.run(anyDecode)]);
    const settled = pool.sent.map(({ tasks }) => tasks.tasks.length);
    await fail(0, died());
    const again = pool.sent.flatMap(({ tasks }) => tasks.tasks);
    expect(again).toHaveLength(3);
    expect(again.filter(({ kind }) => kind === "gather")).toHaveLength(1);
    expect(settled[0]).toBeGreaterThan(0);
    while (pool.sent.length > 0) {
      answer(0);
      await turn();
    }
    expect(await results).toEqual([[], [], []]);
  });

  it("gives a task up whose thread died three times", async () => {
    const { executor } = await started(1);
    const work = run(executor, 1);
    for (let death = 0; death < 3; death++) {
      expect(pool.sent).toHaveLength(1);
      await fail(0, died());
    }
    expect(pool.sent).toHaveLength(0);
    expect(await work).toMatchObject([{ status: "rejected", reason: { code: "E_WORKER" } }]);
  });

  it("does not repeat what failed for another reason", async () => {
    const { executor } = await started(1);
    const work = run(executor, 1);
    await fail(0, new TypeError("cannot be cloned"));
    expect(pool.sent).toHaveLength(0);
    expect(await work).toMatchObject([{ status: "rejected", reason: new TypeError("cannot be cloned") }]);
  });

  it("rejects all there is when it is closed", async () => {
    const { executor } = await started(2);
    const work = run(executor, 100);
    await executor.close();
    for (const result of await work) expect(result).toMatchObject({ status: "rejected", reason: { code: "E_CLOSED" } });
  });
});
