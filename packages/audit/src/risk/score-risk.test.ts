import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import type { Policy } from "@interlock/policy";
import fc from "fast-check";
import type { Scan, ScannedPort } from "../inputs/scan.js";
import { createInventory } from "../inventory/create-inventory.js";
import { cafe, gripper } from "../testing/cafe-fleet.js";
import { ago, type FleetSpec, fleetWith, now, serviceWith } from "../testing/fleet.js";
import { riskTable } from "./risk-table.js";
import { scoreRisk } from "./score-risk.js";

const grip = `${gripper.name}/Grip`;

function risks(change: Partial<FleetSpec> = {}) {
  const inputs = fleetWith({ ...cafe, ...change });
  return scoreRisk(createInventory(inputs), inputs);
}

function risk(name: string, change: Partial<FleetSpec> = {}) {
  const found = risks(change).find((one) => one.name === name);
  assert.ok(found);
  return found;
}

/** The reasons for the score of a method with that policy. */
function reasonsOf(policy: Partial<Policy>, change: Partial<FleetSpec> = {}) {
  const service = serviceWith("x.v1.X", [{ name: "Do", ...policy }]);
  const bots = [...cafe.bots, { name: "x/1", serves: [service], address: "127.0.0.1:1" }];
  const calls = [{ bot: "x/1", method: "x.v1.X/Do", caller: "coffee/1" }];
  const found = risk("x.v1.X/Do", { bots, calls, project: [service], ...change });
  return { ...found, texts: found.reasons.map(({ points, text }) => `${points} ${text}`) };
}

const scanOf = (more: Partial<ScannedPort>): Scan => ({
  startedAt: now,
  endedAt: now,
  targets: [],
  ports: [
    {
      address: "127.0.0.1:1",
      protocol: "grpc",
      answersWithoutToken: "no",
      open: [],
      services: [],
      sentences: [],
      ...more,
    },
  ],
});

describe("scoreRisk", () => {
  it("puts the worst first, each with its reasons", () => {
    const all = risks();
    assert.deepEqual(
      all.map(({ score }) => score),
      all.map(({ score }) => score).sort((a, b) => b - a),
    );
    const { score, reasons, reach } = risk(grip);
    assert.deepEqual([score, reach], [23, { bots: 2, actors: 0 }]);
    assert.deepEqual(reasons, [
      { points: 20, text: "Its policy states a high risk." },
      { points: 2, text: "It reads or returns internal data." },
      { points: 1, text: "2 bots can call it now: coffee/1, coffee/2." },
    ]);
  });

  it("counts risk, the worst data, no rate, and tells the worst case", () => {
    const { texts, worstCase } = reasonsOf({
      risk: "critical",
      dataClasses: ["internal", "secret", "personal"],
      rate: undefined as never,
      worstCase: "All is lost.",
    });
    assert.deepEqual(texts.slice(0, 3), [
      "30 Its policy states a critical risk.",
      "15 It reads or returns secret data.",
      "6 It has no rate of its own: a caller may call it as often as a bot may call at all.",
    ]);
    assert.equal(worstCase, "All is lost.");
  });

  it("counts any_bot, wildcards, and the bots that may act for others", () => {
    assert.match(reasonsOf({ anyBot: true, scopes: [] }).texts[0] ?? "", /^10 Any bot with a valid certificate/);
    assert.match(
      reasonsOf({ anyBot: true, scopes: [], callers: ["coffee/*"] }).texts[0] ?? "",
      /^10 Any bot of coffee/,
    );
    const granted = (identity: string) => ({
      grants: `grants: {'${identity}': {x.v1.X: [thing:use, 'token:exchange']}}`,
    });
    assert.ok(
      reasonsOf({}, granted("**")).texts.includes(
        "8 A scope of it is granted to **: to every bot below, present and future.",
      ),
    );
    const { texts } = reasonsOf({}, granted("coffee/*"));
    assert.ok(texts.includes("3 A scope of it is granted to coffee/*, so to bots that join later, too."));
    assert.ok(texts.includes("4 coffee/1, coffee/2 may act there for the bots that call them, by token:exchange."));
  });

  it("does not count bots that are retired or revoked", () => {
    const bots = cafe.bots.map((bot) => (bot.name === "coffee/2" ? { ...bot, revokedAt: ago(1) } : bot));
    assert.equal(risk(grip, { bots }).reach?.bots, 1);
  });

  it("counts unused, unknown, deprecated, past sunset, undeclared, and a server that is looser", () => {
    const find = (texts: readonly string[], text: RegExp) =>
      assert.ok(
        texts.some((one) => text.test(one)),
        texts.join("\n"),
      );
    find(reasonsOf({}, { calls: [] }).texts, /^10 No call has ever been recorded\. It has been unused for 100 days\./);
    const { project: _, ...unserved } = { ...cafe, bots: [] };
    find(
      reasonsOf({}, { ...unserved, calls: [] }).texts,
      /^4 Whether it is used is not known\. \S+ has no server that has ever reported/,
    );
    find(reasonsOf({ deprecation: { since: "2026-01-01" } }).texts, /^5 It is deprecated since 2026-01-01\./);
    find(
      reasonsOf({ deprecation: { since: "2026-01-01", sunset: "2026-02-01" } }).texts,
      /^12 It is past its sunset of 2026-02-01/,
    );
    find(reasonsOf({}, { project: [gripper] }).texts, /^15 The project does not declare it/);
    const stricter = serviceWith("x.v1.X", [{ name: "Do", scopes: ["thing:use", "thing:more"] }]);
    find(
      reasonsOf({}, { project: [stricter] }).texts,
      /^15 As served by x\/1, Do does not need thing:more; that is looser/,
    );
  });

  it("counts what a scan found, up to its bound", () => {
    const tls = { versions: ["TLSv1.3"], demandsClientCertificate: "no", acceptsForeignCertificate: "yes" } as const;
    const found = reasonsOf({}, { scan: scanOf({ tls, answersWithoutToken: "yes", open: ["grpc.health.v1.Health"] }) });
    assert.deepEqual(found.texts.slice(0, 2), [
      "25 127.0.0.1:1 answers without a token or a certificate.",
      "10 127.0.0.1:1 demands no client certificate.",
    ]);
    const refused = scanOf({
      tls: { ...tls, demandsClientCertificate: "yes", acceptsForeignCertificate: "no" },
      answersWithoutToken: "yes",
      methods: { "/x.v1.X/Do": "refused" },
    });
    assert.ok(
      !reasonsOf({}, { scan: refused }).texts.some((text) => text.includes("without a token or")),
      "that one does not",
    );
    assert.match(reasonsOf({}, { scan: scanOf({}) }).texts[0] ?? "", /^25 127\.0\.0\.1:1 speaks without TLS/);
  });

  it("is at most 100", () => {
    const policy = {
      risk: "critical",
      dataClasses: ["secret"],
      anyBot: true,
      scopes: [],
      rate: undefined as never,
    } as const;
    const { score, reasons } = reasonsOf(policy, { scan: scanOf({}), calls: [], project: [gripper] });
    assert.equal(score, 100);
    assert.ok(reasons.reduce((sum, { points }) => sum + points, 0) > 100);
  });

  it("is never lower with more grants", () => {
    const grant = fc.record({
      identity: fc.constantFrom("**", "coffee/*", "coffee/1", "coffee/2", "gripper/1", "*/1", "later/**"),
      service: fc.constantFrom(...cafe.bots.flatMap(({ serves = [] }) => serves.map(({ name }) => name))),
      scope: fc.constantFrom("gripper:actuate", "gripper:observe", "coffee:brew", "token:exchange"),
    });
    const inputs = fleetWith(cafe);
    const inventory = createInventory(inputs);
    const scores = (grants: unknown) =>
      new Map(
        scoreRisk(inventory, { ...inputs, fleet: { ...inputs.fleet, grants: grants as never } }).map((one) => [
          one.name,
          one.score,
        ]),
      );
    fc.assert(
      fc.property(fc.array(grant, { maxLength: 12 }), fc.array(grant, { maxLength: 12 }), (some, more) => {
        const [before, after] = [scores(some), scores([...some, ...more])];
        for (const [name, score] of before) assert.ok((after.get(name) ?? 0) >= score, name);
      }),
      { numRuns: 200 },
    );
  });

  it("uses the grants of the project without the authority", () => {
    const { fleet: _, ...offline } = fleetWith(cafe);
    const found = scoreRisk(createInventory(offline), { ...offline });
    assert.deepEqual(found.map(({ name }) => name).length, 4);
    assert.equal(found[0]?.reach, undefined, "how many bots there are is not known");
  });
});

describe("docs/risk.md", () => {
  it("has the table of the code", async () => {
    const text = await readFile(new URL("../../../../docs/risk.md", import.meta.url), "utf8");
    const [, table] = /<!-- points -->\n\n([\s\S]*?)\n\n<!-- \/points -->/.exec(text) ?? [];
    const plain = (markdown = "") => markdown.replaceAll(/ *\| */g, "|").replaceAll(/-+/g, "-");
    assert.equal(plain(table), plain(riskTable()), `Put this between the marks:\n\n${riskTable()}\n`);
  });
});
