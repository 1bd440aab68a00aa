import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createOutput } from "../output.js";
import { callCommand } from "./call.js";

const example = fileURLToPath(new URL("../../../../examples/inventory", import.meta.url));

describe("interlock call", () => {
  /** What it says on standard error before it calls; nothing is there to be called. */
  async function said(method: string): Promise<string[]> {
    const lines: string[] = [];
    const output = { ...createOutput(true), progress: (text: string) => void lines.push(text) };
    const files = ["--protos", join(example, "protos"), "--manifest", join(example, "src/gen/interlock.manifest.json")];
    const nowhere = ["--address", "localhost:1", "--dir", join(example, "none")];
    await assert.rejects(callCommand(output).parseAsync([method, ...files, ...nowhere], { from: "user" }));
    return lines;
  }

  it("warns of a deprecated method, with its days and its replacement, and of no other", async () => {
    assert.deepEqual(await said("InventoryService/CountItem"), [
      "warning: depot.inventory.v1.InventoryService/CountItem is deprecated since 2026-09-01 and refused from 2036-09-01; " +
        "call depot.inventory.v1.InventoryService/GetStock",
    ]);
    assert.deepEqual(await said("InventoryService/GetStock"), []);
  });
});
