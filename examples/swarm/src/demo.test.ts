import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { acts } from "./acts/acts.js";
import { applyEntry, createFleetState } from "./dashboard/model/fleet-state.js";
import { readRecord } from "./dashboard/record.js";

const script = fileURLToPath(new URL("./demo.js", import.meta.url));
const run = promisify(execFile);

describe("the demo", () => {
  it("plays the whole story: every act ends well, nothing is lost or done twice, and the record can be replayed", async function () {
    this.timeout(600_000);
    const dir = await mkdtemp(join(tmpdir(), "interlock-demo-"));
    try {
      const record = join(dir, "run.ndjson");
      const began = performance.now();
      const args = ["--json", "--workers", "4", "--tasks", "60", "--record", record];
      const told = await run(process.execPath, [script, ...args]).catch((error) => error);
      const seconds = (performance.now() - began) / 1_000;
      const [line = "", ...rest] = told.stdout.split("\n");
      assert.deepEqual(rest, [""], `one JSON object and nothing else\n${told.stderr}`);
      const { ok, workers, tasks, denials, acts: played } = JSON.parse(line);
      const missed = played.filter((each: { ok: boolean }) => !each.ok);
      assert.deepEqual(missed, [], told.stderr);
      assert.deepEqual(
        played.map(({ act }: { act: string }) => act),
        acts.map(({ name }) => name),
      );
      assert.ok(ok, told.stderr);
      assert.ok(seconds < 600, `${seconds} s`); // Some 60 on two idle cores: only an order of magnitude is a fault.
      assert.equal(workers, 4);
      assert.ok(tasks.submitted >= 60);
      assert.deepEqual(tasks, { submitted: tasks.submitted, completed: tasks.submitted, lost: 0, duplicated: 0 });
      const bars = new Set(played.flatMap(({ bars: each }: { bars: number[] }) => each));
      assert.deepEqual(
        [...bars].sort((a, b) => Number(a) - Number(b)),
        [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
      );
      assert.deepEqual(denials.slice(0, 4), [
        { attack: "no-certificate", code: "UNAVAILABLE", reason: "NO_CERTIFICATE" },
        { attack: "other-ca", code: "UNAVAILABLE", reason: "CERTIFICATE_UNTRUSTED" },
        { attack: "missing-scope", code: "PERMISSION_DENIED", reason: "SCOPE_MISSING" },
        { attack: "stolen-token", code: "UNAUTHENTICATED", reason: "TOKEN_SUBJECT_MISMATCH" },
      ]);
      const state = createFleetState();
      for (const entry of await readRecord(record)) applyEntry(state, entry);
      assert.deepEqual([state.outcome?.ok, state.acts.length], [true, acts.length]);
      assert.ok(state.acts.every((each) => each.state === "ended" && each.ok));
      const worker = state.credentials["worker/1"];
      assert.ok(worker?.certificateExpiresAt && worker.tokenExpiresAt, "it is known how long they last");
      const replay = spawn(process.execPath, [script, "--replay", record], { stdio: ["ignore", "pipe", "inherit"] });
      const exit = once(replay, "exit");
      try {
        const [said] = await Promise.race([once(replay.stdout, "data"), exit]);
        const page = await fetch(String(said).split(" ")[0] ?? "");
        assert.match(await page.text(), /<title>/);
      } finally {
        replay.kill("SIGINT");
      }
      assert.deepEqual(await exit, [0, null]);
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });

  it("reports invalid arguments", async () => {
    const wrong = (...args: string[]) => run(process.execPath, [script, ...args]);
    await assert.rejects(wrong("--workers", "many"), { code: 2, stderr: /--workers is "many"/ });
    await assert.rejects(wrong("--replay", "run.ndjson", "--json"), {
      code: 2,
      stderr: /--replay .* cannot be combined with --json/,
    });
    await assert.rejects(wrong("--act", "hamlet"), {
      code: 2,
      stderr: /There is no act "hamlet"; there are: no-certificate, .*, rotation\./,
    });
  });
});
