import type { Run } from "./run.js";

/** How a run is executed. */
export interface Execution {
  readonly limitSeconds: number;
  /** Whether the figures are printed as one JSON object instead of text. */
  readonly json: boolean;
}

/** The exit status when the time limit is reached, as of `timeout(1)`. */
export const limitStatus = 124;

/**
 * Measures everything within the time limit, prints the figures and sets the exit status. When the time limit is reached, when
 * the run fails, or on a signal, it prints what has been measured and what is missing, and ends this process.
 */
export async function execute(run: Run, { limitSeconds, json }: Execution): Promise<void> {
  const missing = new Set(run.parts);
  const onSignal = (signal: NodeJS.Signals) => stop(`Stopped by ${signal}.`, 1, missing.size < run.parts.length);
  const onLimit = () => {
    stop(`The time limit of ${limitSeconds} s was reached. Give more time with --limit <seconds>.`, limitStatus, true);
  };
  const timer = setTimeout(onLimit, limitSeconds * 1_000);
  // Not `once`: a signal to the whole process group can arrive twice.
  process.on("SIGINT", onSignal).on("SIGTERM", onSignal);
  try {
    await run.measure((part) => {
      if (!missing.delete(part)) throw new Error(`"${part}" was not to be measured, or is measured already.`);
    });
    if (missing.size > 0) throw new Error("The run ended before everything was measured.");
  } catch (error) {
    stop(error instanceof Error ? error.message : String(error), 1, missing.size < run.parts.length);
  }
  clearTimeout(timer);
  process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
  process.exitCode = print() === false ? 1 : 0;

  /** Ends this process early. Its child processes and temporary folders end with it (`at-exit.ts`). */
  function stop(reason: string, status: number, printed: boolean): never {
    if (printed) print();
    process.stderr.write(`${reason}\n`);
    process.exit(status);
  }

  /** Prints the figures and what is missing. Returns whether a check failed: `false` if so. */
  function print(): boolean | undefined {
    const { ok, json: figures, text } = run.result();
    if (missing.size === 0) {
      process.stdout.write(json ? `${JSON.stringify({ ok, ...figures })}\n` : text);
      return ok;
    }
    const rest = [...missing];
    const partial = { ok: ok === undefined ? undefined : false, ...figures, complete: false, missing: rest };
    const last = `Not complete. Missing: ${rest.join("; ")}.\n`;
    process.stdout.write(json ? `${JSON.stringify(partial)}\n` : `${text}\n${last}`);
    return false;
  }
}
