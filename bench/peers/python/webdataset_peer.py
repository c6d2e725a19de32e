"""WebDataset: tar shards, shard order and a buffer shuffled, batches made in the workers (WebLoader with batch_size=None), as its documentation recommends."""

import io
import tarfile
from importlib.metadata import version

import numpy as np
import webdataset as wds
from common import Reader, main

SHARDS = 16
BUFFER_RECORDS = 10_000


def prepare(job):
    data = job.data
    per_shard = -(-data.records // SHARDS)
    tar = None
    for i, (row, label) in enumerate(data.records_in_order()):
        if i % per_shard == 0:
            if tar is not None:
                tar.close()
            tar = tarfile.open(f"{job.store}/{i // per_shard:04d}.tar", "w")
        add(tar, f"{i:08d}.bin", bytes(row))
        add(tar, f"{i:08d}.cls", str(label).encode())
    tar.close()


def add(tar, name, content):
    info = tarfile.TarInfo(name)
    info.size = len(content)
    tar.addfile(info, io.BytesIO(content))


def open_reader(job):
    data, workers = job.data, job.args["workers"]
    shards = -(-data.records // -(-data.records // SHARDS))
    urls = f"{job.store}/{{0000..{shards - 1:04d}}}.tar"

    def decode(sample):
        row = sample["bin"]
        return int(sample["cls"]), row if data.is_text else np.frombuffer(row, dtype=np.uint8).reshape(data.shape)

    def collate(samples):
        labels, rows = zip(*samples)
        return np.array(labels), list(rows) if data.is_text else np.stack(rows)

    def epoch(number):
        dataset = wds.WebDataset(urls, shardshuffle=shards, seed=number, empty_check=False).shuffle(BUFFER_RECORDS).map(decode)
        dataset = dataset.batched(data.batch_size, collation_fn=collate, partial=True)
        yield from wds.WebLoader(dataset, batch_size=None, num_workers=workers)

    return Reader(version("webdataset"), f"{shards} tar shards, raw bytes, WebLoader with {workers} workers", f"buffer of {BUFFER_RECORDS} records a worker", epoch)


main(prepare, open_reader)
