/** Content that waits, in the order in which it goes. */
export class SendQueue {
  readonly #pieces: Buffer[] = [];
  /** Where the first piece is: to shift a long array costs its length. */
  #first = 0;

  /** How many pieces there are. */
  get length(): number {
    return this.#pieces.length - this.#first;
  }

  push(bytes: Buffer): void {
    this.#pieces.push(bytes);
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
    return piece;
  }
}

const gone = Buffer.alloc(0);
