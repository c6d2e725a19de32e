/** A priority queue of small numbers ("ids"), lowest key first and of equal keys the lowest id. */
export interface IdHeap {
  /** Adds an id that is not in the queue. Its key must not change while it is. */
  push(id: number): void;
  /** Takes the first id out. There must be one. */
  pop(): number;
  clear(): void;
}

/** A binary heap over the keys of ids 0 to `keys.length - 1`, at most one entry an id. Reads `keys` and never copies it. */
export function createIdHeap(keys: Float64Array): IdHeap {
  const ids = new Uint32Array(keys.length);
  let size = 0;

  // All indices below are < size, and ids are indices of `keys`.
  const idAt = (slot: number) => ids[slot] as number;
  const comesFirst = (a: number, b: number) => {
    const difference = (keys[a] as number) - (keys[b] as number);
    return difference < 0 || (difference === 0 && a < b);
  };

  return {
    push(id) {
      let slot = size++;
      while (slot > 0) {
        const parent = (slot - 1) >> 1;
        if (!comesFirst(id, idAt(parent))) break;
        ids[slot] = idAt(parent);
        slot = parent;
      }
      ids[slot] = id;
    },
    pop() {
      const first = idAt(0);
      const moved = idAt(--size);
      let slot = 0;
      for (let child = 1; child < size; child = 2 * slot + 1) {
        if (child + 1 < size && comesFirst(idAt(child + 1), idAt(child))) child++;
        if (!comesFirst(idAt(child), moved)) break;
        ids[slot] = idAt(child);
        slot = child;
      }
      ids[slot] = moved;
      return first;
    },
    clear() {
      size = 0;
    },
  };
}
