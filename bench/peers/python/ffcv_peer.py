"""FFCV as its performance guide says for data that fits memory: os_cache=True, RANDOM order, as many workers as cores, its own compiled decoders."""

from importlib.metadata import version

import numpy as np
from common import Reader, main
from ffcv.fields import IntField, NDArrayField
from ffcv.fields.basics import IntDecoder
from ffcv.fields.ndarray import NDArrayDecoder
from ffcv.loader import Loader, OrderOption
from ffcv.transforms import ToTensor
from ffcv.writer import DatasetWriter

FILE = "data.beton"


class Indexed:
    def __init__(self, data):
        self.data, self.rows, self.labels = data, data.rows(), data.labels()

    def __len__(self):
        return self.data.records

    def __getitem__(self, index):
        return np.array(self.rows[index]).reshape(self.data.shape), int(self.labels[index])


def prepare(job):
    fields = {"image": NDArrayField(np.dtype("uint8"), job.data.shape), "label": IntField()}
    DatasetWriter(f"{job.store}/{FILE}", fields, num_workers=1).from_indexed_dataset(Indexed(job.data))


def open_reader(job):
    workers = job.args["workers"]
    loader = Loader(
        f"{job.store}/{FILE}",
        batch_size=job.data.batch_size,
        num_workers=workers,
        os_cache=True,
        order=OrderOption.RANDOM,
        seed=1,
        drop_last=False,
        pipelines={"image": [NDArrayDecoder(), ToTensor()], "label": [IntDecoder(), ToTensor()]},
    )

    def epoch(_number):
        for images, labels in loader:
            yield labels.numpy().reshape(-1), images.numpy()

    return Reader(version("ffcv"), f"os_cache, RANDOM, {workers} workers, ToTensor", "full", epoch)


main(prepare, open_reader)
