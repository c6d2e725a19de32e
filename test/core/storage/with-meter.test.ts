import { expect, it } from "vitest";
import { Meter, withMeter } from "../../../src/core/storage/with-meter.js";
import { createManualClock } from "../../support/manual-clock.js";
import { createHeldSource, failure, turn } from "./support.js";

it("counts requests, bytes, failures and the time they took", async () => {
  const clock = createManualClock();
  const held = createHeldSource();
  const source = withMeter(held, new Meter(clock));
  const reading = Promise.allSettled([100, 10, 5].map((length) => source.readInto(0, new Uint8Array(length))));
  await turn();
  expect(source.stats?.()).toMatchObject({ requests: 3, bytes: 0, inFlight: 3 });
  await clock.advance(40);
  held.reads[0]?.finish();
  held.reads[1]?.fail(failure({ throttled: true }), 4);
  await clock.advance(2);
  held.reads[2]?.fail(failure());
  await reading;
  expect(source.stats?.()).toEqual({ requests: 3, bytes: 104, errors: 2, throttled: 1, waitMs: 122, inFlight: 0 });
});
