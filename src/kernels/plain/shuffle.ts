import type { Views } from "./views.js";

export function byteShuffle({ bytes }: Views, from: number, items: number, itemBytes: number, to: number): void {
  for (let rank = 0; rank < itemBytes; rank++) {
    for (let i = 0; i < items; i++) bytes[to + rank * items + i] = bytes[from + i * itemBytes + rank] ?? 0;
  }
}

export function byteUnshuffle({ bytes }: Views, from: number, items: number, itemBytes: number, to: number): void {
  for (let rank = 0; rank < itemBytes; rank++) {
    for (let i = 0; i < items; i++) bytes[to + i * itemBytes + rank] = bytes[from + rank * items + i] ?? 0;
  }
}
