import { describe, expect, test } from "vitest";
import { createProgress, renderProgress } from "../../src/cli/progress.js";
import { formatMs, formatNumber, formatTable, plural, printable, shorten } from "../../src/cli/text.js";

describe("text", () => {
  test("numbers, counts and times", () => {
    expect(plural(1, "block")).toBe("1 block");
    expect(plural(10_000, "block")).toBe("10,000 blocks");
    expect([0, 1234567, 0.28604, -2.5, 1e-9, 1.5e300].map(formatNumber)).toEqual([
      "0",
      "1,234,567",
      "0.286",
      "-2.5",
      "1.000e-9",
      "1.500e+300",
    ]);
    expect([0.123, 12.3, 1234, 61_000].map(formatMs)).toEqual(["0.12 ms", "12 ms", "1.2 s", "1 min 1 s"]);
  });

  test("tables align columns, whatever their colours", () => {
    const rows = [
      ["a", "1"],
      ["\u001b[1mlong\u001b[22m", "1000"],
    ];
    expect(formatTable(rows, [1])).toBe("a        1\n\u001b[1mlong\u001b[22m  1000");
  });

  test("control characters of a file never reach the terminal", () => {
    expect(printable("a\u001b[2Jb\nc\u202ed\u0085é")).toBe("a\\u001b[2Jb\\nc\\u202ed\\u0085é");
    expect(shorten("abcdef", 4)).toBe("abc…");
  });
});

describe("progress", () => {
  test("with a total: percent, bar, speed and time left", () => {
    const line = renderProgress({ done: 250, total: 1000, unit: "records", bytes: 2_000_000 }, 1000);
    expect(line).toBe(" 25 %  [#####---------------]  250 records  2.0 MB/s  ETA 3.0 s");
  });

  test("without a total: count and speed", () => {
    expect(renderProgress({ done: 1500, unit: "records", bytes: 1_000_000 }, 500)).toBe("1,500 records  2.0 MB/s");
    expect(renderProgress({ done: 0, total: 0, unit: "blocks" }, 0)).toBe("0 blocks");
  });

  test("draws on a terminal only, ten times a second at most, and clears its line", async () => {
    const drawn: string[] = [];
    const output = (isTerminal: boolean) => ({
      isTerminal,
      columns: 20,
      write: async (chunk: string | Uint8Array) => void drawn.push(String(chunk)),
    });
    const silent = createProgress(output(false), () => 0, true);
    silent.update({ done: 1, unit: "records" });
    await silent.end();
    expect(drawn).toEqual([]);

    let now = 0;
    const progress = createProgress(output(true), () => now, true);
    for (; now <= 200; now += 10) progress.update({ done: now, unit: "records of some length" });
    await progress.end();
    expect(drawn).toEqual([
      "\r\u001b[2K0 records of some l",
      "\r\u001b[2K100 records of some",
      "\r\u001b[2K200 records of some",
      "\r\u001b[2K",
    ]);
  });
});
