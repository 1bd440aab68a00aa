import { EchoService, rawSession, shows } from "@interlock/bot/testing";
import { chat, count, echoStage } from "./echo-stage.js";
import { openStream } from "./open-stream.js";
import type { Row, Variant } from "./row.js";

export const staleStreamRow: Row = {
  row: 57,
  attack: "a stream of a high-risk method under trust past its bound",
  async play() {
    const stage = await echoStage();
    const { fleet, server, caller } = stage;
    const risky = (risk: "high" | "critical") => {
      const policy = { ...count.policy, risk };
      return { ...EchoService, methods: { ...EchoService.methods, chat: { ...chat, policy } } };
    };
    const { state } = fleet.trust;

    /** Opens a risky stream and a harmless one, lets the trust become stale, and gives what the risky one ends with. */
    const variant = (risk: "high" | "critical"): Variant => ({
      name: `a method of ${risk} risk`,
      answer: 14,
      reason: "TRUST_STALE",
      async attack() {
        const { port } = await server.bot.serve({ port: 0 }, (routes) =>
          routes.add(risky(risk), {
            echo: (request) => request,
            async *count(_request, { signal }) {
              yield {};
              await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
            },
            join: () => ({}),
            async *chat(_requests, { signal }) {
              yield {};
              await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
            },
            open: () => ({}),
            reset: () => ({}),
          }),
        );
        const session = rawSession(port, shows(caller));
        try {
          const authorization = await stage.authorization();
          const harmless = await openStream(session, count.path, authorization);
          const { status } = await openStream(session, chat.path, authorization);
          fleet.trust.replace({ ...state, staleAfterMs: 50 });
          const answer = await status;
          if (harmless.stream.closed) throw new Error("a harmless stream was ended, too");
          return answer ?? "close";
        } finally {
          fleet.trust.replace(state);
          session.destroy();
        }
      },
    });
    return stage.play([variant("high"), variant("critical")]);
  },
};
