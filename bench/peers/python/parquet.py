"""Parquet with LZ4: row groups in random order, a window of them decoded at once, shuffled, and cut into batches. The next window is read meanwhile on a thread."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from common import Reader, main

FILE = "data.parquet"


def prepare(job):
    data, group = job.data, group_records(job)
    rows, labels = data.rows(), data.labels()
    offsets = data.offsets() if data.is_text else None
    kind = pa.string() if data.is_text else pa.binary(data.row_bytes)
    schema = pa.schema([("row", kind), ("label", pa.int32())])
    options = {"compression": "lz4", "use_dictionary": False, "write_statistics": False}
    with pq.ParquetWriter(f"{job.store}/{FILE}", schema, **options) as writer:
        for start in range(0, data.records, group):
            end = min(data.records, start + group)
            if data.is_text:
                base = offsets[start]
                ends = pa.py_buffer((offsets[start : end + 1] - base).astype(np.int32))
                column = pa.StringArray.from_buffers(end - start, ends, pa.py_buffer(np.array(rows[base : offsets[end]])))
            else:
                column = pa.Array.from_buffers(kind, end - start, [None, pa.py_buffer(np.array(rows[start:end]))])
            table = pa.table([column, pa.array(labels[start:end])], schema=schema)
            writer.write_table(table, row_group_size=group)


def group_records(job):
    data = job.data
    return max(1, round(job.args["groupBytes"] * data.records / data.raw_bytes))


def open_reader(job):
    data, args = job.data, job.args
    file = pq.ParquetFile(f"{job.store}/{FILE}", memory_map=True, pre_buffer=False)
    window = args["window"]

    def read(groups):
        return file.read_row_groups(groups, use_threads=True).combine_chunks()

    def windows(number):
        order = np.random.default_rng((1, number)).permutation(file.num_row_groups).tolist()
        parts = [order[i : i + window] for i in range(0, len(order), window)]
        if not args["ahead"]:
            yield from map(read, parts)
            return
        with ThreadPoolExecutor(1) as pool:
            pending = pool.submit(read, parts[0])
            for following in [*parts[1:], None]:
                table = pending.result()
                pending = following and pool.submit(read, following)
                yield table

    def epoch(number):
        random = np.random.default_rng((2, number))
        for table in windows(number):
            row, labels = column(table, "row"), table["label"].to_numpy()
            order = random.permutation(len(labels))
            # A batch never spans two windows: the last of each is smaller, as with most loaders that shuffle this way.
            for start in range(0, len(order), data.batch_size):
                index = order[start : start + data.batch_size]
                yield labels[index], row(index)

    def column(table, name):
        chunks = table[name].chunks
        joined = chunks[0] if len(chunks) == 1 else pa.concat_arrays(chunks)
        if data.is_text:
            return lambda index: joined.take(pa.array(index))
        rows = np.frombuffer(joined.buffers()[1], dtype=np.uint8).reshape(-1, data.row_bytes)
        return lambda index: rows.take(index, axis=0)

    records = min(window * group_records(job), data.records)
    how = f"LZ4, row groups of {group_records(job)} records, no dictionary, memory map, threads" + (", next window read ahead" if args["ahead"] else "")
    return Reader(pa.__version__, how, f"window of {records} records", epoch)


main(prepare, open_reader)
