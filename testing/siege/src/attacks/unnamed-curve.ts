import { createSecureContext } from "node:tls";
import { certificatesToPem } from "@interlock/bot";
import { decoy, decoyChain } from "@interlock/bot/testing";
import type { Attack, AttackStage } from "../attack.js";
import { createTally, shakeHands } from "../tools/handshakes.js";

/** Long enough for the bystanders to have been served in between, in milliseconds. */
const leastMs = 1_000;
const most = 2_000;

/** Curves without a NIST name: OpenSSL knows them, and Node has no text for them. */
const curves = ["secp256k1", "brainpoolP256r1", "brainpoolP384t1"] as const;

async function run({ target, signal }: AttackStage) {
  const shown = curves.flatMap((curve) => {
    const { privateKey, chain } = decoyChain(curve);
    // The key of the leaf itself, where TLS can sign with it.
    const own = decoy(curve);
    const other = decoy("P-256");
    return [
      { key: privateKey, cert: certificatesToPem(chain) },
      { key: other.privateKey, cert: certificatesToPem([other.der, own.der]) },
    ];
  });
  const contexts = shown.map(createSecureContext);
  const ports = [target.port, ...(target.httpsPort > 0 ? [target.httpsPort] : [])];
  const tally = createTally();
  const end = performance.now() + leastMs;
  while (performance.now() < end && tally.sent < most && !signal.aborted) {
    for (const context of contexts) {
      for (const port of ports)
        tally.add(await shakeHands(port, context, port === target.httpsPort ? "http/1.1" : "h2"));
    }
  }
  return { sent: tally.sent, answers: tally.answers };
}

const common = {
  row: 37,
  who: "S",
  allowed: ["close"],
  run,
} as const;

export const unnamedCurve: Attack = {
  ...common,
  name: "unnamed-curve",
  title: "a leaf below a self-made CA on a curve without a NIST name, to a bot",
  target: "bot",
  probes: ["echo", "connect"],
};

export const unnamedCurveEnrolling: Attack = {
  ...common,
  name: "unnamed-curve-enrolling",
  title: "the same to the authority, whose ports let strangers in",
  target: "authority",
  probes: ["token", "jwks"],
};
