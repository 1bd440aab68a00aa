import assert from "node:assert/strict";
import { type Bot, type Caller, silentLog, systemClock } from "@interlock/bot";
import { createBot, createRecorder } from "@interlock/bot/internal";
import { AuthorityService, ConfirmRequest, ConfirmResponse } from "@interlock/bot/protocol";
import type { ServiceDefinition } from "@interlock/policy";
import { startTestAuthority, type TestAuthority } from "../testing/test-authority.js";

const policy = {
  scopes: ["item:read"],
  anyBot: false,
  purpose: "Test.",
  risk: "low",
  dataClasses: [],
  callers: [],
} as const;
const read = {
  path: "/cafe.v1.ItemService/Read",
  kind: "unary",
  request: ConfirmRequest,
  response: ConfirmResponse,
  policy,
} as const;
/** What the bots behind the gateway serve, and what callers have. */
const ItemService = {
  name: "cafe.v1.ItemService",
  servedBy: ["items/*"],
  via: ["gateway/*"],
  methods: { read },
} satisfies ServiceDefinition;
/** What the gateway serves: every bot is admitted there. */
const AtTheGateway = { name: ItemService.name, servedBy: [], methods: { read } } satisfies ServiceDefinition;
const audience = ItemService.name;

const grantsYaml = `
grants:
  "alice/*":
    ${audience}: ["item:read"]
  "gateway/*":
    ${audience}: ["token:exchange"]
`;

describe("a service behind a gateway", () => {
  let fleet: TestAuthority;
  let alice: Bot;
  let gateway: Bot;
  let items: Bot;
  let address: string;
  let callers: Caller[];

  beforeEach(async () => {
    fleet = await startTestAuthority();
    await fleet.authority.applyGrants(grantsYaml);
    [alice, gateway, items] = (await Promise.all(["alice/1", "gateway/1", "items/1"].map(fleet.bot))) as [
      Bot,
      Bot,
      Bot,
    ];
    callers = [];
    const handler = (_request: unknown, { caller }: { readonly caller: Caller }) => {
      callers.push(caller);
      return {};
    };
    ({ address } = await items.serve({ port: 0 }, (routes) => routes.add(ItemService, { read: handler })));
  });
  afterEach(() => fleet.close());

  const authorityOf = (bot: Bot) => bot.client(AuthorityService, fleet.authority.address);
  const tokenOf = async (bot: Bot) => (await authorityOf(bot).issueToken({ audience, scopes: ["item:read"] })).token;

  /** A bot's client for the items, with this token and no other. */
  function showing(bot: Bot, token: string) {
    const parts = { identity: bot.identity, trust: bot.trust, recorder: createRecorder(), clock: systemClock };
    const tokens = { authorization: () => `Bearer ${token}`, forget() {} };
    return createBot({ ...parts, log: silentLog, tokens }).client(ItemService, address, { server: "items/*" });
  }

  it("row 27: refuses a caller that comes around it with 16, and takes the same caller through it", async () => {
    const given = await tokenOf(alice);
    const { token } = await authorityOf(gateway).exchangeToken({ subjectToken: given, audience });
    await showing(gateway, token).read({});
    assert.deepEqual(
      callers.map(({ name, actors }) => [name, ...actors.map((actor) => actor.name)]),
      [["alice/1", "gateway/1"]],
    );
    for (const shown of [given, token]) {
      await assert.rejects(showing(alice, shown).read({}), { reason: "GATEWAY_REQUIRED", code: "UNAUTHENTICATED" });
    }
    await showing(gateway, token).read({});
    assert.equal(callers.length, 2, "the handler ran for the gateway alone");
  });

  it("is found at the gateway by its callers, and behind it by the gateway", async () => {
    let calls = 0;
    const { address: door } = await gateway.serve({ port: 0 }, (routes) =>
      routes.add(AtTheGateway, {
        read() {
          calls++;
          return {};
        },
      }),
    );
    await alice.client(ItemService).read({});
    assert.equal(calls, 1);
    const find = async (bot: Bot, servedBy: readonly string[]) =>
      (await authorityOf(bot).findServers({ service: audience, servedBy })).endpoints;
    assert.deepEqual(await find(alice, ItemService.via), [
      { spiffeId: "spiffe://cafe/gateway/1", service: audience, address: door },
    ]);
    // The gateway's grant, to act for others, is one at the service.
    assert.deepEqual(await find(gateway, ItemService.servedBy), [
      { spiffeId: "spiffe://cafe/items/1", service: audience, address },
    ]);
  });
});
