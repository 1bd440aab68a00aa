import { randomBytes } from "node:crypto";
import { EnrollmentService, JoinRequest } from "@interlock/bot/protocol";
import { rawCall, rawSession } from "@interlock/bot/testing";
import type { Attack } from "../attack.js";
import { createTally } from "../tools/handshakes.js";

const perSecond = 20;

export const failingJoins: Attack = {
  name: "failing-joins",
  row: 41,
  title: "failing joins from the address of an honest joiner",
  who: "S",
  target: "authority",
  probes: ["join", "token"],
  allowed: ["8", "16", "close"],
  async run({ target, signal }) {
    const tally = createTally();
    const under = new Set<Promise<void>>();
    while (!signal.aborted) {
      const joinToken = `ILK1-${randomBytes(60).toString("base64url")}`;
      const body = Buffer.from(JoinRequest.encode(JoinRequest.fromPartial({ joinToken })).finish());
      const head = Buffer.alloc(5);
      head.writeUInt32BE(body.length, 1);
      const session = rawSession(target.port);
      const one = rawCall(session, EnrollmentService.methods.join.path, {}, Buffer.concat([head, body])).then(
        (answer) => {
          tally.add(String(answer.status ?? "close"));
          session.destroy();
          under.delete(one);
        },
      );
      under.add(one);
      await new Promise((resolve) => setTimeout(resolve, 1_000 / perSecond));
    }
    await Promise.all(under);
    return { sent: tally.sent, answers: tally.answers };
  },
};
