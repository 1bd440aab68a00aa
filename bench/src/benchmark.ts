/** What the command line says. */
export interface BenchmarkOptions {
  readonly rounds?: number;
  readonly calls?: number;
  readonly inFlight?: number;
  /** How many bots there are in the fleet. */
  readonly bots?: number;
  /** Where every process leaves its CPU profile; the figures are then not worth quoting. */
  readonly profileFolder?: string;
  readonly progress: (line: string) => void;
}

/** One entry of the table in `main.ts`. */
export interface Benchmark {
  readonly summary: string;
  run(options: BenchmarkOptions): Promise<BenchmarkResult>;
}

export interface BenchmarkResult {
  /** One object for `--json`. */
  readonly json: object;
  /** The same for people. */
  readonly text: string;
}
