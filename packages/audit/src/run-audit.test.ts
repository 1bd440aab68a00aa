import assert from "node:assert/strict";
import { maximumBaselineEntries, parseBaseline, writeBaseline } from "./baseline.js";
import type { Finding } from "./finding.js";
import { failsAt, maximumFindings, runAudit } from "./run-audit.js";
import { AuditFileError } from "./suppressions/audit-file-error.js";
import { maximumEntries, parseAuditFile } from "./suppressions/parse-audit-file.js";
import { cafe, coffee, gripper } from "./testing/cafe-in-order.js";
import { now, port } from "./testing/pieces.js";

/** The cafe with plaintext ports that nobody has reported. */
function withPorts(count: number) {
  const inputs = cafe();
  const more = Array.from({ length: count }, (_, i) => port(`10.0.0.9:${20_000 + i}`, undefined, { tls: undefined }));
  return { ...inputs, scan: { ...inputs.scan, ports: [...inputs.scan.ports, ...more] } };
}

const suppress = (rule: string, subject: string, expires = "2026-12-31") =>
  parseAuditFile(
    `suppressions:\n  - rule: ${rule}\n    subject: "${subject}"\n    reason: It is known.\n    expires: ${expires}\n`,
    "interlock.audit.yaml",
  ).suppressions;

const rulesOf = ({ findings }: { findings: readonly Finding[] }) => findings.map(({ rule }) => rule);

describe("an audit", () => {
  it("orders by severity, and counts", () => {
    const { findings, counts } = runAudit(withPorts(1));
    assert.deepEqual(rulesOf({ findings }), ["plaintext-port", "listening-but-undeclared"]);
    assert.deepEqual([counts.critical, counts.high, counts.low], [1, 1, 0]);
  });

  it("keeps the fingerprint when lines are inserted above, and changes it with the subject", () => {
    const before = runAudit(withPorts(1)).findings;
    const inputs = withPorts(1);
    const moved = inputs.project.services.map((one) => ({
      ...one,
      place: { ...one.place, line: one.place.line + 10 },
    }));
    const after = runAudit({ ...inputs, now: now + 60_000, project: { services: moved } }).findings;
    assert.deepEqual(
      after.map((one) => one.fingerprint),
      before.map((one) => one.fingerprint),
    );
    assert.equal(new Set(before.map((one) => one.fingerprint)).size, 2);
  });

  it("reports new findings only as failures when there is a baseline", () => {
    const known = runAudit(withPorts(1));
    const baseline = parseBaseline(writeBaseline(known.findings));
    assert.equal(failsAt(known, "critical"), true);
    assert.equal(failsAt(runAudit(withPorts(1), { baseline }), "info"), false);
    const more = runAudit(withPorts(2), { baseline });
    assert.equal(failsAt(more, "critical"), true);
    assert.deepEqual(more.findings.map(({ isNew }) => isNew).sort(), [false, false, true, true]);
  });

  it("hides what a suppression is about, with its reason", () => {
    const report = runAudit(withPorts(2), {
      suppressions: [
        ...suppress("plaintext-port", "10.0.0.9:20000"),
        ...suppress("listening-but-undeclared", "10.0.0.9:*"),
      ],
    });
    assert.deepEqual(rulesOf(report), ["plaintext-port"]);
    assert.deepEqual(
      report.suppressed.map(({ subject, reason }) => `${subject} ${reason}`),
      ["10.0.0.9:20000 It is known.", "10.0.0.9:20000 It is known.", "10.0.0.9:20001 It is known."],
    );
  });

  it("finds a suppression that has expired, on its day and not before, and reports again what it hid", () => {
    const suppressions = [
      ...suppress("plaintext-port", "10.0.0.9:20000", "2026-06-01"),
      ...suppress("listening-but-undeclared", "*"),
    ];
    assert.deepEqual(rulesOf(runAudit(withPorts(1), { suppressions })), ["plaintext-port", "expired-suppression"]);
    assert.deepEqual(
      rulesOf(runAudit({ ...withPorts(1), now: Date.parse("2026-05-31T23:59:59Z") }, { suppressions })),
      [],
    );
  });

  it("finds a suppression that hides nothing, unless its rule could not judge", () => {
    const suppressions = suppress("plaintext-port", "10.0.0.9:1");
    const [unused] = runAudit(cafe(), { suppressions }).findings;
    assert.equal(unused?.rule, "unused-suppression");
    assert.deepEqual(unused?.place, { file: "interlock.audit.yaml", line: 2, column: 5 });
    assert.deepEqual(runAudit({ ...cafe(), scan: undefined }, { suppressions }).findings, []);
  });

  it("reports 5,000 findings at most, the worst, and says how many were left out", () => {
    const { findings, leftOut, counts } = runAudit(withPorts(maximumFindings - 1));
    assert.equal(findings.length, maximumFindings);
    assert.equal(leftOut, maximumFindings - 2);
    assert.equal(counts.high, maximumFindings - 1);
    assert.equal(findings.filter(({ severity }) => severity === "critical").length, maximumFindings - 1);
  });

  it("leaves out what is in the baseline before what is new, whatever its severity", () => {
    const inputs = withPorts(maximumFindings / 2);
    const { findings } = runAudit(inputs);
    const baseline = new Set(findings.map(({ fingerprint }) => fingerprint));
    const [old] = inputs.fleet.processes;
    const fleet = { ...inputs.fleet, bots: inputs.fleet.bots.concat({ name: "arm/1", joinedAt: 1 }) };
    const gone = { ...old, bot: "arm/1", online: false, lastSeenAt: now - 3 * 86_400_000, addresses: [], services: [] };
    const processes = [...fleet.processes, gone as (typeof fleet.processes)[number]];
    const report = runAudit({ ...inputs, fleet: { ...fleet, processes } }, { baseline });
    assert.equal(report.findings.length, maximumFindings);
    assert.ok(report.findings.some(({ rule, isNew }) => rule === "vanished-bot" && isNew));
    assert.equal(failsAt(report, "medium"), true);
  });

  it("judges 2,000 bots and 50,000 rows of usage within two seconds", () => {
    const inputs = cafe();
    const { fleet } = inputs;
    const [bot] = fleet.bots;
    const [first] = fleet.processes;
    const [row] = fleet.usage;
    if (!bot || !first || !row) throw new Error("the cafe is empty");
    const names = Array.from({ length: 2_000 }, (_, i) => `coffee/${i + 2}`);
    const large = {
      ...inputs,
      fleet: {
        ...fleet,
        bots: [...fleet.bots, ...names.map((name) => ({ ...bot, name }))],
        processes: [...fleet.processes, ...names.map((name) => ({ ...first, bot: name }))],
        usage: Array.from({ length: 50_000 }, (_, i) => ({
          ...row,
          caller: `coffee/${i % 2_000}`,
          method: i % 2 ? `${gripper}/Grip` : `${gripper}/WatchForce`,
        })),
        servers: [...fleet.servers, ...names.map((name) => ({ bot: name, service: gripper, firstAt: 0, lastAt: now }))],
      },
    };
    const began = process.cpuUsage();
    const { findings } = runAudit(large);
    const { user } = process.cpuUsage(began);
    assert.ok(user < 2_000_000, `${user / 1_000} ms`);
    // The coffee machine's own calls are not on record here.
    assert.deepEqual(
      findings.map(({ subject }) => subject),
      [`${coffee}/Brew`, `${coffee}/Menu`],
    );
  });
});

describe("a baseline", () => {
  const finding = (i: number): Finding => ({
    rule: "a",
    subject: String(i),
    severity: "low",
    message: "",
    evidence: [],
    remedy: "",
  });

  it("has a line for each finding, in an order of its own", () => {
    const lines = writeBaseline([finding(2), finding(1)]);
    assert.equal(lines, writeBaseline([finding(1), finding(2)]));
    assert.equal(lines.trimEnd().split("\n").length, 4);
    assert.equal(parseBaseline(writeBaseline([])).size, 0);
  });

  it("has 10,000 findings at most, and says what is wrong with others", () => {
    const most = Array.from({ length: maximumBaselineEntries }, (_, i) => finding(i));
    assert.equal(parseBaseline(writeBaseline(most)).size, maximumBaselineEntries);
    assert.throws(() => writeBaseline([...most, finding(-1)]), /holds 10000 findings at most/);
    assert.throws(() => parseBaseline('{"version":2,"findings":[]}'), /no baseline of version 1/);
    assert.throws(() => parseBaseline('{"version":1,"findings":[{}]}'), /finding 1 has no fingerprint/);
    assert.throws(() => parseBaseline("null"), /no baseline/);
  });
});

describe("interlock.audit.yaml", () => {
  const faultsOf = (yaml: string) => {
    try {
      parseAuditFile(yaml, "interlock.audit.yaml");
      return [];
    } catch (error) {
      assert.ok(error instanceof AuditFileError);
      return error.faults;
    }
  };
  const entry = "{rule: past-sunset, subject: a, reason: b, expires: 2026-12-31}";

  it("may be empty", () => {
    assert.deepEqual(parseAuditFile("", "f"), { suppressions: [], approvals: [] });
    assert.deepEqual(parseAuditFile("suppressions:\n", "f"), { suppressions: [], approvals: [] });
  });

  it("says every fault with its line", () => {
    assert.deepEqual(
      faultsOf(
        [
          "suppressions:",
          "  - {rule: past-sunset, subject: a, reason: b}",
          "  - {rule: no-such-rule, subject: a, reason: b, expires: 2026-12-31}",
          "  - {rule: past-sunset, subject: a, reason: b, expires: 2026-02-30}",
          "  - {rule: past-sunset, subject: a, reason: '', expires: 2026-12-31}",
          "  - {rule: past-sunset, why: a}",
          "ignore: []",
        ].join("\n"),
      ),
      [
        'line 2: "expires" is missing',
        'line 3: there is no rule "no-such-rule"; docs/rules.md lists them',
        'line 4: "2026-02-30" is not a day; write it as YYYY-MM-DD',
        'line 5: "reason" must be a text',
        'line 6: the key "why" is not known; write rule, subject, reason, expires',
        'line 7: the key "ignore" is not known; the keys are "suppressions" and "approvals"',
      ],
    );
    assert.match(faultsOf("suppressions: [").join(), /^line \d+: /);
    assert.match(faultsOf("suppressions: &a [*a]").join(), /write an entry/);
  });

  it("is bounded", () => {
    const file = (count: number) => `suppressions:\n${`  - ${entry}\n`.repeat(count)}`;
    assert.equal(parseAuditFile(file(maximumEntries), "f").suppressions.length, maximumEntries);
    assert.match(faultsOf(file(maximumEntries + 1)).join(), /more than 1000 entries/);
    assert.match(faultsOf("#".repeat(262_145)).join(), /longer than 262144 characters/);
    assert.deepEqual(faultsOf("#".repeat(262_144)), []);
    assert.match(faultsOf("[".repeat(20_000)).join(), /nested too deeply/);
  });
});
