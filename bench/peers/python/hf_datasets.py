"""Hugging Face datasets: a memory-mapped Arrow file, a permutation of row numbers each epoch, rows by a list of numbers in Arrow format."""

from importlib.metadata import version

import datasets
import numpy as np
import pyarrow as pa
from common import Reader, main, permutation

CHUNK = 4096


def prepare(job):
    data = job.data
    rows, labels = data.rows(), data.labels()
    offsets = data.offsets() if data.is_text else None
    kind = pa.large_string() if data.is_text else pa.list_(pa.uint8(), data.row_bytes)
    schema = pa.schema([("row", kind), ("label", pa.int32())])
    with pa.OSFile(f"{job.store}/data.arrow", "wb") as sink, pa.ipc.new_stream(sink, schema) as writer:
        for start in range(0, data.records, CHUNK):
            end = min(data.records, start + CHUNK)
            if data.is_text:
                column = pa.array([rows[offsets[i] : offsets[i + 1]].tobytes() for i in range(start, end)], type=pa.large_binary()).cast(kind)
            else:
                column = pa.FixedSizeListArray.from_arrays(pa.array(np.array(rows[start:end]).reshape(-1)), type=kind)
            writer.write_batch(pa.record_batch([column, pa.array(labels[start:end])], schema=schema))


def open_reader(job):
    data = job.data
    dataset = datasets.Dataset.from_file(f"{job.store}/data.arrow").with_format("arrow")

    def epoch(number):
        order = permutation(data.records, number)
        for start in range(0, len(order), data.batch_size):
            table = dataset[order[start : start + data.batch_size]]
            labels, row = table["label"].to_numpy(), table["row"].combine_chunks()
            if isinstance(row, pa.ChunkedArray):
                row = pa.concat_arrays(row.chunks)
            yield labels, row if data.is_text else row.flatten().to_numpy().reshape(len(labels), -1)

    return Reader(version("datasets"), "memory-mapped Arrow, rows by a list of numbers, arrow format", "full", epoch)


main(prepare, open_reader)
