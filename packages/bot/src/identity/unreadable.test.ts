import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { InterlockError } from "../base/error.js";
import { notPermitted, unreadable } from "./unreadable.js";

describe("a file that cannot be read", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "unreadable-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("is not one that is missing", () => {
    assert.equal(unreadable(join(folder, "missing"), thrownBy(join(folder, "missing"))), undefined);
    assert.match(unreadable(folder, thrownBy(folder))?.message ?? "", /cannot be read \(EISDIR\)\.$/);
  });

  it("names its owner and the remedy, also where the folder above hides it", function () {
    if (process.getuid?.() === undefined) return this.skip();
    const cause = Object.assign(new Error(), { code: "EACCES" });
    const uid = process.getuid();
    const path = join(folder, "hidden", "identity.pem");
    assert.deepEqual(messageOf(notPermitted(path, cause)), [
      `${folder} belongs to user ${uid}, and this process, of user ${uid}, may not use it. `,
      `Give it back to its owner: chmod -R u+rwX ${folder}.`,
    ]);
    assert.equal(notPermitted(path, Object.assign(new Error(), { code: "ENOSPC" })), undefined);
  });

  it("says so to another user, for real", function () {
    if (process.getuid?.() !== 0) {
      console.log("skipped: only root can run a process of another user");
      return this.skip();
    }
    const locked = join(folder, "locked");
    mkdirSync(locked, { mode: 0o700 });
    const path = join(locked, "identity.pem");
    writeFileSync(path, "");
    chownSync(locked, 1, 1);
    chmodSync(folder, 0o755);
    // Not this Node, nor a file of this repository: another user may not be able to read them.
    const { stderr } = spawnSync("cat", [path], {
      uid: 65_534,
      gid: 65_534,
      cwd: "/",
      encoding: "utf8",
      env: { LC_ALL: "C" },
    });
    assert.match(stderr, /Permission denied/);
    const said = messageOf(unreadable(path, Object.assign(new Error(), { code: "EACCES" })));
    assert.ok(said[0]?.includes(`identity.pem belongs to user 0`), said[0]);
    assert.match(said[1] ?? "", /^(Run this as that user, or change the owner|Give it back)/);
  });
});

function thrownBy(path: string): unknown {
  try {
    return readFileSync(path);
  } catch (error) {
    return error;
  }
}

function messageOf(error: InterlockError | undefined): [string | undefined, string | undefined] {
  assert.equal(error?.code, "FAILED_PRECONDITION");
  const at = error.message.search(/(Run this|Give it)/);
  return [error.message.slice(0, at), error.message.slice(at)];
}
