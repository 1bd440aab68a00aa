import { join } from "node:path";
import { startAuthority } from "@interlock/authority";
import { type Bot, joinFleet, silentLog } from "@interlock/bot";
import { makeTemporaryFolder } from "@interlock/testing-processes";

/** An authority of its own, and the bots that have joined it. */
export interface Fleet {
  /** `host:port` of the authority. */
  readonly authority: string;
  join(name: string): Promise<Bot>;
  /** Revokes a bot. */
  revoke(name: string): Promise<void>;
  close(): Promise<void>;
}

const grants = `
grants:
  "caller/*":
    connectrpc.conformance.v1.ConformanceService: [conformance:call, conformance:read]
    grpc.testing.TestService: [interop:call]
    grpc.testing.UnimplementedService: [interop:call]
  "gateway/*":
    connectrpc.conformance.v1.ConformanceService: [token:exchange]
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
  return {
    authority: authority.address,
    async join(name) {
      const joinToken = await authority.createJoinToken(name);
      const stateDir = join(folder.path, name);
      const bot = await joinFleet({ authority: authority.address, name, joinToken, stateDir, log: silentLog });
      bots.push(bot);
      return bot;
    },
    async revoke(name) {
      await authority.revoke({ kind: "identity", subject: `spiffe://conformance/${name}` }, "test");
    },
    async close() {
      await Promise.all(bots.map((bot) => bot.close(0)));
      await authority.close();
      folder.remove();
    },
  };
}
