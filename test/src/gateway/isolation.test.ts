import assert from "node:assert/strict";
import type { Bot, Client } from "@interlock/bot";
import { AuthorityService } from "@interlock/bot/protocol";
import { EchoService } from "@interlock/bot/testing";
import type { Gateway, GatewayOptions } from "@interlock/gateway";
import { decodeBinary, errorCode, statusOfReset } from "@interlock/wire";
import { type Echo, type GatewayStage, gatewayStage } from "./gateway-stage.js";
import { connectRawCaller, type RawCall, type RawCaller, type SeenAnswer } from "./raw-caller.js";

const message = Buffer.alloc(5);

describe("what one caller does to a gateway, as another one sees it", () => {
  let stage: GatewayStage;
  let echo: Echo;
  let names = 0;

  before(async () => {
    stage = await gatewayStage();
    echo = await stage.serve("echo/1");
  });
  after(() => stage.end());

  /** A gateway, a caller that has a stream open and goes on calling, and another one that calls as it likes. */
  async function open(options: Partial<GatewayOptions> = {}) {
    const name = ++names;
    const gateway = await stage.gateway(`gateway/${name}`, { addresses: [echo.address], ...options });
    const [quiet, wild] = await Promise.all([
      stage.joinAs(`caller/quiet-${name}`),
      stage.joinAs(`caller/wild-${name}`),
    ]);
    const client = quiet.client(EchoService, gateway.address, { server: "gateway/*" });
    return { gateway, stream: await openChat(client), client, wild: await connectWild(wild, gateway) };
  }

  async function openChat(client: Client<typeof EchoService>) {
    const said: string[] = [];
    let wake = () => {};
    async function* requests() {
      for (;;) {
        while (said.length === 0) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
        yield { reason: said.shift() as string };
      }
    }
    const answers = client.chat(requests())[Symbol.asyncIterator]();
    const say = async (reason: string) => {
      said.push(reason);
      wake();
      assert.equal((await answers.next()).value?.reason, reason);
    };
    await say("begin");
    return { say, end: () => answers.return?.() };
  }

  async function connectWild(bot: Bot, { port }: Gateway) {
    using client = bot.client(AuthorityService, stage.authority.address);
    const { token } = await client.issueToken({ audience: EchoService.name, scopes: ["echo:call"] });
    const caller = await connectRawCaller(bot, port);
    const list = [":method", "POST", ":scheme", "https", ":authority", "bot"];
    const more = ["te", "trailers", "content-type", "application/grpc", "authorization", `Bearer ${token}`];
    const call = (path: string) => caller.call([...list, ":path", path, ...more], false);
    return { caller, call };
  }

  /** Makes a number of calls, as many at once as the connection takes, and gives what came of them. */
  async function callMany({ caller, call }: { caller: RawCaller; call(path: string): RawCall }, count: number) {
    const answers: Promise<SeenAnswer>[] = [];
    while (answers.length < count && !caller.connection.ending) {
      if (caller.connection.capacity === 0) {
        await new Promise((resolve) => setImmediate(resolve));
        continue;
      }
      const made = call(EchoService.methods.echo.path);
      void made.send(message, true);
      answers.push(made.whole);
    }
    return Promise.all(answers);
  }

  it("is nothing where it cancels 3,000 calls, and all of them are gone after that", async () => {
    const { gateway, stream, client, wild } = await open();
    const calls = Array.from({ length: 200 }, (_, i) => client.echo({ reason: `${i}` }));
    for (let i = 0; i < 3_000; i++) {
      while (wild.caller.connection.capacity === 0) await new Promise((resolve) => setImmediate(resolve));
      const call = wild.call(EchoService.methods.count.path);
      void call.send(message, true);
      if (i % 3 === 0) await call.headed; // Some have got to the bot, others have not.
      call.reset(errorCode.cancel);
    }
    assert.equal((await Promise.all(calls)).length, 200);
    await stream.say("it lives");
    assert.equal((await client.echo({ reason: "after" })).reason, "after");
    while (gateway.open().calls > 1) await new Promise((resolve) => setImmediate(resolve));
    const { calls: upstream } = gateway.instances(EchoService.name)[0] ?? {};
    assert.equal(upstream, 1, "the stream of the other one");
    await stream.end();
    wild.caller.close();
  });

  it("is nothing where it calls 20 times as often as it may; each refusal is an 8 that says why and when", async () => {
    const rate = { perSecond: 5, burst: 100 };
    const { stream, client, wild } = await open({ callerRate: rate });
    const calls = Array.from({ length: 50 }, (_, i) => client.echo({ reason: `${i}` }));
    const answers = await callMany(wild, 20 * rate.burst);
    assert.equal((await Promise.all(calls)).length, 50);
    await stream.say("it lives");
    const codes = answers.map(codeOf);
    assert.deepEqual([...new Set([...codes, 0])].sort(), [0, 8]);
    const refused = answers.filter((_, i) => codes[i] === 8);
    assert.ok(refused.length >= 19 * rate.burst, `${refused.length} were refused`);
    for (const answer of refused) {
      const details = decodeBinary(fieldOf(answer, "grpc-status-details-bin") ?? "")?.[0] ?? Buffer.alloc(0);
      assert.match(details.toString("latin1"), /google\.rpc\.RetryInfo/);
      assert.match(details.toString("latin1"), /RATE_LIMITED/);
    }
    await stream.end();
    wild.caller.close();
  });
});

function fieldOf({ head, trailers }: SeenAnswer, name: string): string | undefined {
  for (const list of [trailers, head]) {
    const at = list?.indexOf(name) ?? -1;
    if (at >= 0) return list?.[at + 1];
  }
  return undefined;
}

/** The code of gRPC that a client makes of an answer (PROTOCOL-HTTP2, "Errors"). */
function codeOf(answer: SeenAnswer): number {
  const status = fieldOf(answer, "grpc-status");
  if (status !== undefined) return Number(status);
  if (!answer.reset || answer.reset.cause === "connection") return 14;
  return statusOfReset(answer.reset.code);
}
