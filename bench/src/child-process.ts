import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Load, LoadTimes } from "./load.js";
import type { VariantName } from "./variant.js";

/** What the parent asks of a process. */
export type Ask =
  | { readonly do: "serve"; readonly variant: VariantName; readonly settings: unknown }
  | { readonly do: "connect"; readonly variant: VariantName; readonly settings: unknown; readonly address: string }
  | { readonly do: "collect" }
  | { readonly do: "begin" }
  | { readonly do: "end" }
  | { readonly do: "run"; readonly load: Load };

/** What it answers; which fields are there depends on what was asked. */
export interface Answer {
  readonly address?: string;
  /** CPU time of the whole process, in microseconds. */
  readonly cpu?: number;
  readonly times?: LoadTimes;
  readonly error?: string;
}

/** One process under measurement. */
export interface Child {
  /** Asks one thing at a time. Throws when the process fails or ends. */
  ask(ask: Ask): Promise<Required<Answer>>;
  stop(): Promise<void>;
}

const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** Forks a process; `profileFolder` is where it leaves a CPU profile, if anywhere. */
export function startChild(name: string, profileFolder?: string): Child {
  const profiling = ["--cpu-prof", `--cpu-prof-dir=${profileFolder}`, `--cpu-prof-name=${name}.cpuprofile`];
  const execArgv = ["--expose-gc", ...(profileFolder ? profiling : [])];
  const child = fork(fileURLToPath(new URL("./child.js", import.meta.url)), { execArgv });
  running.add(child);
  const exited = once(child, "exit").then(([code, signal]) => {
    running.delete(child);
    return { error: `the process ended (${code ?? signal})` };
  });
  return {
    async ask(ask) {
      child.send(ask);
      const answered = once(child, "message").then(([message]) => message as Answer);
      const answer = await Promise.race([answered, exited]);
      if (answer.error !== undefined) throw new Error(`${name}: ${answer.error}`);
      return answer as Required<Answer>;
    },
    async stop() {
      if (child.connected) child.disconnect();
      const timer = setTimeout(() => child.kill("SIGKILL"), 3_000);
      await exited;
      clearTimeout(timer);
    },
  };
}
