import assert from "node:assert/strict";
import { GrantsError } from "./grants-error.js";
import { locateGrants, maximumGrantsLength, parseGrants } from "./parse-grants.js";

const good = `
# who may hold what
grants:
  "coffee/*":
    cafe.gripper.v1.GripperService: [gripper:actuate, gripper:observe, gripper:observe]
  operator/alice:
    cafe.gripper.v1.GripperService:
      - gripper:observe
`;

const bad: Record<string, [yaml: string, faults: RegExp[]]> = {
  "an empty file": ["", [/must have the key grants:/]],
  "a list": ["- a", [/line 1: the file must have the key grants:/]],
  "no grants": ["{}", [/line 1: there is no "grants"/]],
  "grants without anything": ["grants:\n", [/write grants: \{\}/]],
  "an unknown key": ["grant: {}\ngrants: {}", [/line 1: the key "grant" is not known/]],
  "a key twice": ["grants:\n  a: {a.B: [a:b]}\n  a: {a.B: [a:c]}", [/line 3: "a" is here twice/]],
  "a bad pattern": ["grants:\n  'a/**/b': {a.B: [a:b]}", [/line 2: "a\/\*\*\/b" is not an identity pattern/]],
  "a bad service": ["grants:\n  a: {a-b: [a:b]}", [/line 2: "a-b" is not a service/]],
  "a bad scope": ["grants:\n  a:\n    a.B: [Everything]", [/line 3: "Everything" is not a scope/]],
  "a scope that is a map": ["grants:\n  a:\n    a.B: [a: b]", [/line 3: .* is not a scope/]],
  "a scope outside a list": ["grants:\n  a: {a.B: a:b}", [/line 2: write the scopes of a.B as a list/]],
  "no scopes": ["grants:\n  a: {a.B: []}", [/line 2: write the scopes/]],
  "a number for a key": ["grants:\n  1: {a.B: [a:b]}", [/line 2: a key must be text/]],
  "an alias": ["grants:\n  a: &x {a.B: [a:b]}\n  b: *x", [/line 3: aliases are not supported/]],
  "an alias for a list": ["grants:\n  a: {a.B: &x [a:b], a.C: *x}", [/line 2: write the scopes of a.C/]],
  "a tag": ["grants: !!python/object {}", [/line 1: Unresolved tag/]],
  "a broken line": ["grants:\n  a: {a.B: [a:b]", [/line 2/]],
  "two documents": ["grants: {}\n---\ngrants: {}", [/document/]],
  "several faults": [
    "grants:\n  '*x': {a.B: [x]}\n  b: {'': [y]}",
    [/line 2: "\*x"/, /line 2: "x"/, /line 3: ""/, /line 3: "y"/],
  ],
  "too deep a nesting": ["[".repeat(200_000), [/nested too deeply/]],
  "lists in lists, one too many": [`grants: ${"[".repeat(17)}${"]".repeat(17)}`, [/nested too deeply/]],
  "maps in maps, one too many": [`grants: ${"{a: ".repeat(17)}1${"}".repeat(17)}`, [/nested too deeply/]],
  "lists in lists, which are not too many": [
    `grants: ${"[".repeat(16)}${"]".repeat(16)}`,
    [/write an identity pattern/],
  ],
  "lists beside lists": [`grants: {a: {a.B: [${"[a], ".repeat(40)}]}}`, [/is not a scope/]],
  "too many anchors": [`grants: {a: {a.B: [${"&a a:b, ".repeat(101)}]}}`, [/full of anchors, aliases or tags/]],
  "too many aliases": [`grants: {a: {a.B: [${"*a, ".repeat(101)}]}}`, [/full of anchors, aliases or tags/]],
  "too many tags": [`grants: {a: {a.B: [${"!a b, ".repeat(101)}]}}`, [/full of anchors, aliases or tags/]],
  "a hundred aliases": [`grants: {a: {a.B: [${"*a, ".repeat(100)}]}}`, [/Unresolved alias|is not a scope/]],
  "an identity without services": ["grants:\n  a: 1", [/line 2: write a service and its scopes below "a"/]],
  "a long key": [`grants: {${"a".repeat(79)}!: {a.B: [a:b]}}`, [new RegExp(`"${"a".repeat(79)}!" is not an identity`)]],
  "a key that is too long to be told": [
    `grants: {${"a".repeat(80)}!: {a.B: [a:b]}}`,
    [new RegExp(`"${"a".repeat(80)}…" is`)],
  ],
  "twenty faults": [
    `grants: {${Array.from({ length: 20 }, (_, i) => `'!${i}': {}`).join(", ")}}`,
    [/"!19" is not an identity pattern[^\n]*$/],
  ],
  "more faults than are told": [
    `grants: {${Array.from({ length: 23 }, (_, i) => `'!${i}': {}`).join(", ")}}`,
    [/"!19" .*\nand 3 more$/s],
  ],
  "too many lines": ["grants: {}".padEnd(20_010, "\n"), [/more than 20000 lines/]],
  "grants that are too long when written out": [
    `grants: {${"a".repeat(1_000)}: {a.B: [${Array.from({ length: 2_200 }, (_, i) => `a:b${i}`).join(", ")}]}}`,
    [/too long when each is written out/],
  ],
  "sequences within sequences in one line": ["- ".repeat(100_000), [/nested too deeply/]],
  "maps within maps in one line": [`grants: ${"? ".repeat(100_000)}`, [/nested too deeply/]],
  "blocks within blocks": [
    Array.from({ length: 700 }, (_, i) => `${" ".repeat(i)}a:`).join("\n"),
    [/the only key is "grants"/],
  ],
  "a condition without a scope": [
    "grants:\n  a: {a.B: [{where: x}]}",
    [/line 2: "" is not a scope; write \{ scope: resource:action/],
  ],
  "a scope with an empty condition": [
    "grants:\n  a: {a.B: [{scope: 'a:b', where: ' '}]}",
    [/line 2: there is no condition as text; write \{ scope/],
  ],
  "a scope in a map without a condition": ["grants:\n  a: {a.B: [{scope: 'a:b'}]}", [/there is no condition as text/]],
  "a condition that is no text": [
    "grants:\n  a: {a.B: [{scope: 'a:b', where: true}]}",
    [/there is no condition as text/],
  ],
  "a condition of several lines": [
    "grants:\n  a:\n    a.B:\n      - scope: a:b\n        where: |\n          x\n          && y\n",
    [/line 5: a condition is one line of printable characters/],
  ],
  "a condition with hidden characters": [
    'grants:\n  a: {a.B: [{scope: "a:b", where: "x \\u202e y"}]}',
    [/one line of printable characters/],
  ],
  "too long a condition": [
    `grants:\n  a: {a.B: [{scope: "a:b", where: "${"x".repeat(257)}"}]}`,
    [/a condition has at most 256 characters/],
  ],
  "another key beside a condition": [
    "grants:\n  a: {a.B: [{scope: 'a:b', where: x, until: y}]}",
    [/the key "until" is not known here/],
  ],
  "a condition twice": ["grants:\n  a: {a.B: [{scope: 'a:b', where: x, where: y}]}", [/"where" is here twice/]],
  "too long a file": [" ".repeat(maximumGrantsLength + 1), [/longer than/]],
};

describe("parseGrants", () => {
  it("reads identity, service and scopes", () => {
    const service = "cafe.gripper.v1.GripperService";
    assert.deepEqual(parseGrants(good), [
      { identity: "coffee/*", service, scope: "gripper:actuate" },
      { identity: "coffee/*", service, scope: "gripper:observe" },
      { identity: "operator/alice", service, scope: "gripper:observe" },
    ]);
    assert.deepEqual(parseGrants("grants: {}"), []);
    const longest = `${"#".repeat(maximumGrantsLength - 11)}\ngrants: {}`;
    assert.equal(longest.length, maximumGrantsLength);
    assert.deepEqual(parseGrants(longest), []);
    assert.deepEqual(parseGrants("grants: {a: {a.B: ['a:b', \"c:d\"]}, 'b': {}} # [*&!"), [
      { identity: "a", service: "a.B", scope: "a:b" },
      { identity: "a", service: "a.B", scope: "c:d" },
    ]);
  });

  it("reads conditions, which are a part of the grant", () => {
    const yaml = `grants:
  coffee/1:
    a.B:
      - a:b
      - { scope: a:c, where: "newtons <= 5" }
      - scope: a:c
        where: gently
      - { scope: a:c, where: "newtons <= 5" }
`;
    const [identity, service] = ["coffee/1", "a.B"];
    assert.deepEqual(parseGrants(yaml), [
      { identity, service, scope: "a:b" },
      { identity, service, scope: "a:c", where: "newtons <= 5" },
      { identity, service, scope: "a:c", where: "gently" },
    ]);
    assert.deepEqual(
      locateGrants(yaml).map(({ places }) => [places.scope.line, places.where?.line, places.where?.column]),
      [
        [4, undefined, undefined],
        [5, 5, 30],
        [6, 7, 16],
        [8, 8, 30],
      ],
    );
  });

  it("tells every fault with its line", () => {
    assert.throws(
      () => parseGrants("grants:\n  '*x': {a.B: [x]}\n  b: {'': [y]}"),
      (error) => {
        assert.ok(error instanceof GrantsError);
        assert.deepEqual(
          error.faults.map(({ line, message }) => `${line} ${message.split(" ")[0]}`),
          ['2 "*x"', '2 "x"', '3 ""', '3 "y"'],
        );
        return true;
      },
    );
  });

  for (const [what, [yaml, faults]] of Object.entries(bad)) {
    it(`refuses ${what}`, () => {
      assert.throws(
        () => parseGrants(yaml),
        (error) => {
          assert.ok(error instanceof GrantsError);
          for (const fault of faults) assert.match(error.message, fault);
          assert.ok(error.message.length < 10_000);
          return true;
        },
      );
    });
  }
});
