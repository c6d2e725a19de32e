/** Milliseconds of a clock that never goes back, from an arbitrary start. */
export function nowMs(): number {
  return performance.now();
}
