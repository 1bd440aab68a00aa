import { AuthorityService } from "@interlock/bot/protocol";
import { rawSession, shows } from "@interlock/bot/testing";
import type { Attack } from "../attack.js";
import { tally } from "./raw-answer.js";

const connections = 60;
const streamsOfAConnection = 250;
/** A bot that has so many trust streams at once is not bounded. */
const tooMany = 256;
const grpc = { ":method": "POST", "content-type": "application/grpc", te: "trailers" };

export const trustStreams: Attack = {
  name: "trust-streams",
  row: 47,
  title: "thousands of trust streams of one bot",
  who: "B",
  target: "authority",
  probes: ["token", "lock"],
  bots: ["mallory/1"],
  allowed: ["8", "close"],
  async run({ target, bots: [bot], signal }) {
    if (!bot) throw new Error("the attack needs a bot");
    const { answers, count } = tally();
    const sessions = Array.from({ length: connections }, () => rawSession(target.port, shows(bot.identity.current())));
    let sent = 0;
    let taken = 0;
    for (const session of sessions) {
      for (let i = 0; i < streamsOfAConnection && !signal.aborted && !session.destroyed; i++, sent++) {
        const stream = session.request({ ...grpc, ":path": AuthorityService.methods.watchTrust.path });
        const read = (headers: Record<string, unknown>) => {
          const status = headers["grpc-status"];
          if (status !== undefined && !signal.aborted) count(String(status));
        };
        stream.on("response", read).on("trailers", read);
        stream.once("data", () => taken++);
        stream
          .on("error", () => {})
          .resume()
          .end(Buffer.alloc(5));
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    const seen = { ...answers };
    const problem = taken > tooMany ? `${taken} trust streams of one bot were taken` : undefined;
    for (const session of sessions) session.destroy();
    return { sent, answers: seen, problem };
  },
};
