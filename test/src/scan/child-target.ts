import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { atExit } from "@interlock/testing-processes";
import type { Target } from "./target.js";

/** Starts a program that prints `port N`, then `count N` for each line that it reads. Rejects with what it said when it ends. */
export async function startChild(command: string, args: readonly string[]): Promise<Target> {
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
  const withdraw = atExit(() => child.kill("SIGKILL"));
  const exit = once(child, "close");
  let said = "";
  child.stderr.on("data", (data) => {
    said = `${said}${data}`.slice(-4_096);
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  async function next(word: string): Promise<number> {
    for (let { value } = await lines.next(); value !== undefined; { value } = await lines.next()) {
      const [, number] = new RegExp(`^${word} (\\d+)$`).exec(value) ?? [];
      if (number !== undefined) return Number(number);
    }
    throw new Error(`${command} ended: ${said}`);
  }
  return {
    port: await next("port"),
    count() {
      child.stdin.write("\n");
      return next("count");
    },
    async stop() {
      child.kill("SIGKILL");
      await exit;
      withdraw();
    },
  };
}
