import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test, vi } from "vitest";
import { createWorkerPool, type WorkerPool, type WorkerPoolOptions } from "../../dist/src/platform/pool.js";

type Task =
  | { kind: "add"; a: number; b: number }
  | { kind: "length"; bytes: Uint8Array }
  | { kind: "exit"; code: number }
  | { kind: "fail" | "crash" | "hang" };

const url = new URL("./workers/task-worker.mjs", import.meta.url);
const opened: WorkerPool<Task, number>[] = [];

function open(options: Partial<WorkerPoolOptions> = {}): WorkerPool<Task, number> {
  const pool = createWorkerPool<Task, number>({ url, threads: 1, ...options });
  opened.push(pool);
  return pool;
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map((pool) => pool.close()));
});

describe("createWorkerPool", () => {
  test("runs tasks, many at once, with workerData", async () => {
    const pool = open({ threads: 2, tasksPerThread: 4, workerData: { plus: 1000 } });
    const tasks = Array.from({ length: 50 }, (_, i) => pool.run({ kind: "add", a: i, b: 1 }));
    expect(await Promise.all(tasks)).toEqual(Array.from({ length: 50 }, (_, i) => i + 1001));
  });

  test("moves transferred buffers", async () => {
    const bytes = new Uint8Array(1000);
    expect(await open().run({ kind: "length", bytes }, { transfer: [bytes.buffer] })).toBe(1000);
    expect(bytes.byteLength).toBe(0);
  });

  test("an error of the worker arrives with code, context and cause", async () => {
    const pool = open();
    await expect(pool.run({ kind: "fail" })).rejects.toMatchObject({
      name: "HexzError",
      code: "E_BLOCK_CORRUPT",
      message: "block 7 is damaged",
      context: { block: 7 },
      cause: { name: "RangeError", message: "inner" },
    });
    expect(await pool.run({ kind: "add", a: 1, b: 1 })).toBe(2);
  });

  test.each([{ kind: "exit", code: 0 }, { kind: "exit", code: 3 }, { kind: "crash" }] as const)(
    "a thread that dies (%o) is E_WORKER, and the next task runs",
    async (task) => {
      const pool = open();
      await expect(pool.run(task)).rejects.toMatchObject({ code: "E_WORKER" });
      expect(await pool.run({ kind: "add", a: 1, b: 2 })).toBe(3);
    },
  );

  test("a worker that cannot start is E_WORKER for every task, also queued ones", async () => {
    for (const name of ["broken-worker.mjs", "no-such-worker.mjs"]) {
      const pool = open({ url: new URL(`./workers/${name}`, import.meta.url), threads: 2 });
      const results = await Promise.allSettled(Array.from({ length: 6 }, () => pool.run({ kind: "add", a: 1, b: 1 })));
      for (const result of results) expect(result).toMatchObject({ status: "rejected", reason: { code: "E_WORKER" } });
      await expect(pool.run({ kind: "add", a: 1, b: 1 })).rejects.toMatchObject({ code: "E_WORKER" });
    }
  });

  test("a task that cannot be cloned is an error, and the next one runs", async () => {
    const pool = open();
    const task = { kind: "add", a: () => 1, b: 1 } as unknown as Task;
    await expect(pool.run(task)).rejects.toMatchObject({ code: "E_WORKER" });
    expect(await pool.run({ kind: "add", a: 1, b: 2 })).toBe(3);
  });

  test("an aborted signal rejects with its reason and spares the thread", async () => {
    const pool = open();
    const reason = new Error("not needed any more");
    const task: Task = { kind: "add", a: 1, b: 2 };
    await expect(pool.run(task, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const running = pool.run(task, { signal: controller.signal });
    const neighbour = pool.run(task);
    controller.abort(reason);
    await expect(running).rejects.toBe(reason);
    expect(await neighbour).toBe(3);
  });

  test("close ends threads and tasks, once and for all", async () => {
    const pool = open({ threads: 2 });
    await pool.run({ kind: "add", a: 1, b: 1 });
    const hanging = [pool.run({ kind: "hang" }), pool.run({ kind: "hang" }), pool.run({ kind: "hang" })];
    const settled = Promise.allSettled(hanging);
    await Promise.all([pool.close(), pool.close()]);
    for (const result of await settled) {
      expect(result).toMatchObject({ status: "rejected", reason: { code: "E_CLOSED" } });
    }
    await expect(pool.run({ kind: "add", a: 1, b: 1 })).rejects.toMatchObject({ code: "E_CLOSED" });
    // Handles are closed in a later turn of the event loop.
    const handles = () =>
      process.getActiveResourcesInfo().filter((name) => name === "MessagePort" || name === "Worker");
    await vi.waitFor(() => expect(handles()).toEqual([]), { timeout: 30_000 });
  });

  test("an idle pool does not keep the process alive", () => {
    const script = fileURLToPath(new URL("./workers/idle-process.mjs", import.meta.url));
    const { status, stdout, stderr } = spawnSync(process.execPath, [script], { timeout: 30_000, encoding: "utf8" });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "42", stderr: "" });
  });

  test("wrong options are named", () => {
    expect(() => open({ threads: 0 })).toThrow(new RangeError("options.threads must be an integer >= 1, got 0"));
    expect(() => open({ tasksPerThread: 0.5 })).toThrow(RangeError);
  });
});
