import assert from "node:assert/strict";
import { join } from "node:path";
import { missingPython } from "./missing-python.js";
import { run } from "./processes.js";

describe("examples/python", () => {
  it("lets a Python bot and a TypeScript bot call each other, and refuse calls without grants", async function () {
    this.timeout(90_000);
    const missing = await missingPython();
    if (missing) {
      console.log(`skipped: ${missing}`);
      return this.skip();
    }
    // The run compares every answer, and every denial's code and reason, with the expected ones.
    const { code, stdout, stderr } = await run([process.execPath, join(import.meta.dirname, "run.js")], ".");
    assert.equal(code, 0, stdout + stderr);
    assert.equal(stdout.split("\n").filter((line) => line.includes("→")).length, 9);
  });
});
