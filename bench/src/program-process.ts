import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { atExit } from "@interlock/testing-processes";
import type { Answer, Child } from "./child-process.js";

/** What the program writes, one a line. */
type Message = { readonly answer: Required<Answer> } | { readonly error: string };

/**
 * Starts a program that answers like `child.ts`: each line of its input is an `Ask` as JSON, and each line of its output
 * is `{"answer": …}` or `{"error": "…"}`. It ends when its input ends.
 */
export function startProgram(path: string, name: string): Child {
  const child = spawn(path, [], { stdio: ["pipe", "pipe", "inherit"] });
  const withdraw = atExit(() => child.kill("SIGKILL"));
  child.stdin.on("error", () => {}); // `ask` tells of a process that has ended.
  const ended = once(child, "close").finally(withdraw);
  ended.catch(() => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async ask(ask) {
      child.stdin.write(`${JSON.stringify(ask)}\n`);
      const { value: line } = await lines.next();
      const message: Message = line === undefined ? { error: "the process ended" } : JSON.parse(line);
      if ("error" in message) throw new Error(`${name}: ${message.error}`);
      return message.answer;
    },
    async stop() {
      child.stdin.end();
      const timer = setTimeout(() => child.kill("SIGKILL"), 3_000);
      await ended.catch(() => {});
      clearTimeout(timer);
    },
  };
}
