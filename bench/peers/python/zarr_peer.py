"""Zarr v3 with LZ4: chunks in random order, a window of them decoded at once, shuffled, and cut into batches."""

from importlib.metadata import version

import numpy as np
import zarr
from common import Reader, main

WRITE_CHUNKS = 64


def prepare(job):
    data, chunk = job.data, chunk_records(job)
    rows = data.rows()
    codec = zarr.codecs.BloscCodec(cname="lz4", clevel=5, shuffle="noshuffle")
    array = zarr.create_array(
        store=f"{job.store}/rows.zarr", shape=rows.shape, dtype="uint8", chunks=(chunk, data.row_bytes), compressors=codec
    )
    for start in range(0, data.records, chunk * WRITE_CHUNKS):
        array[start : start + chunk * WRITE_CHUNKS] = rows[start : start + chunk * WRITE_CHUNKS]


def chunk_records(job):
    return max(1, job.args["chunkBytes"] // job.data.row_bytes)


def open_reader(job):
    data, chunk, window = job.data, chunk_records(job), job.args["window"]
    array = zarr.open_array(f"{job.store}/rows.zarr", mode="r")
    labels = data.labels()
    chunks = -(-data.records // chunk)

    def epoch(number):
        random = np.random.default_rng((1, number))
        order = random.permutation(chunks)
        for start in range(0, chunks, window):
            parts = [slice(b * chunk, (b + 1) * chunk) for b in order[start : start + window].tolist()]
            rows = np.concatenate([array[part] for part in parts])
            of_rows = np.concatenate([labels[part] for part in parts])
            mix = random.permutation(len(of_rows))
            for at in range(0, len(mix), data.batch_size):
                part = mix[at : at + data.batch_size]
                yield of_rows[part], rows[part]

    return Reader(version("zarr"), f"Blosc LZ4, chunks of {chunk} records, labels in memory", f"window of {chunk * window} records", epoch)


main(prepare, open_reader)
