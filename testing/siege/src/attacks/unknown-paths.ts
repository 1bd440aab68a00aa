import type { TLSSocket } from "node:tls";
import { EchoService, rawCall, rawSession, shows } from "@interlock/bot/testing";
import type { Attack } from "../attack.js";
import { rawAnswer, tally } from "./raw-answer.js";
import { callBlock, connectRaw, headersFrame } from "./raw-frames.js";

const atOnce = 100;
const connections = 1;
/** More than a bot may make of them in the time of the attack, with the patience of a server. */
const beyondItsRate = 1_500;
const unknown = "/a.B/C";
const blocks = [callBlock(unknown), callBlock(EchoService.methods.open.path, "text/plain")];

export const unknownPaths: Attack = {
  name: "unknown-paths",
  row: 46,
  title: "unknown paths and other types of content, without pause",
  who: "B",
  target: "bot",
  probes: ["echo", "connect"],
  bots: ["mallory/1"],
  allowed: ["12", "8", "close"],
  async run({ target, bots: [bot], signal }) {
    if (!bot) throw new Error("the attack needs a bot");
    const { answers, count } = tally();
    let sent = 0;
    const flood = async () => {
      while (!signal.aborted) {
        const socket = await connectRaw(bot, target.port);
        sent += await callWithoutPause(socket, signal);
        if (!signal.aborted) count("close");
        socket.destroy();
      }
    };
    await Promise.all(Array.from({ length: connections }, flood));
    const session = rawSession(target.port, shows(bot.identity.current()));
    count(rawAnswer(await rawCall(session, unknown)));
    session.destroy();
    const problem = sent > beyondItsRate && !answers.close ? "it was never cut off" : undefined;
    return { sent, answers, problem };
  },
};

/** Calls what is no method, with a hundred calls under way, until the server cuts it off. Gives the number of calls. */
function callWithoutPause(socket: TLSSocket, signal: AbortSignal): Promise<number> {
  return new Promise((resolve) => {
    let calls = 0;
    function call(): void {
      if (socket.destroyed || signal.aborted) return;
      socket.write(headersFrame(2 * calls + 1, blocks[calls % 2] as Buffer));
      calls++;
    }
    const end = () => resolve(calls);
    socket.on("answered", call).once("close", end);
    signal.addEventListener("abort", end, { once: true });
    if (socket.destroyed || signal.aborted) end();
    for (let i = 0; i < atOnce; i++) call();
  });
}
