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

  it("breaks a lock that has not changed for long, whatever its time says", async () => {
    await exclusively(path, async () => {});
    for (const time of [new Date(Date.now() + 86_400_000), new Date(0), new Date()]) {
      await writeFile(path, "1\nx\nanother-container pid:[7]");
      await utimes(path, time, time);
      const began = performance.now();
      assert.equal(await exclusively(path, async () => 7, { staleMs: 80 }), 7);
      assert.ok(performance.now() - began > 80, "it was broken without a wait");
    }
  });

  it("breaks a lock of another container of this machine at once when it was taken long ago", async () => {
    let mine: string[] = [];
    await exclusively(path, async () => {
      mine = (await readFile(path, "utf8")).split("\n");
    });
    const [, , , boot = "", takenAt] = mine;
    if (boot === "") return; // Not on Linux: then such a lock is watched, as above.
    await writeFile(path, `1\nx\nanother pid:[7]\n${boot}\n${Number(takenAt) - staleLockMs - 1_000}`);
    assert.equal(await exclusively(path, async () => 7), 7);
  });

  it("leaves the lock of a process that has broken its own", async () => {
    await exclusively(path, async () => writeFile(path, "another's"));
    assert.equal(await readFile(path, "utf8"), "another's");
  });

  it("says what it waits for, once, and stops to wait when it is told so", async () => {
    await exclusively(path, async () => {});
    await writeFile(path, "12\nx\nanother-container pid:[7]");
    const lines: unknown[][] = [];
    const stop = new AbortController();
    const log = { warn: (...line: unknown[]) => void lines.push(line) };
    const waiting = exclusively(path, async () => assert.fail("it began"), { signal: stop.signal, log, warnMs: 10 });
    while (lines.length === 0) await sleep(5);
    await sleep(60);
    stop.abort(new Error("closed"));
    await assert.rejects(waiting, /closed/);
    const [[message, fields] = []] = lines as [string, Record<string, unknown>][];
    assert.equal(message, "waiting for another process of this bot");
    assert.deepEqual(
      [fields?.lock, fields?.pid, fields?.where, lines.length],
      [path, "12", "another-container pid:[7]", 1],
    );
  });
});
