import assert from "node:assert/strict";
import type { Policy } from "@interlock/policy";
import { cafe, cafeProject, coffee, gripper } from "../testing/cafe-in-order.js";
import { ago, days, now, policy, usage } from "../testing/pieces.js";
import { githubAnnotations } from "./annotations.js";
import { findApprovals, newApprovals } from "./approvals.js";
import { type GateInputs, runGate } from "./run-gate.js";

const { project: base, grantsFile, fleet } = cafe();

const gate = (inputs: Partial<GateInputs>) => runGate({ now, head: base, base, grantsFile, fleet, ...inputs });
const found = (inputs: Partial<GateInputs>) => gate(inputs).findings.map(({ rule, subject }) => `${rule} ${subject}`);

/** The cafe with one more method, as the base or the head. */
const withBoil = (of: Partial<Policy> = {}) => cafeProject({ coffeeMethods: { Boil: policy([], of) } });
const gripAs = (of: Partial<Policy>) =>
  cafeProject({
    gripperMethods: {
      Grip: policy(["gripper:actuate"], { risk: "high", rate: { perSecond: 10, burst: 10 }, callers: [], ...of }),
    },
  });

describe("the gate", () => {
  it("lets a change pass that changes nothing, adds a method, or tightens a policy", () => {
    for (const head of [
      base,
      withBoil(),
      gripAs({ risk: "critical", callers: ["coffee/*"], rate: { perSecond: 1, burst: 1 } }),
    ])
      assert.deepEqual(gate({ head }), { findings: [], unjudged: [] });
  });

  it("refuses the removal of a method that is not past its sunset", () => {
    const removal = `removed-early ${coffee}/Boil`;
    assert.deepEqual(found({ base: withBoil() }), [removal]);
    assert.deepEqual(found({ base: withBoil({ deprecation: { since: "2026-01-01" } }) }), [removal]);
    assert.deepEqual(found({ base: withBoil({ deprecation: { since: "2026-01-01", sunset: "2026-06-02" } }) }), [
      removal,
    ]);
    assert.deepEqual(found({ base: withBoil({ deprecation: { since: "2026-01-01", sunset: "2026-06-01" } }) }), []);
  });

  it("refuses the removal of a method that is still called, and cannot judge without the authority", () => {
    const past = withBoil({ deprecation: { since: "2026-01-01", sunset: "2026-05-01" } });
    const called = (more: Parameters<typeof usage>[2]) => ({
      ...fleet,
      usage: [...fleet.usage, usage(`${coffee}/Boil`, "arm/1", more)],
    });
    const refused = `removed-in-use ${coffee}/Boil`;
    assert.deepEqual(found({ base: past, fleet: called({}) }), [refused]);
    assert.deepEqual(found({ base: past, fleet: called({ denial: "METHOD_SUNSET" }) }), [refused]);
    assert.deepEqual(found({ base: past, fleet: called({ denial: "SCOPE_MISSING" }) }), []);
    // A scan that proves that it is gone, and a bot that could not call it anyway, do not keep it alive.
    assert.deepEqual(found({ base: past, fleet: called({ denial: "METHOD_SUNSET", caller: "operator/ada" }) }), []);
    const scoped = cafeProject({
      coffeeMethods: { Boil: policy(["coffee:boil"], { deprecation: { since: "2026-01-01", sunset: "2026-05-01" } }) },
    });
    assert.deepEqual(found({ base: scoped, fleet: called({ denial: "METHOD_SUNSET" }) }), []);
    assert.deepEqual(found({ base: past, fleet: called({ lastAt: ago(days(8)) }) }), []);
    assert.deepEqual(gate({ base: past, fleet: undefined }), {
      findings: [],
      unjudged: [`whether ${coffee}/Boil, which was removed, still has callers`],
    });
  });

  it("cannot judge a removal while calls of the service may not be counted", () => {
    const past = withBoil({ deprecation: { since: "2026-01-01", sunset: "2026-05-01" } });
    const whether = `whether ${coffee}/Boil, which was removed, still has callers`;
    const servers = fleet.servers.map((one) => (one.service === coffee ? { ...one, uncountedAt: ago(days(1)) } : one));
    const uncounted = gate({ base: past, fleet: { ...fleet, servers } });
    assert.deepEqual(uncounted.findings, []);
    assert.match(uncounted.unjudged.join(), new RegExp(`^${whether}: coffee/1 has served it without counting`));
    const unreported = gate({ base: past, fleet: { ...fleet, servers: [] } });
    assert.match(unreported.unjudged.join(), new RegExp(`^${whether}: ${coffee} has no server that has ever reported`));
  });

  it("refuses a method past its sunset that is still declared", () => {
    assert.deepEqual(found({ head: withBoil({ deprecation: { since: "2026-01-01", sunset: "2026-05-01" } }) }), [
      `past-sunset ${coffee}/Boil`,
    ]);
  });

  it("refuses a scope that nobody is granted, and a grant of a scope that does not exist", () => {
    const head = cafeProject({ coffeeMethods: { Descale: policy(["coffee:maintain"]) } });
    assert.deepEqual(found({ head }), [`scope-nobody-granted ${coffee} coffee:maintain`]);
    const renamed = cafeProject({ gripperMethods: { WatchForce: policy(["gripper:watch"]) } });
    assert.deepEqual(found({ head: renamed, base: undefined }).sort(), [
      `grant-of-unknown-scope coffee/* ${gripper} gripper:observe`,
      `scope-nobody-granted ${gripper} gripper:watch`,
    ]);
    assert.deepEqual(gate({ grantsFile: undefined, fleet: undefined }).unjudged, [
      "whether every scope is granted to a bot, without a grants file",
    ]);
    assert.deepEqual(gate({ grantsFile: undefined }), { findings: [], unjudged: [] });
  });

  for (const [what, head] of Object.entries({
    "any bot": gripAs({ scopes: [], anyBot: true }),
    "a lower risk": gripAs({ risk: "medium" }),
    "a higher rate": gripAs({ rate: { perSecond: 11, burst: 10 } }),
    "a higher burst": gripAs({ rate: { perSecond: 10, burst: 11 } }),
    "another scope": gripAs({ scopes: ["gripper:observe"] }),
  })) {
    it(`refuses ${what}, unless a line approves it`, () => {
      const loosened = (inputs: Partial<GateInputs> = {}) =>
        found({ head, ...inputs }).filter((one) => one.startsWith("unapproved"));
      assert.deepEqual(loosened(), [`unapproved-loosening ${gripper}/Grip`]);
      const approvals = findApprovals(
        `// interlock:approve loosen ${gripper}/Grip — The safety board agreed.`,
        "a.proto",
      );
      assert.deepEqual(loosened({ approvals }), []);
      assert.equal(
        loosened({ approvals: newApprovals(approvals, approvals) }).length,
        1,
        "it was spent on an earlier change",
      );
    });
  }

  it("refuses wider callers, and more bots that may serve a service", () => {
    const narrow = gripAs({ callers: ["coffee/1"] });
    assert.deepEqual(found({ base: narrow, head: gripAs({ callers: ["coffee/*"] }) }), [
      `unapproved-loosening ${gripper}/Grip`,
    ]);
    assert.deepEqual(found({ base: narrow, head: gripAs({ callers: [] }) }), [`unapproved-loosening ${gripper}/Grip`]);
    const servedBy = (...patterns: string[]) => ({
      services: base.services.map((one) => (one.name === gripper ? { ...one, servedBy: patterns } : one)),
    });
    assert.deepEqual(found({ base: servedBy("gripper/*"), head: servedBy("gripper/*", "arm/1") }), [
      `unapproved-loosening ${gripper}`,
    ]);
    assert.deepEqual(found({ base: servedBy("gripper/*"), head: servedBy() }), [`unapproved-loosening ${gripper}`]);
    assert.deepEqual(found({ base: servedBy("gripper/*"), head: servedBy("gripper/1") }), []);
    assert.deepEqual(found({ base: servedBy(), head: servedBy("gripper/1") }), []);
  });

  it("refuses that a service needs no gateway any more, or has more of them", () => {
    const via = (...patterns: string[]) => ({
      services: base.services.map((one) => (one.name === gripper ? { ...one, via: patterns } : one)),
    });
    assert.deepEqual(found({ base: via("gateway/*"), head: base }), [`unapproved-loosening ${gripper}`]);
    assert.deepEqual(found({ base: via("gateway/*"), head: via() }), [`unapproved-loosening ${gripper}`]);
    assert.deepEqual(found({ base: via("gateway/1"), head: via("gateway/*") }), [`unapproved-loosening ${gripper}`]);
    assert.deepEqual(found({ base: via("gateway/*"), head: via("gateway/*", "arm/1") }), [
      `unapproved-loosening ${gripper}`,
    ]);
    assert.deepEqual(found({ base: via("gateway/*"), head: via("gateway/1") }), []);
    assert.deepEqual(found({ base, head: via("gateway/*") }), []);
  });
});

describe("approval lines", () => {
  it("are looked for in no time, whatever a line holds", () => {
    const start = performance.now();
    const text = `// interlock:approve loosen cafe.v1.A/B — It${" ".repeat(100_000)}x\n`;
    assert.deepEqual(findApprovals(text.repeat(3), "a.proto"), []);
    const short = `// interlock:approve loosen cafe.v1.A/B — It${" ".repeat(1_900)}x\n`;
    assert.equal(findApprovals(short.repeat(3), "a.proto").length, 3);
    assert.deepEqual(findApprovals("/* interlock:approve loosen cafe.v1.A/B — */", "a.proto"), []);
    assert.ok(performance.now() - start < 1_000);
  });

  it("need a method and a reason", () => {
    const text = [
      "// interlock:approve loosen cafe.v1.A/B — It is safe.",
      "  # interlock:approve loosen cafe.v1.A/C: as agreed",
      "/* interlock:approve loosen cafe.v1.A/D - short */",
      "// interlock:approve loosen cafe.v1.A/E —",
      "// interlock:approve loosen cafe.v1.A/F",
      "interlock:approve loosen cafe.v1.A/G — no comment",
    ].join("\n");
    assert.deepEqual(
      findApprovals(text, "a.proto").map(
        ({ method, reason, place }) => `${place.line}:${place.column} ${method} ${reason}`,
      ),
      ["1:4 cafe.v1.A/B It is safe.", "2:5 cafe.v1.A/C as agreed", "3:4 cafe.v1.A/D short"],
    );
  });
});

describe("annotations of GitHub", () => {
  it("escape what would end a command", () => {
    const place = { file: "a,b:c.proto", line: 3, column: 5 };
    const finding = {
      rule: "a",
      severity: "high",
      subject: "s",
      message: "100 %\n::error::x",
      evidence: [],
      remedy: "r",
      place,
    } as const;
    assert.deepEqual(githubAnnotations([finding, { ...finding, place: undefined }]), [
      "::error file=a%2Cb%3Ac.proto,line=3,col=5,title=a::100 %25%0A::error::x%0Ar",
      "::error title=a::100 %25%0A::error::x%0Ar",
    ]);
    assert.equal(githubAnnotations(Array(51).fill(finding)).length, 50);
  });
});
