import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endpointStates } from "@interlock/audit";
import { readSnapshot } from "../audit/read-snapshot.js";
import { writeReport } from "../audit/write-report.js";
import { parseState } from "./inventory-options.js";

describe("the options of interlock inventory", () => {
  it("take each state, past-sunset without quotes", () => {
    for (const state of endpointStates) assert.deepEqual(parseState(state), [state]);
    assert.deepEqual(parseState("past-sunset", ["unused"]), ["unused", "past sunset"]);
    assert.throws(() => parseState("odd"), /A state is one of declared, served/);
  });

  it("say what is wrong with a file", async () => {
    const dir = await mkdtemp(join(tmpdir(), "interlock-file-"));
    const file = join(dir, "a.json");
    await assert.rejects(readSnapshot(file), /There is no file .*a\.json: name the snapshot of an inventory\./);
    await writeFile(file, "{}");
    await assert.rejects(readSnapshot(file), /a\.json cannot be used\. It is no inventory: write one with/);
    await assert.rejects(writeReport(join(dir, "x/y"), ""), /y cannot be written: its folder does not exist\./);
    await rm(dir, { recursive: true });
  });
});
