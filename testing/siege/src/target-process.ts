// The machine under attack, in a process of its own.
import { join } from "node:path";
import { type Authority, startAuthority } from "@interlock/authority";
import { joinFleet, jsonLog } from "@interlock/bot";
import { createLeader, leaderRoutes } from "@interlock/swarm";
import { openTaskStore } from "@interlock/swarm/store";
import { answerParent } from "@interlock/testing-processes";
import type { TargetAddress, TargetKind } from "./attack.js";
import { echoRoutes } from "./echo-routes.js";

export type TargetAsk =
  | { readonly do: "authority"; readonly folder: string; readonly grants: string }
  | { readonly do: "invite"; readonly name: string }
  | {
      readonly do: "member";
      readonly kind: Exclude<TargetKind, "authority">;
      readonly authority: string;
      readonly joinToken: string;
      readonly folder: string;
    }
  | { readonly do: "handled" };

export interface TargetAnswer {
  readonly target?: TargetAddress;
  readonly joinToken?: string;
  /** How often a handler has run that attackers must not reach. */
  readonly handled?: number;
}

let authority: Authority | undefined;
let handled = 0;

answerParent(async (ask: TargetAsk): Promise<TargetAnswer> => {
  switch (ask.do) {
    case "authority":
      authority = await startAuthority({
        dataDir: join(ask.folder, "authority"),
        trustDomain: "siege",
        port: 0,
        log: jsonLog,
        https: { port: 0 },
      });
      await authority.applyGrants(ask.grants);
      return {
        target: {
          kind: "authority",
          address: authority.address,
          port: authority.port,
          httpsPort: Number(new URL(authority.issuer).port),
          authority: authority.address,
        },
      };
    case "invite":
      return { joinToken: await (authority as Authority).createJoinToken(ask.name) };
    case "member": {
      const { kind, authority, joinToken, folder } = ask;
      const name = kind === "bot" ? "echo/1" : "leader/1";
      const bot = await joinFleet({ authority, name, joinToken, stateDir: join(folder, name), log: jsonLog });
      const routes = kind === "bot" ? echoRoutes(() => handled++) : leaderRoutes(await openLeader(folder, name));
      const { address, port } = await bot.serve({ port: 0 }, routes);
      return { target: { kind, address, port, httpsPort: 0, authority } };
    }
    case "handled":
      return { handled };
  }
});

async function openLeader(folder: string, name: string) {
  const leader = createLeader({ name, store: await openTaskStore(join(folder, "tasks.db")), log: jsonLog });
  await new Promise<void>((resolve) => {
    leader.onLead((leads) => leads && resolve());
    if (leader.leads) resolve();
  });
  return leader;
}
