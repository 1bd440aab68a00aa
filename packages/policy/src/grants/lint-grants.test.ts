import assert from "node:assert/strict";
import type { ServedService } from "../manifest.js";
import type { Policy } from "../policy.js";
import type { Scope } from "../scope.js";
import { didYouMean } from "./did-you-mean.js";
import { type KnownFleet, lintGrants } from "./lint-grants.js";
import { locateGrants } from "./parse-grants.js";

function method(name: string, scope: Scope, callers: readonly string[] = []): ServedService["methods"][number] {
  const policy: Policy = { scopes: [scope], anyBot: false, purpose: "p", risk: "low", dataClasses: [], callers };
  return { name, path: `/x/${name}`, kind: "unary", policy };
}

const gripper: ServedService = {
  name: "cafe.v1.GripperService",
  servedBy: [],
  methods: [method("Grip", "gripper:actuate", ["leader/*"]), method("Watch", "gripper:observe")],
};
const coffee: ServedService = { name: "cafe.v1.CoffeeService", servedBy: [], methods: [method("Brew", "coffee:brew")] };
const fleet: KnownFleet = { services: [gripper, coffee], identities: ["leader/1", "gripper/1", "worker/*"] };

function lint(yaml: string, known: KnownFleet = fleet): string[] {
  return lintGrants(locateGrants(yaml), known).map(({ id, line, column, length, message, remedy }) => {
    const shown = yaml.split("\n")[line - 1]?.slice(column - 1, column - 1 + length);
    return `${line}:${column} ${shown} | ${id} | ${message} | ${remedy}`;
  });
}

const cases: readonly [what: string, yaml: string, expected: readonly RegExp[]][] = [
  [
    "nothing in grants that fit",
    "grants:\n  leader/1: {cafe.v1.GripperService: [gripper:actuate, gripper:observe, 'token:exchange']}\n  worker/7: {cafe.v1.CoffeeService: [coffee:brew]}",
    [],
  ],
  [
    "an unknown service",
    "grants:\n  leader/1:\n    cafe.v1.GriperService: [gripper:observe, gripper:actuate]\n    other.v1.GripperService: [a:b]\n    nothing.Like: [a:b]",
    [
      /^3:5 cafe\.v1\.GriperService \| unknown-service \| .* \| did you mean cafe\.v1\.GripperService\?$/,
      /^4:5 .* \| did you mean cafe\.v1\.GripperService\?$/,
      /^5:5 nothing\.Like .* \| check its name/,
    ],
  ],
  [
    "an unknown scope",
    "grants:\n  leader/1:\n    cafe.v1.GripperService: [gripper:actaute, 'some:thing']",
    [
      /^3:30 gripper:actaute \| unknown-scope .*did you mean gripper:actuate\?$/,
      /it has gripper:actuate, gripper:observe$/,
    ],
  ],
  [
    "a scope of another service",
    "grants:\n  leader/1:\n    cafe.v1.GripperService: ['coffee:brew']",
    [/^3:30 'coffee:brew' \| scope-of-another-service .* \| move it below cafe\.v1\.CoffeeService$/],
  ],
  [
    "a bot that is not known",
    "grants:\n  laeder/1:\n    cafe.v1.GripperService: [gripper:observe]\n  'lift/*': {cafe.v1.CoffeeService: [coffee:brew]}",
    [
      /^2:3 laeder\/1 \| unknown-identity .* \| did you mean leader\/1\?$/,
      /^4:3 'lift\/\*' .*interlock invite 'lift\/\*'$/,
    ],
  ],
  [
    "a condition that has no effect, or is for no request",
    "grants:\n  leader/1:\n    cafe.v1.GripperService: [{scope: 'gripper:observe', where: x}, 'gripper:observe', {scope: 'token:exchange', where: x}]",
    [
      /^3:38 'gripper:observe' \| shadowed-grant \| the condition has no effect: leader\/1 has gripper:observe without one, by line 3/,
      /^3:\d+ x \| unsound-condition \| token:exchange is held for every token, or not at all \| correct the condition, or leave/,
    ],
  ],
  [
    "a narrower condition below a pattern that has none",
    "grants:\n  leader/*:\n    cafe.v1.GripperService: [gripper:observe]\n  leader/1:\n    cafe.v1.GripperService: [{scope: 'gripper:observe', where: x}]",
    [/^5:38 .* \| shadowed-grant \| the condition has no effect: leader\/1 has gripper:observe without one, by line 3/],
  ],
  [
    "nothing in conditions of a pattern and a name, and of one beside a broader condition",
    "grants:\n  leader/*:\n    cafe.v1.GripperService: [{scope: 'gripper:observe', where: x}]\n  leader/1:\n    cafe.v1.GripperService: [gripper:observe]",
    [],
  ],
  [
    "a grant that the callers make useless",
    "grants:\n  gripper/1:\n    cafe.v1.GripperService: [gripper:actuate]\n  '*/1': {cafe.v1.GripperService: [gripper:actuate]}",
    [/^3:30 gripper:actuate \| shadowed-grant/, /^3:30 gripper:actuate \| useless-grant .* for leader\/\* only/],
  ],
  [
    "a grant that is there twice, or covered by another",
    "grants:\n  'worker/**': {cafe.v1.CoffeeService: [coffee:brew]}\n  'worker/*': {cafe.v1.CoffeeService: [coffee:brew, coffee:brew]}",
    [
      /^3:40 coffee:brew \| shadowed-grant \| .* by worker\/\*\* in line 2/,
      /^3:53 coffee:brew \| duplicate-grant .* line 3/,
    ],
  ],
];

describe("lintGrants", () => {
  for (const [what, yaml, expected] of cases) {
    it(`finds ${what}`, () => {
      const found = lint(yaml);
      assert.equal(found.length, expected.length, found.join("\n"));
      for (const pattern of expected)
        assert.ok(
          found.some((line) => pattern.test(line)),
          `${pattern}\n${found.join("\n")}`,
        );
    });
  }

  it("judges no service without a manifest, and no identity before there is a bot, or where bots are not known", () => {
    const yaml = "grants:\n  nobody/1: {some.v1.Service: [a:b]}";
    assert.deepEqual(lint(yaml, { services: [], identities: ["operator/me", "interlock/authority"] }), []);
    assert.deepEqual(lint(yaml, { services: [] }), []);
    assert.equal(lint(yaml).length, 2);
  });

  it("knows a scope that any version of a service needs", () => {
    const newer = { ...coffee, methods: [method("Clean", "coffee:clean")] };
    const yaml = "grants:\n  leader/1: {cafe.v1.CoffeeService: [coffee:brew, coffee:clean]}";
    assert.deepEqual(lint(yaml, { ...fleet, services: [coffee, newer] }), []);
  });

  it("is bounded: 1,000 findings for the largest file", () => {
    const lines = Array.from({ length: 7_000 }, (_, i) => `  'a${i}/*': {a.S${i % 700}: [a:b${i}]}`);
    const services = Array.from({ length: 256 }, (_, i) => ({ ...coffee, name: `b.S${i}` }));
    const identities = Array.from({ length: 5_000 }, (_, i) => `b${i}/1`);
    const found = lint(`grants:\n${lines.join("\n")}`, { services, identities });
    assert.equal(found.length, 1_000);
  });
});

describe("didYouMean", () => {
  it("finds what differs in a few characters, and nothing else", () => {
    const candidates = ["gripper:actuate", "gripper:observe", "a:b"];
    for (const [text, expected] of [
      ["gripper:actaute", "gripper:actuate"],
      ["griper:observ", "gripper:observe"],
      ["GRIPPER:observe", "gripper:observe"],
      ["gripper:xxxxxve", undefined],
      ["a:c", "a:b"],
      ["c", undefined],
      ["x".repeat(300), undefined],
    ] as const)
      assert.equal(didYouMean(text, candidates), expected, text);
  });

  it("takes the nearest one, the first of several", () => {
    assert.equal(didYouMean("abcdefgh", ["abcdefxx", "abcdefgx", "abcdefgy"]), "abcdefgx");
  });

  it("has conditions that do not fit the request of a method", () => {
    const yaml = "grants:\n  leader/1:\n    cafe.v1.GripperService: [{scope: 'gripper:actuate', where: nwtons <= 5}]";
    const problems = [
      { method: "/cafe.v1.GripperService/Grip", problem: "there is no field nwtons" },
      { method: "/cafe.v1.GripperService/Hold", problem: "there is no field nwtons" },
    ];
    const asked: unknown[] = [];
    const found = lint(yaml, {
      ...fleet,
      conditionFaults(grant) {
        asked.push(grant.where);
        return problems;
      },
    });
    assert.deepEqual(asked, ["nwtons <= 5"]);
    assert.equal(found.length, 1);
    assert.match(
      found[0] ?? "",
      /^3:\d+ nwtons <= 5 \| unsound-condition \| for \/cafe\.v1\.GripperService\/Grip \(and 1 more\), there is no field nwtons \| correct the condition, or give/,
    );
  });
});
