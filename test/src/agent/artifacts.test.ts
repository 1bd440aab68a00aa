import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { certificatesToPem } from "@interlock/bot";
import { installGo } from "../conformance/go-program.js";
import { type AgentStage, agentStage } from "./agent-stage.js";

// The one public tool that checks a fleet's side of SPIFFE: https://github.com/kanywst/spiffe-compliance-checker
const checker = "github.com/kanywst/spiffe-compliance-checker/cmd/scc";
const version = "v0.2.0";

/** How many clauses of the specifications a subject keeps, or not. */
interface Summary {
  readonly passed: number;
  readonly failed: number;
  readonly warnings: number;
}

describe("an identity of the fleet, by spiffe-compliance-checker", function () {
  this.timeout(180_000);
  let program: string;
  let stage: AgentStage;

  before(async function () {
    const given = process.env.INTERLOCK_SCC;
    const found = given === undefined ? await installGo(checker, version) : { path: given };
    if ("missing" in found) {
      console.log(
        `  skipped: scc is not here: go install ${checker}@${version}, and set INTERLOCK_SCC: ${found.missing}`,
      );
      return this.skip();
    }
    program = found.path;
    stage = await agentStage(3_600_000);
  });
  after(() => stage?.end());

  /** Runs the checker. Rejects where a MUST is not kept. */
  async function check(kind: string, subject: string): Promise<Summary> {
    const { stdout } = await promisify(execFile)(program, [kind, "--format", "json", subject]);
    return (JSON.parse(stdout) as { summary: Summary }).summary;
  }

  it("passes every clause: the SPIFFE ID, the certificate, its issuer, the root", async () => {
    const bot = await stage.joinAs("member/1");
    const { chain, spiffeId } = bot.identity.current();
    assert.ok((await check("id", spiffeId.uri)).passed > 0);
    for (const [i, der] of [...chain, ...bot.trust.state.caCertificates].entries()) {
      const file = join(stage.folder, `${i}.pem`);
      await writeFile(file, certificatesToPem([der]));
      const { passed, failed, warnings } = await check("x509-svid", file);
      assert.deepEqual([passed >= 19, failed, warnings], [true, 0, 0], `certificate ${i}`);
    }
    await assert.rejects(check("id", "spiffe://Cafe/member/1"), "the checker itself can fail");
  });
});
