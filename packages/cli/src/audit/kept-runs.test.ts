import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { keepRun, maximumKeptRuns, readKeptRuns } from "./kept-runs.js";

describe("kept results of audits", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "interlock-kept-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it("are one a day, the latest, oldest first", async () => {
    const at = Date.parse("2026-06-01T08:00:00Z");
    for (const time of [at + 86_400_000, at, at + 3_600_000]) await keepRun(folder, { at: time, findings: [] });
    assert.deepEqual(
      (await readKeptRuns(folder)).map((run) => run.at),
      [at + 3_600_000, at + 86_400_000],
    );
    assert.deepEqual(await readKeptRuns(join(folder, "none")), []);
  });

  it("are 400 at most, and leave other files alone", async () => {
    await writeFile(join(folder, "notes.json"), "");
    const day = (i: number) => new Date(Date.UTC(2024, 0, 1 + i)).toISOString().slice(0, 10);
    for (let i = 0; i < maximumKeptRuns; i++) await writeFile(join(folder, `${day(i)}.json`), '{"at":1,"findings":[]}');
    await keepRun(folder, { at: Date.UTC(2026, 0, 1), findings: [] });
    const files = await readdir(folder);
    assert.equal(files.length, maximumKeptRuns + 1);
    assert.ok(!files.includes(`${day(0)}.json`) && files.includes(`${day(1)}.json`) && files.includes("notes.json"));
  });

  it("name a damaged file", async () => {
    await writeFile(join(folder, "2026-06-01.json"), "{");
    await assert.rejects(readKeptRuns(folder), /2026-06-01\.json cannot be used: .*; remove it\./);
  });
});
