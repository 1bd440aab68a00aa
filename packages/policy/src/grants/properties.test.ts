import assert from "node:assert/strict";
import fc from "fast-check";
import { isIdentityPattern, matchesIdentity } from "../identity-pattern.js";
import { isScope } from "../scope.js";
import { isServiceName } from "../service-name.js";
import { type Grants, grantedScopes } from "./grants.js";
import { GrantsError } from "./grants-error.js";
import { maximumGrantsLength, parseGrants } from "./parse-grants.js";

/** Reads a grants file; `undefined` when it is refused. Any error but a GrantsError fails the test. */
function read(yaml: string): Grants | undefined {
  try {
    return parseGrants(yaml);
  } catch (error) {
    assert.ok(error instanceof GrantsError, String(error));
    assert.ok(error.message.length < 20_000, "the faults fill a screen many times over");
    return undefined;
  }
}

describe("grants, whatever they are", () => {
  const identity = fc.constantFrom("coffee/*", "operator/alice", "**", "a//b", "", "a b", "*x");
  const service = fc.constantFrom("cafe.v1.Gripper", "a.B", "a-b", "", "a.B.");
  const scope = fc.oneof(fc.constantFrom("gripper:observe", "a:b", "a", "A:b", "*"), fc.jsonValue({ maxDepth: 1 }));
  const file = fc.dictionary(identity, fc.dictionary(service, fc.array(scope, { maxLength: 3 }), { maxKeys: 2 }), {
    maxKeys: 3,
  });

  it("are read exactly when every part of them is sound", () => {
    let sound = 0;
    fc.assert(
      fc.property(file, (grants) => {
        const flat = Object.entries(grants).flatMap(([who, services]) =>
          Object.entries(services).map(([at, scopes]) => ({ who, at, scopes })),
        );
        const fine =
          Object.keys(grants).every(isIdentityPattern) &&
          flat.every(
            ({ at, scopes }) =>
              isServiceName(at) && scopes.length > 0 && scopes.every((s) => typeof s === "string" && isScope(s)),
          );
        // JSON is YAML except for keys with a special meaning.
        const got = read(JSON.stringify({ grants }));
        assert.equal(got !== undefined, fine, JSON.stringify(grants));
        if (!got) return;
        sound++;
        for (const name of ["coffee/1", "operator/alice", "x"]) {
          for (const at of ["cafe.v1.Gripper", "a.B"]) {
            const held = flat.filter((row) => row.at === at && matchesIdentity(row.who, name));
            assert.deepEqual(grantedScopes(got, name, at), new Set(held.flatMap(({ scopes }) => scopes)));
          }
        }
      }),
      { numRuns: 1_000 },
    );
    assert.ok(sound > 20, `only ${sound} were sound: the test tests nothing`);
  });

  it("are refused when they are text at random", () => {
    const yaml = fc.string({ unit: fc.constantFrom(..."grants:\n  -[]{}&*!?|>'\"#,%@`ab1~"), maxLength: 60 });
    fc.assert(
      fc.property(
        fc.oneof(
          yaml,
          fc.string(),
          yaml.map((text) => `grants:\n  ${text}`),
        ),
        (text) => {
          const got = read(text);
          assert.ok(
            got === undefined || got.every(({ identity, scope }) => isIdentityPattern(identity) && isScope(scope)),
          );
        },
      ),
      { numRuns: 2_000 },
    );
  });

  // Each of them has about the maximum length.
  const times = (text: string, length = maximumGrantsLength) => text.repeat(Math.floor(length / text.length));
  const laughs = Array.from({ length: 30 }, (_, i) => `a${i}: &a${i} [${times(`*a${i - 1},`, i === 0 ? 0 : 60)}]`);
  const bombs: Record<string, string> = {
    "a billion laughs": `${laughs.join("\n")}\ngrants: *a29`,
    "an alias within itself": "grants: &a {a: {a.B: *a}}",
    "lists in lists": times("["),
    "lists in lists, by lines": times("- "),
    "maps in maps": times("{a: "),
    "maps in maps, by indentation": Array.from({ length: 700 }, (_, i) => `${" ".repeat(i)}a:`).join("\n"),
    "keys that are maps": times("? "),
    "many keys": `grants:\n${Array.from({ length: 15_000 }, (_, i) => `  a${i}: {}`).join("\n")}`,
    "many faults": `grants:\n${times("  '!': 1\n", maximumGrantsLength - 20)}`,
    "many anchors": times("&a "),
    "many tags": times("!a "),
    "one long key": `grants: {${times("a", maximumGrantsLength - 20)}: 1}`,
    "many documents": times("---\n"),
    "many comments": times("#\n"),
    tabs: times("\t"),
    "zero bytes": times("\0"),
  };
  for (const [name, yaml] of Object.entries(bombs)) {
    it(`no bomb goes off: ${name}`, () => {
      const began = performance.now();
      assert.equal(read(yaml)?.length ?? 0, 0, "it grants something");
      const took = performance.now() - began;
      assert.ok(took < 8_000, `it took ${Math.round(took)} ms`);
    });
  }
});
