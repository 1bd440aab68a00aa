import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { type Bot, InterlockError, joinFleet, silentLog } from "@interlock/bot";
import { createMemoryIssuer, createTestCa, EchoService, type TestCa } from "@interlock/bot/testing";
import { type FakeWorkloadApi, startFakeWorkloadApi, svidOf } from "../testing/fake-workload-api.js";
import { fromWorkloadApi } from "./from-workload-api.js";

const names = ["robot/1", "robot/2"] as const;

describe("bots with identities from the Workload API", () => {
  let apis: FakeWorkloadApi[];
  let bots: Bot[];

  beforeEach(async () => {
    apis = [await startFakeWorkloadApi(), await startFakeWorkloadApi()];
    bots = [];
  });
  afterEach(async () => {
    await Promise.all(bots.map((bot) => bot.close(0)));
    for (const api of apis) api.stop();
  });

  async function send(by: TestCa, roots: readonly TestCa[]): Promise<void> {
    const bundle = roots.map(({ der }) => der);
    for (const [i, api] of apis.entries()) {
      api.send({ svids: [svidOf(await by.issue(`spiffe://test/${names[i]}`), bundle)] });
    }
  }

  /** Sends, and resolves once all bots have taken it. */
  async function replace(by: TestCa, roots: readonly TestCa[]): Promise<void> {
    const taken = bots.map(({ identity }) => new Promise((resolve) => identity.onChange(resolve)));
    await send(by, roots);
    await Promise.all(taken);
    for (const { trust } of bots) assert.equal(trust.state.caCertificates.length, roots.length);
  }

  it("call each other while the CA above them is replaced: no call fails, and one stream sees it all", async () => {
    const [first, second] = [await createTestCa("first"), await createTestCa("second")];
    await send(first, [first]);
    const issuer = await createMemoryIssuer();
    for (const { endpoint } of apis) {
      bots.push(await joinFleet({ identity: fromWorkloadApi({ endpoint }), issuer, log: silentLog }));
    }
    const [server, caller] = bots as [Bot, Bot];
    const { address } = await server.serve({ port: 0 }, (routes) =>
      routes.add(EchoService, {
        echo: (request) => request,
        async *count(_, { signal }) {
          for (let i = 0; !signal.aborted; i++) {
            yield { reason: String(i) };
            await sleep(10, undefined, { signal }).catch(() => {});
          }
        },
        join: () => ({}),
        async *chat() {},
        open: () => ({}),
        reset: () => ({}),
      }),
    );
    const client = caller.client(EchoService, address);
    const ending = new AbortController();
    const failures: string[] = [];
    const note = (what: string) => (error: unknown) => {
      if (!ending.signal.aborted) failures.push(`${what} ${calls} ${seen}: ${InterlockError.from(error).message}`);
    };
    let calls = 0;
    let seen = 0;
    const calling = (async () => {
      while (!ending.signal.aborted && failures.length === 0) {
        await client.echo({}).then(() => calls++, note("call"));
        await sleep(1); // One bot may make 2,000 calls a second.
      }
    })();
    const watching = (async () => {
      for await (const { reason } of client.count({}, { signal: ending.signal })) assert.equal(Number(reason), seen++);
    })().catch(note("stream"));
    try {
      const steps: [TestCa, TestCa[]][] = [
        [first, [first]],
        [first, [first, second]],
        [second, [first, second]],
        [second, [second]],
      ];
      for (const [by, roots] of steps) {
        await replace(by, roots);
        // A stream is moved to the new certificates by a call of its own; a CA that is withdrawn before ends what rests on it.
        const before = [calls, seen] as const;
        while (failures.length === 0 && (calls < before[0] + 20 || seen < before[1] + 50)) await sleep(5);
      }
    } finally {
      ending.abort();
      await Promise.all([calling, watching]);
    }
    assert.deepEqual(failures, []);
  });
});
