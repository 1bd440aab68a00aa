import assert from "node:assert/strict";
import { InterlockError } from "@interlock/bot";
import { maximumMethods } from "@interlock/bot/internal";
import { type Allowed, allowedAt, narrow, parseAllowed, type WantedPart } from "./allowed.js";

const marker = "token:delegate";
const held: Allowed = [
  { service: "a.A", scopes: ["item:read", "item:write", marker] },
  { service: "b.B", scopes: ["item:read", "other:read"], methods: ["Get", "List"] },
  { service: "c.C", scopes: [marker] },
];
const part = (given: Partial<WantedPart>): WantedPart => ({
  scopes: ["item:read"],
  services: [],
  methods: [],
  ...given,
});
const take = (given: Partial<WantedPart>, from = held) => narrow(from, part(given), marker);

describe("narrow", () => {
  const rows: Readonly<Record<string, readonly [Partial<WantedPart>, Allowed]>> = {
    "a scope, everywhere where it is held": [
      {},
      [
        { service: "a.A", scopes: ["item:read"] },
        { service: "b.B", scopes: ["item:read"], methods: ["Get", "List"] },
      ],
    ],
    "a scope at a named service": [{ services: ["a.A"] }, [{ service: "a.A", scopes: ["item:read"] }]],
    "a scope that only one service has": [
      { scopes: ["other:read"] },
      [{ service: "b.B", scopes: ["other:read"], methods: ["Get", "List"] }],
    ],
    "the marker beside a scope, but not alone": [
      { scopes: ["item:read", marker], services: [] },
      [
        { service: "a.A", scopes: ["item:read", marker] },
        { service: "b.B", scopes: ["item:read"], methods: ["Get", "List"] },
      ],
    ],
    "methods of a service that is held whole, in order and once": [
      { methods: ["a.A/Write", "a.A/Read", "a.A/Write"] },
      [{ service: "a.A", scopes: ["item:read"], methods: ["Read", "Write"] }],
    ],
    "a method of those that are held": [
      { methods: ["b.B/List"] },
      [{ service: "b.B", scopes: ["item:read"], methods: ["List"] }],
    ],
    "methods of two services": [
      { methods: ["b.B/Get", "a.A/Read"] },
      [
        { service: "a.A", scopes: ["item:read"], methods: ["Read"] },
        { service: "b.B", scopes: ["item:read"], methods: ["Get"] },
      ],
    ],
    "a named service of which no method is named is left out": [
      { services: ["a.A", "b.B"], methods: ["b.B/Get"] },
      [{ service: "b.B", scopes: ["item:read"], methods: ["Get"] }],
    ],
  };
  for (const [what, [wanted, expected]] of Object.entries(rows)) {
    it(`takes ${what}`, () => assert.deepEqual(take(wanted), expected));
  }

  const wider: Readonly<Record<string, readonly [Partial<WantedPart>, needed: string, held: string]>> = {
    "a scope": [
      { scopes: ["item:read", "item:erase"] },
      "item:erase",
      "item:read item:write other:read token:delegate",
    ],
    "a scope that another service has": [
      { scopes: ["other:read"], services: ["a.A"] },
      "other:read",
      "item:read item:write token:delegate",
    ],
    "two services": [{ services: ["x.X", "a.A", "y.Y"] }, "x.X y.Y", "a.A b.B c.C"],
    "a method": [{ methods: ["b.B/Get", "b.B/Put"] }, "Put", "Get List"],
    "a method of a service that is not held": [{ methods: ["x.X/Get"] }, "x.X", "a.A b.B"],
    "a method of a service that is not named": [{ services: ["a.A"], methods: ["b.B/Get"] }, "b.B", "a.A"],
    "a service at which none of the scopes is held": [
      { services: ["a.A", "b.B"], scopes: ["other:read"] },
      "a.A",
      "b.B",
    ],
    "a service at which the marker alone would be left": [
      { services: ["a.A", "c.C"], scopes: ["item:read", marker] },
      "c.C",
      "a.A",
    ],
    "the marker alone": [{ scopes: [marker] }, marker, ""],
  };
  for (const [what, [wanted, needed, has]] of Object.entries(wider)) {
    it(`refuses what is not held, and says it: ${what}`, () => {
      assert.throws(
        () => take(wanted),
        (error) => {
          assert.ok(error instanceof InterlockError);
          assert.equal(error.reason, "SCOPE_WIDENED");
          assert.deepEqual([error.metadata.needed, error.metadata.held], [needed, has]);
          if (what !== "the marker alone")
            assert.ok(error.message.includes(`${needed.replace(" ", ", ")} is not held`));
          return true;
        },
      );
    });
  }
});

describe("allowedAt", () => {
  it("is what a delegation allows at a service, or nothing", () => {
    assert.equal(allowedAt(held, "b.B"), held[1]);
    assert.equal(allowedAt(held, "b"), undefined);
  });
});

describe("parseAllowed", () => {
  it("reads what was stored", () => {
    const most = { service: "d.D", scopes: [], methods: Array.from({ length: maximumMethods }, (_, i) => `M${i}`) };
    for (const allowed of [held, [], [most]]) assert.deepEqual(parseAllowed(JSON.stringify(allowed)), allowed);
  });

  for (const json of [
    ...["{}", "null", '"a"', "[null]", "[1]", "[[]]", '[{"service":"a.A"}]', '[{"scopes":[]}]'],
    ...['[{"service":1,"scopes":[]}]', '[{"service":"a.A","scopes":"item:read"}]', '[{"service":"a.A","scopes":[1]}]'],
    ...['[{"service":"a.A","scopes":["a",1]}]', '[{"service":"a.A","scopes":[],"methods":"Get"}]'],
    ...['[{"service":"a.A","scopes":[],"methods":null}]', '[{"service":"a.A","scopes":[],"methods":["Get",1]}]'],
    '[{"service":"a.A","scopes":[]},{}]',
    JSON.stringify([{ service: "a.A", scopes: [], methods: Array(maximumMethods + 1).fill("Get") }]),
  ]) {
    it(`refuses ${json.slice(0, 70)}`, () => {
      assert.throws(() => parseAllowed(json), { message: "A stored delegation is malformed." });
    });
  }
});
