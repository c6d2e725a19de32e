/** `work`, or a rejection with the signal's reason as soon as it aborts, whatever the work does. Leaves no listener behind. */
export function untilAborted<V>(work: Promise<V>, signal: AbortSignal): Promise<V> {
  return new Promise<V>((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
