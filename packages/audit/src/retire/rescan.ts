/** What is asked of one address. */
export interface RescanTarget {
  /** `host:port`. */
  readonly address: string;
  /** The bot that served there. */
  readonly bot: string;
  /**
   * Paths of methods that must answer UNIMPLEMENTED, `/package.Service/Method`; empty where none can be tried without starting
   * its handler, or none is known. Absent: the bot itself must be gone.
   */
  readonly methods?: readonly string[] | undefined;
}

/** What was found at an address. */
export interface RescanResult {
  readonly address: string;
  /**
   * `gone`: nothing listens, or another bot does. `answers 12`: every method answers UNIMPLEMENTED. `still serves`: the bot
   * listens, or a method answers otherwise. `not known`: nothing could be proven.
   */
  readonly state: "gone" | "answers 12" | "still serves" | "not known";
  /** In a sentence. */
  readonly detail: string;
}

/** Looks at addresses, without running a handler. It never rejects; what cannot be told is `not known`. */
export type Rescan = (targets: readonly RescanTarget[]) => Promise<readonly RescanResult[]>;

/** Whether a result proves that what was to go is gone. */
export function provesGone({ state }: RescanResult): boolean {
  return state === "gone" || state === "answers 12";
}
