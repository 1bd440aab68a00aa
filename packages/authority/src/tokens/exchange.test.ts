import assert from "node:assert/strict";
import { type Bot, type Caller, InterlockError, silentLog, systemClock } from "@interlock/bot";
import { createBot, createRecorder } from "@interlock/bot/internal";
import { AdminService, AuthorityService, ConfirmRequest, ConfirmResponse } from "@interlock/bot/protocol";
import type { ServiceDefinition } from "@interlock/policy";
import type { RevocationSubject } from "../revocations/check-subject.js";
import { startTestAuthority, type TestAuthority } from "../testing/test-authority.js";

const policy = {
  scopes: ["item:read"],
  anyBot: false,
  purpose: "Test.",
  risk: "low",
  dataClasses: [],
  callers: [],
} as const;
const method = { path: "/cafe.v1.ItemService/Read", request: ConfirmRequest, response: ConfirmResponse, policy };
const ItemService = {
  name: "cafe.v1.ItemService",
  servedBy: [],
  methods: {
    read: { ...method, kind: "unary" },
    watch: { ...method, path: "/cafe.v1.ItemService/Watch", kind: "serverStreaming" },
  },
} satisfies ServiceDefinition;
const audience = ItemService.name;

const grantsYaml = (exchanging = "gateway/*") => `
grants:
  "alice/*":
    ${audience}: ["item:read", "item:write"]
  "${exchanging}":
    ${audience}: ["token:exchange", "item:delete"]
`;

describe("exchanging tokens", () => {
  let fleet: TestAuthority;
  let alice: Bot;
  let gateway: Bot;
  let items: Bot;
  let address: string;
  let callers: Caller[];

  beforeEach(async () => {
    fleet = await startTestAuthority();
    await fleet.authority.applyGrants(grantsYaml());
    [alice, gateway, items] = await Promise.all(
      ["alice/1", "gateway/1", "items/1"].map((name) => fleet.bot(name)) as [Promise<Bot>, Promise<Bot>, Promise<Bot>],
    );
    callers = [];
    const server = await items.serve({ port: 0 }, (routes) =>
      routes.add(ItemService, {
        read(_request, { caller }) {
          callers.push(caller);
          return {};
        },
        async *watch(_request, { signal }) {
          yield {};
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
        },
      }),
    );
    address = server.address;
  });
  afterEach(() => fleet.close());

  const authorityOf = (bot: Bot) => bot.client(AuthorityService, fleet.authority.address);
  const tokenOf = async (bot: Bot, scopes = ["item:read"]) =>
    (await authorityOf(bot).issueToken({ audience, scopes })).token;
  const exchange = (subjectToken: string, scopes: string[] = [], by = gateway) =>
    authorityOf(by).exchangeToken({ subjectToken, audience, scopes });

  /** The bot's client, with this token and no other. */
  function showing(bot: Bot, token: string) {
    const parts = { identity: bot.identity, trust: bot.trust, recorder: createRecorder(), clock: systemClock };
    const tokens = { authorization: () => `Bearer ${token}`, forget() {} };
    return createBot({ ...parts, log: silentLog, tokens }).client(ItemService, address);
  }
  const watching = (bot: Bot, token: string) => showing(bot, token).watch({})[Symbol.asyncIterator]();
  const refused = (work: Promise<unknown>, reason: string, code: string) =>
    assert.rejects(work, (error) => {
      assert.ok(error instanceof InterlockError);
      assert.deepEqual([error.reason, error.code], [reason, code], error.message);
      return true;
    });

  it("lets a gateway call in the name of its caller, and refuses any other bot with its token", async () => {
    const given = await tokenOf(alice, ["item:read", "item:write"]);
    const { token, scopes } = await exchange(given, ["item:read"]);
    assert.deepEqual(scopes, ["item:read"]);
    await showing(gateway, token).read({});
    assert.deepEqual(
      callers.map(({ name, actors, scopes: held }) => [name, actors.map((actor) => actor.name), [...held]]),
      [["alice/1", ["gateway/1"], ["item:read"]]],
    );
    await refused(showing(alice, token).read({}), "TOKEN_ACTOR_MISMATCH", "UNAUTHENTICATED");
    await refused(showing(gateway, given).read({}), "TOKEN_SUBJECT_MISMATCH", "UNAUTHENTICATED");
    assert.equal(callers.length, 1);
  });

  it("row 24: a wider scope, or one bot more than may act, is refused with 7", async () => {
    const given = await tokenOf(alice);
    await exchange(given);
    await refused(exchange(given, ["item:read", "item:write"]), "SCOPE_WIDENED", "PERMISSION_DENIED");
    await refused(exchange(given, ["item:delete"]), "SCOPE_WIDENED", "PERMISSION_DENIED");
    const [second, third, fourth] = await Promise.all(["gateway/2", "gateway/3", "gateway/4"].map(fleet.bot));
    let { token } = await exchange(given);
    for (const next of [second, third]) token = (await exchange(token, [], next)).token;
    await showing(third as Bot, token).read({});
    assert.deepEqual(
      callers.at(-1)?.actors.map(({ name }) => name),
      ["gateway/3", "gateway/2", "gateway/1"],
    );
    await refused(exchange(token, [], fourth), "ACTOR_CHAIN_TOO_LONG", "PERMISSION_DENIED");
  });

  it("is for those who are granted it", async () => {
    const given = await tokenOf(alice);
    await exchange(given);
    await refused(exchange(given, [], items), "ACTOR_NOT_ALLOWED", "PERMISSION_DENIED");
    await refused(exchange(given, [], alice), "ACTOR_NOT_ALLOWED", "PERMISSION_DENIED");
  });

  it("takes no token that is worth nothing", async () => {
    const given = await tokenOf(alice);
    await exchange(given);
    const [header, payload = "", signature] = given.split(".");
    const claims = { ...JSON.parse(Buffer.from(payload, "base64url").toString()), sub: "spiffe://cafe/operator/x" };
    const forged = [header, Buffer.from(JSON.stringify(claims)).toString("base64url"), signature].join(".");
    await refused(exchange(forged), "TOKEN_SIGNATURE", "UNAUTHENTICATED");
    await refused(exchange(""), "TOKEN_MALFORMED", "UNAUTHENTICATED");
    const { jti } = claims;
    await fleet.authority.revoke({ kind: "token", subject: jti }, "test");
    await refused(exchange(given), "TOKEN_REVOKED", "UNAUTHENTICATED");
    const second = await tokenOf(alice);
    await fleet.authority.applyGrants(grantsYaml().replace(`"item:read", `, ""));
    await refused(exchange(second), "TOKEN_OUTDATED", "UNAUTHENTICATED");
    const third = await tokenOf(alice, ["item:write"]);
    await exchange(third);
    await fleet.authority.revoke({ kind: "identity", subject: alice.spiffeId.uri }, "test");
    await refused(exchange(third), "IDENTITY_REVOKED", "UNAUTHENTICATED");
  });

  it("gives nothing in the name of a bot that has been retired", async () => {
    const given = await tokenOf(alice);
    const operator = await fleet.bot("operator/o");
    await operator.client(AdminService, fleet.authority.address).retireBot({ name: "alice/1" });
    await refused(exchange(given), "BOT_RETIRED", "PERMISSION_DENIED");
  });

  const cuts: [string, (jti: string) => RevocationSubject, string][] = [
    ["the subject is revoked", () => ({ kind: "identity", subject: "spiffe://cafe/alice/1" }), "IDENTITY_REVOKED"],
    ["an actor behind the first is revoked", () => ({ kind: "pattern", subject: "gateway/1" }), "IDENTITY_REVOKED"],
    ["the token that it came of is revoked", (jti: string) => ({ kind: "token", subject: jti }), "TOKEN_REVOKED"],
  ];
  for (const [what, subjectOf, reason] of cuts) {
    it(`ends a stream in another's name at once when ${what}`, async () => {
      const second = await fleet.bot("gateway/2");
      const given = await tokenOf(alice);
      const { jti } = JSON.parse(Buffer.from(given.split(".")[1] ?? "", "base64url").toString());
      const { token } = await exchange((await exchange(given)).token, [], second);
      const other = await fleet.bot("alice/2");
      const untouched = watching(other, await tokenOf(other));
      await untouched.next();
      const stream = watching(second, token);
      assert.equal((await stream.next()).done, false);
      const ended = refused(stream.next(), reason, "UNAUTHENTICATED");
      await fleet.authority.revoke(subjectOf(jti), "test");
      await ended;
      await refused(showing(second, token).read({}), reason, "UNAUTHENTICATED");
      await showing(other, await tokenOf(other)).read({});
      await untouched.return?.();
    });
  }

  it("is over, for tokens that are out there too, when the right to act is taken away", async () => {
    const { token } = await exchange(await tokenOf(alice));
    const stream = watching(gateway, token);
    await stream.next();
    const ended = refused(stream.next(), "TOKEN_OUTDATED", "UNAUTHENTICATED");
    await fleet.authority.applyGrants(grantsYaml("other/*"));
    await ended;
  });
});
