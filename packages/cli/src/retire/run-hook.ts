import { spawn } from "node:child_process";
import type { RetiredThing } from "./retire-options.js";

/** The end of a hook. */
export interface HookResult {
  readonly ok: boolean;
  /** How it ended, and the end of its output, in a sentence. */
  readonly text: string;
}

/** How long a hook may run, in milliseconds. */
export const defaultHookMs = 60_000;

/** How much of a hook's output is kept, in characters: the end of it. */
const maximumOutput = 2_000;

/**
 * Runs a hook in a shell, with what is retired in its environment: INTERLOCK_RETIRE_KIND, _NAME, _SUBJECT, _STEP, and
 * _ADDRESSES, separated by spaces. After its time it is killed, with every process that it has started in its group.
 */
export function runHook(
  command: string,
  step: string,
  { subject, addresses }: RetiredThing,
  timeoutMs = defaultHookMs,
): Promise<HookResult> {
  return new Promise((resolve) => {
    const child = spawn(command, {
      shell: true,
      detached: true, // A group of its own, so that all of it can be killed.
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...process.env,
        INTERLOCK_RETIRE_STEP: step,
        INTERLOCK_RETIRE_KIND: subject.kind,
        INTERLOCK_RETIRE_NAME: subject.name,
        INTERLOCK_RETIRE_SUBJECT: `${subject.kind} ${subject.name}`,
        INTERLOCK_RETIRE_ADDRESSES: addresses.join(" "),
      },
    });
    let output = "";
    let late = false;
    const keep = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-maximumOutput);
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    const timer = setTimeout(() => {
      late = true;
      killGroup(child.pid);
    }, timeoutMs);
    const settle = (text: string, ok = false) => {
      clearTimeout(timer);
      // What it has started in the background may hold its output open.
      child.stdout.destroy();
      child.stderr.destroy();
      const said = output.trim();
      resolve({ ok, text: said === "" ? text : `${text} It wrote: ${said}` });
    };
    child.once("error", ({ message }) => settle(`The hook cannot be run: ${message}.`));
    child.once("exit", (code, signal) => {
      if (late) settle(`The hook was ended after ${timeoutMs / 1_000} s.`);
      else if (code === 0) settle("The hook has done it.", true);
      else settle(`The hook failed (${signal ?? `exit code ${code}`}).`);
    });
  });
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {} // It has ended meanwhile.
}
