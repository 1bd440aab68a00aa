import type { ClientHttp2Session } from "node:http2";
import { gzipSync } from "node:zlib";
import type { Bot } from "@interlock/bot";
import { AuthorityService, EnrollmentService } from "@interlock/bot/protocol";
import { EchoService, rawCall, rawSession, shows } from "@interlock/bot/testing";
import type { Attack, AttackStage } from "../attack.js";
import { createTally } from "../tools/handshakes.js";

const health = "/grpc.health.v1.Health/Check";
const gzip = { "grpc-encoding": "gzip" };

/** A message that is packed, as it goes over the wire. */
function packed(content: Uint8Array): Buffer {
  const bytes = gzipSync(content, { level: 9 });
  const head = Buffer.alloc(5);
  head.writeUInt8(1, 0);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

/** Empty messages, in 60 kB. */
const empty = packed(Buffer.alloc(0));
const manyEmpty = Buffer.concat(Array.from({ length: Math.floor(60_000 / empty.length) }, () => empty));
/** As much as a message may be, of zeros: 4 kB. Fourteen of them are 56 kB. */
const largest = packed(Buffer.alloc(4 * 1_024 * 1_024 - 1));
const manyLarge = Buffer.concat(Array.from({ length: 14 }, () => largest));
/** 64 MiB of zeros. */
const bomb = packed(Buffer.alloc(64 * 1_024 * 1_024));

interface Shot {
  readonly path: string;
  readonly body: Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Sends calls, several at once, until the time is over or enough have been sent. */
async function fire(
  { signal }: AttackStage,
  connect: () => ClientHttp2Session,
  shots: readonly Shot[],
  perSession: number,
) {
  const tally = createTally();
  const most = 400;
  let next = 0;
  while (!signal.aborted && tally.sent < most) {
    const session = connect();
    const calls = Array.from({ length: perSession }, () => {
      const { path, body, headers } = shots[next++ % shots.length] as Shot;
      return rawCall(session, path, { ...gzip, ...headers }, body);
    });
    for (const { status, error } of await Promise.all(calls)) {
      // HTTP/2's own word for 8.
      tally.add(error === "NGHTTP2_ENHANCE_YOUR_CALM" ? "8" : String(status ?? "close"));
    }
    session.destroy();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return { sent: tally.sent, answers: tally.answers };
}

const common = { row: 42, probes: ["echo", "connect"] } as const;

export const compressionByStrangers: Attack = {
  ...common,
  name: "compression-strangers",
  title: "compressed messages to the enrollment door, empty by the thousand, or bombs",
  who: "S",
  target: "authority",
  probes: ["token", "join"],
  allowed: ["12", "close"],
  run: (stage) => {
    const { path } = EnrollmentService.methods.join;
    const shots = [manyEmpty, manyLarge, bomb].map((body) => ({ path, body }));
    return fire(stage, () => rawSession(stage.target.port), shots, 1);
  },
};

export const compressionWithoutToken: Attack = {
  ...common,
  name: "compression-without-token",
  title: "the same from a bot, to methods that need no token",
  who: "B",
  target: "bot",
  bots: ["mallory/1"],
  allowed: ["12", "16"],
  run: (stage) => {
    const { echo, open } = EchoService.methods;
    const paths = [health, open.path, echo.path];
    const shots = paths.flatMap((path) => [manyEmpty, manyLarge, bomb].map((body) => ({ path, body })));
    return fire(
      stage,
      () => rawSession(stage.target.port, shows(stage.bots[0]?.identity.current() ?? fail())),
      shots,
      36,
    );
  },
};

export const compressionWithToken: Attack = {
  ...common,
  name: "compression-with-token",
  title: "the same with a token",
  who: "B",
  target: "bot",
  bots: ["mallory/2"],
  grants: `
  "mallory/2":
    test.EchoService: [echo:call]
`,
  allowed: ["8", "0", "13"],
  async run(stage) {
    const [bot = fail()] = stage.bots;
    const authorization = await tokenOf(bot, stage.target.authority);
    const { echo, join } = EchoService.methods;
    const shots = [
      { path: join.path, body: manyEmpty },
      { path: join.path, body: manyLarge },
      { path: echo.path, body: bomb },
    ].map((shot) => ({ ...shot, headers: { authorization } }));
    return fire(stage, () => rawSession(stage.target.port, shows(bot.identity.current())), shots, 36);
  },
};

async function tokenOf(bot: Bot, authority: string): Promise<string> {
  const request = { audience: EchoService.name, scopes: ["echo:call"] };
  const { token } = await bot.client(AuthorityService, authority).issueToken(request);
  return `Bearer ${token}`;
}

function fail(): never {
  throw new Error("the attack has no bot");
}
