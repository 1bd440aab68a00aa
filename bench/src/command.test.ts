import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Report } from "./report.js";
import { variantNames } from "./variant-name.js";

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a command line in a process, until it and all its child processes have closed their output. `onProgress` gets what the
 * process has written to stderr so far.
 */
async function run(
  file: string,
  args: readonly string[],
  onProgress?: (stderr: string, kill: (signal: NodeJS.Signals) => void) => void,
): Promise<Ended> {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const child = spawn(process.execPath, [path, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    stderr += text;
    onProgress?.(stderr, (signal) => child.kill(signal));
  });
  const [status] = await once(child, "close");
  return { status, stdout, stderr };
}

const fake = (...args: string[]) => run("./fake-command.js", args);
const lastLine = ({ stdout }: Ended): unknown => JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "");

describe("the command line of benchmarks and soaks", () => {
  it("prints the figures of a whole run, as JSON on the last line or as text", async () => {
    const json = await fake("whole", "--json", "--rounds", "3", "--color=green");
    assert.deepEqual(lastLine(json), {
      ok: true,
      rounds: 3,
      color: "green",
      measured: ["first", "second", "third"],
    });
    assert.deepEqual([json.status, json.stderr], [0, ""]);
    const text = await fake("whole");
    assert.deepEqual([text.status, text.stdout], [0, "3 measured\n"]);
  });

  it("prints what is measured when the time limit is reached, and leaves no child process and no folder", async () => {
    const ended = await fake("stuck", "--json", "--limit", "1");
    assert.equal(ended.status, 124, ended.stderr);
    assert.deepEqual(lastLine(ended), {
      ok: false,
      rounds: 12,
      color: "red",
      measured: ["first"],
      complete: false,
      missing: ["second", "third"],
    });
    assert.match(ended.stderr, /The time limit of 1 s was reached\. Give more time with --limit <seconds>\./);
    const [, folder = ""] = /^folder (.+)$/m.exec(ended.stderr) ?? [];
    assert.match(folder, /interlock-fake-/);
    assert.equal(existsSync(folder), false);
  });

  it("prints what is measured, as text", async () => {
    const ended = await fake("stuck", "--limit", "1");
    assert.equal(ended.status, 124);
    assert.equal(ended.stdout, "1 measured\n\nNot complete. Missing: second; third.\n");
  });

  it("prints what is measured when a signal stops the run", async () => {
    const ended = await run("./fake-command.js", ["stuck", "--json"], (stderr, kill) => {
      if (/^folder .+\n/m.test(stderr)) kill("SIGTERM"); // Again when it answers, as a process group may do.
    });
    assert.equal(ended.status, 1);
    assert.deepEqual((lastLine(ended) as { missing: unknown }).missing, ["second", "third"]);
    assert.match(ended.stderr, /Stopped by SIGTERM\./);
  });

  it("prints what is measured when the run fails, and nothing when nothing is", async () => {
    const broken = await fake("broken", "--json");
    assert.equal(broken.status, 1);
    assert.deepEqual((lastLine(broken) as { missing: unknown }).missing, ["second", "third"]);
    assert.equal(broken.stderr, "the second part is broken\n");
    const unmeasured = await fake("unmeasured", "--json");
    assert.deepEqual([unmeasured.status, unmeasured.stdout, unmeasured.stderr], [1, "", "nothing works\n"]);
  });

  it("does not call a run complete that left out a part", async () => {
    const ended = await fake("careless", "--json");
    assert.equal(ended.status, 1);
    assert.deepEqual((lastLine(ended) as { missing: unknown }).missing, ["second", "third"]);
    assert.match(ended.stderr, /ended before everything was measured/);
  });

  it("explains itself", async () => {
    const { status, stdout } = await fake("--help");
    assert.equal(status, 0);
    for (const line of ["Usage: fake <run> [options]", "  --rounds <n>      rounds. Default: 12", "--limit <seconds>"])
      assert.ok(stdout.includes(line), stdout);
    assert.match(stdout, /Exit status:[\s\S]*124 {2}the time limit was reached/);
    const nothing = await fake();
    assert.deepEqual([nothing.status, nothing.stdout, nothing.stderr], [1, "", stdout]);
  });

  const wrong: readonly (readonly [args: readonly string[], message: string])[] = [
    [["nonesuch"], 'There is no run "nonesuch". Name one of: whole, stuck, broken, unmeasured, careless.'],
    [["toString"], 'There is no run "toString". Name one of: whole, stuck, broken, unmeasured, careless.'],
    [["whole", "stuck"], 'Name one run at a time, and not "whole stuck".'],
    [["whole", "--round", "3"], "There is no option --round."],
    [["whole", "-r"], "There is no option -r."],
    [["whole", "--rounds", "0"], '--rounds takes a whole number from 1 to 9999, and it is "0".'],
    [["whole", "--rounds", "10000"], '--rounds takes a whole number from 1 to 9999, and it is "10000".'],
    [["whole", "--rounds", "-3"], '--rounds takes a whole number from 1 to 9999, and it is "-3".'],
    [["whole", "--rounds", "1e3"], '--rounds takes a whole number from 1 to 9999, and it is "1e3".'],
    [["whole", "--rounds"], "--rounds takes a whole number from 1 to 9999, and it has no value."],
    [["whole", "--limit", "86401"], '--limit takes a whole number from 1 to 86400, and it is "86401".'],
    [["whole", "--color", "blue"], '--color takes red or green, and it is "blue".'],
    [["whole", "--json=yes"], '--json takes no value: leave out "=yes".'],
  ];
  for (const [args, message] of wrong) {
    it(`refuses ${args.join(" ")}`, async () => {
      const ended = await fake(...args);
      assert.deepEqual(
        [ended.status, ended.stdout, ended.stderr],
        [1, "", `${message}\n"fake --help" lists everything.\n`],
      );
    });
  }

  const real: readonly (readonly [file: string, args: readonly string[], missing: string])[] = [
    ["./main.js", ["unary"], "round 12"],
    ["./main.js", ["streaming"], "round 12"],
    ["./main.js", ["memory"], "wire, round 3"],
    ["./main.js", ["import"], "round 11"],
    ["./main.js", ["authority"], "tokens, round 5"],
    ["./main.js", ["revocation"], "sqlite, 1 authority, by a pattern"],
    ["./main.js", ["swarm"], "1000 connected"],
    ["./main.js", ["gateway"], "round 9"],
    ["./main.js", ["scan"], "round 20"],
    ["./soak/main.js", ["crash", "--store", "sqlite"], "sqlite, account of what was lost"],
    ["./soak/main.js", ["rotation"], "calls and streams to their end"],
    ["./soak/main.js", ["swarm"], "growth of memory"],
  ];
  for (const [file, args, part] of real) {
    it(`stops ${file} ${args[0]} at the time limit`, async () => {
      const ended = await run(file, [...args, "--json", "--limit", "1"]);
      assert.equal(ended.status, 124, ended.stderr);
      const { complete, missing } = lastLine(ended) as { complete: unknown; missing: readonly string[] };
      assert.equal(complete, false);
      assert.ok(missing.includes(part), missing.join(", "));
    });
  }

  it("compares all variants under both loads of unary", async function () {
    this.timeout(180_000);
    const ended = await run("./main.js", ["unary", "--json", "--rounds", "1", "--calls", "70"]);
    // So few calls say nothing of a bar: the status is right either way.
    const report = lastLine(ended) as Report & { ok: boolean };
    assert.equal(ended.status, report.ok ? 0 : 1, ended.stderr);
    const { benchmark, in_flight, calls, rounds, variants, loads, bars, skipped } = report;
    assert.deepEqual([benchmark, in_flight, calls, rounds], ["unary", 16, 70, 1]);
    assert.deepEqual(variants, loads[0]?.variants, "the figures of the first load stand at the top, too");
    assert.deepEqual(
      loads.map((load) => [load.in_flight, load.calls]),
      [
        [16, 70],
        [1, 21],
      ],
    );
    for (const { name, why } of skipped) assert.ok(ended.stderr.includes(`skipped: ${name} (${why})`), ended.stderr);
    const present = variantNames.filter((name) => !skipped.some((each) => each.name === name));
    for (const load of loads) {
      assert.deepEqual(
        load.variants.map(({ name }) => name),
        present,
      );
      for (const { name, ...figures } of load.variants)
        for (const [figure, value] of Object.entries(figures)) assert.ok(value > 0, `${name}: ${figure} is ${value}`);
    }
    const named = bars.map(({ figure, to, in_flight }) => `${figure} ${to} ${in_flight}`);
    for (const bar of ["client grpc-js 16", "client grpc-js 1", "server grpc-js 16", "throughput grpc-js 16"])
      assert.ok(named.includes(bar), named.join(", "));
  });

  it("reads streams of every variant", async function () {
    this.timeout(180_000);
    const ended = await run("./main.js", ["streaming", "--rounds", "1", "--calls", "7", "--in-flight", "2"]);
    assert.equal(ended.status, 0, ended.stderr); // No bar is for two at a time.
    assert.match(ended.stdout, /7 streams of 500 messages a round, 2 at a time, 1 rounds/);
    assert.match(ended.stdout, /\| tls-floor +\|/);
    assert.match(ended.stdout, /\| interlock \/ connect-node +\|/);
  });

  it("weighs both transports", async function () {
    this.timeout(180_000);
    const ended = await run("./main.js", ["memory", "--json", "--rounds", "1", "--bots", "5"]);
    assert.equal(ended.stdout.trimEnd().split("\n").length, 1, ended.stderr);
    const { bots, rounds, rows } = lastLine(ended) as { bots: number; rounds: number; rows: { thing: string }[] };
    assert.deepEqual([bots, rounds], [5, 1]);
    assert.deepEqual(
      rows.map(({ thing }) => thing),
      ["connection", "call_connection", "idle_bot", "idle_server"],
    );
  });

  it("times imports in fresh processes", async () => {
    const { status, stdout, stderr } = await run("./main.js", ["import", "--rounds", "1"]);
    assert.equal(status, 0, stderr);
    for (const line of [/^\| @interlock\/bot +\| \d+/m, /^\| @interlock\/bot, ms +\| ≤ 100 +\| \d+ +\| (met|missed)/m])
      assert.match(stdout, line);
  });
});
