import assert from "node:assert/strict";
import { createInventory } from "../inventory/create-inventory.js";
import { scoreRisk } from "../risk/score-risk.js";
import { cafe, gripper } from "../testing/cafe-fleet.js";
import { type FleetSpec, fleetWith, serviceWith } from "../testing/fleet.js";
import { inventoryPage } from "./inventory-page.js";

function page(change: Partial<FleetSpec> = {}): string {
  const inputs = fleetWith({ ...cafe, ...change });
  const inventory = createInventory(inputs);
  return inventoryPage(inventory, scoreRisk(inventory, inputs));
}

describe("the inventory's page", () => {
  it("says first how many endpoints there are, then each, the worst first", () => {
    const html = page();
    assert.match(
      html,
      /4 endpoints of 3 services, and 5 bots: 4 used, 0 unused, 0 unknown and 0 undeclared\. The highest risk is /,
    );
    assert.ok(html.indexOf(">Grip<") < html.indexOf(">WatchForce<"));
    assert.match(html, /Keep in mind: no ports were scanned\./);
    assert.match(html, /coffee\/1 \(last 2026-05-12\); coffee\/2/);
  });

  it("loads nothing, runs nothing, and shows as text what others have written", () => {
    const attack = '<img src=x onerror="alert(1)">';
    const evil = serviceWith("cafe.evil.v1.Evil", [{ name: "Do", purpose: attack, worstCase: attack }], {
      owner: attack,
    });
    const bots = [...cafe.bots, { name: "evil/1", serves: [evil], version: attack, address: attack }];
    const html = page({ bots, project: [evil] });
    assert.doesNotMatch(html, /<img|<script|<link|src=["']|url\(/);
    assert.ok(html.split("&lt;img src=x onerror=&quot;alert(1)&quot;&gt;").length > 4);
  });

  it("is bounded: it says what it left out", () => {
    const methods = Array.from({ length: 501 }, (_, i) => ({ name: `M${i}` }));
    const bots = Array.from({ length: 503 }, (_, i) => ({ name: `worker/${i}`, serves: [gripper] }));
    const html = page({ bots, project: [serviceWith("big.v1.Big", methods)], calls: [] });
    assert.match(html, /3 endpoints with a lower score are not shown\./);
    assert.match(html, /3 more bots are not shown\./);
    assert.match(html, /and 483 more/, "servers");
    assert.equal(html.split('<article class="endpoint">').length - 1, 500);
  });
});
