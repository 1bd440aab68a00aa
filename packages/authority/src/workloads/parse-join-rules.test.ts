import assert from "node:assert/strict";
import { maximumIssuers, maximumJoinRulesLength, maximumRules, parseJoinRules } from "./parse-join-rules.js";

const issuer = "https://kubernetes.default.svc.cluster.local";
const account = "system:serviceaccount:plant:arm";
const rules = (more: object = {}, rule: object = {}, from: object = {}) =>
  JSON.stringify({
    issuers: [{ issuer, keys: "jwks.json", ...from }],
    joins: [{ issuer, account, name: "arm/*", ...rule }],
    ...more,
  });

describe("parseJoinRules", () => {
  it("reads issuers and rules", () => {
    const yaml = `
# The cluster of the plant.
issuers:
  - issuer: ${issuer}
    keys: https://kubernetes.default.svc/openid/v1/jwks
    ca: /var/run/secrets/kubernetes.io/serviceaccount/ca.crt
    token: /var/run/secrets/kubernetes.io/serviceaccount/token
joins:
  - { issuer: "${issuer}", account: "${account}", name: "arm/*" }
  - { issuer: "${issuer}", account: "system:serviceaccount:plant:gate", name: gate/1 }
`;
    const { issuers, joins } = parseJoinRules(yaml);
    assert.deepEqual(issuers, [
      {
        issuer,
        keys: "https://kubernetes.default.svc/openid/v1/jwks",
        caFile: "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt",
        tokenFile: "/var/run/secrets/kubernetes.io/serviceaccount/token",
      },
    ]);
    assert.deepEqual(
      joins.map(({ name }) => name),
      ["arm/*", "gate/1"],
    );
  });

  const refused: [what: string, yaml: string, message: RegExp][] = [
    ["no YAML", "issuers: [", /not YAML/],
    ["aliases", "issuers: &a [1]\njoins: *a", /not YAML|alias/i],
    ["a list", "[]", /must have the keys issuers, joins/],
    ["nothing", "", /must have the keys/],
    ["an unknown key", rules({ grants: {} }), /"grants" is not known/],
    ["an unknown key of a rule", rules({}, { audience: "x" }), /joins\[0\]: the key "audience" is not known/],
    ["no joins", rules({ joins: [] }), /joins must be a list/],
    ["an issuer that is not there", rules({}, { issuer: "https://evil.example" }), /not one of the issuers above/],
    ["every account of a namespace", rules({}, { account: "system:serviceaccount:plant:*" }), /without wildcards/],
    ["every namespace", rules({}, { account: "system:serviceaccount:*:arm" }), /without wildcards/],
    ["a user", rules({}, { account: "alice" }), /system:serviceaccount/],
    ["a number", rules({}, { account: 1 }), /joins\[0\]\.account/],
    ["every name", rules({}, { name: "**" }), /lower case/],
    ["only the pod's name", rules({}, { name: "*" }), /lower case/],
    ["a star in the middle", rules({}, { name: "arm/*/left" }), /lower case/],
    ["upper case", rules({}, { name: "Arm/*" }), /lower case/],
    ["an operator", rules({}, { name: "operator/ci" }), /operators/],
    ["all operators", rules({}, { name: "operator/*" }), /operators/],
    ["the authority", rules({}, { name: "interlock/authority" }), /operators/],
    ["keys over http", rules({}, {}, { keys: "http://k8s/jwks" }), /https URL/],
    ["keys with a password", rules({}, {}, { keys: "https://a:b@k8s/jwks" }), /https URL/],
    ["a CA for a file", rules({}, {}, { ca: "ca.crt" }), /for keys at a URL/],
    ["a file that is too long", `#${"x".repeat(maximumJoinRulesLength)}`, /longer than/],
    [
      "a whole name for two accounts",
      rules({
        joins: ["a", "b"].map((name) => ({ issuer, account: `system:serviceaccount:plant:${name}`, name: "gate/1" })),
      }),
      /another account has that name/,
    ],
    [
      "two rules for an account",
      rules({ joins: ["a/*", "b/*"].map((name) => ({ issuer, account, name })) }),
      /the account has a rule already/,
    ],
  ];
  for (const [what, yaml, message] of refused) {
    it(`refuses ${what}`, () => assert.throws(() => parseJoinRules(yaml), { code: "INVALID_ARGUMENT", message }));
  }

  it("takes as many issuers and rules as its bounds, and not one more", () => {
    const issuers = (n: number) => Array.from({ length: n }, (_, i) => ({ issuer: i ? `x${i}` : issuer, keys: "k" }));
    const joins = (n: number) =>
      Array.from({ length: n }, (_, i) => ({ issuer, account: `system:serviceaccount:plant:a${i}`, name: "a/*" }));
    const atBound = JSON.stringify({ issuers: issuers(maximumIssuers), joins: joins(maximumRules) });
    assert.equal(parseJoinRules(atBound).joins.length, maximumRules);
    assert.throws(() => parseJoinRules(rules({ issuers: issuers(maximumIssuers + 1) })), /more than 16/);
    assert.throws(() => parseJoinRules(rules({ joins: joins(maximumRules + 1) })), /more than 1000/);
  });
});
