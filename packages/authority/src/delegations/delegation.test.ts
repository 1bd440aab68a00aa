import assert from "node:assert/strict";
import { type Bot, type Caller, InterlockError } from "@interlock/bot";
import {
  AdminService,
  AuthorityService,
  ConfirmRequest,
  ConfirmResponse,
  type Delegation,
} from "@interlock/bot/protocol";
import type { ServiceDefinition } from "@interlock/policy";
import { startTestAuthority, type TestAuthority } from "../testing/test-authority.js";
import { maximumGiven, refuseTooMany } from "./delegate.js";

const policy = {
  scopes: ["item:read"],
  anyBot: false,
  purpose: "Test.",
  risk: "low",
  dataClasses: [],
  callers: [],
} as const;
const method = { request: ConfirmRequest, response: ConfirmResponse, policy };
const ItemService = {
  name: "cafe.v1.ItemService",
  servedBy: ["items/*"],
  methods: {
    read: { ...method, path: "/cafe.v1.ItemService/Read", kind: "unary" },
    watch: { ...method, path: "/cafe.v1.ItemService/Watch", kind: "serverStreaming" },
    write: {
      ...method,
      path: "/cafe.v1.ItemService/Write",
      kind: "unary",
      policy: { ...policy, scopes: ["item:write"] },
    },
  },
} satisfies ServiceDefinition;
const audience = ItemService.name;
const delegable = ["item:read", "item:write", "token:delegate"];

describe("delegations", () => {
  let fleet: TestAuthority;
  let items: Bot;
  let address: string;
  let callers: Caller[];
  const bots = new Map<string, Bot>();

  const bot = (name: string) => bots.get(name) as Bot;
  const authorityOf = (name: string) => bot(name).client(AuthorityService, fleet.authority.address);
  const refused = (work: Promise<unknown>, reason: string) =>
    assert.rejects(work, (error) => {
      assert.equal(InterlockError.from(error).reason, reason, String(error));
      return true;
    });

  async function give(
    from: string,
    to: string,
    part: { scopes: string[]; services?: string[]; methods?: string[]; ttlSeconds?: number; parent?: string },
  ): Promise<Delegation> {
    const { delegation } = await authorityOf(from).delegate({ to, ...part });
    assert.ok(delegation);
    return delegation;
  }

  const log = async (kind: string) => {
    const admin = (await fleet.bot("operator/1")).client(AdminService, fleet.authority.address);
    const { records } = await admin.listLog({ kinds: [kind] });
    return records.map(({ actor, subject, details }) => ({ actor, subject, ...JSON.parse(details) }));
  };

  beforeEach(async () => {
    fleet = await startTestAuthority();
    await fleet.authority.applyGrants(`
grants:
  "alice/*":
    ${audience}: [${delegable.join(", ")}]
    cafe.v1.OtherService: ["item:read", "token:delegate"]
  "plain/*":
    ${audience}: ["item:read"]
`);
    for (const name of ["alice/1", "agent/1", "agent/2", "agent/3", "agent/4", "plain/1", "items/1"])
      bots.set(name, await fleet.bot(name));
    items = bot("items/1");
    callers = [];
    const server = await items.serve({ port: 0 }, (routes) =>
      routes.add(ItemService, {
        read(_request, { caller }) {
          callers.push(caller);
          return {};
        },
        write: () => ({}),
        async *watch(_request, { signal }) {
          yield {};
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
        },
      }),
    );
    address = server.address;
  });
  afterEach(async () => {
    bots.clear();
    await fleet.close();
  });

  it("let a bot call in the name of another, and every record says so", async () => {
    const given = await give("alice/1", "agent/1", { scopes: ["item:read"], services: [audience] });
    const items = bot("agent/1").client(ItemService, address, { delegation: given.id });
    await items.read({});
    const [caller] = callers;
    assert.equal(caller?.name, "alice/1");
    assert.deepEqual(
      caller?.actors.map(({ name }) => name),
      ["agent/1"],
    );
    assert.equal(caller?.delegation, given.id);
    const [delegated] = await log("delegate");
    assert.equal(delegated.actor, "spiffe://cafe/alice/1");
    assert.equal(delegated.subject, "spiffe://cafe/agent/1");
    assert.equal(delegated.id, given.id);
    const token = (await log("token")).find(({ delegation }) => delegation === given.id);
    assert.equal(token?.actor, "spiffe://cafe/agent/1");
    assert.equal(token?.for, "spiffe://cafe/alice/1");
  });

  it("are found by their bots, and lead them to the servers", async () => {
    const given = await give("alice/1", "agent/1", { scopes: ["item:read"], services: [audience] });
    for (const name of ["alice/1", "agent/1"]) {
      const { delegations } = await authorityOf(name).listOwnDelegations({});
      assert.deepEqual(
        delegations.map(({ id, revoked }) => ({ id, revoked })),
        [{ id: given.id, revoked: false }],
      );
    }
    assert.deepEqual((await authorityOf("agent/2").listOwnDelegations({})).delegations, []);
    await refused(authorityOf("agent/2").findServers({ service: audience, servedBy: ["items/*"] }), "NO_GRANT");
    await authorityOf("agent/1").findServers({ service: audience, servedBy: ["items/*"] });
  });

  it("are never more than what is held, whatever is asked for", async () => {
    await refused(give("alice/1", "agent/1", { scopes: ["item:delete"] }), "SCOPE_WIDENED");
    await refused(give("alice/1", "agent/1", { scopes: ["item:read"], services: ["cafe.v1.Else"] }), "SCOPE_WIDENED");
    await refused(
      give("alice/1", "agent/1", { scopes: ["item:write"], services: ["cafe.v1.OtherService"] }),
      "SCOPE_WIDENED",
    );
    const wide = await give("alice/1", "agent/1", {
      scopes: delegable,
      methods: [`${audience}/Read`, `${audience}/Write`],
      ttlSeconds: 600,
    });
    assert.deepEqual(
      wide.allowed.map(({ service, methods }) => ({ service, methods })),
      [{ service: audience, methods: ["Read", "Write"] }],
    );
    const narrow = await give("agent/1", "agent/2", {
      scopes: ["item:read", "token:delegate"],
      methods: [`${audience}/Read`],
      parent: wide.id,
    });
    assert.ok((narrow.expiresAt as Date) <= (wide.expiresAt as Date));
    const below = { parent: narrow.id, scopes: ["item:read"] };
    for (const wider of [
      { ...below, scopes: ["item:write"] },
      { ...below, scopes: ["item:read", "item:write"] },
      { ...below, services: ["cafe.v1.OtherService"] },
      { ...below, methods: [`${audience}/Write`] },
      { ...below, methods: [`${audience}/Watch`] },
      { ...below, ttlSeconds: 3_600 },
    ]) {
      await refused(give("agent/2", "agent/3", wider), "SCOPE_WIDENED");
    }
    // What was cut is refused at the authority, and at the server of the method.
    const issue = (scopes: string[]) =>
      authorityOf("agent/2").issueToken({ audience, scopes, delegation: narrow.id, allowEmpty: true });
    await refused(issue(["item:write"]), "SCOPE_WIDENED");
    await refused(
      authorityOf("agent/2").issueToken({
        audience: "cafe.v1.OtherService",
        scopes: ["item:read"],
        delegation: narrow.id,
      }),
      "SCOPE_WIDENED",
    );
    const client = bot("agent/2").client(ItemService, address, { delegation: narrow.id });
    await client.read({});
    await refused(client.write({}), "SCOPE_WIDENED");
    const watching = client.watch({})[Symbol.asyncIterator]().next();
    await refused(watching, "METHOD_NOT_DELEGATED");
  });

  it("are for their holder, pass on only with token:delegate, and three times at most", async () => {
    await refused(give("plain/1", "agent/1", { scopes: ["item:read"] }), "DELEGATION_NOT_ALLOWED");
    const first = await give("alice/1", "agent/1", { scopes: ["item:read"], services: [audience] });
    const pass = (from: string, to: string, parent: string, scopes = ["item:read", "token:delegate"]) =>
      give(from, to, { scopes, parent });
    await refused(pass("agent/1", "agent/2", first.id, ["item:read"]), "DELEGATION_NOT_ALLOWED");
    await refused(pass("agent/2", "agent/3", first.id), "DELEGATION_NOT_HELD");
    await refused(
      authorityOf("agent/2").issueToken({ audience, scopes: ["item:read"], delegation: first.id }),
      "DELEGATION_NOT_HELD",
    );
    await assert.rejects(give("alice/1", "alice/1", { scopes: ["item:read"] }), { code: "INVALID_ARGUMENT" });
    const one = await give("alice/1", "agent/1", { scopes: delegable, services: [audience] });
    const two = await pass("agent/1", "agent/2", one.id);
    await assert.rejects(pass("agent/2", "agent/1", two.id), { code: "INVALID_ARGUMENT" });
    const three = await pass("agent/2", "agent/3", two.id);
    assert.equal(three.depth, 3);
    assert.equal(three.subject, "spiffe://cafe/alice/1");
    await refused(pass("agent/3", "agent/4", three.id), "ACTOR_CHAIN_TOO_LONG");
    await bot("agent/3").client(ItemService, address, { delegation: three.id }).read({});
    assert.deepEqual(
      callers[0]?.actors.map(({ name }) => name),
      ["agent/3", "agent/2", "agent/1"],
    );
  });

  it("end with those above them: at once, also for a call two hops down", async () => {
    const one = await give("alice/1", "agent/1", { scopes: delegable, services: [audience] });
    const two = await give("agent/1", "agent/2", { scopes: ["item:read"], parent: one.id });
    const client = bot("agent/2").client(ItemService, address, { delegation: two.id });
    const stream = client.watch({})[Symbol.asyncIterator]();
    await stream.next();
    const ended = refused(stream.next(), "TOKEN_REVOKED");
    await refused(authorityOf("agent/3").revokeDelegation({ id: one.id }), "DELEGATION_NOT_HELD");
    await authorityOf("alice/1").revokeDelegation({ id: one.id });
    await ended;
    await refused(client.read({}), "DELEGATION_ENDED");
    await refused(give("agent/1", "agent/3", { scopes: ["item:read"], parent: one.id }), "DELEGATION_ENDED");
    const { delegations } = await authorityOf("agent/2").listOwnDelegations({});
    assert.deepEqual(
      delegations.map(({ revoked }) => revoked),
      [true],
    );
  });

  it("end when an operator revokes them like a token, and stay revoked until they would have ended", async () => {
    const one = await give("alice/1", "agent/1", { scopes: ["item:read"], services: [audience] });
    await fleet.authority.revoke({ kind: "token", subject: one.id }, "test");
    await refused(
      authorityOf("agent/1").issueToken({ audience, scopes: ["item:read"], delegation: one.id }),
      "DELEGATION_ENDED",
    );
  });

  it("lose what is taken away from their subject, at once", async () => {
    const one = await give("alice/1", "agent/1", { scopes: ["item:read", "item:write"], services: [audience] });
    const client = bot("agent/1").client(ItemService, address, { delegation: one.id });
    const stream = client.watch({})[Symbol.asyncIterator]();
    await stream.next();
    const ended = refused(stream.next(), "TOKEN_OUTDATED");
    await fleet.authority.applyGrants(`
grants:
  "alice/*":
    ${audience}: ["item:write", "token:delegate"]
`);
    await ended;
    await client.write({});
    await refused(client.read({}), "SCOPE_MISSING");
    await fleet.authority.applyGrants(`
grants:
  "alice/*":
    ${audience}: ["item:write"]
`);
    await refused(client.write({}), "TOKEN_OUTDATED");
    await refused(client.write({}), "DELEGATION_NOT_ALLOWED");
  });

  it("are for 32 services at most, also where none is named", async () => {
    const services = Array.from({ length: 33 }, (_, i) => `cafe.v1.Item${i}Service`);
    const grants = services.map((service) => `    ${service}: ["item:read", "token:delegate"]`);
    await fleet.authority.applyGrants(`grants:\n  "alice/*":\n${grants.join("\n")}\n`);
    await assert.rejects(give("alice/1", "agent/1", { scopes: ["item:read"] }), {
      code: "INVALID_ARGUMENT",
      message: /at 33 services: name at most 32/,
    });
    const { allowed } = await give("alice/1", "agent/1", { scopes: ["item:read"], services: services.slice(1) });
    assert.equal(allowed.length, 32);
  });

  it("are bounded in number for each bot that gives them", async () => {
    const store = { countGiven: async () => maximumGiven };
    await refused(refuseTooMany({ delegations: store } as never, "alice/1", 1), "DELEGATION_LIMIT");
    const fewer = { countGiven: async () => maximumGiven - 1 };
    await refuseTooMany({ delegations: fewer } as never, "alice/1", 1);
  });
});
