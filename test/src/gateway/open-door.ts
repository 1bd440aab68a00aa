import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Bot, silentLog } from "@interlock/bot";
import { type AuthorizationServer, envoyConfiguration, serveAuthorization, type TokenKeys } from "@interlock/gateway";
import { type Rate, type ServiceDefinition, servedManifest } from "@interlock/policy";
import { type Envoy, startEnvoy } from "./start-envoy.js";

/** Envoy with its authorization service, in front of one service. */
export interface Door {
  readonly envoy: Envoy;
  /** `host:port` for callers. */
  readonly address: string;
  readonly authorization: AuthorizationServer;
  close(): Promise<void>;
}

/** What a door is opened with. */
export interface DoorParts {
  /** The Envoy to run. */
  readonly program: string;
  /** The bot whose identity the door shows. */
  readonly bot: Bot;
  readonly service: ServiceDefinition;
  /** Where the service is. */
  readonly upstream: string;
  readonly issuer: string;
  readonly keys: TokenKeys;
  readonly callerRate?: Rate | undefined;
}

/** Starts the authorization service, then Envoy with the configuration that is written for it. */
export async function openDoor(parts: DoorParts): Promise<Door> {
  const { program, bot, service, upstream, issuer, keys, callerRate } = parts;
  const folder = await mkdtemp(join(tmpdir(), "interlock-door-"));
  const { services } = servedManifest([service]);
  const secrets = join(folder, "secrets");
  const serving = { services, secrets, port: 0, log: silentLog, callerRate, anyBot: true };
  const authorization = await serveAuthorization(bot, serving);
  const listen = `127.0.0.1:${await freePort()}`;
  const { notBefore, notAfter } = bot.identity.current().leaf;
  const configuration = envoyConfiguration(services, {
    trustDomain: bot.spiffeId.trustDomain,
    name: bot.name,
    listen,
    upstreams: { [service.name]: [upstream] },
    issuer,
    keys,
    secrets,
    authorization: authorization.address,
    certificateTtlMs: notAfter - Math.max(notBefore, Date.now()),
  });
  const file = join(folder, "envoy.yaml");
  await writeFile(file, configuration);
  const envoy = await startEnvoy(program, file, Number(listen.split(":")[1])).catch(async (error) => {
    await authorization.close(0);
    throw error;
  });
  return {
    envoy,
    address: listen,
    authorization,
    async close() {
      await envoy.stop();
      await authorization.close(0);
      await rm(folder, { recursive: true });
    },
  };
}

/** Envoy does not say on which port it listens, where it may choose. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
