import type { Stream } from "../stream/stream.js";

/** The slots at first. */
const initialSlots = 32;

/**
 * The open streams of a connection by their ids.
 *
 * It is no `Map`: each time that one of those makes room, its former table stays linked to the next. Once one of them is old, all
 * later ones live until the next full collection, with the streams in them, which nearly doubled what a client's call costs.
 */
export class StreamTable {
  /** A slot belongs to every n-th id, and holds the latest of them that is open. */
  #slots: (Stream | undefined)[] = new Array(initialSlots).fill(undefined);
  /** Streams that have been open for so long that their slots were needed. */
  readonly #others = new Map<number, Stream>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(id: number): Stream | undefined {
    const stream = this.#slots[(id >>> 1) & (this.#slots.length - 1)];
    if (stream !== undefined && stream.id === id) return stream;
    return this.#others.size > 0 ? this.#others.get(id) : undefined;
  }

  add(stream: Stream): void {
    this.#size++;
    if (this.#size * 2 > this.#slots.length) this.#grow();
    this.#put(stream);
  }

  delete({ id }: Stream): void {
    const at = (id >>> 1) & (this.#slots.length - 1);
    if (this.#slots[at]?.id === id) this.#slots[at] = undefined;
    else if (!this.#others.delete(id)) return;
    this.#size--;
  }

  /** All of them, as they are now. */
  all(): Stream[] {
    return [...this.#others.values(), ...this.#slots.filter((stream) => stream !== undefined)];
  }

  #put(stream: Stream): void {
    const at = (stream.id >>> 1) & (this.#slots.length - 1);
    const before = this.#slots[at];
    if (before) this.#others.set(before.id, before);
    this.#slots[at] = stream;
  }

  #grow(): void {
    const streams = this.#slots;
    this.#slots = new Array(streams.length * 2).fill(undefined);
    for (const stream of streams) if (stream) this.#put(stream);
  }
}
