import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Log } from "@interlock/bot";
import { stateRoot } from "../state-root.js";
import type { DueResult } from "./retire-due.js";

const command = fileURLToPath(new URL("../../bin/interlock.js", import.meta.url));

/** How long it may take, in milliseconds, and how many bytes it may print. */
const timeoutMs = 600_000;
const maximumBytes = 4_194_304;

/** As which bot, and for which project, all that is due is retired. */
export interface DailyRetirement {
  /** A bot of this project with the grants that docs/retire.md lists. Default: this project's operator. */
  readonly name?: string | undefined;
  /** The folder whose proto files and grants count, too. Default: this one. */
  readonly project?: string | undefined;
  readonly log: Log;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/**
 * Runs `interlock retire --due` in a process of its own, so that it holds up nothing here, and writes what became of it into
 * the log. Never rejects.
 */
export function retireDaily({ name, project = ".", log, signal }: DailyRetirement): Promise<void> {
  const args = [command, "retire", "--due", "--json", ...(name === undefined ? [] : ["--name", name])];
  const env = { ...process.env, INTERLOCK_HOME: stateRoot };
  return new Promise((resolve) => {
    const options = { cwd: project, env, timeout: timeoutMs, maxBuffer: maximumBytes, signal };
    execFile(process.execPath, args, options, (error, stdout, stderr) => {
      if (!signal.aborted) report(log, stdout, stderr || error?.message || "");
      resolve();
    });
  });
}

function report(log: Log, stdout: string, problem: string): void {
  const answer = parse(stdout);
  if (!answer?.subjects) {
    log.error("nothing retired", { error: answer?.error?.message ?? problem });
    return;
  }
  for (const { subject, state, open, record = "" } of answer.subjects) {
    if (state === "retired") log.info("retired", { subject, record });
    else if (state !== "gone") log.warn("not retired", { subject, open: open.join(" ") });
  }
  for (const doubt of answer.unknown ?? []) log.warn("not retired", { open: doubt });
}

function parse(text: string): (Partial<DueResult> & { readonly error?: { readonly message: string } }) | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
