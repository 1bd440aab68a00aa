import assert from "node:assert/strict";
import {
  coversIdentity,
  identitiesOverlap,
  isFederatedPattern,
  isIdentityPattern,
  matchesIdentity,
} from "./identity-pattern.js";

describe("identity patterns", () => {
  for (const [pattern, name, matches] of [
    ["gripper/1", "gripper/1", true],
    ["gripper/1", "gripper/10", false],
    ["gripper/1", "Gripper/1", false],
    ["gripper/*", "gripper/1", true],
    ["gripper/*", "gripper", false],
    ["gripper/*", "gripper/1/x", false],
    ["gripper/*", "gripperx/1", false],
    ["*/1", "gripper/1", true],
    ["*", "gripper", true],
    ["*", "gripper/1", false],
    ["**", "gripper", true],
    ["**", "gripper/1/x", true],
    ["arm/**", "arm/1", true],
    ["arm/**", "arm/1/2/3", true],
    ["arm/**", "arm", false],
    ["arm/*/**", "arm/1", false],
    ["arm/*/**", "arm/1/2", true],
    ["a.c", "abc", false],
  ] as const) {
    it(`${pattern} ${matches ? "matches" : "does not match"} ${name}`, () => {
      assert.ok(isIdentityPattern(pattern));
      assert.equal(matchesIdentity(pattern, name), matches);
    });
  }

  for (const pattern of ["", "/", "a/", "/a", "a//b", "**/a", "a*", "a/..", ".", "a b", "spiffe://cafe/a", "a/***"]) {
    it(`${JSON.stringify(pattern)} is none`, () => assert.ok(!isIdentityPattern(pattern)));
  }

  it("cover and overlap each other where a name shows it", () => {
    const segments = ["a", "b", "*"];
    const patterns = segments
      .flatMap((x) => [x, `${x}/**`, ...segments.flatMap((y) => [`${x}/${y}`, `${x}/${y}/**`])])
      .concat("**");
    const parts = ["a", "b", "c"];
    const names = parts.flatMap((x) => [
      x,
      ...parts.flatMap((y) => [`${x}/${y}`, ...parts.flatMap((z) => [`${x}/${y}/${z}`, `${x}/${y}/${z}/a`])]),
    ]);
    for (const one of patterns) {
      for (const other of patterns) {
        const [ofOne, ofOther] = [one, other].map((pattern) => names.filter((name) => matchesIdentity(pattern, name)));
        const both = ofOne?.some((name) => ofOther?.includes(name));
        assert.equal(identitiesOverlap(one, other), both, `${one} and ${other}`);
        assert.equal(
          coversIdentity(one, other),
          ofOther?.every((name) => ofOne?.includes(name)),
          `${one} over ${other}`,
        );
      }
    }
  });
});

describe("federated patterns", () => {
  const bot = "spiffe://partner/orders/1";

  it("are identity patterns with a trust domain", () => {
    for (const text of ["spiffe://partner/orders/*", "spiffe://partner/**", bot])
      assert.ok(isFederatedPattern(text), text);
    for (const text of ["orders/*", "spiffe://partner", "spiffe://partner/", "spiffe://Partner/**", "spiffe:///**"])
      assert.ok(!isFederatedPattern(text), text);
    for (const text of [
      "spiffe://*/orders",
      "spiffe://**",
      "spiffe://partner/orders*",
      "SPIFFE://partner/**",
      "spiffe:/partner/**",
    ])
      assert.ok(!isFederatedPattern(text), text);
    assert.ok(isFederatedPattern(bot, "partner"));
    assert.ok(!isFederatedPattern(bot, "partne"));
    assert.ok(!isIdentityPattern(bot));
  });

  it("match bots of their own domain, and nothing else does", () => {
    for (const pattern of ["spiffe://partner/orders/*", "spiffe://partner/**", bot]) {
      assert.ok(matchesIdentity(pattern, bot), pattern);
      assert.ok(!matchesIdentity(pattern, "orders/1"), pattern);
    }
    const others = ["**", "*/*/*/*/*", "orders/*", "orders/1", "spiffe://third/**", "spiffe://partner/billing/*"];
    for (const pattern of others) assert.ok(!matchesIdentity(pattern, bot), pattern);
  });

  it("cover and overlap within their domain only", () => {
    assert.ok(coversIdentity("spiffe://partner/**", "spiffe://partner/orders/*"));
    assert.ok(identitiesOverlap("spiffe://partner/orders/*", "spiffe://partner/*/1"));
    for (const own of ["**", "orders/*", "spiffe://third/**"]) {
      assert.ok(!coversIdentity(own, "spiffe://partner/orders/*"), own);
      assert.ok(!coversIdentity("spiffe://partner/**", own), own);
      assert.ok(!identitiesOverlap(own, "spiffe://partner/orders/*"), own);
    }
  });
});
