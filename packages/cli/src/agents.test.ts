import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type Bot, type Caller, joinFleet, silentLog } from "@interlock/bot";
import type { AnyMethod, Manifest, ServiceDefinition } from "@interlock/policy";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import type { CallToolResult } from "@modelcontextprotocol/sdk/types.js";
import { generateProject, type TestProject } from "./call/generate-project.test.fixture.js";
import { endProcess } from "./testing/end-process.js";
import { commandFile, runCommand } from "./testing/run-command.js";

const proto = `syntax = "proto3";
package acme.v1;
import "interlock/policy/v1/policy.proto";
message Step { string item_id = 1; int64 big = 2; }
service Arm {
  option (interlock.policy.v1.service) = {served_by: ["arm/*"]};
  rpc Move(Step) returns (Step) {
    option (interlock.policy.v1.access) = {
      scopes: ["arm:move"] purpose: "Move the arm." risk: RISK_HIGH approval: APPROVAL_DELEGATED
    };
  }
  rpc Look(Step) returns (Step) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (interlock.policy.v1.access) = {scopes: ["arm:look"] purpose: "See the arm."};
  }
}
`;

/** Takes and gives the bytes of messages, so that nothing but the command knows what is in them. */
const bytes: AnyMethod["request"] = {
  encode: (message: Uint8Array) => ({ finish: () => message }),
  decode: (message: Uint8Array) => Uint8Array.from(message),
  fromPartial: (message: Uint8Array) => message,
};

describe("delegations, approvals and MCP on the command line", function () {
  this.timeout(120_000); // Some twenty commands, each a process.
  let project: TestProject;
  let up: ChildProcess;
  let arm: Bot;
  let callers: Caller[];

  async function interlock(...args: readonly string[]) {
    const { code, stdout, stderr } = await runCommand({ cwd: project.folder }, args);
    return { code, out: stdout, err: stderr };
  }
  async function json(...args: readonly string[]) {
    const { code, out, err } = await interlock(...args, "--json");
    assert.equal(code, 0, `${args.join(" ")}: ${out}${err}`);
    return JSON.parse(out);
  }

  before(async () => {
    project = await generateProject({ "protos/acme/arm.proto": proto });
    up = spawn(process.execPath, [commandFile, "up", "--port", "0", "--trust-domain", "cafe", "--json"], {
      cwd: project.folder,
      stdio: ["ignore", "pipe", "ignore"],
    });
    const [line] = await once(createInterface({ input: up.stdout as NodeJS.ReadableStream }), "line");
    const { authority } = JSON.parse(line);
    const grants = 'grants: {"operator/*": {acme.v1.Arm: ["arm:move", "arm:look", "token:delegate"]}}';
    await writeFile(join(project.folder, "grants.yaml"), grants);
    await json("grants", "apply", "grants.yaml", "--yes");
    const { joinToken } = await json("invite", "arm/1");
    arm = await joinFleet({
      authority,
      name: "arm/1",
      joinToken,
      stateDir: join(project.folder, "arm"),
      log: silentLog,
    });
    const { services } = JSON.parse(await readFile(project.manifest, "utf8")) as Manifest;
    const [service] = services;
    const methods = Object.fromEntries(
      (service?.methods ?? []).map(({ name, path, kind, policy }) => {
        return [name, { path, kind, policy, request: bytes, response: bytes }];
      }),
    );
    const definition: ServiceDefinition = { name: "acme.v1.Arm", servedBy: ["arm/*"], methods };
    callers = [];
    const answer = (request: Uint8Array, { caller }: { caller: Caller }) => {
      callers.push(caller);
      return request;
    };
    await arm.serve({ port: 0 }, (routes) => routes.add(definition, { Move: answer, Look: answer } as never));
    const invited = await json("invite", "agent/7");
    await json("join", "--name", "agent/7", "--authority", authority, "--token", invited.joinToken);
  });
  after(async () => {
    await arm?.close(0);
    await endProcess(up, "SIGTERM");
    await project?.remove();
  });

  it("gives an agent tools, has an operator approve, leaves receipts, and ends all at once", async () => {
    const { delegation } = await json("delegate", "--to", "agent/7", "--scopes", "arm:move,arm:look", "--for", "10m");
    const listed = await json("delegations");
    assert.deepEqual(
      listed.delegations.map(({ id, to }: { id: string; to: string }) => [id, to]),
      [[delegation.id, "spiffe://cafe/agent/7"]],
    );
    const client = new Client({ name: "test", version: "1" });
    const of = ["mcp", "--name", "agent/7", "--delegation", delegation.id, "--receipts", "receipts.jsonl"];
    await client.connect(
      new StdioClientTransport({ command: process.execPath, args: [commandFile, ...of], cwd: project.folder }),
    );
    try {
      const { tools } = await client.listTools();
      assert.deepEqual(
        tools.map(({ name, annotations }) => [name, annotations?.readOnlyHint, annotations?.destructiveHint]),
        [
          ["Arm_Move", false, true],
          ["Arm_Look", true, false],
        ],
      );
      const look = (await client.callTool({
        name: "Arm_Look",
        arguments: { itemId: "a", big: "7" },
      })) as CallToolResult;
      assert.deepEqual(look.structuredContent, { itemId: "a", big: "7" });
      assert.match(callers[0]?.name ?? "", /^operator\//);

      const moving = client.callTool({ name: "Arm_Move", arguments: { itemId: "b" } });
      let waiting: { id: string; request: string } | undefined;
      while (!waiting) [waiting] = (await json("approvals")).approvals;
      assert.deepEqual(JSON.parse(waiting.request), { itemId: "b", big: "0" });
      await json("approve", waiting.id);
      assert.deepEqual(((await moving) as CallToolResult).structuredContent, { itemId: "b", big: "0" });
      assert.deepEqual((await json("approvals")).approvals, []);

      await json("undelegate", delegation.id);
      const refused = (await client.callTool({ name: "Arm_Look" })) as CallToolResult;
      assert.equal(refused.isError, true);
      assert.match(JSON.stringify(refused.content), /DELEGATION_ENDED|TOKEN_REVOKED/);
    } finally {
      await client.close();
    }

    const { receipts } = await json("log", "receipt", "receipts.jsonl");
    assert.deepEqual(
      receipts.map(({ method, decision }: { method: string; decision: string }) => [method, decision]),
      [
        ["acme.v1.Arm/Look", "admitted"],
        ["acme.v1.Arm/Move", "admitted"],
        ["acme.v1.Arm/Look", "refused"],
      ],
    );
    await json("log", "verify");
    const ca = join(".interlock", "bots", "agent", "7", "ca.pem");
    await json("log", "receipt", "receipts.jsonl", "--ca", ca);
    const path = join(project.folder, "receipts.jsonl");
    const [first = ""] = (await readFile(path, "utf8")).split("\n");
    const jws = JSON.parse(first);
    const record = JSON.parse(Buffer.from(jws.payload, "base64url").toString());
    jws.payload = Buffer.from(JSON.stringify({ ...record, subject: "acme.v1.Arm/Move" })).toString("base64url");
    await writeFile(path, `${JSON.stringify(jws)}\n`);
    const { code, out } = await interlock("log", "receipt", "receipts.jsonl", "--ca", ca, "--json");
    assert.equal(code, 1);
    assert.match(out, /changed since it was signed/);
  });

  it("says what is wrong with a delegation", async () => {
    const wide = await interlock("delegate", "--to", "agent/7", "--scopes", "arm:own", "--json");
    assert.equal(JSON.parse(wide.out).error.reason, "SCOPE_WIDENED");
    const named = await json("delegate", "--to", "agent/7", "--scopes", "arm:look", "--method", "Arm/Look");
    assert.deepEqual(named.delegation.allowed, [{ service: "acme.v1.Arm", scopes: ["arm:look"], methods: ["Look"] }]);
    const called = ["call", "Arm/Look", "{}", "--name", "agent/7"];
    assert.equal((await json(...called, "--delegation", named.delegation.id)).itemId, "");
    assert.equal(JSON.parse((await interlock(...called, "--json")).out).error.reason, "NO_GRANT");
    const other = await interlock("undelegate", "dlg-0", "--name", "agent/7", "--json");
    assert.equal(JSON.parse(other.out).error.reason, "DELEGATION_NOT_HELD");
    assert.equal((await interlock("approve", "apr-0", "--json")).code, 1);
  });
});
