"""LitData: optimized chunks of 64 MB on the local disk, StreamingDataLoader; it shuffles chunks and the items in each."""

from importlib.metadata import version

import torch
from common import Reader, main
from litdata import StreamingDataLoader, StreamingDataset
from litdata.streaming import Cache


def prepare(job):
    cache = Cache(f"{job.store}/chunks", chunk_bytes="64MB")
    for i, (row, label) in enumerate(job.data.records_in_order()):
        cache[i] = {"row": bytes(row), "label": label}
    cache.done()
    cache.merge()


def open_reader(job):
    data, workers = job.data, job.args["workers"]
    dataset = StreamingDataset(f"{job.store}/chunks", shuffle=True, drop_last=False, seed=1)

    def collate(samples):
        rows = [sample["row"] for sample in samples]
        labels = torch.tensor([sample["label"] for sample in samples])
        if data.is_text:
            return labels, [bytes(row) for row in rows]
        # A tensor goes from worker to reader in shared memory.
        return labels, torch.frombuffer(bytearray().join(rows), dtype=torch.uint8).reshape(len(rows), -1)

    loader = StreamingDataLoader(dataset, batch_size=data.batch_size, num_workers=workers, collate_fn=collate)

    def epoch(_number):
        yield from loader

    return Reader(version("litdata"), f"chunks of 64 MB of raw bytes, {workers} workers", "chunks of 64 MB, windows of 256 neighbours in each", epoch)


main(prepare, open_reader)
