import assert from "node:assert/strict";
import { scoreRisk } from "../risk/score-risk.js";
import { type BotSpec, type CallSpec, fleetWith, serviceWith } from "../testing/fleet.js";
import { createInventory } from "./create-inventory.js";
import { diffInventory } from "./diff-inventory.js";
import { parseSnapshot, writeSnapshot } from "./snapshot.js";

/** 2,000 bots, 200 services of 10 methods, 50,000 rows of usage, 400 lines of grants. */
function bigFleet() {
  const services = Array.from({ length: 200 }, (_, i) =>
    serviceWith(
      `plant.s${i}.v1.Service${i}`,
      Array.from({ length: 10 }, (_, j) => ({ name: `Do${j}`, scopes: [`s${i}:do${j}`] as const })),
    ),
  );
  const bots = Array.from({ length: 2_000 }, (_, i): BotSpec => {
    const service = services[i % services.length];
    return { name: `worker/${i}`, serves: service ? [service] : [], address: `10.0.${i >> 8}.${i & 255}:50051` };
  });
  const calls = Array.from({ length: 50_000 }, (_, i): CallSpec => {
    const service = services[i % services.length];
    const method = `${service?.name}/Do${i % 9}`;
    return {
      bot: `worker/${i % 200}`,
      method,
      caller: `worker/${(i * 7) % 2_000}`,
      count: 1,
      firstAt: 1.7e12 + i,
      lastAt: 1.7e12 + i,
    };
  });
  const grants = services.flatMap(({ name }, i) => [
    `  'worker/${i}':\n    ${name}: [s${i}:do0, s${i}:do1]`,
    `  '*/${i + 500}':\n    ${name}: [s${i}:do2, 'token:exchange']`,
  ]);
  return fleetWith({
    bots,
    calls,
    grants: `grants:\n${grants.join("\n")}\n  'worker/*':\n    ${services[0]?.name}: [s0:do3]`,
    project: services,
  });
}

describe("the inventory of a big fleet", () => {
  it("takes less than 2 s of CPU with its risk, and fits into a snapshot", () => {
    const inputs = bigFleet();
    const start = process.cpuUsage();
    const inventory = createInventory(inputs);
    const risks = scoreRisk(inventory, inputs);
    const { user } = process.cpuUsage(start);
    assert.ok(user < 2_000_000, `${user / 1_000} ms`);
    assert.equal(inventory.endpoints.length, 2_000);
    assert.equal(inventory.bots.length, 2_000);
    assert.equal(risks.length, 2_000);
    assert.equal(
      inventory.endpoints.reduce((sum, { calls }) => sum + calls, 0),
      50_000,
    );
    const snapshot = writeSnapshot(inventory);
    assert.ok(snapshot.length < 20_000_000, `${snapshot.length} characters`);
    assert.deepEqual(diffInventory(parseSnapshot(snapshot), inventory), []);
  });
});
