import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const script = fileURLToPath(new URL("./demo.js", import.meta.url));
const run = promisify(execFile);

describe("the demo", () => {
  it("delivers everything once, and refuses all four attackers", async function () {
    this.timeout(90_000);
    const { stdout } = await run(process.execPath, [script, "--json", "--workers", "4", "--tasks", "12"]);
    const [line = "", ...rest] = stdout.split("\n");
    assert.deepEqual(rest, [""], "one JSON object and nothing else");
    assert.deepEqual(JSON.parse(line), {
      ok: true,
      workers: 4,
      tasks: { submitted: 12, completed: 12, lost: 0, duplicated: 0 },
      denials: [
        { attack: "no-certificate", code: "UNAVAILABLE", reason: "NO_CERTIFICATE" },
        { attack: "other-ca", code: "UNAVAILABLE", reason: "CERTIFICATE_UNTRUSTED" },
        { attack: "missing-scope", code: "PERMISSION_DENIED", reason: "SCOPE_MISSING" },
        { attack: "stolen-token", code: "UNAUTHENTICATED", reason: "TOKEN_SUBJECT_MISMATCH" },
      ],
    });
  });

  it("says what is wrong with its arguments", async () => {
    const wrong = run(process.execPath, [script, "--workers", "many"]);
    await assert.rejects(wrong, { code: 2, stderr: /--workers is "many"/ });
  });
});
