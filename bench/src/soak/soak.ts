/** What the command line says. */
export interface SoakOptions {
  /** How long the fleet is under load, in milliseconds. */
  readonly durationMs: number;
  /** Which stores the authority is tried on, one after another. */
  readonly stores: readonly StoreKind[];
  readonly progress: (line: string) => void;
}

/** The engines that the authority's store runs on. */
export type StoreKind = "sqlite" | "postgres";

/** One entry of the table in `main.ts`: load and disturbance for a while, then the account. */
export interface Soak {
  readonly summary: string;
  run(options: SoakOptions): Promise<SoakResult>;
}

export interface SoakResult {
  /** Whether nothing was lost and nothing failed: the exit status. */
  readonly ok: boolean;
  /** One object for `--json`; `ok` is put in front. */
  readonly json: object;
  /** The same for people. */
  readonly text: string;
}
