import type { ClientHttp2Session } from "node:http2";
import type { Bot } from "@interlock/bot";
import { AuthorityService } from "@interlock/bot/protocol";
import { EchoService, rawSession, shows } from "@interlock/bot/testing";
import type { Attack } from "../attack.js";
import { rawAnswer, tally } from "./raw-answer.js";

const connections = 8;
const streamsOfAConnection = 128;
const messageBytes = 4 * 1_024 * 1_024;
const pieceBytes = 16_384;
const grpc = { ":method": "POST", "content-type": "application/grpc", te: "trailers" };

export const unfinishedMessages: Attack = {
  name: "unfinished-messages",
  row: 44,
  title: "large messages on every stream that lack their last byte",
  who: "B",
  target: "bot",
  probes: ["echo", "connect"],
  bots: ["hoarder/1"],
  // Worse than without a scope: methods that need none take no large messages.
  grants: `
  "hoarder/*":
    test.EchoService: [echo:call]
`,
  allowed: ["8", "close"],
  async run({ target, bots: [bot], signal }) {
    if (!bot) throw new Error("the attack needs a bot");
    const authorization = await tokenOf(bot, target.authority);
    const { answers, count, sent } = tally();
    const body = Buffer.alloc(messageBytes + 4);
    body.writeUInt32BE(messageBytes, 1);
    const sessions = Array.from({ length: connections }, () => rawSession(target.port, shows(bot.identity.current())));
    const calls = sessions.flatMap((session) =>
      Array.from({ length: streamsOfAConnection }, () => hoard(session, authorization, body, signal)),
    );
    for (const call of calls) void call.then((answer) => answer !== undefined && count(answer));
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    const seen = { ...answers };
    for (const session of sessions) session.destroy();
    return { sent: Math.max(sent(), calls.length), answers: seen };
  },
};

/** Sends a message but for its last byte, and waits. Gives the answer; `undefined` where there was none in time. */
function hoard(session: ClientHttp2Session, authorization: string, body: Buffer, signal: AbortSignal) {
  return new Promise<string | undefined>((resolve) => {
    const stream = session.request({ ...grpc, ":path": EchoService.methods.echo.path, authorization });
    let status: number | undefined;
    let error: string | undefined;
    const read = (headers: Record<string, unknown>) => {
      if (headers["grpc-status"] !== undefined) status = Number(headers["grpc-status"]);
    };
    stream.on("response", read).on("trailers", read).resume();
    stream.on("error", (failure) => {
      error ??= /NGHTTP2_\w+/.exec(failure.message)?.[0];
    });
    stream.once("close", () => resolve(signal.aborted ? undefined : rawAnswer({ status, error })));
    // Piece by piece: Node's client keeps no more than ten megabytes.
    let at = 0;
    function write(): void {
      if (stream.destroyed || signal.aborted || at >= body.length) return;
      stream.write(body.subarray(at, at + pieceBytes), write);
      at += pieceBytes;
    }
    write();
  });
}

async function tokenOf(bot: Bot, authority: string): Promise<string> {
  const request = { audience: EchoService.name, scopes: ["echo:call"] };
  const { token } = await bot.client(AuthorityService, authority).issueToken(request);
  return `Bearer ${token}`;
}
