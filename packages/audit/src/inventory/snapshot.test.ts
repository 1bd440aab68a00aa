import assert from "node:assert/strict";
import { cafe } from "../testing/cafe-fleet.js";
import { fleetWith } from "../testing/fleet.js";
import { createInventory } from "./create-inventory.js";
import { diffInventory } from "./diff-inventory.js";
import { maximumSnapshotBytes, parseSnapshot, writeSnapshot } from "./snapshot.js";

const inventory = createInventory(fleetWith(cafe));

describe("a snapshot", () => {
  it("is read as it was written", () => {
    const read = parseSnapshot(writeSnapshot(inventory));
    assert.deepEqual(read, JSON.parse(JSON.stringify(inventory)));
    assert.deepEqual(diffInventory(read, inventory), []);
  });

  for (const [what, edit, expected] of [
    ["no JSON", () => "{", /no JSON/],
    ["another file", () => "{}", /no inventory: write one with/],
    ["a later version", (text: string) => text.replace('"version":1', '"version":2'), /version 2, .* knows version 1/],
    [
      "a damaged field",
      (text: string) => text.replace('"calls":7500', '"calls":"x"'),
      /endpoints\[\d\]\.calls is no number/,
    ],
    ["an unknown state", (text: string) => text.replace('"used"', '"odd"'), /unknown state odd/],
    ["an unsound policy", (text: string) => text.replace('"risk":"high"', '"risk":"odd"'), /unknown risk "odd"/],
    ["no list", (text: string) => text.replace(/"bots":\[.*\]/, '"bots":{}'), /bots is no list/],
  ] as const) {
    it(`is refused when it is ${what}`, () =>
      assert.throws(() => parseSnapshot(edit(writeSnapshot(inventory))), expected));
  }

  it("has a maximum size", () => {
    const text = writeSnapshot(inventory);
    const room = maximumSnapshotBytes - Buffer.byteLength(text);
    assert.equal(parseSnapshot(text + " ".repeat(room)).at, inventory.at);
    assert.throws(() => parseSnapshot(text + " ".repeat(room + 1)), /longer than 67108864 bytes/);
    assert.doesNotThrow(() => writeSnapshot({ ...inventory, trustDomain: inventory.trustDomain + "x".repeat(room) }));
    const wide = { ...inventory, trustDomain: inventory.trustDomain + "x".repeat(room + 1) };
    assert.throws(() => writeSnapshot(wide), /more than 67108864 bytes/);
  });
});
