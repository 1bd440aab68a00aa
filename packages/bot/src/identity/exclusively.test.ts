import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exclusively, staleLockMs } from "./exclusively.js";

describe("exclusively", () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "interlock-exclusively-"));
    path = join(folder, "deeper", "x.lock");
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("lets one at a time work, and gives what it gives", async () => {
    let inside = 0;
    const work = () =>
      exclusively(path, async () => {
        assert.equal(++inside, 1);
        await new Promise((resolve) => setImmediate(resolve));
        return inside--;
      });
    assert.deepEqual(await Promise.all([work(), work(), work()]), [1, 1, 1]);
    assert.deepEqual(await readdir(join(folder, "deeper")), []);
  });

  it("gives way again when the work fails", async () => {
    await assert.rejects(
      exclusively(path, async () => Promise.reject(new Error("no"))),
      /no/,
    );
    assert.equal(await exclusively(path, async () => 7), 7);
  });

  it("breaks a lock that was left behind", async () => {
    await exclusively(path, async () => {});
    await writeFile(path, "");
    const old = new Date(Date.now() - staleLockMs - 1_000);
    await utimes(path, old, old);
    assert.equal(await exclusively(path, async () => 7), 7);
  });
});
