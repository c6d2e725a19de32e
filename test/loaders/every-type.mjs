/**
 * Records with every kind of field — shaped, nullable, of varying size — for the tests of the loaders and for `scripts/check-pyarrow.mjs`, which runs on the
 * build: so `fields` is handed in.
 */

export function everySchema(fields) {
  return {
    bool: fields.bool(),
    uint8: fields.uint8(),
    int8: fields.int8(),
    uint16: fields.uint16(),
    int16: fields.int16(),
    uint32: fields.uint32(),
    int32: fields.int32(),
    uint64: fields.uint64(),
    int64: fields.int64(),
    float16: fields.float16(),
    float32: fields.float32(),
    float64: fields.float64(),
    image: fields.uint8([2, 3, 1]),
    tensor: fields.int16([2, 3]),
    mask: fields.bool([5]),
    vector: fields.float32([4]).nullable(),
    maybe: fields.int32().nullable(),
    maybeFlag: fields.bool().nullable(),
    text: fields.utf8(),
    maybeText: fields.utf8().nullable(),
    bytes: fields.binary(),
    meta: fields.json(),
    list: fields.list("int16"),
    doubles: fields.list("float64"),
    flags: fields.list("bool").nullable(),
  };
}

/** Record `i` of {@link everySchema}, for `i` below 127: some of each nullable field are null, some variable values are empty. */
export function everyRecord(i) {
  return {
    bool: i % 2 === 1,
    uint8: 255 - i,
    int8: i - 128,
    uint16: 65535 - i,
    int16: i - 32768,
    uint32: 2 ** 32 - 1 - i,
    int32: i - 2 ** 31,
    uint64: 2n ** 64n - 1n - BigInt(i),
    int64: BigInt(i) - 2n ** 63n,
    float16: 1 + i / 16,
    float32: i / 8,
    float64: i / 10,
    image: Uint8Array.from({ length: 6 }, (_, k) => ((i * 6 + k) * 31) % 256),
    tensor: Int16Array.from({ length: 6 }, (_, k) => i * 6 - k),
    mask: Uint8Array.from({ length: 5 }, (_, k) => Number((i * 5 + k) % 3 === 0)),
    vector: i % 9 === 0 ? null : Float32Array.from({ length: 4 }, (_, k) => i + k / 4),
    maybe: i % 7 === 1 || i === 10 ? null : -i,
    maybeFlag: i === 3 ? null : i % 3 === 1,
    text: "Ψ ".repeat(i),
    maybeText: i % 5 === 4 ? null : `text ${i}`,
    bytes: Uint8Array.from({ length: i }, (_, k) => 255 - k),
    meta: { i, odd: i % 2 === 1 },
    list: Int16Array.from({ length: (i * 5) % 7 }, (_, k) => k - i),
    doubles: Float64Array.from({ length: (i * 5) % 7 }, (_, k) => k / 10 - i),
    flags: i === 2 ? null : Uint8Array.from({ length: i + 7 }, (_, k) => (k + i) % 2),
  };
}
