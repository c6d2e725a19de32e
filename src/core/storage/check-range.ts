/** Asserts that `[offset, offset + lengthBytes)` lies in a source, before anything is read. */
export function assertRange(name: string, offset: number, lengthBytes: number, sizeBytes: number): void {
  if (Number.isSafeInteger(offset) && offset >= 0 && lengthBytes <= sizeBytes - offset) return;
  throw new RangeError(`offset ${offset} and length ${lengthBytes} must lie within the ${sizeBytes} bytes of ${name}`);
}
