import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { runCommand } from "./testing/run-command.js";

const policyProtos = resolve(import.meta.dirname, "../../../protos/interlock/policy");
const proto = "protos/cafe/gripper/v1/gripper.proto";

describe("interlock check", function () {
  this.timeout(120_000);
  let folder: string;
  let project: string;
  let original: string;

  const env = { ...process.env, GITHUB_ACTIONS: "", INTERLOCK_HOME: "" };
  const run = (...args: readonly string[]) => runCommand({ cwd: project, env }, args);
  const check = async (...args: readonly string[]) => {
    const { code, stdout } = await run("check", "--json", ...args);
    const { findings = [], unjudged = [], reasons = [] } = JSON.parse(stdout);
    return { code, rules: findings.map(({ rule }: { rule: string }) => rule), findings, unjudged, reasons };
  };
  const edit = async (change: (text: string) => string) => {
    const changed = change(original);
    assert.notEqual(changed, original);
    await writeFile(join(project, proto), changed);
  };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "interlock-check-test-"));
    project = folder;
    await run("init", "cafe");
    project = join(folder, "cafe");
    await mkdir(join(project, "node_modules/@interlock/policy/protos/interlock"), { recursive: true });
    await cp(policyProtos, join(project, "node_modules/@interlock/policy/protos/interlock/policy"), {
      recursive: true,
    });
    original = await readFile(join(project, proto), "utf8");
    const git = (...args: string[]) =>
      promisify(execFile)(
        "git",
        ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main", ...args],
        { cwd: project },
      );
    await git("init", "--quiet");
    await git("add", ".");
    await git("commit", "--quiet", "--message", "first");
  });
  after(() => rm(folder, { recursive: true, force: true }));
  afterEach(() => writeFile(join(project, proto), original));

  it("lets the project of interlock init pass", async () => {
    assert.deepEqual(await check("--against", "HEAD"), { code: 0, rules: [], findings: [], unjudged: [], reasons: [] });
  });

  it("refuses a method without a policy at its line, with an annotation", async () => {
    await edit((text) =>
      text.replace(
        "service GripperService {",
        "service GripperService {\n  rpc Open(GripRequest) returns (GripResponse);",
      ),
    );
    const { code, stdout } = await run("check", "--annotations", "github");
    assert.equal(code, 1);
    const line =
      (await readFile(join(project, proto), "utf8")).split("\n").findIndex((one) => one.includes("rpc Open")) + 1;
    assert.match(stdout, new RegExp(`^::error file=${proto},line=${line},col=\\d+,title=policy-fault::`, "m"));
  });

  it("refuses a removed method, a breaking change and a loosened policy, unless a line approves that", async () => {
    await edit((text) =>
      text
        .replace("rpc WatchForce(", "rpc ObserveForce(")
        .replace(
          /risk: RISK_HIGH/,
          "risk: RISK_LOW // interlock:approve loosen cafe.gripper.v1.GripperService/Grip — It is soft.",
        )
        .replace('scopes: ["gripper:observe"]', "any_bot: true")
        .replace('served_by: ["gripper/*"]', 'served_by: ["gripper/**"]')
        .replace("double newtons = 1", "string newtons = 1"),
    );
    const { code, rules, findings } = await check("--against", "HEAD");
    assert.equal(code, 1);
    assert.deepEqual(rules, ["removed-early", "unapproved-loosening", "grant-of-unknown-scope", "breaking-change"]);
    for (const { place, rule } of findings)
      assert.equal(place.file, rule === "grant-of-unknown-scope" ? "grants.yaml" : proto);
  });

  it("judges files that an archive would leave out, and by the rules of the base revision", async () => {
    const git = (...args: string[]) =>
      promisify(execFile)("git", ["-c", "user.name=a", "-c", "user.email=a@example.com", ...args], { cwd: project });
    const buf = join(project, "buf.yaml");
    const rules = await readFile(buf, "utf8");
    await writeFile(join(project, ".gitattributes"), "*.proto export-ignore\n");
    await git("add", ".gitattributes");
    await git("commit", "--quiet", "--message", "attributes");
    await writeFile(buf, `${rules.replace(/^breaking:[\s\S]*/m, "")}\nbreaking:\n  ignore: [protos/cafe]\n`);
    try {
      await edit((text) =>
        text
          .replace('scopes: ["gripper:observe"]', "any_bot: true")
          .replace("double newtons = 1", "string newtons = 1"),
      );
      const { code, rules: found } = await check("--against", "HEAD");
      assert.equal(code, 1);
      assert.deepEqual(found, ["unapproved-loosening", "grant-of-unknown-scope", "breaking-change"]);
    } finally {
      await writeFile(buf, rules);
    }
  });

  it("cannot judge a change against a revision with its proto files elsewhere", async () => {
    await cp(join(project, "protos"), join(project, "api"), { recursive: true });
    await writeFile(join(project, "api/cafe/gripper/v1/gripper.proto"), original.replace("RISK_HIGH", "RISK_LOW"));
    const buf = join(project, "buf.yaml");
    const rules = await readFile(buf, "utf8");
    await writeFile(buf, rules.replace("path: protos", "path: api"));
    try {
      const { code, unjudged, reasons } = await check("--against", "HEAD", "--protos", "api");
      assert.deepEqual([code, unjudged], [2, ["what has changed since HEAD"]]);
      assert.match(reasons.join(), /its proto files are not in api/);
    } finally {
      await writeFile(buf, rules);
      await rm(join(project, "api"), { recursive: true });
    }
  });

  it("cannot judge whether a method past its sunset has callers while the authority is away", async () => {
    const git = (...args: string[]) =>
      promisify(execFile)("git", ["-c", "user.name=a", "-c", "user.email=a@example.com", ...args], { cwd: project });
    await edit((text) =>
      text.replace(
        "service GripperService {",
        `service GripperService {
  rpc Open(GripRequest) returns (GripResponse) {
    option (interlock.policy.v1.access) = {
      scopes: ["gripper:actuate"]
      purpose: "Open the gripper."
      deprecation: {since: "2020-01-01" sunset: "2020-02-01"}
    };
  }`,
      ),
    );
    await git("commit", "--quiet", "--all", "--message", "with a method past its sunset");
    await writeFile(join(project, proto), original);
    const { code, unjudged, reasons } = await check("--against", "HEAD");
    assert.deepEqual(
      [code, unjudged],
      [2, ["whether cafe.gripper.v1.GripperService/Open, which was removed, still has callers"]],
    );
    assert.match(reasons.join(), /There is no fleet in /);
  });

  it("judges the policies of proto files that one may not edit, at their lines", async () => {
    const git = (...args: string[]) =>
      promisify(execFile)("git", ["-c", "user.name=a", "-c", "user.email=a@example.com", ...args], { cwd: project });
    const overlay = join(project, "policies.yaml");
    const policies = `services:
  vendor.arm.v1.ArmService:
    methods:
      Move:
        any_bot: true
        purpose: Move the arm.
        risk: RISK_HIGH
`;
    await mkdir(join(project, "protos/vendor/arm/v1"), { recursive: true });
    await writeFile(
      join(project, "protos/vendor/arm/v1/arm.proto"),
      'syntax = "proto3";\npackage vendor.arm.v1;\nmessage Pose {}\nservice ArmService {\n  rpc Move(Pose) returns (Pose);\n}\n',
    );
    await writeFile(overlay, policies);
    await git("add", ".");
    await git("commit", "--quiet", "--all", "--message", "with a vendor's service");
    assert.deepEqual((await check("--against", "HEAD")).rules, []);

    const low = policies.replace("RISK_HIGH", "RISK_LOW");
    await writeFile(overlay, low);
    const { rules, findings } = await check("--against", "HEAD");
    assert.deepEqual(rules, ["unapproved-loosening"]);
    assert.deepEqual(findings[0].place, { file: "policies.yaml", line: 4, column: 7 });
    await writeFile(overlay, `${low}# interlock:approve loosen vendor.arm.v1.ArmService/Move — It is soft.\n`);
    assert.deepEqual((await check("--against", "HEAD")).rules, []);

    await writeFile(overlay, policies.replace("Move:", "Mve:"));
    const { code, stdout } = await run("check", "--annotations", "github");
    assert.equal(code, 1);
    assert.match(stdout, /^::error file=policies\.yaml,line=4,col=7,title=policy-fault::/m);
  });
});
