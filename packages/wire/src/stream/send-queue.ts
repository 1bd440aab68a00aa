/** A piece that is shorter is copied behind the one before, if that has been copied, too. */
const shortBytes = 2_048;
/** The buffers for copies. */
const slabBytes = 8_192;

/**
 * Content that waits, in the order in which it goes.
 *
 * Short pieces are copied and put together: as parts of what a socket gave, each would keep all of that, and cost more than its
 * bytes to keep.
 */
export class SendQueue {
  readonly #pieces: Buffer[] = [];
  /** Where the first piece is: to shift a long array costs its length. */
  #first = 0;
  /** Where copies go. */
  #slab: Buffer = gone;
  #used = 0;

  /** How many pieces there are. */
  get length(): number {
    return this.#pieces.length - this.#first;
  }

  /** Puts content at the end. Gives whether there is another piece now; otherwise it belongs to the last one. */
  push(bytes: Buffer): boolean {
    if (bytes.length >= shortBytes) {
      this.#pieces.push(bytes);
      return true;
    }
    if (this.#slab.length - this.#used < bytes.length) {
      this.#slab = Buffer.allocUnsafeSlow(slabBytes);
      this.#used = 0;
    }
    const slab = this.#slab;
    const from = this.#used;
    this.#used += bytes.copy(slab, from);
    const last = this.length > 0 ? (this.#pieces.at(-1) as Buffer) : gone;
    const continues = last.buffer === slab.buffer && last.byteOffset + last.length === slab.byteOffset + from;
    if (!continues) {
      this.#pieces.push(slab.subarray(from, this.#used));
      return true;
    }
    this.#pieces[this.#pieces.length - 1] = slab.subarray(from - last.length, this.#used);
    return false;
  }

  /** How long the first piece is. */
  get firstBytes(): number {
    return (this.#pieces[this.#first] as Buffer).length;
  }

  /** Takes the first `bytes` of the first piece, at most all of it. */
  take(bytes: number): Buffer {
    const piece = this.#pieces[this.#first] as Buffer;
    if (bytes < piece.length) {
      this.#pieces[this.#first] = piece.subarray(bytes);
      return piece.subarray(0, bytes);
    }
    this.#pieces[this.#first] = gone;
    this.#first++;
    if (this.#first * 2 > this.#pieces.length) {
      this.#pieces.splice(0, this.#first);
      this.#first = 0;
    }
    if (this.length === 0) {
      this.#slab = gone;
      this.#used = 0;
    }
    return piece;
  }
}

const gone = Buffer.alloc(0);
