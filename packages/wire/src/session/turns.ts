/** How many streams begin in one turn, where no other number is given. */
const usualStreams = 32;
/** How many bytes are read in one turn, where no other number is given: half a millisecond's work, with what TLS does. */
const usualBytes = 256 * 1_024;

/**
 * Shares out the turns of the event loop. The connections that have one `Turns` in common begin a bounded number of streams and
 * read a bounded number of bytes in a turn together. What comes behind them waits for a later turn, first come, first served:
 * thousands of requests, or a few of megabytes, on however many connections, do not keep those of others waiting. Node by itself
 * reads up to 2 MiB from one socket before it looks at the next. Bound: a connection waits once.
 */
export class Turns {
  readonly #streams: number;
  readonly #bytes: number;
  #begun = 0;
  #read = 0;
  #waiting: (() => void)[] = [];
  #nextIsDue = false;

  /**
   * @param streams - How many streams may begin in a turn. Default: 32.
   * @param bytes - After how many bytes nothing more is read in a turn. Default: 262,144 (256 KiB).
   */
  constructor(streams = usualStreams, bytes = usualBytes) {
    this.#streams = streams;
    this.#bytes = bytes;
  }

  /** Whether nothing more is read in this turn. */
  get full(): boolean {
    return this.#begun >= this.#streams || this.#read >= this.#bytes;
  }

  /** Takes note that a stream begins. */
  begin(): void {
    // A turn with few streams costs nothing more: they count for the next one too.
    if (++this.#begun * 2 >= this.#streams) this.#next();
  }

  /** Takes note of bytes that have been read. */
  read(bytes: number): void {
    this.#read += bytes;
    if (this.#read * 2 >= this.#bytes) this.#next();
  }

  /** Runs `goOn` in a later turn, after those that wait already. */
  wait(goOn: () => void): void {
    this.#waiting.push(goOn);
    this.#next();
  }

  #next(): void {
    if (this.#nextIsDue) return;
    this.#nextIsDue = true;
    setImmediate(() => {
      this.#nextIsDue = false;
      this.#begun = 0;
      this.#read = 0;
      const waiting = this.#waiting;
      this.#waiting = [];
      let i = 0;
      while (i < waiting.length && !this.full) waiting[i++]?.();
      if (i === waiting.length) return;
      // Those that wait again come last.
      this.#waiting = [...waiting.slice(i), ...this.#waiting];
      this.#next();
    });
  }
}
