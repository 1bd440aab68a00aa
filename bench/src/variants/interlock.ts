import { join } from "node:path";
import { joinFleet, silentLog } from "@interlock/bot";
import { EchoService } from "../gen/interlock/bench/v1/bench_interlock.js";
import type { NodeVariant, Prepared } from "../variant.js";

/** What a bot needs to join. */
export interface Side {
  readonly authority: string;
  readonly name: string;
  readonly joinToken: string;
  readonly stateDir: string;
}

interface Settings {
  readonly server: Side;
  readonly client: Side;
}

const grants = `grants:
  "client/*":
    ${EchoService.name}: [echo:call]
  "gateway/*":
    ${EchoService.name}: [token:exchange]
`;

/** Makes an authority in this process, and what bots with these names need to join it. */
export async function prepareFleet<Names extends Record<string, string>>(
  folder: string,
  names: Names,
): Promise<Prepared<Record<keyof Names, Side>>> {
  // Imported here only: the process of a bot has no authority and no database in it.
  const { startAuthority } = await import("@interlock/authority");
  const authority = await startAuthority({
    dataDir: join(folder, "authority"),
    trustDomain: "bench",
    port: 0,
    log: silentLog,
  });
  await authority.applyGrants(grants);
  const sides: [string, Side][] = [];
  for (const [key, name] of Object.entries(names)) {
    const joinToken = await authority.createJoinToken(name);
    sides.push([key, { authority: authority.address, name, joinToken, stateDir: join(folder, name) }]);
  }
  return { settings: Object.fromEntries(sides) as Record<keyof Names, Side>, close: () => authority.close() };
}

/** Interlock with everything on. The authority runs in the parent. */
export const interlock: NodeVariant<Settings> = {
  prepare: (folder) => prepareFleet(folder, { server: "server/1", client: "client/1" }),
  async serve({ server }) {
    const bot = await joinFleet({ ...server, log: silentLog });
    // One client makes all the calls, as fast as it can: no rate limit.
    return bot.serve({ port: 0, callerRate: { perSecond: 1e9, burst: 1e9 } }, (routes) =>
      routes.add(EchoService, {
        async echo({ payload }) {
          return { received: payload.length };
        },
        async *repeat({ count, payload }) {
          for (let index = 0; index < count; index++) yield { index, payload };
        },
      }),
    );
  },
  async connect({ client: side }, address) {
    const bot = await joinFleet({ ...side, log: silentLog });
    const client = bot.client(EchoService, address);
    return {
      echo: (request) => client.echo(request),
      async repeat(request, onMessage) {
        for await (const message of client.repeat(request)) onMessage(message);
      },
    };
  },
};
