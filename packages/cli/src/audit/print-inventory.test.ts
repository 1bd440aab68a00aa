import assert from "node:assert/strict";
import { createInventory, scoreRisk } from "@interlock/audit";
import { cafe, type FleetSpec, fleetWith, gripper, now, serviceWith } from "@interlock/audit/testing";
import type { Output } from "../output.js";
import { printInventory } from "./print-inventory.js";

/** The lines for a fleet, without colors. */
function lines(change: Partial<FleetSpec>, limit = 200, isWhole = true): string {
  const inputs = fleetWith({ ...cafe, ...change });
  const inventory = createInventory(inputs);
  const written: string[] = [];
  const line = (text = "") => void written.push(text.replace(/<[^>]*>/g, ""));
  const table: Output["table"] = (headings, rows) => {
    for (const row of [headings, ...rows]) line(row.join("  "));
  };
  const output = { line, table } as Output;
  printInventory(output, inventory, scoreRisk(inventory, inputs), { limit, isWhole });
  return written.join("\n");
}

describe("the printed inventory", () => {
  it("has a block for each service, and the bots", () => {
    const text = lines({});
    assert.match(text, /^4 endpoints of 3 services, and 5 bots: 4 used/);
    assert.match(
      text,
      /\ncafe\.gripper\.v1\.GripperService {2}owner: cafe team\n {2}served by ● gripper\/1 127\.0\.0\.1:50051\n/,
    );
    assert.match(
      text,
      /Grip +used +high 23 +gripper:actuate +internal +7.500 +2026-03-13 +60 min ago +coffee\/1; coffee\/2 +Close the gripper on one item\./,
    );
    assert.match(text, /operator\/alice {2}member {2}online/);
  });

  it("shows at most so many endpoints, and says what it left out", () => {
    const methods = Array.from({ length: 201 }, (_, i) => ({ name: `M${i}` }));
    const text = lines({ bots: [], calls: [], project: [serviceWith("big.v1.Big", methods)] }, 200, false);
    assert.equal(text.match(/^ {2}M\d+ /gm)?.length, 200);
    assert.match(text, /1 more: --limit 201 shows them all, --service one service\./);
    assert.equal(text.match(/has no server that has ever reported/g)?.length, 1, "each reason once");
  });

  it("bounds servers, callers, bots and the purpose", () => {
    const bots = Array.from({ length: 102 }, (_, i) => ({
      name: `gripper/${i}`,
      serves: [gripper],
      address: `h:${i}`,
    }));
    const calls = Array.from({ length: 9 }, (_, i) => ({
      bot: "gripper/1",
      method: `${gripper.name}/Grip`,
      caller: `x/${i}`,
    }));
    const text = lines({
      bots,
      calls,
      project: [serviceWith(gripper.name, [{ name: "Grip", purpose: "p".repeat(999) }])],
    });
    assert.match(text, /and 97 more/);
    assert.match(text, /x\/0; x\/1; x\/2 and 6 more/);
    assert.match(text, / p{79}…$/m);
    assert.match(text, /11 more: interlock bots list/);
  });

  it("says where a server is gone since when, and who is no member", () => {
    const bots = [...cafe.bots, { name: "files/1", joins: false, serves: [gripper], lastSeenAt: now - 300_000 }];
    const text = lines({ bots });
    assert.match(text, /○ files\/1 \(not seen since 5 min ago\)/);
    assert.match(text, /files\/1 {2}never enrolled {2}not since 5 min ago {2}from elsewhere/);
  });
});
