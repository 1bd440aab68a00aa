import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Act } from "./act.js";

export const joinByHand: Act = {
  name: "join-by-hand",
  title: "A person pastes the join line into a second terminal",
  bars: [1],
  verdict: "done",
  expected: "one more robot, with a task of its own done",
  async play({ fleet, keepBusyUntil, work }) {
    const name = `worker/${fleet.workers.length + 1}`;
    const [command = "", ...args] = (await fleet.joinLine(name)).split(" ");
    const began = performance.now();
    const terminal = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
    const ended = once(terminal, "exit");
    async function firstTask(): Promise<string> {
      for await (const line of createInterface({ input: terminal.stdout, signal: AbortSignal.timeout(15_000) })) {
        const done = /^1 done \(task (\S+),/.exec(line)?.[1];
        if (done) return done;
      }
      return "";
    }
    try {
      const done = await keepBusyUntil(firstTask());
      const task = done
        ? await work.until(done, ({ worker, result }) => worker === name && result.length > 0)
        : undefined;
      const ms = performance.now() - began;
      return { seen: task ? this.expected : "it has done nothing", ms, ok: task !== undefined };
    } finally {
      terminal.kill("SIGINT");
      await ended;
    }
  },
};
