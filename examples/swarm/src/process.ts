import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { ChildMessage, ParentMessage } from "./messages.js";

/** A process of the demo. */
export interface Process {
  readonly name: string;
  /** What it said when it was ready. */
  readonly ready: Extract<ChildMessage, { type: "ready" }>;
  ask(message: ParentMessage): void;
  /** Asks it to end, and makes it after two seconds. Resolves when it has ended and all that it said has been heard. */
  stop(): Promise<void>;
}

interface StartOptions {
  readonly name: string;
  /** For example `./worker.js`. */
  readonly file: string;
  readonly config: object;
  readonly onMessage: (message: ChildMessage) => void;
  /** It ended although nobody asked it to. */
  readonly onDeath: (problem: string) => void;
}

/** Starts a process and waits until it is ready. */
export async function startProcess({ name, file, config, onMessage, onDeath }: StartOptions): Promise<Process> {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), { stdio: ["ignore", "ignore", "pipe", "ipc"] });
  let stopping = false;
  let said = "";
  child.stderr?.on("data", (text) => {
    said = `${said}${text}`.slice(-2_000);
  });
  const ended = once(child, "close");
  const died = ended.then(([code, signal]) => {
    const problem = `${name} ended (${signal ?? code}) ${said.trim()}`;
    if (!stopping) onDeath(problem);
    throw new Error(problem);
  });
  died.catch(() => {});
  const readiness = new Promise<Process["ready"]>((resolve) => {
    child.on("message", (message: ChildMessage) => {
      if (message.type === "ready") resolve(message);
      onMessage(message);
    });
  });
  child.send(config);
  const ready = await Promise.race([readiness, died]);
  return {
    name,
    ready,
    ask: (message) => void child.send(message),
    async stop() {
      stopping = true;
      const killing = setTimeout(() => child.kill("SIGKILL"), 2_000);
      end(child);
      await ended;
      clearTimeout(killing);
    },
  };
}

function end(child: ChildProcess): void {
  if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
}
