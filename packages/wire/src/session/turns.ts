/** How many streams begin in one turn, where no other number is given. */
const usualStreams = 32;

/**
 * Shares out the turns of the event loop. The connections that have one `Turns` in common begin a bounded number of streams in
 * a turn together. What has been read behind them waits for a later turn, first come, first served: thousands of requests, on
 * however many connections, do not keep those of others waiting. Bound: a connection waits once.
 */
export class Turns {
  readonly #streams: number;
  #begun = 0;
  #waiting: (() => void)[] = [];
  #nextIsDue = false;

  /** `streams` is how many may begin in a turn. Default: 32. */
  constructor(streams = usualStreams) {
    this.#streams = streams;
  }

  /** Whether no more streams begin in this turn. */
  get full(): boolean {
    return this.#begun >= this.#streams;
  }

  /** Takes note that a stream begins. */
  begin(): void {
    // A turn with few streams costs nothing more: they count for the next one too.
    if (++this.#begun * 2 >= this.#streams) this.#next();
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
