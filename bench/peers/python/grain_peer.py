"""Grain over ArrayRecord, uncompressed with one record a group, as its documentation asks for random access.

args.batched: shuffle and batch record numbers, then one batched read of ArrayRecord a batch; else the documented chain, a read a record."""

from importlib.metadata import version

import grain
import numpy as np
from array_record.python.array_record_data_source import ArrayRecordDataSource
from array_record.python.array_record_module import ArrayRecordWriter
from common import Reader, main

FILE = "data.array_record"
LABEL_BYTES = 4


def prepare(job):
    writer = ArrayRecordWriter(f"{job.store}/{FILE}", "group_size:1,uncompressed")
    for row, label in job.data.records_in_order():
        writer.write(label.to_bytes(LABEL_BYTES, "little") + bytes(row))
    writer.close()


def open_reader(job):
    data, threads = job.data, job.args["threads"]
    source = ArrayRecordDataSource(f"{job.store}/{FILE}")

    def parse(records):
        labels = np.array([int.from_bytes(record[:LABEL_BYTES], "little") for record in records])
        if data.is_text:
            return labels, [record[LABEL_BYTES:] for record in records]
        return labels, np.frombuffer(b"".join(records), dtype=np.uint8).reshape(len(records), -1)[:, LABEL_BYTES:]

    def batched():
        numbers = grain.MapDataset.range(data.records).shuffle(seed=1).repeat()
        return numbers, lambda batch: parse(source.__getitems__(batch.tolist()))

    def plain():
        return grain.MapDataset.source(source).shuffle(seed=1).repeat(), parse

    def epoch(number):
        records, read = batched() if job.args["batched"] else plain()
        one = records.slice(slice(number * data.records, (number + 1) * data.records))
        options = {} if job.args["batched"] else {"batch_fn": list}
        batches = one.batch(data.batch_size, **options).map(read)
        yield from batches.to_iter_dataset(grain.ReadOptions(num_threads=threads, prefetch_buffer_size=4 * max(1, threads)))

    how = "record numbers batched, one batched read a batch" if job.args["batched"] else "a read a record"
    return Reader(version("grain"), f"ArrayRecord group_size:1 uncompressed, {how}, {threads} threads", "full", epoch)


main(prepare, open_reader)
