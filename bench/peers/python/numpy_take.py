"""The loop one writes by hand: the raw file as a memory map, numpy.take of a batch's rows. args.threads > 1 takes batches ahead on threads (take frees the GIL)."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from common import Reader, main, permutation

AHEAD = 4


def open_reader(job):
    data, threads = job.data, job.args["threads"]
    rows, labels = data.rows(), data.labels()
    offsets = data.offsets() if data.is_text else None

    def batch(index):
        if offsets is None:
            return labels[index], rows.take(index, axis=0)
        starts, ends = offsets[index].tolist(), offsets[index + 1].tolist()
        return labels[index], [rows[a:b].tobytes() for a, b in zip(starts, ends)]

    def epoch(number):
        order = permutation(data.records, number)
        parts = [order[i : i + data.batch_size] for i in range(0, data.records, data.batch_size)]
        if threads == 1:
            yield from map(batch, parts)
            return
        with ThreadPoolExecutor(threads) as pool:
            pending = [pool.submit(batch, part) for part in parts[:AHEAD]]
            for i in range(len(parts)):
                yield pending.pop(0).result()
                if i + AHEAD < len(parts):
                    pending.append(pool.submit(batch, parts[i + AHEAD]))

    how = "a slice a text" if data.is_text else "take of a batch"
    return Reader(np.__version__, f"memory-mapped raw file, {how}, {threads} threads", "full", epoch)


main(None, open_reader)
