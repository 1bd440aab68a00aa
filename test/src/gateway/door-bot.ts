import { type Bot, type BotServer, type CallContext, InterlockError } from "@interlock/bot";
import { DoorService } from "./door-service.js";

/** A bot that serves {@link DoorService}, and whose answers say who called: `subject`, and `via` for the first actor. */
export interface DoorBot {
  readonly server: BotServer;
  /** Names of the handlers that ran, in order; at most 10,000. */
  readonly handled: string[];
}

/** Serves the service as `bot`. */
export async function serveDoor(bot: Bot): Promise<DoorBot> {
  const handled: string[] = [];
  const answer = (name: string, text: string, { caller, metadata }: CallContext) => {
    if (handled.length < 10_000) handled.push(name);
    const [actor] = caller.actors;
    const forged = Object.keys(metadata.getMap()).filter((key) => /forwarded|interlock|x-envoy|x-real/.test(key));
    return {
      reason: text,
      metadata: { subject: caller.name, via: actor?.name ?? "", forged: forged.join(" ") },
    };
  };
  const server = await bot.serve({ port: 0, callerRate: { perSecond: 100_000, burst: 100_000 } }, (routes) =>
    routes.add(DoorService, {
      echo: ({ reason }, context) => {
        if (reason === "fail") throw new InterlockError("NOT_FOUND", "There is none.", { reason: "NO_ITEM" });
        return answer("echo", reason, context);
      },
      async *count({ reason }, context) {
        for (let i = 0; i < Number(reason); i++) yield answer("count", String(i), context);
      },
      async join(requests, context) {
        let all = "";
        for await (const { reason } of requests) all += reason;
        return answer("join", all, context);
      },
      async *chat(requests, context) {
        for await (const { reason } of requests) yield answer("chat", reason, context);
      },
      open: ({ reason }, context) => answer("open", reason, context),
      reset: ({ reason }, context) => answer("reset", reason, context),
      named: ({ reason }, context) => answer("named", reason, context),
      limited: ({ reason }, context) => answer("limited", reason, context),
      sunset: ({ reason }, context) => answer("sunset", reason, context),
    }),
  );
  return { server, handled };
}
