/** What the epochs of a loader waited for, as plain sums. */
export class EpochMeter {
  batches = 0;
  records = 0;
  waitMs = 0;

  /** One batch of `records` came after `waitMs`. */
  batch(waitMs: number, records: number): void {
    this.batches++;
    this.records += records;
    this.waitMs += waitMs;
  }
}
