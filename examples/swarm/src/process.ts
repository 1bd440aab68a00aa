import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { ChildMessage, ParentMessage, Question } from "./messages.js";

/** A process of the demo. */
export interface Process {
  readonly name: string;
  /** The message with which it became ready. */
  readonly ready: Extract<ChildMessage, { type: "ready" }>;
  tell(message: ParentMessage): void;
  /** Asks a question and resolves to the answer. Rejects when the process ends instead. */
  ask<Answer>(question: Question): Promise<Answer>;
  /** Freezes the process with SIGSTOP, and continues it. */
  freeze(): void;
  thaw(): void;
  /** Kills the process with SIGKILL. Resolves when it is gone. */
  kill(): Promise<void>;
  /** Ends the process: SIGTERM, and SIGKILL after two seconds. Resolves when it has ended and all its messages were received. */
  stop(): Promise<void>;
}

export interface StartOptions {
  readonly name: string;
  /** For example `./worker.js`. */
  readonly file: string;
  readonly config: object;
  readonly onMessage: (message: ChildMessage) => void;
  /** Is called when the process ends unexpectedly. */
  readonly onDeath: (problem: string) => void;
}

/** Starts a process and waits until it is ready. */
export async function startProcess({ name, file, config, onMessage, onDeath }: StartOptions): Promise<Process> {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), { stdio: ["ignore", "ignore", "pipe", "ipc"] });
  const asked = new Map<number, (value: unknown) => void>();
  let questions = 0;
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
      if (message.type === "answer") asked.get(message.id)?.(message.value);
      onMessage(message);
    });
  });
  const tell = (message: object) => void (child.connected && child.send(message, () => {}));
  tell(config);
  const ready = await Promise.race([readiness, died]);
  return {
    name,
    ready,
    tell,
    ask<Answer>(question: Question) {
      const id = ++questions;
      tell({ ...question, id });
      const answer = new Promise<Answer>((resolve) => asked.set(id, resolve as (value: unknown) => void));
      return Promise.race([answer, died]);
    },
    freeze: () => void child.kill("SIGSTOP"),
    thaw: () => void child.kill("SIGCONT"),
    async kill() {
      stopping = true;
      if (isRunning(child)) child.kill("SIGKILL");
      await ended;
    },
    async stop() {
      stopping = true;
      const killing = setTimeout(() => child.kill("SIGKILL"), 2_000);
      if (isRunning(child)) child.kill("SIGTERM");
      await ended;
      clearTimeout(killing);
    },
  };
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}
