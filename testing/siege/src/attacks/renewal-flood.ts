import { type Bot, createCsr, createKeyPair } from "@interlock/bot";
import { AuthorityService } from "@interlock/bot/protocol";
import type { Attack } from "../attack.js";
import { codeOf } from "./code-of.js";

const inFlight = 8;

/** The renewals that are given at the most: 20 at once, and a few for the time that an attack takes. */
const maximumGiven = 25;

export const renewalFlood: Attack = {
  name: "renewal-flood",
  row: 46,
  title: "renewals and confirmations without pause",
  who: "B",
  target: "authority",
  probes: ["token"],
  bots: ["renewer/1"],
  allowed: ["0", "8"],
  async run({ bots, target, signal }) {
    const bot = bots[0] as Bot;
    const client = bot.client(AuthorityService, target.address);
    const csr = await createCsr(await createKeyPair(), bot.spiffeId.uri);
    const answers: Record<string, number> = {};
    let [sent, given] = [0, 0];
    async function flood(): Promise<void> {
      while (!signal.aborted) {
        const code = await codeOf(client.renew({ csr }, { timeoutMs: 5_000 }));
        if (code === "0") given++;
        for (const answer of [code, await codeOf(client.confirm({}, { timeoutMs: 5_000 }))]) {
          sent++;
          answers[answer] = (answers[answer] ?? 0) + 1;
        }
      }
    }
    await Promise.all(Array.from({ length: inFlight }, flood));
    return { sent, answers, problem: given > maximumGiven ? `${given} certificates were issued` : undefined };
  },
};
