import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { link, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { silentLog } from "@interlock/bot";
import { startAuthority } from "./authority.js";
import { backUp } from "./backup/back-up.js";
import { restore } from "./backup/restore.js";

const run = promisify(execFile);

describe("a data folder", () => {
  let folder: string;
  let dataDir: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "interlock-one-"));
    dataDir = join(folder, "authority");
  });
  afterEach(() => rm(folder, { recursive: true }));

  const start = (place: string) => startAuthority({ dataDir: place, trustDomain: "cafe", port: 0, log: silentLog });

  /** Starts an authority in another process, which prints `started`, or why it has not. */
  async function startElsewhere(place: string): Promise<string> {
    const script = `
      import { silentLog } from ${JSON.stringify(import.meta.resolve("@interlock/bot"))};
      import { startAuthority } from ${JSON.stringify(import.meta.resolve("./authority.js"))};
      const options = { dataDir: ${JSON.stringify(place)}, trustDomain: "cafe", port: 0, log: silentLog };
      await startAuthority(options).then(
        (authority) => authority.close().then(() => console.log("started")),
        (error) => console.log(error.message),
      );`;
    return (await run(process.execPath, ["--input-type=module", "-e", script])).stdout.trim();
  }

  const refusal = /Another authority is running on /;

  it("has one authority, whatever its process tries meanwhile", async () => {
    const authority = await start(dataDir);
    const linked = join(folder, "linked");
    await symlink(dataDir, linked);
    try {
      assert.match(await startElsewhere(dataDir), refusal, "at first");
      await assert.rejects(start(dataDir), refusal);
      assert.match(await startElsewhere(dataDir), refusal, "after a second start in vain");
      await assert.rejects(start(linked), refusal);
      assert.match(await startElsewhere(linked), refusal, "by another name");
      await backUp(dataDir, join(folder, "backup"));
      await assert.rejects(restore(join(folder, "backup"), dataDir, 1), /already has an authority/);
      await restore(join(dataDir, "authority.db"), join(folder, "copy"), 1);
      assert.match(await startElsewhere(dataDir), refusal, "after backup and restore");
    } finally {
      await authority.close();
    }
    assert.equal(await startElsewhere(dataDir), "started", "once the first has left");
  });

  it("has its database to itself: none that is reached through a link", async () => {
    for (const name of ["one", "two"]) await (await start(join(folder, name))).close();
    const one = join(folder, "one", "authority.db");
    for (const make of [link, symlink]) {
      const two = join(folder, "two", "authority.db");
      await rm(two);
      await make(one, two);
      await assert.rejects(start(join(folder, "two")), /link/);
    }
  });
});
