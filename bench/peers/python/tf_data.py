"""tf.data over TFRecord: shuffle buffer, batch, one vectorised parse a batch, prefetch, AUTOTUNE, as TensorFlow's performance guide says."""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import tensorflow as tf  # noqa: E402
from common import Reader, main  # noqa: E402

FILES = 4
BUFFER_RECORDS = 10_000


def prepare(job):
    writers = [tf.io.TFRecordWriter(f"{job.store}/{i:02d}.tfrecord") for i in range(FILES)]
    for i, (row, label) in enumerate(job.data.records_in_order()):
        features = {
            "row": tf.train.Feature(bytes_list=tf.train.BytesList(value=[bytes(row)])),
            "label": tf.train.Feature(int64_list=tf.train.Int64List(value=[label])),
        }
        writers[i % FILES].write(tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString())
    for writer in writers:
        writer.close()


def open_reader(job):
    data = job.data
    buffer = min(BUFFER_RECORDS, data.records)
    kinds = {"row": tf.io.FixedLenFeature([], tf.string), "label": tf.io.FixedLenFeature([], tf.int64)}

    def parse(examples):
        parsed = tf.io.parse_example(examples, kinds)
        rows = parsed["row"] if data.is_text else tf.io.decode_raw(parsed["row"], tf.uint8, fixed_length=data.row_bytes)
        return parsed["label"], rows

    files = [f"{job.store}/{i:02d}.tfrecord" for i in range(FILES)]
    names = tf.data.Dataset.from_tensor_slices(files).shuffle(FILES)
    dataset = names.interleave(tf.data.TFRecordDataset, cycle_length=FILES, block_length=16, num_parallel_calls=tf.data.AUTOTUNE, deterministic=False)
    dataset = dataset.shuffle(buffer).batch(data.batch_size).map(parse, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)

    def epoch(_number):
        for labels, rows in dataset.as_numpy_iterator():
            yield labels, rows.tolist() if data.is_text else rows

    return Reader(tf.__version__, f"TFRecord in {FILES} files, interleave, parse a batch, AUTOTUNE", f"buffer of {buffer} records", epoch)


main(prepare, open_reader)
