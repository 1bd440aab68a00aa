import assert from "node:assert/strict";
import { join } from "node:path";
import { buildGo } from "../conformance/go-program.js";
import { root } from "../structure/source-graph.js";
import { type AgentStage, agentStage, Echo } from "./agent-stage.js";

/** The life of every certificate, in milliseconds: it is renewed after half of that. */
const lifeMs = 30_000;

describe("a program of go-spiffe, through interlock agent", function () {
  this.timeout(300_000); // Most of it is for the first build.
  let member: string;
  let stage: AgentStage;

  before(async function () {
    const built = await buildGo(join(root, "test/src/agent/member"), join(root, "test/dist/agent/member"));
    if ("missing" in built) {
      console.log(`  skipped: test/src/agent/member needs the Go and the modules of its go.mod: ${built.missing}`);
      return this.skip();
    }
    member = built.path;
    stage = await agentStage(lifeMs);
  });
  after(() => stage?.end());

  it("is given its identity and the CA certificates, and no JWT-SVID", async () => {
    const { endpoint } = await stage.startAgent("member/1");
    const asking = stage.start([member, "agent"], { SPIFFE_ENDPOINT_SOCKET: endpoint });
    await asking.line(/^watched/);
    assert.deepEqual(asking.lines.slice(0, 4), [
      "svid spiffe://cafe/member/1 of 1, chain of 2",
      "bundle cafe of 1",
      "jwt svid Unimplemented",
      "jwt bundles Unimplemented",
    ]);
    assert.match(asking.lines[4] ?? "", /^validate Unimplemented: The agent gives out no JWT-SVIDs/);
    assert.equal(asking.lines[5], "without the header InvalidArgument");
  });

  it("serves a bot, and keeps serving it with new certificates until it is revoked", async () => {
    const { running: agent, endpoint } = await stage.startAgent("member/2");
    const server = stage.start([member, "serve", "127.0.0.1:0"], { SPIFFE_ENDPOINT_SOCKET: endpoint });
    const address = (await server.line(/ serves at /)).split(" at ")[1] as string;
    const caller = await stage.joinAs("caller/1");
    const client = caller.client(Echo, address, { server: "member/2" });
    const answer = await client.open({ reason: "hello" });
    assert.deepEqual([answer.reason, answer.domain], ["hello", "spiffe://cafe/caller/1"]);
    const meant = caller.client(Echo, address, { server: "member/7" });
    await assert.rejects(meant.open({}), { reason: "SERVER_IDENTITY_MISMATCH" });

    await agent.line(/identity given out/, agent.lines.length); // The next certificate.
    const other = await stage.joinAs("caller/2");
    await other.client(Echo, address, { server: "member/2" }).open({});
    await client.open({});

    await stage.authority.revoke({ kind: "identity", subject: "spiffe://cafe/member/2" }, "lost");
    await agent.line(/identity withheld/);
    await assert.rejects(
      until(() => client.open({})),
      { reason: "IDENTITY_REVOKED" },
    );
  });

  it("calls a bot with tokens of the token endpoint: no call fails while certificates change, and a lock ends all", async () => {
    const address = await stage.serve(await stage.joinAs("member/3"));
    const { running: agent, endpoint } = await stage.startAgent("member/4");
    const asking = stage.start([member, "agent"], { SPIFFE_ENDPOINT_SOCKET: endpoint });
    const to = [address, "spiffe://cafe/member/3", `${stage.authority.issuer}/token`, "echo:call"];
    const calling = stage.start([member, "call", ...to], { SPIFFE_ENDPOINT_SOCKET: endpoint });
    await calling.line(/^stream open$/);
    await calling.line(/^call OK$/);
    const first = await calling.line(/^certificate /);
    const second = await calling.line(new RegExp(`^certificate (?!${first.split(" ")[1]}$)`));
    await calling.line(new RegExp(`^certificate (?!${first.split(" ")[1]}$|${second.split(" ")[1]}$)`));
    assert.deepEqual(
      calling.lines.filter((line) => line.startsWith("call ")),
      ["call OK"],
    );

    await stage.authority.revoke({ kind: "identity", subject: "spiffe://cafe/member/4" }, "lost");
    assert.match(await asking.line(/^watch PermissionDenied/), /member\/4 has been revoked/);
    await agent.line(/identity withheld/);
    await calling.line(/^call (?!OK)/);
    await calling.line(/^stream Unauthenticated IDENTITY_REVOKED$/);
    const from = asking.lines.length;
    await asking.line(/^watch PermissionDenied/, from); // And again, each time that it asks.
    await calling.finish();
    const [calls, failed] = (calling.lines.at(-1) ?? "").match(/\d+/g)?.map(Number) ?? [];
    process.stderr.write(`  ${calls} calls, ${failed} of them after the lock\n`);

    // It starts again, and still knows.
    await agent.stop();
    const again = await stage.startAgent("member/4");
    const late = stage.start([member, "call", ...to], { SPIFFE_ENDPOINT_SOCKET: again.endpoint });
    const denied = stage.start([member, "agent"], { SPIFFE_ENDPOINT_SOCKET: again.endpoint });
    await denied.line(/PermissionDenied/);
    assert.deepEqual(late.lines, []);
  });
});

/** Repeats what works until it rejects. */
async function until(work: () => Promise<unknown>): Promise<never> {
  for (;;) {
    await work();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
