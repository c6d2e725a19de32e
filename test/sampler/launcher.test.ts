import { describe, expect, test } from "vitest";
import { assertShard, shardFromEnvironment } from "../../src/sampler/index.js";

const torchrun = { RANK: "3", WORLD_SIZE: "8" };
const openMpi = { OMPI_COMM_WORLD_RANK: "1", OMPI_COMM_WORLD_SIZE: "4" };
const slurm = { SLURM_PROCID: "0", SLURM_NTASKS: "2" };
const kubernetes = { JOB_COMPLETION_INDEX: "5" };

test("each launcher is read by its own variables", () => {
  expect(shardFromEnvironment(torchrun)).toEqual({ rank: 3, world: 8, from: "torchrun" });
  expect(shardFromEnvironment(openMpi)).toEqual({ rank: 1, world: 4, from: "open-mpi" });
  expect(shardFromEnvironment(slurm)).toEqual({ rank: 0, world: 2, from: "slurm" });
  expect(shardFromEnvironment({ SLURM_PROCID: "1", SLURM_NPROCS: "2" })).toEqual({ rank: 1, world: 2, from: "slurm" });
  const job = { rank: 5, world: 6, from: "kubernetes" };
  expect(shardFromEnvironment(kubernetes, { world: 6 })).toEqual(job);
  expect(shardFromEnvironment({ ...kubernetes, WORLD_SIZE: "6" })).toEqual(job);
  expect(shardFromEnvironment({ ...kubernetes, WORLD_SIZE: "6" }, { world: 6 })).toEqual(job);
});

test("nothing set, or empty, is no shard", () => {
  expect(shardFromEnvironment({})).toBeUndefined();
  expect(shardFromEnvironment({ PATH: "/bin", RANK: "", WORLD_SIZE: " ", SLURM_NTASKS: undefined })).toBeUndefined();
  expect(shardFromEnvironment({}, { world: 4 })).toBeUndefined();
});

test("of several launchers the innermost counts", () => {
  const from = (...environments: object[]) => shardFromEnvironment(Object.assign({}, ...environments))?.from;
  expect(from(kubernetes, slurm, openMpi, torchrun)).toBe("torchrun");
  expect(from(kubernetes, slurm, openMpi)).toBe("open-mpi");
  expect(from(kubernetes, slurm)).toBe("slurm");
});

test("WORLD_SIZE alone agrees with whoever says the rank, or nothing is taken", () => {
  expect(shardFromEnvironment({ ...slurm, WORLD_SIZE: "2" })).toEqual({ rank: 0, world: 2, from: "slurm" });
  expect(() => shardFromEnvironment({ ...slurm, WORLD_SIZE: "4" })).toThrow(
    "SLURM_NTASKS is 2 and WORLD_SIZE is 4: they must agree",
  );
});

test("the result is a shard", () => {
  const shard = shardFromEnvironment(torchrun) ?? { rank: -1, world: 0 };
  expect(() => assertShard("shard", shard)).not.toThrow();
});

describe("what is half or wrong is refused, with the variables named", () => {
  test.each([
    [{ RANK: "0" }, "RANK is set without WORLD_SIZE: set both, or neither"],
    [{ WORLD_SIZE: "4" }, "WORLD_SIZE is set without RANK"],
    [{ OMPI_COMM_WORLD_RANK: "0" }, "OMPI_COMM_WORLD_RANK is set without OMPI_COMM_WORLD_SIZE"],
    [{ OMPI_COMM_WORLD_SIZE: "2" }, "OMPI_COMM_WORLD_SIZE is set without OMPI_COMM_WORLD_RANK"],
    [{ SLURM_PROCID: "0" }, "SLURM_PROCID is set without SLURM_NTASKS or SLURM_NPROCS"],
    [{ SLURM_PROCID: "0", WORLD_SIZE: "2" }, "SLURM_PROCID is set without SLURM_NTASKS or SLURM_NPROCS"],
    [{ SLURM_NTASKS: "2" }, "SLURM_NTASKS is set without SLURM_PROCID"],
    [kubernetes, "JOB_COMPLETION_INDEX is set without WORLD_SIZE: set it or pass options.world"],
  ])("%j", (environment, message) => {
    expect(() => shardFromEnvironment(environment)).toThrow(RangeError);
    expect(() => shardFromEnvironment(environment)).toThrow(message);
  });

  test.each(["-1", "1.5", "0x1", "one", "1e1", "99999999999999999999"])("a rank of %s", (rank) => {
    expect(() => shardFromEnvironment({ RANK: rank, WORLD_SIZE: "8" })).toThrow(
      `RANK must be an integer >= 0, got "${rank}"`,
    );
  });

  test("a world of 0, and a rank not below its world", () => {
    expect(() => shardFromEnvironment({ RANK: "0", WORLD_SIZE: "0" })).toThrow(
      'WORLD_SIZE must be an integer >= 1, got "0"',
    );
    expect(() => shardFromEnvironment({ RANK: "8", WORLD_SIZE: "8" })).toThrow(
      "RANK must be below WORLD_SIZE, which is 8, got 8",
    );
    expect(() => shardFromEnvironment(kubernetes, { world: 5 })).toThrow(
      "JOB_COMPLETION_INDEX must be below options.world, which is 5, got 5",
    );
  });

  test("two numbers for one world", () => {
    expect(() => shardFromEnvironment({ ...kubernetes, WORLD_SIZE: "6" }, { world: 7 })).toThrow(
      "WORLD_SIZE is 6 and options.world is 7: they must agree",
    );
    expect(() => shardFromEnvironment(torchrun, { world: 4 })).toThrow("WORLD_SIZE is 8 and options.world is 4");
    expect(() => shardFromEnvironment({ ...slurm, SLURM_NPROCS: "3" })).toThrow(
      "SLURM_NTASKS is 2 and SLURM_NPROCS is 3",
    );
  });

  test("an option that is no world", () => {
    expect(() => shardFromEnvironment(kubernetes, { world: 0 })).toThrow(
      "options.world must be an integer >= 1, got 0",
    );
  });
});
