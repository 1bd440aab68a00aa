import { EnrollmentService } from "@interlock/bot/protocol";
import { rawCall, rawSession } from "@interlock/bot/testing";
import type { Attack } from "../attack.js";
import { createTally } from "../tools/handshakes.js";

const perSession = 200;
const most = 20_000;
/** A stranger that has made so many requests on one connection is at home. */
const tooMany = 64;

// HTTP/2 lets C1 pass, which are escapes to a terminal as well, and grpc-js dislikes them.
const escapes = "\u009b31m\u009d0;mallory\u009c";
const headers = Object.fromEntries(Array.from({ length: 7 }, (_, i) => [`x-bad-${i}`, escapes + "a".repeat(1_000)]));

export const badHeaders: Attack = {
  name: "bad-headers",
  row: 38,
  title: "header values and paths with escapes, far too long, by the thousand, to the enrollment door",
  who: "S",
  target: "authority",
  probes: ["token", "jwks"],
  allowed: ["12", "13", "16", "8", "close"],
  async run({ target, signal }) {
    const tally = createTally();
    let problem: string | undefined;
    const paths = [EnrollmentService.methods.join.path, `/${escapes}/${"a".repeat(1_000)}`];
    while (!signal.aborted && tally.sent < most) {
      const session = rawSession(target.port);
      for (let i = 0; i < perSession && !signal.aborted && !session.closed && !session.destroyed; i++) {
        const { status } = await rawCall(session, paths[i % 2] ?? "", headers);
        tally.add(String(status ?? "close"));
        if (i === tooMany && status !== undefined) problem = `one connection took ${i} requests of a stranger`;
      }
      session.destroy();
    }
    return { sent: tally.sent, answers: tally.answers, problem };
  },
};
