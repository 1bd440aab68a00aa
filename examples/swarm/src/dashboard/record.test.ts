import assert from "node:assert/strict";
import { appendFile, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Entry } from "./model/entry.js";
import { createRecord, readRecord } from "./record.js";

const plan: Entry = { kind: "plan", at: 1, plan: { width: 1, height: 1, fixtures: [] } };
const note: Entry = { kind: "note", at: 2, text: "line\nbreak" };

describe("record", () => {
  let dir: string;
  let file: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "interlock-record-"));
    file = join(dir, "run.ndjson");
  });
  afterEach(() => rm(dir, { recursive: true }));

  it("is read as it was written, even if the last line was cut off", async () => {
    const record = await createRecord(file);
    for (const entry of [plan, note]) record.write(entry);
    await record.close();
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.deepEqual(await readRecord(file), [plan, note]);
    await appendFile(file, '{"kind":"note","at":3,"te');
    assert.deepEqual(await readRecord(file), [plan, note]);
  });

  it("names the invalid line", async () => {
    const whole = JSON.stringify(plan);
    await writeFile(file, `${whole}\n${whole}\nnonsense\n`);
    await assert.rejects(readRecord(file), /run\.ndjson:3: no entry/);
    await writeFile(file, `${whole}\n{"kind":"note"}\n`);
    await assert.rejects(readRecord(file), /run\.ndjson:2: no entry/);
    await writeFile(file, `${JSON.stringify(note)}\n`);
    await assert.rejects(readRecord(file), /run\.ndjson:1: a record begins with the plan/);
    await writeFile(file, "");
    await assert.rejects(readRecord(file), /no record of a run/);
  });

  it("fails at once when it cannot be written", async () => {
    await assert.rejects(createRecord(join(dir, "no", "such", "folder")), { code: "ENOENT" });
  });
});
