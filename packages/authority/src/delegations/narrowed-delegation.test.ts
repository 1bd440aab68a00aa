import assert from "node:assert/strict";
import { type Bot, InterlockError } from "@interlock/bot";
import { AuthorityService } from "@interlock/bot/protocol";
import { describedEcho, rawCall, rawSession, shows } from "@interlock/bot/testing";
import { startTestAuthority, type TestAuthority } from "../testing/test-authority.js";

const EchoService = describedEcho();
const audience = EchoService.name;
const { echo } = EchoService.methods;

const grantsYaml = (scope: string, delegate = "token:delegate") => `
grants:
  "leader/*": {${audience}: [${scope}, ${delegate}]}
  "front/*": {${audience}: [token:exchange]}
`;
const where = (condition: string) => `{ scope: echo:call, where: '${condition}' }`;
const soft = where('reason == "soft"');

describe("a delegation of a scope that is held under a condition", () => {
  let fleet: TestAuthority;
  let address: string;
  let port: number;
  let handled: string[];
  const bots = new Map<string, Bot>();

  const bot = (name: string) => bots.get(name) as Bot;
  const authorityOf = (name: string) => bot(name).client(AuthorityService, fleet.authority.address);
  const reasonOf = (work: Promise<unknown>) =>
    work.then(
      () => undefined,
      (error) => InterlockError.from(error).reason,
    );

  async function give(from: string, to: string, parent = "", scopes = ["echo:call", "token:delegate"]) {
    const { delegation } = await authorityOf(from).delegate({ to, scopes, parent });
    return delegation?.id ?? "";
  }
  const call = (name: string, delegation: string, reason: string) =>
    reasonOf(bot(name).client(EchoService, address, { delegation }).echo({ reason }));

  async function tokenOf(name: string, delegation: string): Promise<string> {
    return (await authorityOf(name).issueToken({ audience, scopes: ["echo:call"], delegation })).token;
  }

  /** The status of a call with a token that is shown without any client library. */
  async function show(name: string, token: string, reason: string): Promise<number | undefined> {
    const session = rawSession(port, shows(bot(name).identity.current()));
    const message = echo.request.encode(echo.request.fromPartial({ reason })).finish();
    const body = Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]);
    const { status } = await rawCall(session, echo.path, { authorization: `Bearer ${token}` }, body);
    session.destroy();
    return status;
  }

  beforeEach(async () => {
    fleet = await startTestAuthority();
    await fleet.authority.applyGrants(grantsYaml(soft));
    for (const name of ["leader/1", "agent/1", "agent/2", "front/1", "echo/1"]) bots.set(name, await fleet.bot(name));
    handled = [];
    const handlers = {
      echo(request: { readonly reason: string }) {
        handled.push(request.reason);
        return request;
      },
      open: () => ({}),
      reset: () => ({}),
      async join(requests: AsyncIterable<{ readonly reason: string }>) {
        for await (const { reason } of requests) handled.push(reason);
        return {};
      },
      async *count() {},
      async *chat() {},
    };
    ({ address, port } = await bot("echo/1").serve({ port: 0 }, (routes) =>
      routes.add(EchoService, handlers as never),
    ));
  });
  afterEach(async () => {
    bots.clear();
    await fleet.close();
  });

  it("lets calls within the condition pass, and no others, also after it was passed on", async () => {
    const one = await give("leader/1", "agent/1");
    const two = await give("agent/1", "agent/2", one, ["echo:call"]);
    for (const [name, id] of [
      ["agent/1", one],
      ["agent/2", two],
    ] as const) {
      assert.equal(await call(name, id, "soft"), undefined);
      assert.equal(await call(name, id, "hard"), "ARGUMENT_NOT_ALLOWED");
    }
    assert.deepEqual(handled, ["soft", "soft"]);
    const join = bot("agent/2").client(EchoService, address, { delegation: two }).join;
    assert.equal(await reasonOf(join([{ reason: "soft" }, { reason: "hard" }])), "ARGUMENT_NOT_ALLOWED");
    assert.deepEqual(handled, ["soft", "soft", "soft"]);
  });

  it("keeps its condition when its tokens are exchanged, for all scopes or for one", async () => {
    const token = await tokenOf("agent/1", await give("leader/1", "agent/1"));
    for (const scopes of [[], ["echo:call"]]) {
      const exchanged = await authorityOf("front/1").exchangeToken({ subjectToken: token, audience, scopes });
      assert.equal(await show("front/1", exchanged.token, "soft"), 0);
      assert.equal(await show("front/1", exchanged.token, "hard"), 7);
    }
    assert.deepEqual(handled, ["soft", "soft"]);
  });

  it("gets a condition that is put under the grant later, and a tighter one; tokens from before are refused", async () => {
    await fleet.authority.applyGrants(grantsYaml("echo:call"));
    const id = await give("leader/1", "agent/1");
    assert.equal(await call("agent/1", id, "hard"), undefined);
    for (const [grant, allowed, refused] of [
      [soft, "soft", "hard"],
      [where('reason == "softer"'), "softer", "soft"],
    ] as const) {
      const before = await tokenOf("agent/1", id);
      await fleet.authority.applyGrants(grantsYaml(grant));
      await assert.rejects(
        authorityOf("front/1").exchangeToken({ subjectToken: before, audience }),
        { reason: "TOKEN_OUTDATED" },
        "a token from before cannot be exchanged into one without the condition",
      );
      const next = await tokenOf("agent/1", id);
      assert.equal(await show("agent/1", next, allowed), 0);
      assert.equal(await show("agent/1", next, refused), 7);
    }
    assert.deepEqual(handled, ["hard", "soft", "softer"]);
  });

  it("cannot be given, nor used, where token:delegate itself is held under a condition only", async () => {
    const id = await give("leader/1", "agent/1");
    await fleet.authority.applyGrants(grantsYaml(soft, `{ scope: token:delegate, where: 'reason == "soft"' }`));
    assert.equal(await reasonOf(give("leader/1", "agent/1")), "DELEGATION_NOT_ALLOWED");
    assert.equal(await reasonOf(tokenOf("agent/1", id)), "DELEGATION_NOT_ALLOWED");
  });
});
