/** Records sorted into groups: those of group g are `records[starts[g], starts[g + 1])`, in stored order. */
export interface Groups {
  readonly records: Uint32Array;
  readonly starts: Float64Array;
}

/** Sorts the records 0 to `length - 1` into `count` groups, in two passes and 4 bytes a record. `groupOf` gives the same answer each time. */
export function createGroups(length: number, count: number, groupOf: (record: number) => number): Groups {
  const starts = new Float64Array(count + 1);
  // Groups are below `count`.
  for (let record = 0; record < length; record++) add(starts, groupOf(record) + 1, 1);
  for (let group = 0; group < count; group++) add(starts, group + 1, starts[group] as number);
  const next = starts.slice(0, count);
  const records = new Uint32Array(length);
  for (let record = 0; record < length; record++) {
    const group = groupOf(record);
    records[next[group] as number] = record;
    add(next, group, 1);
  }
  return { records, starts };
}

export function groupSize({ starts }: Groups, group: number): number {
  return (starts[group + 1] as number) - (starts[group] as number); // the caller's groups exist
}

/** The last index whose value in ascending `starts` is at most `value`; the first value is. */
export function findGroup(starts: Float64Array, value: number): number {
  let low = 0;
  let high = starts.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((starts[middle] as number) <= value) low = middle;
    else high = middle;
  }
  return low;
}

function add(values: Float64Array, index: number, amount: number): void {
  values[index] = (values[index] as number) + amount;
}
