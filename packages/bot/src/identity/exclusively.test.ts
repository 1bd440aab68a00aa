import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
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

  it("breaks the lock of a process that was killed, at once", async () => {
    const script = `import { exclusively } from ${JSON.stringify(import.meta.resolve("./exclusively.js"))};
      await exclusively(${JSON.stringify(path)}, async () => process.kill(process.pid, "SIGKILL"));`;
    await once(spawn(process.execPath, ["--input-type=module", "-e", script]), "exit");
    const left = await readFile(path, "utf8");
    assert.equal(await exclusively(path, async () => 7), 7);
    // The next process of a container has the same id.
    await writeFile(path, left.replace(/^\d+/, String(process.pid)));
    assert.equal(await exclusively(path, async () => 8), 8);
  });

  it("waits for a process that it cannot see, and for one that lives", async () => {
    let mine = "";
    await exclusively(path, async () => {
      mine = await readFile(path, "utf8");
    });
    for (const text of ["", mine.replace(/^\d+/, String(process.ppid)), mine.replace(/.*$/, "elsewhere")]) {
      await writeFile(path, text);
      let done = false;
      const waiting = exclusively(path, async () => {
        done = true;
      });
      await sleep(60);
      assert.equal(done, false, text);
      await rm(path);
      await waiting;
    }
  });

  it("breaks a lock that was left behind", async () => {
    await exclusively(path, async () => {});
    await writeFile(path, "");
    const old = new Date(Date.now() - staleLockMs - 1_000);
    await utimes(path, old, old);
    assert.equal(await exclusively(path, async () => 7), 7);
  });
});
