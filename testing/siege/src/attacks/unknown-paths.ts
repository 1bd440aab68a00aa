import { EchoService, rawCall, rawSession, shows } from "@interlock/bot/testing";
import type { Attack } from "../attack.js";
import { rawAnswer, tally } from "./raw-answer.js";

const atOnce = 200;

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
    const { answers, count, sent } = tally();
    while (!signal.aborted) {
      const session = rawSession(target.port, shows(bot.identity.current()));
      const attack = async (_: unknown, i: number) => {
        while (!signal.aborted && !session.destroyed) {
          const known = i % 2 === 0;
          const path = known ? EchoService.methods.open.path : `/${"a".repeat(2_000)}/B`;
          // 415 has no gRPC status, and counts as a close.
          const answer = await rawCall(session, path, { "content-type": known ? "text/plain" : "application/grpc" });
          if (!signal.aborted) count(rawAnswer(answer));
        }
      };
      await Promise.all(Array.from({ length: atOnce }, attack));
      session.destroy();
    }
    // More than a burst of calls: some of it is beyond the rate of one bot.
    const problem = sent() > 6_000 && !answers["8"] ? "none of it was refused" : undefined;
    return { sent: sent(), answers, problem };
  },
};
