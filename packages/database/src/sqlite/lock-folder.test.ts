import assert from "node:assert/strict";
import { cp, link, mkdtemp, rm, stat, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runScript } from "../testing/run-script.js";
import { lockFolder } from "./lock-folder.js";

describe("lockFolder", () => {
  let parent: string;
  let folder: string;
  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), "interlock-lock-"));
    folder = join(parent, "data");
  });
  afterEach(() => rm(parent, { recursive: true }));

  /** What another process gets: `locked`, or its error. */
  const elsewhere = (place = folder) =>
    runScript(`
      import { lockFolder } from ${JSON.stringify(import.meta.resolve("./lock-folder.js"))};
      try {
        lockFolder(${JSON.stringify(place)}, "authority")();
        console.log("locked");
      } catch (error) {
        console.log(error.message);
      }`);

  const refusal = /Another authority is running on /;

  it("lets one in, and the next when it has left", async () => {
    const unlock = lockFolder(folder, "authority");
    assert.throws(() => lockFolder(folder, "authority"), refusal);
    unlock();
    lockFolder(folder, "authority")();
  });

  it("keeps another process out, also after further calls of this one in vain", async () => {
    const unlock = lockFolder(folder, "authority");
    assert.match(await elsewhere(), refusal);
    for (let i = 0; i < 3; i++) assert.throws(() => lockFolder(folder, "authority"), refusal);
    assert.match(await elsewhere(), refusal);
    unlock();
    assert.equal(await elsewhere(), "locked");
  });

  it("keeps another process out after an earlier lock of this one has been released", async () => {
    lockFolder(folder, "authority")();
    const unlock = lockFolder(folder, "authority");
    assert.match(await elsewhere(), refusal);
    unlock();
  });

  it("locks the folder under all of its names, and not a copy", async () => {
    const unlock = lockFolder(folder, "authority");
    const linked = join(parent, "linked");
    await symlink(folder, linked);
    assert.throws(() => lockFolder(linked, "authority"), refusal);
    assert.match(await elsewhere(linked), refusal);
    unlock();
    await cp(folder, join(parent, "copy"), { recursive: true });
    const unlockCopy = lockFolder(join(parent, "copy"), "authority");
    assert.equal(await elsewhere(), "locked");
    unlockCopy();
  });

  it("refuses a lock file that another folder has as well", async () => {
    lockFolder(folder, "authority")();
    await link(join(folder, "authority.lock"), join(parent, "second-name"));
    assert.throws(() => lockFolder(folder, "authority"), /has a second name/);
  });

  it("makes the folder and the lock its owner's", async () => {
    lockFolder(folder, "authority")();
    assert.equal((await stat(folder)).mode & 0o777, 0o700);
    assert.equal((await stat(join(folder, "authority.lock"))).mode & 0o777, 0o600);
  });
});
