import { join } from "node:path";
import { joinFleet, silentLog } from "@interlock/bot";
import { EchoService } from "../gen/interlock/bench/v1/bench_interlock.js";
import type { NodeVariant } from "../variant.js";

interface Side {
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
`;

/** Interlock with everything on. The authority runs in the parent. */
export const interlock: NodeVariant<Settings> = {
  async prepare(folder) {
    // Imported here only: the process of a bot has no authority and no database in it.
    const { startAuthority } = await import("@interlock/authority");
    const authority = await startAuthority({
      dataDir: join(folder, "authority"),
      trustDomain: "bench",
      port: 0,
      log: silentLog,
    });
    await authority.applyGrants(grants);
    const side = async (name: string): Promise<Side> => ({
      authority: authority.address,
      name,
      joinToken: await authority.createJoinToken(name),
      stateDir: join(folder, name),
    });
    const settings = { server: await side("server/1"), client: await side("client/1") };
    return { settings, close: () => authority.close() };
  },
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
