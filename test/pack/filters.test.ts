import { beforeAll, describe, expect, it } from "vitest";
import { createRowLayout } from "../../src/core/format/row-layout.js";
import { createRowWriter } from "../../src/dataset/encode.js";
import { fields, schemaSpec } from "../../src/dataset/fields.js";
import { loadPacking } from "../../src/pack/encode-block.js";
import { chooseFilters } from "../../src/pack/filters.js";

beforeAll(loadPacking);

const schema = schemaSpec({
  id: fields.uint64(),
  text: fields.utf8().nullable(),
  image: fields.uint8([4]),
  noise: fields.list("float64"),
});

function blockOf(count: number) {
  const writer = createRowWriter(schema, createRowLayout(schema));
  let state = 1;
  for (let i = 0; i < count; i++) {
    state = Math.imul(state, 1103515245) + 12345;
    writer.add({ id: 1e6 + 7 * i, text: i % 3 ? `text ${i % 50}` : null, image: [i % 256, 0, 0, 1], noise: [state] });
  }
  return writer.take();
}

describe("chooseFilters", () => {
  it.each(["lz4", "zstd"] as const)("shuffles ids for %s, never single bytes", (codec) => {
    const filters = chooseFilters(blockOf(2000), createRowLayout(schema), codec, 3);
    const [id, , textValues, image] = filters;
    expect([id, textValues, image]).toEqual([1, 0, 0]);
    expect(filters).toHaveLength(6);
    expect(chooseFilters(blockOf(2000), createRowLayout(schema), codec, 3)).toEqual(filters);
  });

  it("tries the values of a variable field where they are, behind the lengths", () => {
    const lists = schemaSpec({ name: fields.utf8(), ids: fields.list("int64") });
    const layout = createRowLayout(lists);
    const writer = createRowWriter(lists, layout);
    for (let i = 0; i < 500; i++)
      writer.add({ name: `${i}`, ids: Array.from({ length: i % 7 }, (_, k) => 900 * i + k * k) });
    const [, , , idValues] = chooseFilters(writer.take(), layout, "lz4", 0);
    expect(idValues).toBe(1);
  });

  it("takes none without a codec, and none where nothing is gained", () => {
    expect(chooseFilters(blockOf(100), createRowLayout(schema), "stored", 0)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(chooseFilters(blockOf(1), createRowLayout(schema), "lz4", 0)).toEqual([0, 0, 0, 0, 0, 0]);
  });
});
