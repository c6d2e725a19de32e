/**
 * Gives every item to `take`, in order and one at a time, while the next item is being made: at most one is held beyond what `items` holds itself. Settles
 * once no call is under way, so that what `take` writes to may be closed then. After a failure nothing more is asked for.
 *
 * @throws What `items` or `take` throws; where both did, what came from `items`.
 */
export async function takeBehind<T>(items: AsyncIterable<T>, take: (item: T) => Promise<void>): Promise<void> {
  let taking: Promise<void> = Promise.resolve();
  try {
    for await (const item of items) {
      await taking;
      taking = take(item);
      // A failure is told with the next item; until then it must not count as unhandled.
      taking.catch(() => undefined);
    }
    await taking;
  } finally {
    await taking.catch(() => undefined);
  }
}
