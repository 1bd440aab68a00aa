// A command line for `command.test.ts`: its runs take no time, end early, or never end.

import { forkProcess, makeTemporaryFolder } from "@interlock/testing-processes";
import { runCommand } from "./command.js";
import { choice, count } from "./command-options.js";
import type { Run, Runnable } from "./run.js";

interface FakeOptions {
  readonly rounds: number;
  readonly color: string;
  readonly progress: (line: string) => void;
}

function fake(work: (done: (part: string) => void, options: FakeOptions) => Promise<void>): Runnable<FakeOptions> {
  return {
    summary: "a fake",
    start(options): Run {
      const measured: string[] = [];
      return {
        parts: ["first", "second", "third"],
        measure: (done) =>
          work((part) => {
            measured.push(part);
            done(part);
          }, options),
        result: () => ({
          ok: true,
          json: { rounds: options.rounds, color: options.color, measured },
          text: `${measured.length} measured\n`,
        }),
      };
    },
  };
}

const whole = fake(async (done) => {
  for (const part of ["first", "second", "third"]) done(part);
});

/** Measures one part, then waits forever, with a child process that waits as well and holds the output open. */
const stuck = fake(async (done, { progress }) => {
  const folder = makeTemporaryFolder("fake");
  const child = forkProcess<object, object>(new URL("./fake-process.js", import.meta.url), "child");
  await child.ask({});
  done("first");
  progress(`folder ${folder.path}`);
  await new Promise(() => {});
});

const broken = fake(async (done) => {
  done("first");
  throw new Error("the second part is broken");
});

const unmeasured = fake(async () => {
  throw new Error("nothing works");
});

const careless = fake(async (done) => {
  done("first");
});

await runCommand({
  usage: "fake",
  noun: "run",
  entries: { whole, stuck, broken, unmeasured, careless },
  options: { rounds: count("rounds. Default: 12", 9_999), color: choice("<color>", "a color", ["red", "green"]) },
  limit: { summary: "10", seconds: () => 10 },
  read: ({ rounds = 12, color = "red" }, progress) => ({ rounds, color, progress }),
});
