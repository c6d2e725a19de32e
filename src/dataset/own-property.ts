/**
 * Sets an own property of a plain object whatever its name: `object["__proto__"] = …` would set the prototype instead. Every other name is a plain
 * assignment, which is faster.
 */
export function setOwn(object: Record<string, unknown>, name: string, value: unknown): void {
  if (name === "__proto__") {
    Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
  } else {
    object[name] = value;
  }
}
