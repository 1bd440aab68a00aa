import assert from "node:assert/strict";
import fc from "fast-check";
import { policyFaults } from "./check-service.js";
import { isIdentityPattern, matchesIdentity } from "./identity-pattern.js";
import type { Policy } from "./policy.js";
import { isScope } from "./scope.js";
import { isBotName, isTrustDomain, parseSpiffeId } from "./spiffe-id.js";

/*
 * What is accepted, said once more in another way, character by character, and held against ours over many inputs. A
 * failure prints its seed: `fc.assert(property, { seed, path })` makes it again.
 */

const lower = "abcdefghijklmnopqrstuvwxyz";
const digits = "0123456789";
const inName = new Set([...lower, ...lower.toUpperCase(), ...digits, ".", "-", "_"]);
const inTrustDomain = new Set([...lower, ...digits, ".", "-", "_"]);

function isSegment(text: string): boolean {
  return text !== "" && text !== "." && text !== ".." && [...text].every((char) => inName.has(char));
}

// Mostly nearly valid inputs, so that both answers occur.
const near = fc.string({ unit: fc.constantFrom(..."aB1._-/:% *"), maxLength: 12 });
const text = fc.oneof(near, fc.string({ maxLength: 20 }), fc.string({ unit: "binary", maxLength: 8 }));

describe("what is accepted", () => {
  it("of SPIFFE IDs", () => {
    const uri = fc.oneof(
      text,
      fc.tuple(text, text).map(([domain, name]) => `spiffe://${domain}/${name}`),
      fc.tuple(fc.constantFrom("cafe", "a.b", "Cafe", ""), text).map(([domain, name]) => `spiffe://${domain}/${name}`),
    );
    fc.assert(
      fc.property(uri, (given) => {
        const [scheme, , domain = "", ...segments] = given.split("/");
        const sound =
          scheme === "spiffe:" &&
          given.startsWith("spiffe://") &&
          domain !== "" &&
          [...domain].every((char) => inTrustDomain.has(char)) &&
          segments.length > 0 &&
          segments.every(isSegment);
        const id = parseSpiffeId(given);
        assert.equal(id !== undefined, sound, JSON.stringify(given));
        if (id) assert.deepEqual(id, { trustDomain: domain, name: segments.join("/"), uri: given });
      }),
      { numRuns: 2_000 },
    );
  });

  it("of names and trust domains, however long", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2_100 }), fc.constantFrom("a", "a/"), (length, unit) => {
        const name = unit.repeat(length).slice(0, length);
        assert.equal(isBotName(name), length > 0 && length <= 2_037 && !name.endsWith("/"));
        assert.equal(isTrustDomain("a".repeat(length)), length > 0 && length <= 255);
        const uri = `spiffe://cafe/${name}`;
        assert.equal(parseSpiffeId(uri) !== undefined, isBotName(name) && uri.length <= 2_048);
      }),
      { numRuns: 300 },
    );
  });

  it("of identity patterns, and what they match", () => {
    const segment = fc.constantFrom("a", "b", "a1", "*", "**", "");
    const pattern = fc.array(segment, { maxLength: 4 }).map((segments) => segments.join("/"));
    const name = fc.array(fc.constantFrom("a", "b", "a1"), { minLength: 1, maxLength: 4 }).map((s) => s.join("/"));
    fc.assert(
      fc.property(pattern, name, (given, who) => {
        const segments = given.split("/");
        const sound = segments.every((s, i) => s === "*" || (s === "**" && i === segments.length - 1) || isSegment(s));
        assert.equal(isIdentityPattern(given), sound, given);
        if (!sound) return;
        const source = segments.map((s) => (s === "*" ? "[^/]+" : s === "**" ? ".+" : s.replaceAll(".", "\\.")));
        assert.equal(matchesIdentity(given, who), new RegExp(`^${source.join("/")}$`).test(who), `${given} ${who}`);
      }),
      { numRuns: 3_000 },
    );
  });

  it("of identity patterns, whatever they are", () => {
    fc.assert(
      fc.property(text, text, (given, who) => {
        if (isIdentityPattern(given)) assert.equal(isIdentityPattern(`${given}/`), false);
        assert.equal(typeof matchesIdentity(given, who), "boolean");
        if (isBotName(who)) assert.ok(matchesIdentity(who, who) && matchesIdentity("**", who));
      }),
    );
  });

  it("of scopes", () => {
    const first = new Set(lower);
    const rest = new Set([...lower, ...digits, "_", ".", "-"]);
    const word = (given: string) => first.has(given[0] ?? "") && [...given].every((char) => rest.has(char));
    const scope = fc.oneof(
      text,
      fc.tuple(fc.constantFrom("gripper", "a", "A", "1a", ""), text).map((parts) => parts.join(":")),
    );
    fc.assert(
      fc.property(scope, (given) => {
        const parts = given.split(":");
        assert.equal(isScope(given), parts.length === 2 && parts.every(word), JSON.stringify(given));
      }),
      { numRuns: 2_000 },
    );
  });

  it("of policies: nothing that leaves open who may call", () => {
    const scopes = fc.oneof(fc.constant(undefined), fc.array(fc.oneof(fc.constant("a:b"), text), { maxLength: 3 }));
    const policy = fc.record({
      scopes,
      anyBot: fc.constantFrom(true, false, undefined),
      purpose: fc.constantFrom("x", "", " ", undefined),
      risk: fc.constantFrom("low", "high", "none", undefined),
      callers: fc.array(fc.constantFrom("a/*", "**", "a//b", ""), { maxLength: 2 }),
      rate: fc.option(fc.record({ perSecond: fc.double(), burst: fc.double() }), { nil: undefined }),
    });
    fc.assert(
      fc.property(policy, (given) => {
        if (policyFaults(given as unknown as Policy).length > 0) return;
        const held = given.scopes ?? [];
        assert.ok(given.anyBot === true ? held.length === 0 : held.length > 0);
        assert.ok(held.every(isScope) && given.callers.every(isIdentityPattern));
        assert.ok(given.purpose === "x" && (given.risk === "low" || given.risk === "high"));
        if (given.rate)
          assert.ok(given.rate.perSecond > 0 && Number.isFinite(given.rate.perSecond) && given.rate.burst >= 1);
      }),
      { numRuns: 2_000 },
    );
  });
});
