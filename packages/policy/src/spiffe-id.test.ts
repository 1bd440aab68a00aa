import assert from "node:assert/strict";
import { isBotName, isTrustDomain, parseSpiffeId, spiffeId } from "./spiffe-id.js";

describe("SPIFFE IDs", () => {
  for (const [uri, trustDomain, name] of [
    ["spiffe://cafe/gripper/1", "cafe", "gripper/1"],
    ["spiffe://cafe.example-1_x/a", "cafe.example-1_x", "a"],
    ["spiffe://cafe/A.b-c_d/...", "cafe", "A.b-c_d/..."],
  ] as const) {
    it(`reads ${uri}`, () => {
      assert.deepEqual(parseSpiffeId(uri), { trustDomain, name, uri });
      assert.deepEqual(spiffeId(trustDomain, name), { trustDomain, name, uri });
    });
  }

  for (const uri of [
    "",
    "spiffe://",
    "spiffe://cafe",
    "spiffe://cafe/",
    "spiffe:///gripper",
    "spiffe://Cafe/gripper",
    "SPIFFE://cafe/gripper",
    "spiffe:/cafe/gripper",
    "https://cafe/gripper",
    " spiffe://cafe/gripper",
    "spiffe://cafe/gripper ",
    "spiffe://cafe/gripper\n",
    "spiffe://cafe/gripper\0",
    "spiffe://cafe/gripper/",
    "spiffe://cafe//gripper",
    "spiffe://cafe/./gripper",
    "spiffe://cafe/a/../b",
    "spiffe://cafe/grip%2fper",
    "spiffe://cafe/gripper?x=1",
    "spiffe://cafe/gripper#x",
    "spiffe://cafe:443/gripper",
    "spiffe://user@cafe/gripper",
    "spiffe://cafe/gr\u0456pper",
    "spiffe://cafe/a, URI:spiffe://cafe/b",
    `spiffe://cafe/${"a".repeat(2_048)}`,
  ]) {
    it(`does not read ${JSON.stringify(uri.slice(0, 40))}`, () => {
      assert.equal(parseSpiffeId(uri), undefined);
    });
  }

  it("says which part is malformed", () => {
    assert.throws(() => spiffeId("Cafe", "a"), /"Cafe" is not a trust domain/);
    assert.throws(() => spiffeId("cafe", "a//b"), /"a\/\/b" is not a bot name/);
  });

  it("reads the longest that there is", () => {
    const trustDomain = "a".repeat(255);
    const name = "b".repeat(2_048 - `spiffe://${trustDomain}/`.length);
    assert.ok(parseSpiffeId(`spiffe://${trustDomain}/${name}`));
    assert.equal(parseSpiffeId(`spiffe://${trustDomain}/${name}b`), undefined);
    assert.equal(spiffeId(trustDomain, name).uri.length, 2_048);
    assert.throws(() => spiffeId(trustDomain, `${name}b`), /up to 2048 characters/);
    assert.equal(parseSpiffeId(`spiffe://${"a".repeat(256)}/b`), undefined);
  });

  it("bounds trust domains and names", () => {
    assert.ok(isTrustDomain("a".repeat(255)));
    assert.ok(!isTrustDomain("a".repeat(256)));
    assert.ok(isBotName("a".repeat(2_037)));
    assert.ok(!isBotName("a".repeat(2_038)));
  });
});
