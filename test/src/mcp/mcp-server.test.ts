import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Authority, startAuthority } from "@interlock/authority";
import { type Bot, type Caller, certificatesToPem, joinFleet, silentLog } from "@interlock/bot";
import { AdminService, ApprovalState, AuthorityService } from "@interlock/bot/protocol";
import { createMcpServer, type McpOptions, ReceiptFault, verifyReceipt } from "@interlock/mcp";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js";
import type { CallToolResult } from "@modelcontextprotocol/sdk/types.js";
import { encode, GripperService, offered } from "./gripper.js";

const service = GripperService.name;
const example = join(import.meta.dirname, "../readme/mcp.js");

describe("MCP server", () => {
  let folder: string;
  let authority: Authority;
  let bots: Bot[];
  let leader: Bot;
  let agent: Bot;
  let operator: Bot;
  let address: string;
  let callers: Caller[];
  let clients: Client[];

  async function bot(name: string): Promise<Bot> {
    const joinToken = await authority.createJoinToken(name);
    const stateDir = join(folder, name);
    const joined = await joinFleet({ authority: authority.address, name, joinToken, stateDir, log: silentLog });
    bots.push(joined);
    return joined;
  }

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "interlock-mcp-"));
    const dataDir = join(folder, "authority");
    authority = await startAuthority({ dataDir, trustDomain: "cafe", port: 0, log: silentLog });
    await authority.applyGrants(`
grants:
  "leader/*":
    ${service}: ["gripper:observe", "gripper:actuate", "token:delegate"]
  "agent/*":
    ${service}: ["gripper:observe"]
`);
    [bots, callers, clients] = [[], [], []];
    leader = await bot("leader/1");
    agent = await bot("agent/7");
    operator = await bot("operator/1");
    const gripper = await bot("gripper/1");
    const held = (_request: unknown, { caller }: { caller: Caller }) => {
      callers.push(caller);
      return encode("GripResponse", '{"held": true}');
    };
    const server = await gripper.serve({ port: 0 }, (routes) =>
      routes.add(GripperService, {
        Grip: held,
        Force: held,
        Look: held,
        Open: held,
        async *Watch() {
          for (;;) yield encode("GripResponse", "{}");
        },
      } as never),
    );
    address = server.address;
  });
  afterEach(async () => {
    for (const client of clients) await client.close();
    await Promise.all(bots.map((one) => one.close(0)));
    await authority.close();
    await rm(folder, { recursive: true });
  });

  async function connect(more: Partial<McpOptions> = {}): Promise<Client> {
    const options = {
      bot: agent,
      authority: authority.address,
      methods: offered(address),
      approvalPollMs: 20,
      ...more,
    };
    const client = new Client({ name: "test", version: "1" });
    const [near, far] = InMemoryTransport.createLinkedPair();
    await createMcpServer(options).connect(far);
    await client.connect(near);
    clients.push(client);
    return client;
  }

  async function delegate(scopes: string[], methods: string[] = []): Promise<string> {
    const { delegation } = await leader.client(AuthorityService, authority.address).delegate({
      to: "agent/7",
      scopes,
      methods: methods.map((name) => `${service}/${name}`),
    });
    return delegation?.id ?? "";
  }

  const call = async (client: Client, name: string, args: object = {}) =>
    (await client.callTool({ name: `GripperService_${name}`, arguments: { ...args } })) as CallToolResult;
  const textOf = ({ content }: CallToolResult) => JSON.parse((content[0] as { text: string }).text);
  const reasonOf = (result: CallToolResult) => (result.isError ? textOf(result).error.reason : undefined);
  const receiptOf = ({ _meta }: CallToolResult) =>
    (_meta as Record<string, { seq: number; receipt: string }>)["interlock/receipt"];
  const names = async (client: Client) => (await client.listTools()).tools.map(({ name }) => name);

  it("offers the methods that its bot is granted, and calls them in its name", async () => {
    const client = await connect();
    const { tools } = await client.listTools();
    assert.deepEqual(
      tools.map(({ name }) => name),
      ["GripperService_Look", "GripperService_Watch"],
    );
    const [look] = tools;
    assert.equal(look?.description, "Read the force.");
    assert.deepEqual(look?.annotations, {
      readOnlyHint: true,
      destructiveHint: false,
      idempotentHint: true,
      openWorldHint: false,
    });
    assert.deepEqual(look?.inputSchema.properties, { newtons: { type: "number" }, holdOpen: { type: "boolean" } });
    assert.deepEqual(textOf(await call(client, "Look")), { held: true });
    assert.equal(callers[0]?.name, "agent/7");
    assert.equal(reasonOf(await call(client, "Grip")), "SCOPE_MISSING");
    const malformed = await call(client, "Look", { newtons: "many" });
    assert.equal(textOf(malformed).error.code, "INVALID_ARGUMENT");
    await assert.rejects(call(client, "Nothing"), /There is no tool/);
  });

  it("offers what its delegation allows, in the name of its subject", async () => {
    const delegation = await delegate(["gripper:actuate"], ["Grip"]);
    const client = await connect({ delegation });
    const { tools } = await client.listTools();
    assert.deepEqual(
      tools.map(({ name, annotations }) => [name, annotations?.destructiveHint]),
      [["GripperService_Grip", true]],
    );
    assert.deepEqual(textOf(await call(client, "Grip", { newtons: 4 })), { held: true });
    assert.equal(callers[0]?.name, "leader/1");
    assert.deepEqual(
      callers[0]?.actors.map(({ name }) => name),
      ["agent/7"],
    );
    // What was cut is refused, although the bot is granted it itself.
    assert.equal(reasonOf(await call(client, "Look")), "SCOPE_WIDENED");
    assert.equal(reasonOf(await call(client, "Force")), "SCOPE_WIDENED");
    await leader.client(AuthorityService, authority.address).revokeDelegation({ id: delegation });
    assert.match(String(reasonOf(await call(client, "Grip"))), /^(DELEGATION_ENDED|TOKEN_REVOKED)$/);
    await assert.rejects(client.listTools(), /delegation/);
  });

  it("gives a stream as a list, within its bounds", async () => {
    const client = await connect({ maximumMessages: 3 });
    const { messages, cut } = textOf(await call(client, "Watch"));
    assert.equal(messages.length, 3);
    assert.match(cut, /more messages/);
    const small = await connect({ maximumAnswerBytes: 40 });
    assert.ok(textOf(await call(small, "Watch")).messages.length < 3);
  });

  it("leaves a receipt of each call, which is verified with the CA certificate alone", async () => {
    const receipts: string[] = [];
    const delegation = await delegate(["gripper:actuate"], ["Grip"]);
    const client = await connect({ delegation, onReceipt: (one) => void receipts.push(one) });
    const good = receiptOf(await call(client, "Grip", { newtons: 4 }));
    await call(client, "Force", { newtons: 4 });
    assert.equal(receipts.length, 2);
    assert.equal(receipts[0], good?.receipt);
    const roots = [authority.caCertificate];
    const { record, caller, subject, method, details } = await verifyReceipt(receipts[0] as string, roots);
    assert.deepEqual([caller, subject], ["spiffe://cafe/agent/7", "spiffe://cafe/leader/1"]);
    assert.deepEqual([method, details.decision, details.code], [`${service}/Grip`, "admitted", "OK"]);
    assert.equal(details.delegation, delegation);
    assert.match(String(details.request), /^[0-9a-f]{64}$/);
    const refused = await verifyReceipt(receipts[1] as string, roots);
    assert.deepEqual([refused.details.decision, refused.details.reason], ["refused", "SCOPE_WIDENED"]);
    const { records } = await operator.client(AdminService, authority.address).listLog({ kinds: ["receipt"] });
    assert.deepEqual(
      records.map(({ hash }) => hash),
      [record.hash, refused.record.hash],
    );
    // The example of the README.
    const [file, ca] = [join(folder, "receipts.jsonl"), join(folder, "ca.pem")];
    await writeFile(file, receipts.join("\n"));
    await writeFile(ca, certificatesToPem(roots));
    const { stdout } = await promisify(execFile)(process.execPath, [example, file, ca]);
    const [line] = stdout.split("\n");
    assert.equal(line, `spiffe://cafe/agent/7 called ${service}/Grip for spiffe://cafe/leader/1: admitted, OK`);
    // A changed one is not believed, and neither is one of another fleet.
    const jws = JSON.parse(receipts[0] as string);
    const changed = Buffer.from(JSON.stringify({ ...record, subject: `${service}/Look` })).toString("base64url");
    for (const text of [
      JSON.stringify({ ...jws, payload: changed }),
      JSON.stringify({ ...jws, signature: jws.signature.replace(/^./, jws.signature[0] === "A" ? "B" : "A") }),
      JSON.stringify({ ...jws, protected: "e30" }),
      "{}",
      "",
    ]) {
      await assert.rejects(verifyReceipt(text, roots), ReceiptFault, text.slice(0, 40));
    }
    await assert.rejects(verifyReceipt(receipts[0] as string, []), ReceiptFault);
  });

  it("waits for an operator where the policy says so, once for each call", async () => {
    const delegation = await delegate(["gripper:actuate"]);
    const admin = operator.client(AdminService, authority.address);
    const impatient = await connect({ delegation, approvalWaitMs: 1 });
    assert.deepEqual(await names(impatient), ["GripperService_Grip", "GripperService_Force"]);
    assert.equal(reasonOf(await call(impatient, "Force", { newtons: 4 })), "APPROVAL_WAITING");
    assert.equal(reasonOf(await call(impatient, "Force", { newtons: 4 })), "APPROVAL_WAITING");
    const { approvals } = await admin.listApprovals({});
    const [waiting] = approvals;
    assert.equal(approvals.length, 1);
    assert.deepEqual(Buffer.from(waiting?.request ?? []), Buffer.from(encode("GripRequest", '{"newtons": 4}')));
    await admin.decideApproval({ id: waiting?.id ?? "", approve: true });
    const done = await call(impatient, "Force", { newtons: 4 });
    assert.deepEqual(textOf(done), { held: true });
    const { details } = await verifyReceipt(receiptOf(done)?.receipt ?? "", [authority.caCertificate]);
    assert.deepEqual([details.approval, details.decidedBy], [waiting?.id, "spiffe://cafe/operator/1"]);
    assert.equal((await admin.listApprovals({})).approvals[0]?.state, ApprovalState.APPROVAL_STATE_USED);

    // It was for that call: the same one waits again, and so does another.
    const patient = await connect({ delegation });
    const denied = call(patient, "Force", { newtons: 5 });
    let next: string | undefined;
    while (next === undefined) {
      const listed = (await admin.listApprovals({})).approvals;
      next = listed.find(({ state }) => state === ApprovalState.APPROVAL_STATE_WAITING)?.id;
    }
    await admin.decideApproval({ id: next, approve: false });
    assert.equal(reasonOf(await denied), "APPROVAL_DENIED");
    assert.equal(reasonOf(await call(impatient, "Force", { newtons: 4 })), "APPROVAL_WAITING");
    assert.equal(callers.length, 1);
  });

  it("cannot be gone around: the bot refuses a call without its approval, another request, and a second use", async () => {
    const delegation = await delegate(["gripper:actuate"]);
    const direct = (approval?: string) =>
      agent.client(GripperService, address, { delegation, ...(approval !== undefined && { approval }) });
    const refused = (work: Promise<unknown>, reason: string) => assert.rejects(work, { reason });
    const request = encode("GripRequest", '{"newtons": 1}');
    await refused(direct().Force(request) as Promise<unknown>, "APPROVAL_REQUIRED");
    const own = agent.client(AuthorityService, authority.address);
    const { approval } = await own.requestApproval({ method: `${service}/Force`, request, delegation });
    const id = approval?.id ?? "";
    await refused(direct(id).Force(request) as Promise<unknown>, "APPROVAL_WAITING");
    await operator.client(AdminService, authority.address).decideApproval({ id, approve: true });
    const client = direct(id);
    await refused(client.Force(encode("GripRequest", '{"newtons": 100}')) as Promise<unknown>, "APPROVAL_REQUIRED");
    await refused(client.Grip(request) as Promise<unknown>, "METHOD_NOT_DELEGATED");
    await client.Force(request);
    await refused(client.Force(request) as Promise<unknown>, "APPROVAL_REQUIRED");
    await refused(direct(`${id}x`).Force(request) as Promise<unknown>, "APPROVAL_NOT_HELD");
    // A bot in its own name needs none where the policy says "delegated".
    await leader.client(GripperService, address).Force(request);
    assert.equal(callers.length, 2);
  });
});
