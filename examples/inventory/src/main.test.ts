import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

describe("examples/inventory", () => {
  it("lets the tracker read and watch and fulfilment write, and refuses everything else", async () => {
    const { stdout } = await run(process.execPath, [join(import.meta.dirname, "main.js")]);
    const stock = (onHand: number, reserved: number) =>
      `{"stock":{"sku":"bolt-m8","onHand":${onHand},"reserved":${reserved}}}`;
    const lines = stdout.trimEnd().split("\n");
    assert.deepEqual(
      lines.filter((line) => !line.startsWith("  The ")),
      [
        `✔ tracker/1 GetStock  ${stock(100, 0)}`,
        `✔ fulfilment/1 ReserveStock  ${stock(100, 20)}`,
        `✔ fulfilment/1 ReserveStock, again  ${stock(100, 20)}`,
        `  tracker/1 sees   ${stock(100, 20)}`,
        `✔ fulfilment/1 AdjustStock  ${stock(95, 20)}`,
        `  tracker/1 sees   ${stock(95, 20)}`,
        "✘ tracker/1 ReserveStock  PERMISSION_DENIED SCOPE_MISSING",
        "✘ tracker/1 AdjustStock  PERMISSION_DENIED CALLER_NOT_ALLOWED",
        "✘ fulfilment/1 AdjustStock, a fourth time  RESOURCE_EXHAUSTED RATE_LIMITED",
        '✔ tracker/1 CountItem  {"count":85}',
        "  until 2036-09-01; instead: depot.inventory.v1.InventoryService/GetStock",
      ],
    );
    assert.match(stdout, /it needs "inventory:write" and holds none/);
  });
});
