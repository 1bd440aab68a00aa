import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "../testing/run-command.js";

/** A method that any bot may call, past its sunset. */
const manifest = {
  version: 1,
  services: [
    {
      name: "cafe.v1.CoffeeService",
      servedBy: [],
      methods: [
        {
          name: "Boil",
          path: "/cafe.v1.CoffeeService/Boil",
          kind: "unary",
          policy: {
            ...{ scopes: [], anyBot: true, purpose: "Boil water.", risk: "low", dataClasses: [], callers: [] },
            deprecation: { since: "2020-01-01", sunset: "2020-02-01" },
          },
        },
      ],
    },
  ],
};

describe("interlock audit", () => {
  let folder: string;

  const audit = (...args: readonly string[]) => {
    const env = { ...process.env, INTERLOCK_HOME: join(folder, "home") };
    return runCommand({ cwd: folder, env }, ["audit", "--offline", ...args]);
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "interlock-audit-"));
    await writeFile(join(folder, "interlock.manifest.json"), JSON.stringify(manifest));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it("fails on a new finding only, and writes the reports", async () => {
    const first = await audit("--fail-on", "high", "--sarif", "a.sarif", "--html", "a.html", "--json");
    assert.equal(first.code, 1, first.stderr);
    const { ok, findings, written } = JSON.parse(first.stdout);
    assert.deepEqual(
      [ok, findings[0].rule, findings[0].isNew, written],
      [false, "past-sunset", true, ["a.sarif", "a.html"]],
    );
    assert.equal(JSON.parse(await readFile(join(folder, "a.sarif"), "utf8")).runs[0].results.length, 1);
    assert.match(await readFile(join(folder, "a.html"), "utf8"), /CoffeeService\/Boil is past its sunset/);
    await audit("--baseline", "b.json", "--write-baseline");
    const second = await audit("--baseline", "b.json", "--fail-on", "info");
    assert.equal(second.code, 0);
    assert.match(second.stdout, /Found: 1 high\. 1 of them in the baseline\./);
  });

  it("is quiet about what is suppressed, and does not call it mended", async () => {
    await audit("--keep");
    const subject = "cafe.v1.CoffeeService/Boil";
    const entry = `  - rule: past-sunset\n    subject: ${subject}\n    reason: A test.\n    expires: 2999-01-01\n`;
    await writeFile(join(folder, "interlock.audit.yaml"), `suppressions:\n${entry}`);
    const { code, stdout } = await audit("--fail-on", "info");
    assert.equal(code, 0);
    assert.match(stdout, /Nothing found\. 1 suppressed\./);
    const since = await audit("--since", "last-quarter");
    assert.match(since.stdout, /Mended: 0\n[\s\S]*Suppressed: 1\n.*past its sunset/);
    await writeFile(
      join(folder, "interlock.manifest.json"),
      JSON.stringify(manifest).replaceAll("Boil", "Brew").replace("2020-02-01", "2999-01-01"),
    );
    await rm(join(folder, "interlock.audit.yaml"));
    assert.match((await audit("--since", "last-quarter")).stdout, /Mended: 1\n.*past its sunset/);
  });

  it("says what is wrong with its files", async () => {
    await writeFile(join(folder, "interlock.audit.yaml"), "suppressions: [{rule: no-such-rule}]");
    const { code, stderr } = await audit();
    assert.equal(code, 1);
    assert.match(stderr, /interlock\.audit\.yaml cannot be used:/);
    assert.match((await audit("--decisions", "none.yaml")).stderr, /There is no file none\.yaml/);
  });
});
