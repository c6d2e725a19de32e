interface Watch {
  readonly listener: () => void;
  readonly callbacks: Set<() => void>;
}

/** One listener per signal, however many wait for it: thousands of reads may share a signal, and Node warns of a leak at eleven listeners. */
const watches = new WeakMap<AbortSignal, Watch>();

/** Calls `run` when `signal` aborts, unless the function given back is called before. A signal that has aborted already calls nothing. */
export function onAbort(signal: AbortSignal | undefined, run: () => void): () => void {
  if (signal === undefined || signal.aborted) return () => {};
  const watch = watches.get(signal) ?? startWatch(signal);
  // A fresh function, so that the same one may be given twice.
  const callback = () => run();
  watch.callbacks.add(callback);
  return () => {
    watch.callbacks.delete(callback);
    if (watch.callbacks.size > 0 || watches.get(signal) !== watch) return;
    watches.delete(signal);
    signal.removeEventListener("abort", watch.listener);
  };
}

function startWatch(signal: AbortSignal): Watch {
  const callbacks = new Set<() => void>();
  const listener = () => {
    watches.delete(signal);
    for (const callback of callbacks) callback();
  };
  const watch = { listener, callbacks };
  watches.set(signal, watch);
  signal.addEventListener("abort", listener, { once: true });
  return watch;
}

/** `work`, or a rejection with the signal's reason as soon as it aborts, whatever the work does. Leaves no listener behind. */
export function untilAborted<V>(work: Promise<V>, signal: AbortSignal): Promise<V> {
  return new Promise<V>((resolve, reject) => {
    const forget = onAbort(signal, () => reject(signal.reason));
    work.then(resolve, reject).finally(forget);
  });
}
