import assert from "node:assert/strict";
import type { Bot } from "@interlock/bot";
import { EchoService } from "@interlock/bot/testing";
import type { Gateway } from "@interlock/gateway";
import { type Echo, type GatewayStage, gatewayStage, RoutedEcho } from "./gateway-stage.js";
import { type Calling, keepCalling, until } from "./keep-calling.js";

const { name } = EchoService;

describe("under load, through a gateway", () => {
  let stage: GatewayStage;
  let caller: Bot;
  let bots: Echo[];
  let gateways: Gateway[];
  let calling: Calling | undefined;
  let count = 0;

  before(async () => {
    stage = await gatewayStage();
    caller = await stage.joinAs("caller/1");
  });
  after(() => stage.end());
  beforeEach(() => {
    bots = [];
    gateways = [];
  });
  afterEach(async () => {
    await calling?.stop();
    await Promise.all([...gateways, ...bots.map(({ bot }) => bot)].map((one) => one.close(0)));
  });

  // A handler that takes a while, so that calls are under way whenever something happens.
  const echo = async (request: { reason: string }) => {
    await new Promise((resolve) => setTimeout(resolve, 2));
    return request as never;
  };
  async function serve(port = 0, as = `echo/${++count}`): Promise<Echo> {
    const served: Echo = await stage.serve(
      as,
      {
        echo(request, { caller }) {
          served.callers.push(caller);
          return echo(request);
        },
      },
      port,
    );
    bots.push(served);
    return served;
  }
  async function open(addresses: string[] | undefined): Promise<Gateway> {
    const gateway = await stage.gateway(`gateway/${++count}`, { ...(addresses && { addresses }) });
    gateways.push(gateway);
    return gateway;
  }
  /** Calls without a pause, none of them twice: what is lost on the way is lost. */
  function call(...through: Gateway[]): Calling {
    const addresses = through.map(({ address }) => address);
    const client = caller.client(EchoService, addresses, { server: "gateway/*", attempts: 1 });
    calling = keepCalling(async (i) => {
      const { reason } = await client.echo({ reason: String(i) });
      if (reason !== String(i)) throw new Error("the answer of another call");
    });
    return calling;
  }
  const at = (gateway: Gateway, { address }: Echo) => gateway.instances(name).find((one) => one.address === address);
  const portOf = ({ address }: Echo) => Number(address.split(":")[1]);

  it("a bot is drained and comes back: no call fails", async () => {
    const [one, other] = [await serve(), await serve()];
    const gateway = await open([one.address, other.address]);
    const calls = call(gateway);
    await until(() => one.callers.length >= 20);
    for (let round = 0; round < 3; round++) {
      await (bots.findLast(({ address }) => address === one.address) as Echo).close(10_000);
      await calls.more(100);
      assert.equal(at(gateway, one)?.serving, false);
      const back = await serve(portOf(one), one.bot.name);
      await until(() => back.callers.length >= 20);
    }
    await calls.stop();
    assert.deepEqual(calls.failures, []);
  });

  it("one of two gateways is drained: no call fails, and all go through the other one", async () => {
    const one = await serve();
    const [first, second] = [await open([one.address]), await open([one.address])];
    const calls = call(first, second);
    await until(() => one.callers.length >= 100);
    const used = () => [first, second].find((gateway) => gateway.open().calls > 0);
    await until(() => used() !== undefined);
    const closing = used() as Gateway;
    const left = closing === first ? second : first;
    await closing.close(10_000);
    one.callers.splice(0);
    await until(() => left.open().calls > 0 && one.callers.length >= 100);
    await calls.stop();
    assert.deepEqual(calls.failures, []);
  });

  it("routes are reloaded: no call fails, and those under way end where they began", async () => {
    const [one, other] = [await serve(), await serve()];
    const gateway = await open([one.address]);
    const calls = call(gateway);
    for (let round = 0; round < 10; round++) {
      for (const { address } of [other, one]) {
        await gateway.reload([{ service: RoutedEcho, addresses: [address] }]);
        await calls.more(20);
      }
    }
    await assert.rejects(gateway.reload([{ service: RoutedEcho, addresses: [] }]), TypeError);
    await calls.more(20);
    await calls.stop();
    assert.deepEqual(calls.failures, []);
    assert.ok(one.callers.length > 0 && other.callers.length > 0);
  });

  it("the places come from the directory: a bot that joins is found, and one that leaves is left", async () => {
    const one = await serve();
    const gateway = await open(undefined);
    const { echo } = caller.client(EchoService, gateway.address, { server: "gateway/*", attempts: 1 });
    const calls = keepCalling(() => echo({}));
    calling = calls;
    await until(() => one.callers.length > 0);
    const other = await serve();
    await until(() => other.callers.length > 0);
    await one.bot.close(10_000);
    await until(() => at(gateway, one) === undefined);
    await calls.more(100);
    await calls.stop();
    assert.deepEqual(calls.failures, []);
  });
});
