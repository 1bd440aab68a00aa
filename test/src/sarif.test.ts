import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import {
  type AuditInputs,
  parseAuditFile,
  parseBaseline,
  runAudit,
  type ScannedPort,
  toSarif,
  writeBaseline,
} from "@interlock/audit";
import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";

/** The folder of Microsoft's validator, which has the schema, too. It is there on Linux only. */
function findMultitool(): string | undefined {
  try {
    return dirname(createRequire(import.meta.url).resolve("@microsoft/sarif-multitool-linux/package.json"));
  } catch {
    return undefined;
  }
}

const openPort = (address: string): ScannedPort => ({
  address,
  protocol: "grpc",
  answersWithoutToken: "yes",
  open: ["grpc.reflection.v1.ServerReflection", "grpc.channelz.v1.Channelz"],
  services: ["cafe.v1.Forgotten"],
  sentences: ["Everybody may call it."],
});

/** A fleet with findings that have a place of their own, and with findings that have none. */
const inputs: AuditInputs = {
  now: Date.parse("2026-06-01"),
  project: {
    services: [
      {
        name: "cafe.v1.CoffeeService",
        servedBy: [],
        place: { file: "protos/cafe v1/coffee.proto", line: 4, column: 1 },
        methods: [
          {
            name: "Brew",
            path: "/cafe.v1.CoffeeService/Brew",
            kind: "unary",
            policy: {
              scopes: [],
              anyBot: true,
              purpose: "Brew.",
              risk: "high",
              dataClasses: ["personal"],
              callers: [],
              deprecation: { since: "2026-01-01", sunset: "2026-05-01" },
            },
            place: { file: "protos/cafe v1/coffee.proto", line: 5, column: 3 },
          },
        ],
      },
    ],
  },
  scan: { startedAt: 0, endedAt: 1, targets: ["127.0.0.1"], ports: [openPort("127.0.0.1:1"), openPort("127.0.0.1:2")] },
};

const { suppressions } = parseAuditFile(
  "suppressions:\n  - {rule: open-channelz, subject: '127.0.0.1:*', reason: A test., expires: 2026-12-31}\n  - {rule: past-sunset, subject: none, reason: A test., expires: 2026-01-31}\n",
  "interlock.audit.yaml",
);

function sarif() {
  const baseline = parseBaseline(writeBaseline(runAudit(inputs).findings.slice(0, 2)));
  const report = runAudit(inputs, { suppressions, baseline });
  assert.ok(report.findings.length > 8 && report.suppressed.length === 2);
  return toSarif(report, { version: "0.1.0", fallback: "grants.yaml", hasBaseline: true });
}

describe("the SARIF of an audit", () => {
  const multitool = findMultitool();

  before(function () {
    if (multitool) return;
    console.log("    the SARIF multitool is not installed here: the schema and its rules are not checked");
    this.skip();
  });

  it("passes the schema of SARIF 2.1.0", async () => {
    const schema = JSON.parse(await readFile(join(multitool ?? "", "sarif-2.1.0.json"), "utf8"));
    const ajv = new Ajv2020({ strict: false, allErrors: true });
    formats.default(ajv);
    const validate = ajv.compile(schema);
    assert.ok(validate(JSON.parse(JSON.stringify(sarif()))), ajv.errorsText(validate.errors));
    // The schema does judge.
    assert.equal(validate({ version: "2.1.0", runs: [{ tool: {} }] }), false);
  });

  it("passes the validation of the multitool without a warning", async () => {
    const folder = await mkdtemp(join(tmpdir(), "interlock-sarif-"));
    try {
      // Install scripts never run here, and this one's makes it executable.
      const tool = join(folder, "multitool");
      await copyFile(join(multitool ?? "", "Sarif.Multitool"), tool);
      await chmod(tool, 0o700);
      const [file, result] = [join(folder, "audit.sarif"), join(folder, "result.sarif")];
      await writeFile(file, JSON.stringify(sarif(), undefined, 2));
      const env = { ...process.env, DOTNET_SYSTEM_GLOBALIZATION_INVARIANT: "1", HOME: folder };
      const args = ["validate", file, "--output", result, "--rule-kind", "Sarif;Ghas"];
      const { stdout } = await promisify(execFile)(tool, args, { env });
      assert.match(stdout, /Analysis completed successfully/);
      assert.doesNotMatch(stdout, /\b(error|warning|note) /, stdout);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it("has a place in a file of the project for every result", () => {
    const [run] = JSON.parse(JSON.stringify(sarif())).runs;
    for (const { locations, ruleIndex, ruleId, partialFingerprints } of run.results) {
      const [{ physicalLocation }] = locations;
      assert.match(
        physicalLocation.artifactLocation.uri,
        /^(protos\/cafe%20v1\/coffee\.proto|grants\.yaml|interlock\.audit\.yaml)$/,
      );
      assert.ok(physicalLocation.region.startLine >= 1);
      assert.equal(run.tool.driver.rules[ruleIndex].id, ruleId);
      assert.match(partialFingerprints["interlockSubject/v1"], /^[0-9a-f]{32}$/);
    }
  });
});
