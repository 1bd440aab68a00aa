import { join } from "node:path";
import { startAuthority } from "@interlock/authority";
import { type Bot, joinFleet, silentLog } from "@interlock/bot";
import { type Gateway, openGateway, type ServiceRoute } from "@interlock/gateway";
import { makeTemporaryFolder } from "@interlock/testing-processes";

/** An authority of its own, and the bots that have joined it. */
export interface Fleet {
  /** `host:port` of the authority. */
  readonly authority: string;
  join(name: string): Promise<Bot>;
  /** Revokes a bot. */
  revoke(name: string): Promise<void>;
  /** Opens a gateway, under an identity of its own, in front of bots that serve a service. */
  gateway(service: ServiceRoute["service"], address: string, server: string): Promise<{ gateway: Gateway; bot: Bot }>;
  close(): Promise<void>;
}

/** Whether a program of this folder is to put a gateway between itself and the suite. */
export const isThroughGateway = process.env.INTERLOCK_CONFORMANCE_GATEWAY === "1";

const grants = `
grants:
  "caller/*":
    connectrpc.conformance.v1.ConformanceService: [conformance:call, conformance:read]
    grpc.testing.TestService: [interop:call]
    grpc.testing.UnimplementedService: [interop:call]
  "gateway/*":
    connectrpc.conformance.v1.ConformanceService: [token:exchange]
    grpc.testing.TestService: [token:exchange]
`;

/** Starts an authority in this process. Bots named `caller/…` may call the services of this folder. */
export async function startFleet(): Promise<Fleet> {
  const folder = makeTemporaryFolder("conformance");
  const authority = await startAuthority({
    dataDir: join(folder.path, "authority"),
    trustDomain: "conformance",
    port: 0,
    log: silentLog,
  });
  await authority.applyGrants(grants);
  const bots: Bot[] = [];
  const gateways: Gateway[] = [];

  async function joinAs(name: string): Promise<Bot> {
    const joinToken = await authority.createJoinToken(name);
    const stateDir = join(folder.path, name);
    const bot = await joinFleet({ authority: authority.address, name, joinToken, stateDir, log: silentLog });
    bots.push(bot);
    return bot;
  }

  return {
    authority: authority.address,
    join: joinAs,
    async gateway(service, address, server) {
      const bot = await joinAs(`gateway/${gateways.length + 1}`);
      const routes = [{ service, addresses: [address], servers: [server] }];
      // The suite's client over grpc-go makes a connection for each case, and closes none.
      const gateway = await openGateway(bot, { port: 0, routes, connectionsPerPeer: 1_024, logSample: 0 });
      gateways.push(gateway);
      return { gateway, bot };
    },
    async revoke(name) {
      await authority.revoke({ kind: "identity", subject: `spiffe://conformance/${name}` }, "test");
    },
    async close() {
      await Promise.all(gateways.map((gateway) => gateway.close(0)));
      await Promise.all(bots.map((bot) => bot.close(0)));
      await authority.close();
      folder.remove();
    },
  };
}
