import { createSecureContext } from "node:tls";
import { certificatesToPem } from "@interlock/bot";
import { junkChain } from "@interlock/bot/testing";
import type { Attack, AttackStage } from "../attack.js";
import { createTally, shakeHands } from "../tools/handshakes.js";

// Ten filled a core.
const perSecond = 100;

async function run({ target, signal }: AttackStage) {
  const { privateKey, chain } = junkChain();
  const context = createSecureContext({ key: privateKey, cert: certificatesToPem(chain) });
  const tally = createTally();
  const under = new Set<Promise<void>>();
  while (!signal.aborted) {
    const one = shakeHands(target.port, context).then((answer) => {
      tally.add(answer);
      under.delete(one);
    });
    under.add(one);
    await new Promise((resolve) => setTimeout(resolve, 1_000 / perSecond));
  }
  await Promise.all(under);
  return { sent: tally.sent, answers: tally.answers, note: `${chain.length} certificates each` };
}

const common = { row: 39, who: "S", allowed: ["close"], run } as const;

export const junkCertificates: Attack = {
  ...common,
  name: "junk-certificates",
  title: "a chain of 300 junk certificates, again and again, to a bot",
  target: "bot",
  probes: ["echo", "connect"],
};

export const junkCertificatesEnrolling: Attack = {
  ...common,
  name: "junk-certificates-enrolling",
  title: "the same to the authority, whose port lets strangers in",
  target: "authority",
  probes: ["token"],
};
