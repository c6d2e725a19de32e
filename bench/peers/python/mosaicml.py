"""MosaicML Streaming: uncompressed MDS shards on the local disk, the default shuffle (py1e), torch's DataLoader."""

from importlib.metadata import version

from common import Reader, main
from streaming import MDSWriter, StreamingDataset
from streaming.base.util import clean_stale_shared_memory
from torch.utils.data import DataLoader

DEFAULT_BLOCK_RECORDS = 4_000_000  # py1e's, with one canonical node


def prepare(job):
    data = job.data
    columns = {"row": "bytes" if data.is_text else "ndarray:uint8:" + ",".join(map(str, data.shape)), "label": "int32"}
    with MDSWriter(out=f"{job.store}/mds", columns=columns, compression=None) as writer:
        for row, label in data.records_in_order():
            writer.write({"row": row, "label": label})


def collate_texts(samples):
    return {"row": [sample["row"] for sample in samples], "label": [sample["label"] for sample in samples]}


def open_reader(job):
    data, workers = job.data, job.args["workers"]
    clean_stale_shared_memory()
    dataset = StreamingDataset(local=f"{job.store}/mds", shuffle=True, shuffle_seed=1, batch_size=data.batch_size, num_canonical_nodes=1)
    options = {"collate_fn": collate_texts} if data.is_text else {}
    if workers > 0:
        options |= {"persistent_workers": True, "prefetch_factor": 4}
    loader = DataLoader(dataset, batch_size=data.batch_size, num_workers=workers, **options)

    def epoch(_number):
        for batch in loader:
            yield batch["label"], batch["row"]

    how = f"MDS uncompressed, py1e, DataLoader with {workers} workers"
    return Reader(version("mosaicml-streaming"), how, f"window of {DEFAULT_BLOCK_RECORDS} records", epoch)


main(prepare, open_reader)
