import { expect, test } from "vitest";
import { createMemorySource } from "../../../src/core/storage/index.js";
import { withCounter } from "../../support/counting-source.js";
import { withFaults } from "../../support/faulty-source.js";
import { storageConformance } from "./conformance.js";

storageConformance("memory", async (bytes) => createMemorySource(bytes, { name: "test bytes" }));
storageConformance("memory, shared", async (bytes) => {
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  return createMemorySource(shared);
});
storageConformance("counted", async (bytes) => withCounter(createMemorySource(bytes)));
storageConformance("without faults", async (bytes) => withFaults(createMemorySource(bytes), {}));

test("identity tells contents apart, not buffers", () => {
  const identityOf = (...bytes: number[]) => createMemorySource(Uint8Array.from(bytes)).identity;
  expect(identityOf(1, 2)).toBe(identityOf(1, 2));
  expect(identityOf(1, 2)).not.toBe(identityOf(1, 3));
});

test("the counter counts requests and bytes", async () => {
  const source = withCounter(createMemorySource(new Uint8Array(10)));
  await source.readInto(2, new Uint8Array(3));
  await source.readInto(0, new Uint8Array(10));
  expect([source.requests, source.bytes, source.ranges]).toEqual([
    2,
    13,
    [
      [2, 3],
      [0, 10],
    ],
  ]);
});

test("faults happen as scripted", async () => {
  const bytes = Uint8Array.from([0, 1, 2, 3]);
  const read = async (source: ReturnType<typeof withFaults>, length = 4) => {
    const target = new Uint8Array(length);
    await source.readInto(0, target);
    return [...target];
  };
  expect(await read(withFaults(createMemorySource(bytes), { flips: new Map([[2, 0x80]]) }))).toEqual([0, 1, 0x82, 3]);

  const short = withFaults(createMemorySource(bytes), { endsAtByte: 3 });
  await expect(read(short)).rejects.toMatchObject({ code: "E_SHORT_READ" });
  expect(await read(short, 3)).toEqual([0, 1, 2]);

  const once = withFaults(createMemorySource(bytes), { throwAt: { call: 1 } });
  expect(await read(once)).toEqual([0, 1, 2, 3]);
  await expect(read(once)).rejects.toMatchObject({ code: "E_IO" });
  expect(await read(once)).toEqual([0, 1, 2, 3]);

  const forever = withFaults(createMemorySource(bytes), { throwAt: { call: 0, forever: true } });
  await expect(read(forever)).rejects.toMatchObject({ code: "E_IO" });
  await expect(read(forever)).rejects.toMatchObject({ code: "E_IO" });

  const controller = new AbortController();
  const stuck = withFaults(createMemorySource(bytes), { until: new Promise(() => {}) });
  const reading = stuck.readInto(0, new Uint8Array(1), { signal: controller.signal });
  controller.abort(new Error("enough"));
  await expect(reading).rejects.toThrow("enough");
});
