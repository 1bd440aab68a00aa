import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Certificates, makeCertificates } from "./certificates.js";
import { checkRow } from "./check-row.js";
import { foreignRows, quickRows } from "./rows.js";

// Building the Go server takes a minute on a machine that has never built it.
const rows = await foreignRows();

describe("the truth table of a scan", () => {
  let certificates: Certificates;
  before(async () => {
    certificates = await makeCertificates();
  });
  after(() => certificates.remove());
  for (const row of rows) checkRow(row, () => certificates);

  it("stands in the documentation", async () => {
    const page = await readFile(join(import.meta.dirname, "../../../docs/scan.md"), "utf8");
    for (const { name, verdict } of [...quickRows, ...rows].filter(({ verdict }) => verdict.length > 0))
      assert.ok(page.includes(`- **${name}**: ${verdict.join(" ")}\n`), name);
  });
});
