"""What every Python peer program shares: `program.py prepare|run JSON` (the job of job.ts), the timing, the check and the line it prints."""

import json
import resource
import sys
import time

import numpy as np


class Data:
    """The generated files of a workload; meanings as in workloads.ts."""

    def __init__(self, values):
        self.directory = values["directory"]
        self.records = values["records"]
        self.batch_size = values["batchSize"]
        self.shape = tuple(values["shape"]) if "shape" in values else None
        self.row_bytes = values["rowBytes"]
        self.raw_bytes = values["rawBytes"]
        self.label_sum = values["labelSum"]
        self.row_sum = values["rowSum"]

    @property
    def is_text(self):
        return self.shape is None

    def labels(self):
        return np.fromfile(f"{self.directory}/labels.bin", dtype=np.int32)

    def rows(self):
        """The images as a memory map [records, row_bytes], or all bytes of the texts."""
        rows = np.memmap(f"{self.directory}/rows.bin", dtype=np.uint8, mode="r")
        return rows if self.is_text else rows.reshape(self.records, self.row_bytes)

    def offsets(self):
        return np.fromfile(f"{self.directory}/offsets.bin", dtype=np.uint32).astype(np.int64)

    def records_in_order(self):
        """(row, label) of every record: an array of the image's shape, or the bytes of the text."""
        rows, labels = self.rows(), self.labels()
        if self.is_text:
            offsets = self.offsets()
            for i in range(self.records):
                yield rows[offsets[i] : offsets[i + 1]].tobytes(), int(labels[i])
        else:
            for i in range(self.records):
                yield np.array(rows[i]).reshape(self.shape), int(labels[i])


class Job:
    def __init__(self, values):
        self.data = Data(values["data"])
        self.store = values["store"]
        self.epochs = values["epochs"]
        self.limit_seconds = values["limitSeconds"]
        self.args = values["args"]


class Reader:
    """An opened peer. `epoch(n)` gives batches (labels, rows): rows an array [size, ...], a list of bytes, or an Arrow array of texts."""

    def __init__(self, version, settings, order, epoch):
        self.version = version
        self.settings = settings
        self.order = order
        self.epoch = epoch


def permutation(count, epoch):
    return np.random.default_rng((1, epoch)).permutation(count)


def main(prepare, open_reader):
    action, text = sys.argv[1:3]
    job = Job(json.loads(text))
    if action == "prepare":
        if prepare is not None:
            prepare(job)
        return
    print(json.dumps(measure(open_reader, job)), flush=True)


def measure(open_reader, job):
    start = time.perf_counter()
    reader = open_reader(job)
    warm = time_epoch(reader, 0, job)
    epochs = [time_epoch(reader, epoch, job) for epoch in range(1, job.epochs + 1)]
    peak = [resource.getrusage(who).ru_maxrss * 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return {
        "version": reader.version,
        "settings": reader.settings,
        "order": reader.order,
        "recordsPerSecond": [epoch[0] for epoch in epochs],
        "firstBatchMs": (warm[1] - start) * 1000,
        "peakMemoryBytes": sum(peak),
        "partial": any(epoch[2] for epoch in epochs),
    }


def time_epoch(reader, epoch, job):
    """(records per second, time of the first batch, whether the epoch was cut off)."""
    data = job.data
    records = label_sum = row_sum = first_records = 0
    first_at = None
    partial = False
    start = time.perf_counter()
    batches = reader.epoch(epoch)
    for labels, rows in batches:
        size, labels_in_batch, rows_in_batch = consume(labels, rows)
        records += size
        label_sum += labels_in_batch
        row_sum += rows_in_batch
        now = time.perf_counter()
        if first_at is None:
            first_at, first_records = now, records
        if now - start > job.limit_seconds and records < data.records:
            partial = True
            break
    end = time.perf_counter()
    if hasattr(batches, "close"):
        batches.close()
    if not partial and (records, label_sum, row_sum) != (data.records, data.label_sum, data.row_sum):
        expected = (data.records, data.label_sum, data.row_sum)
        raise AssertionError(f"records, label sum, row sum are {(records, label_sum, row_sum)}, not {expected}")
    if partial:
        rest = (end - first_at) * (data.records - first_records) / max(1, records - first_records)
        return data.records / (first_at - start + rest), first_at, True
    return data.records / (end - start), first_at, False


def consume(labels, rows):
    """Reads every label, and of every record the first byte or the length: (records, sum of labels, sum of the others)."""
    size = len(labels)
    label_sum = int(np.asarray(labels).sum(dtype=np.int64))
    if isinstance(rows, list):
        return size, label_sum, sum(map(len, rows))
    if hasattr(rows, "buffers"):
        import pyarrow.compute as pc

        return size, label_sum, pc.sum(pc.binary_length(rows)).as_py()
    first = np.asarray(rows).reshape(size, -1)[:, 0]
    return size, label_sum, int(first.sum(dtype=np.int64))
