/** Something that a command line can run: a benchmark or a soak. */
export interface Runnable<Options> {
  /** One line for `--help`. */
  readonly summary: string;
  /** The time limit in seconds where `--limit` is not given. Default: the command's own. */
  readonly limitSeconds?: number | undefined;
  /**
   * Prepares a run without starting it.
   *
   * @throws Error that says what to do, when the options do not fit.
   */
  start(options: Options): Run;
}

/** One run. It can be stopped between two parts without losing what has been measured. */
export interface Run {
  /** The names of everything that is measured, in order, each once. */
  readonly parts: readonly string[];
  /** Measures everything, and calls `done` with the name of each part when that part is measured. */
  measure(done: (part: string) => void): Promise<void>;
  /** Everything that has been measured so far. It can be called at any time, also before the first part is done. */
  result(): Result;
}

/** The figures of a run. */
export interface Result {
  /** Whether nothing was lost and nothing failed. A benchmark does not judge and leaves it out. */
  readonly ok?: boolean | undefined;
  /** One object for `--json`. A figure that has not been measured is undefined. */
  readonly json: object;
  /** The same figures as text for people; it ends with a line break. */
  readonly text: string;
}
