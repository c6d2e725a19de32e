"""Reads what check-pyarrow.mjs wrote and compares every value: python scripts/check-pyarrow.py FOLDER (needs pyarrow)."""

import hashlib
import json
import sys
from pathlib import Path

import pyarrow as pa

folder = Path(sys.argv[1])


def tables(name):
    with pa.ipc.open_stream(str(folder / f"{name}.arrows")) as stream:
        yield "stream", stream.read_all()
    with pa.ipc.open_file(str(folder / f"{name}.arrow")) as file:
        yield "file", file.read_all()


def check(condition, message):
    if not condition:
        sys.exit(f"pyarrow check failed: {message}")


def plain(name, value):
    """A value as check-pyarrow.mjs writes it to JSON."""
    if value is None:
        return None
    if name in ("uint64", "int64"):
        return str(value)
    if name == "bytes":
        return value.hex()
    if name == "meta":
        return json.loads(value) if isinstance(value, str) else value
    if name == "float16":
        return float(value)
    return value


def storage(column):
    """The values under an extension type."""
    chunks = [chunk.storage if isinstance(chunk, pa.ExtensionArray) else chunk for chunk in column.chunks]
    return [value for chunk in chunks for value in chunk.to_pylist()]


def check_every_type():
    expected = json.loads((folder / "every-type.json").read_text())
    for form, table in tables("every-type"):
        table.validate(full=True)
        tensor = table.schema.field("tensor").type
        check(tensor == pa.fixed_shape_tensor(pa.int16(), [2, 3]), f"{form}: tensor is {tensor}")
        nullable = [field.name for field in table.schema if field.nullable]
        expected_nullable = ["vector", "maybe", "maybeFlag", "maybeText", "flags"]
        check(nullable == expected_nullable, f"{form}: nullable are {nullable}")
        check(table.column("uint8").num_chunks == expected["batches"], f"{form}: number of batches")
        for name in table.schema.names:
            got = [plain(name, value) for value in storage(table.column(name))]
            wanted = [row[name] for row in expected["rows"]]
            check(got == wanted, f"{form}: {name} is {got}, expected {wanted}")


def check_fashion_mnist():
    expected = json.loads((folder / "fashion-mnist.json").read_text())
    for form, table in tables("fashion-mnist"):
        table.validate(full=True)
        image = table.column("image")
        check(image.type == pa.fixed_shape_tensor(pa.uint8(), [28, 28, 1]), f"{form}: image is {image.type}")
        check(image.num_chunks == expected["batches"], f"{form}: number of batches")
        digest = hashlib.sha256()
        for chunk in image.chunks:
            items = chunk.storage.flatten()  # numpy is not needed to read the bytes
            digest.update(items.buffers()[1][items.offset : items.offset + len(items)])
        check(digest.hexdigest() == expected["pixels"], f"{form}: pixels differ")
        check(table.column("label").to_pylist() == expected["labels"], f"{form}: labels differ")


check_every_type()
check_fashion_mnist()
print(f"pyarrow {pa.__version__}: IPC stream and file hold the same values")
