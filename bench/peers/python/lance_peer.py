"""Lance: take of row numbers, args.ahead batches in one call (a full permutation all the same), fixed-size binary rows."""

from importlib.metadata import version

import lance
import numpy as np
import pyarrow as pa
from common import Reader, main, permutation

CHUNK = 4096


def prepare(job):
    data = job.data
    rows, labels = data.rows(), data.labels()
    offsets = data.offsets() if data.is_text else None
    kind = pa.string() if data.is_text else pa.binary(data.row_bytes)
    schema = pa.schema([("row", kind), ("label", pa.int32())])

    def batches():
        for start in range(0, data.records, CHUNK):
            end = min(data.records, start + CHUNK)
            if data.is_text:
                texts = [rows[offsets[i] : offsets[i + 1]].tobytes() for i in range(start, end)]
                column = pa.array(texts, type=pa.binary()).cast(kind)
            else:
                column = pa.Array.from_buffers(kind, end - start, [None, pa.py_buffer(np.array(rows[start:end]))])
            yield pa.record_batch([column, pa.array(labels[start:end])], schema=schema)

    lance.write_dataset(pa.RecordBatchReader.from_batches(schema, batches()), f"{job.store}/lance")


def open_reader(job):
    data, ahead = job.data, job.args["ahead"]
    dataset = lance.dataset(f"{job.store}/lance")

    def epoch(number):
        order = permutation(data.records, number)
        for start in range(0, len(order), ahead * data.batch_size):
            table = dataset.take(order[start : start + ahead * data.batch_size]).combine_chunks()
            labels, row = table["label"].to_numpy(), table["row"].chunk(0)
            for at in range(0, len(labels), data.batch_size):
                part = row.slice(at, data.batch_size)
                yield labels[at : at + data.batch_size], part if data.is_text else images(part)

    def images(part):
        begin = part.offset * data.row_bytes
        flat = np.frombuffer(part.buffers()[1], dtype=np.uint8, count=len(part) * data.row_bytes, offset=begin)
        return flat.reshape(len(part), data.row_bytes)

    return Reader(version("pylance"), f"take of {ahead} batches at once, fixed-size binary", "full", epoch)


main(prepare, open_reader)
