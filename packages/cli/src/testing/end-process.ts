import type { ChildProcess } from "node:child_process";
import { once } from "node:events";

/** Ends a process and waits for its end: until then it may still write into the folder of the test. */
export async function endProcess(child: ChildProcess | undefined, signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill(signal);
  await exit;
}
