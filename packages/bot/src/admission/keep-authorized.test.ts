import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "../base/clock.js";
import { silentLog } from "../base/log.js";
import { createObservable } from "../base/observable.js";
import { createRecorder } from "../base/recorder.js";
import { type Bot, createBot } from "../bot.js";
import { serveEcho } from "../testing/echo-server.js";
import { rawCall, rawSession, shows } from "../testing/raw-client.js";
import { createTestFleet, EchoService, type TestFleet } from "../testing/test-fleet.js";

describe("a stream that outlives its token", () => {
  let fleet: TestFleet;
  let bots: Bot[];

  beforeEach(async () => {
    fleet = await createTestFleet();
    bots = [];
  });
  afterEach(() => Promise.all(bots.map((bot) => bot.close(0))));

  /** A bot whose tokens live two seconds; `renewed` is called for each after the first. */
  async function shortLived(name: string, renewed: (count: number) => string[]): Promise<Bot> {
    const identity = createObservable(await fleet.ca.issue(`spiffe://test/${name}`));
    let count = 0;
    let current: { value: string; renewAt: number } | undefined;
    const bot = createBot({
      identity,
      trust: fleet.trust,
      clock: systemClock,
      log: silentLog,
      recorder: createRecorder(),
      tokens: {
        async authorization(audience, wanted, holder) {
          if (current && Date.now() < current.renewAt) return current.value;
          const scopes = count++ === 0 ? wanted : renewed(count);
          const exp = Math.floor(Date.now() / 1_000) + 2;
          current = {
            value: `Bearer ${await fleet.token(holder, audience, scopes, { exp })}`,
            renewAt: exp * 1_000 - 900,
          };
          return current.value;
        },
        forget() {},
      },
    });
    bots.push(bot);
    return bot;
  }

  async function tickingServer(): Promise<string> {
    const { bot, address } = await serveEcho(fleet, {
      async *count(_request, { signal }) {
        while (!signal.aborted) {
          yield { reason: "tick" };
          await sleep(50, undefined, { signal }).catch(() => {});
        }
      },
    });
    bots.push(bot);
    return address;
  }

  it("goes on while its caller shows new ones", async () => {
    const address = await tickingServer();
    let shown = 1;
    const caller = await shortLived("caller/1", (count) => {
      shown = count;
      return ["echo:call"];
    });
    let ticksWithTheFourth = 0;
    for await (const { reason } of caller.client(EchoService, address).count({})) {
      assert.equal(reason, "tick");
      if (shown >= 4 && ++ticksWithTheFourth === 5) break;
    }
  });

  it("ends with TOKEN_EXPIRED when the new ones lack its scope", async () => {
    const address = await tickingServer();
    const caller = await shortLived("caller/1", () => ["echo:other"]);
    await assert.rejects(
      async () => {
        for await (const _ of caller.client(EchoService, address).count({}));
      },
      { code: "UNAUTHENTICATED", reason: "TOKEN_EXPIRED" },
    );
  });

  it("is shown new ones with a call that needs none, and that is refused with an unsound one", async () => {
    const { bot, port } = await serveEcho(fleet);
    bots.push(bot);
    const session = rawSession(port, shows(await fleet.ca.issue("spiffe://test/caller/1")));
    const { path } = EchoService.methods.open;
    assert.equal((await rawCall(session, path, {})).status, 0);
    assert.equal((await rawCall(session, path, { authorization: "Bearer a.b.c" })).status, 16);
    session.destroy();
  });
});
