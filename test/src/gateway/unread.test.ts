import assert from "node:assert/strict";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Bot } from "@interlock/bot";
import { AuthorityService } from "@interlock/bot/protocol";
import { EchoService } from "@interlock/bot/testing";
import { type Forked, forkProcess } from "@interlock/testing-processes";
import { defaultLimits, errorCode } from "@interlock/wire";
import type { GatewayAsk, GatewayState } from "./gateway-process.js";
import { type Echo, type GatewayStage, gatewayStage } from "./gateway-stage.js";
import { connectRawCaller, type RawCall } from "./raw-caller.js";

/** How many are not read, and the length of each message. Many short ones are made slowly, so there are fewer. */
const variants = [
  { streams: 64, bytes: 16_000 },
  { streams: 40, bytes: 100 },
] as const;
/** What may be held for streams: a window each, and 10 MiB. */
const mostBytes = (streams: number) => streams * defaultLimits.streamWindowBytes + 10 * 1_024 * 1_024;

/** Marks the stream that is read meanwhile, on the same connections: what is held must not keep what was read. */
const busy = "busy";

function requestOf(bytes: number, domain: string): Buffer {
  const { request } = EchoService.methods.count;
  const message = request.encode({ reason: String(bytes), domain, metadata: {} }).finish();
  return Buffer.concat([Buffer.of(0, 0, 0, 0, message.length), message]);
}

describe("streams that their caller does not read, at a gateway", () => {
  let stage: GatewayStage;
  let echo: Echo;
  let gateway: Forked<GatewayAsk, GatewayState>;
  let port: number;
  let other: Bot;
  let yielded = 0;

  before(async () => {
    stage = await gatewayStage();
    echo = await stage.serve("echo/1", {
      async *count({ reason, domain }, { signal }) {
        const text = "x".repeat(Number(reason));
        while (!signal.aborted) {
          if (domain !== busy) yielded++;
          yield { reason: text };
        }
      },
    });
    gateway = forkProcess(new URL("./gateway-process.js", import.meta.url), "gateway");
    const name = "gateway/1";
    const joinToken = await stage.authority.createJoinToken(name);
    const { address: authority } = stage.authority;
    const stateDir = join(stage.folder, name);
    ({ port } = await gateway.ask({ ask: "open", authority, name, joinToken, stateDir, address: echo.address }));
    other = await stage.joinAs("caller/other");
  });
  after(async () => {
    await gateway.stop();
    await stage.end();
  });

  async function openUnread(
    bot: Bot,
    streams: number,
    bytes: number,
  ): Promise<{ calls: readonly RawCall[]; busyCall: RawCall; close(): void }> {
    using client = bot.client(AuthorityService, stage.authority.address);
    const { token } = await client.issueToken({ audience: EchoService.name, scopes: ["echo:call"] });
    const caller = await connectRawCaller(bot, port);
    const list = [":method", "POST", ":scheme", "https", ":path", EchoService.methods.count.path, ":authority", "bot"];
    const headers = [...list, "te", "trailers", "content-type", "application/grpc", "authorization", `Bearer ${token}`];
    const busyCall = caller.call(headers, false);
    void busyCall.send(requestOf(16_000, busy), true);
    const calls = Array.from({ length: streams }, () => caller.call(headers, false, { reads: false }));
    for (const call of calls) void call.send(requestOf(bytes, ""), true);
    await Promise.all(calls.map((call) => call.came(defaultLimits.streamWindowBytes - bytes - 16)));
    return { calls, busyCall, close: caller.close };
  }

  /** Waits until the bot says nothing more, because nobody takes it. */
  async function stalled(): Promise<void> {
    for (let before = -1, quiet = 0; quiet < 8; before = yielded) {
      quiet = yielded === before ? quiet + 1 : 0;
      await pause(50);
    }
  }

  for (const { streams, bytes } of variants) {
    it(`hold a window each, ${streams} of messages of ${bytes} bytes, and the calls of others go on`, async () => {
      const through = other.client(EchoService, `127.0.0.1:${port}`, { server: "gateway/*" });
      const sent: string[] = [];
      const chat = through.chat(
        (async function* () {
          for (let i = 0; ; i++) yield { reason: String(i) };
        })(),
      );
      const answers = chat[Symbol.asyncIterator]();
      sent.push((await answers.next()).value?.reason ?? "");
      const before = await gateway.ask({ ask: "state" });
      const unread = await openUnread(await stage.joinAs(`caller/${bytes}`), streams, bytes);
      const calls = Promise.all(Array.from({ length: 200 }, (_, i) => through.echo({ reason: `${i}` })));
      assert.deepEqual(
        (await calls).map(({ reason }) => Number(reason)),
        Array.from({ length: 200 }, (_, i) => i),
      );
      for (let i = 1; i < 50; i++) assert.equal((await answers.next()).value?.reason, String(i));
      unread.busyCall.reset(errorCode.cancel);
      await stalled();
      const { bytes: now, calls: open } = await gateway.ask({ ask: "state" });
      assert.ok(open > streams, `${open} calls are open`);
      const held = now - before.bytes;
      assert.ok(held <= mostBytes(streams), `${(held / 1_048_576).toFixed(1)} MiB are held`);
      assert.ok(unread.calls.every(({ seen }) => seen.reset === undefined));
      await answers.return?.();
      unread.close();
      await stalled();
    });
  }
});
