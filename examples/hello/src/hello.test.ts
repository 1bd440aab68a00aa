import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

describe("examples/hello", () => {
  it("shows what a call can carry, as the README of @interlock/bot has it", async () => {
    const { stdout } = await run(process.execPath, [join(import.meta.dirname, "calls.js")]);
    const readme = await readFile(new URL("../../../packages/bot/README.md", import.meta.url), "utf8");
    assert.equal(stdout, /^```text\n(.*?)^```$/ms.exec(readme)?.[1]);
  });

  it("makes one call that is allowed and one that is denied, and says why", async () => {
    const { stdout } = await run(process.execPath, [join(import.meta.dirname, "hello.js")]);
    assert.match(stdout, /gripper\/1 grips with 4 N for coffee\/1/);
    assert.match(stdout, /✔ operator\/you → CoffeeService\/Brew {2}\{"ready":true\}/);
    assert.match(stdout, /✘ operator\/you → GripperService\/Grip {2}PERMISSION_DENIED SCOPE_MISSING/);
    assert.match(stdout, /it needs "gripper:actuate" and holds none/);
  });
});
