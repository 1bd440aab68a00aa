import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { Bot } from "@interlock/bot";
import { AuthorityService } from "@interlock/bot/protocol";
import { EchoService, type RawAnswer, rawCall, rawSession, shows } from "@interlock/bot/testing";
import type { Gateway } from "@interlock/gateway";
import { errorCode } from "@interlock/wire";
import { type Echo, type GatewayStage, gatewayStage, RoutedEcho } from "./gateway-stage.js";
import { keepCalling, until } from "./keep-calling.js";
import { ignore, type RawBot, serveRaw } from "./raw-bot.js";

/** The same service, one of whose methods may be called again. */
const { echo: once, ...others } = RoutedEcho.methods;
const IdempotentEcho = { ...RoutedEcho, methods: { ...others, echo: { ...once, idempotency: "idempotent" } } } as const;

describe("a gateway in front of several bots", () => {
  let stage: GatewayStage;
  let good: Echo;
  let caller: Bot;
  let raw: RawBot | undefined;
  let gateway: Gateway | undefined;
  let gateways = 0;

  before(async () => {
    stage = await gatewayStage();
    good = await stage.serve("echo/1");
    caller = await stage.joinAs("caller/1");
  });
  beforeEach(() => void good.callers.splice(0));
  afterEach(async () => {
    await gateway?.close(0);
    raw?.close();
  });
  after(() => stage.end());

  async function open(addresses: readonly string[], service: typeof RoutedEcho = RoutedEcho): Promise<Gateway> {
    gateway = await stage.gateway(`gateway/${++gateways}`, { routes: [{ service, addresses }] });
    return gateway;
  }
  /** A client that makes no call twice. */
  const client = (through: Gateway) =>
    caller.client(EchoService, through.address, { server: "gateway/*", attempts: 1 });

  it("shares the calls out among them", async () => {
    const other = await stage.serve("echo/2");
    const { echo } = client(await open([good.address, other.address]));
    const calling = keepCalling((i) => echo({ reason: String(i) }));
    await until(() => good.callers.length >= 20 && other.callers.length >= 20);
    await calling.stop();
    assert.deepEqual(calling.failures, []);
    await other.close();
  });

  it("passes a call on to another bot that never left the gateway, whatever its method does", async () => {
    const gone = await serveRaw(await stage.joinAs("echo/gone"), ignore);
    raw = gone;
    const { echo } = client(await open([good.address, gone.address]));
    await until(() => gone.checks > 0);
    gone.stop(); // It is not asked again for five seconds, so calls are what finds out.
    for (let i = 0; i < 20; i++) await echo({ reason: String(i) });
    assert.equal(good.callers.length, 20);
  });

  it("gives up with 14 where no bot can be reached", async () => {
    const { echo } = client(await open(["127.0.0.1:1"]));
    await assert.rejects(echo({}), { code: "UNAVAILABLE" });
    const { echo: again } = client(await open(["127.0.0.1:1", "127.0.0.1:2"]));
    await assert.rejects(again({}), { code: "UNAVAILABLE" });
  });

  it("has calls for a bot that is back as soon as its health says so, for a caller that called in vain meanwhile", async () => {
    const away = await stage.serve("echo/away");
    const through = await open([away.address]);
    const clients = [];
    for (const name of ["a", "b", "c"]) {
      const bot = await stage.joinAs(`caller/${name}`);
      clients.push(bot.client(EchoService, through.address, { server: "gateway/*", attempts: 1 }));
    }
    for (const { echo } of clients) await echo({});
    await away.close();
    const isThere = () => through.instances(EchoService.name)[0]?.serving === true;
    await until(() => !isThere());
    // The pause between two attempts to connect grows with each of them.
    const calling = clients.map(({ echo }) => keepCalling(() => echo({}), 1));
    await sleep(1_500);
    await Promise.all(calling.map((one) => one.stop()));
    assert.equal(Math.max(...calling.map(({ succeeded }) => succeeded)), 0);
    const back = await stage.serve("echo/away", {}, Number(away.address.split(":")[1]));
    await until(isThere);
    for (const { echo } of clients) await echo({});
    await back.close();
  });

  const refusing = async () =>
    serveRaw(await stage.joinAs(`echo/raw-${gateways}`), (stream) => {
      stream.reset(errorCode.refusedStream);
      return ignore(stream);
    });

  it("makes a call again at another bot that one has not looked at, where the manifest says that it may", async () => {
    raw = await refusing();
    const { echo } = client(await open([good.address, raw.address], IdempotentEcho as never));
    let count = 0;
    for (; raw.calls < 5; count++) assert.equal((await echo({ reason: String(count) })).reason, String(count));
    assert.equal(good.callers.length, count, "each call once");
  });

  it("tells its caller of a call that no bot has looked at, where the manifest says nothing", async () => {
    raw = await refusing();
    const through = await open([good.address, raw.address]);
    // Without a client that would make it again by itself.
    const session = rawSession(through.port, shows(caller.identity.current()));
    const authority = caller.client(AuthorityService, stage.authority.address);
    const { token } = await authority.issueToken({ audience: EchoService.name, scopes: ["echo:call"] });
    const answers: RawAnswer[] = [];
    while (raw.calls < 3) {
      answers.push(await rawCall(session, EchoService.methods.echo.path, { authorization: `Bearer ${token}` }));
    }
    session.destroy();
    const refused = answers.filter(({ error }) => error === "NGHTTP2_REFUSED_STREAM");
    assert.equal(refused.length, raw.calls, "each went to one bot");
    assert.equal(good.callers.length, answers.length - raw.calls);
  });

  it("never makes a call again of which a bot may have seen something, and ejects that bot", async () => {
    raw = await serveRaw(await stage.joinAs("echo/lost"), (stream, connection) => {
      return { ...ignore(stream), onData: () => connection.destroy() };
    });
    const { echo } = client(await open([good.address, raw.address], IdempotentEcho as never));
    const calling = keepCalling((i) => echo({ reason: String(i) }), 1);
    await until(() => calling.failures.length === 1);
    const before = good.callers.length;
    await until(() => good.callers.length >= before + 10);
    await calling.stop();
    assert.equal(raw.calls, calling.failures.length);
    assert.equal(good.callers.length, calling.succeeded, "each call at one bot");
  });

  it("ejects no bot that cuts a caller off for what it sends", async () => {
    raw = await serveRaw(await stage.joinAs("echo/strict"), (stream, connection) => {
      return { ...ignore(stream), onData: () => connection.goAway(errorCode.enhanceYourCalm) };
    });
    const through = await open([good.address, raw.address]);
    const other = await stage.joinAs("caller/2");
    const { echo } = other.client(EchoService, through.address, { server: "gateway/*", attempts: 1 });
    await echo({}).catch(() => {}); // Its token, and its connections.
    const calling = keepCalling((i) => client(through).echo({ reason: String(i) }), 1);
    await until(() => calling.failures.length > 0);
    await calling.stop();
    const before = raw.calls;
    // The first ejection lasts half a second, in which nobody's calls would get there.
    for (let i = 0; raw.calls === before; i++) {
      assert.ok(i < 50, "the bot gets no calls");
      await echo({}).catch(() => {});
    }
  });
});
