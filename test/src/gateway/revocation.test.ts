import assert from "node:assert/strict";
import { once } from "node:events";
import { type Bot, type Client, InterlockError } from "@interlock/bot";
import { AdminService } from "@interlock/bot/protocol";
import { deferred, EchoService } from "@interlock/bot/testing";
import { type Gateway, openGateway } from "@interlock/gateway";
import { type Echo, type GatewayStage, gatewayStage, RoutedEcho } from "./gateway-stage.js";

describe("what is revoked, behind a gateway", () => {
  let stage: GatewayStage;
  let echo: Echo;
  let gateway: Gateway;
  let bystander: Bot;
  let admin: Client<typeof AdminService>;
  /** Resolves with the reason for which a handler's stream was ended. */
  let aborted: Promise<unknown>;
  let count = 0;

  before(async () => {
    stage = await gatewayStage();
    let told = deferred<unknown>();
    echo = await stage.serve("echo/1", {
      async *count(_, { signal }) {
        told = deferred();
        aborted = told.promise;
        yield { reason: "begun" } as never;
        if (!signal.aborted) await once(signal, "abort");
        told.resolve(signal.reason);
      },
    });
    bystander = await stage.joinAs("caller/bystander");
    admin = (await stage.joinAs("operator/alice")).client(AdminService, stage.authority.address);
  });
  after(() => stage.end());
  beforeEach(async () => {
    gateway = await stage.gateway(`gateway/${++count}`, { addresses: [echo.address] });
  });
  afterEach(() => gateway.close(0));

  const through = (bot: Bot) => bot.client(EchoService, gateway.address, { server: "gateway/*", attempts: 1 });
  const revoke = (kind: "identity" | "token", subject: string) => stage.authority.revoke({ kind, subject }, "a test");

  /** Opens a stream; gives what it ends with. */
  async function openStream(bot: Bot): Promise<{ ended: Promise<InterlockError> }> {
    const messages = through(bot).count({})[Symbol.asyncIterator]();
    assert.equal((await messages.next()).value?.reason, "begun");
    const ended = messages.next().then(
      () => assert.fail("it ended without an error"),
      (thrown: unknown) => InterlockError.from(thrown),
    );
    return { ended };
  }

  /** The `jti` of the token that was issued to a bot last. */
  async function tokenOf({ spiffeId }: Bot): Promise<string> {
    const { records } = await admin.listLog({});
    const issued = records.filter(({ kind, actor }) => kind === "token" && actor === spiffeId.uri);
    return String(JSON.parse(issued.at(-1)?.details ?? "{}").jti);
  }

  it("a caller: its streams end with the reason, at the bot, too, and nobody else's", async () => {
    const caller = await stage.joinAs(`caller/${count}`);
    const other = await openStream(bystander);
    const { ended } = await openStream(caller);
    const atBot = aborted;
    await revoke("identity", caller.spiffeId.uri);
    const { code, reason } = await ended;
    assert.deepEqual([code, reason], ["UNAUTHENTICATED", "IDENTITY_REVOKED"]);
    await atBot;
    await assert.rejects(through(caller).echo({}));
    assert.equal((await through(bystander).echo({ reason: "lives" })).reason, "lives");
    assert.equal(await Promise.race([other.ended, "open"]), "open");
  });

  it("the gateway: what it does ends, and no bot takes anything from it", async () => {
    const { ended } = await openStream(bystander);
    const atBot = aborted;
    const before = echo.callers.length;
    await revoke("identity", `spiffe://cafe/gateway/${count}`);
    const { reason } = await ended;
    assert.equal(reason, "IDENTITY_REVOKED");
    await atBot;
    await assert.rejects(through(bystander).echo({}));
    assert.equal(echo.callers.length, before);
  });

  it("a token: with it ends what was exchanged for it, and its bot shows another one", async () => {
    const exchanged: string[] = [];
    const stop = stage.authority.onToken(({ name }) => name === `gateway/${count}` && exchanged.push(name));
    const caller = await stage.joinAs(`caller/${count}`);
    const { ended } = await openStream(caller);
    const atBot = aborted;
    assert.equal(exchanged.length, 1, "one was exchanged for it");
    await revoke("token", await tokenOf(caller));
    const { code, reason } = await ended;
    assert.deepEqual([code, reason], ["UNAUTHENTICATED", "TOKEN_REVOKED"]);
    await atBot;
    // The bot forgets the token with the first refusal at the latest.
    await through(caller)
      .echo({})
      .catch((thrown) => assert.equal(InterlockError.from(thrown).reason, "TOKEN_REVOKED"));
    assert.equal((await through(caller).echo({ reason: "again" })).reason, "again");
    assert.equal(exchanged.length, 2, "another was exchanged");
    stop();
  });

  it("a gateway without the right to act for others: the exchange is refused with 7, and says what is missing", async () => {
    await gateway.close(0);
    const poor = await stage.joinAs("poor-gateway/1");
    gateway = await openGateway(poor, { port: 0, routes: [{ service: RoutedEcho, addresses: [echo.address] }] });
    const client = bystander.client(EchoService, gateway.address, { server: "poor-gateway/*", attempts: 1 });
    await assert.rejects(client.echo({}), { code: "PERMISSION_DENIED", reason: "ACTOR_NOT_ALLOWED" });
  });
});
