import { type ExecFileOptions, execFile } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { connect, type TLSSocket } from "node:tls";
import { type Bot, certificatesToPem, type Implementation } from "@interlock/bot";
import { type Gateway, type GatewayOptions, openGateway } from "@interlock/gateway";
import { makeTemporaryFolder } from "@interlock/testing-processes";
import { Agent, fetch, type RequestInit, type Response } from "undici";
import { conformanceService, ServedConformanceService } from "../conformance/conformance-service.js";
import { type Fleet, startFleet } from "../conformance/fleet.js";
import { issueToken } from "../conformance/relays.js";
import { ConformanceService } from "../gen/connectrpc/conformance/v1/service_interlock.js";

/** The path of a method, below the origin of the Connect port. */
export const pathOf = (method: string) => `/${ConformanceService.name}/${method}`;

/** A program that calls through the Connect port: a bot's certificate in files, and no Interlock code. */
export interface Script {
  readonly bot: Bot;
  /** The folder with `identity.pem` and `ca.pem`. */
  readonly folder: string;
  readonly token: string;
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** Opens a connection of its own. */
  connect(): Promise<TLSSocket>;
}

/** A bot that serves what connectrpc/conformance asks for, and a gateway in front of it with a Connect port. */
export interface ConnectStage {
  readonly fleet: Fleet;
  readonly gateway: Gateway;
  /** Makes a script of a bot; one without a scope gets a token for nothing, where `scope` says so. */
  script(name: string, options?: { readonly scope?: string }): Promise<Script>;
  end(): Promise<void>;
}

/** Sets the stage. */
export async function connectStage(
  options: Partial<GatewayOptions> = {},
  overrides: Partial<Implementation<typeof ServedConformanceService>> = {},
): Promise<ConnectStage> {
  const fleet = await startFleet();
  const folder = makeTemporaryFolder("connect");
  const [server, bot] = await Promise.all([fleet.join("server/1"), fleet.join("gateway/1")]);
  const { address } = await server.serve({ port: 0 }, (routes) =>
    routes.add(ServedConformanceService, { ...conformanceService, ...overrides }),
  );
  const gateway = await openGateway(bot, {
    port: 0,
    connect: { port: 0 },
    logSample: 0,
    routes: [{ service: ConformanceService, addresses: [address], servers: ["server/*"] }],
    ...options,
  });
  const agents: Agent[] = [];

  return {
    fleet,
    gateway,
    async script(name, { scope = "conformance:call" } = {}) {
      const script = await fleet.join(name);
      const { privateKey, chain } = script.identity.current();
      const pem = {
        cert: certificatesToPem(chain),
        key: privateKey,
        ca: certificatesToPem(script.trust.state.caCertificates),
      };
      const files = join(folder.path, name);
      await mkdir(files, { recursive: true });
      await writeFile(join(files, "identity.pem"), pem.key + pem.cert, { mode: 0o600 });
      await writeFile(join(files, "ca.pem"), pem.ca);
      // The CA has been checked; the name is a SPIFFE ID.
      const agent = new Agent({ connect: { ...pem, checkServerIdentity: () => undefined } });
      agents.push(agent);
      return {
        bot: script,
        folder: files,
        token: scope === "" ? "" : await issueToken(script, fleet.authority, ConformanceService.name, scope),
        async connect() {
          const at = { port: gateway.connectPort, host: "127.0.0.1", checkServerIdentity: () => undefined };
          const socket = connect({ ...pem, ...at });
          await once(socket, "secureConnect");
          return socket;
        },
        fetch: (path, init) => fetch(`https://127.0.0.1:${gateway.connectPort}${path}`, { ...init, dispatcher: agent }),
      };
    },
    async end() {
      for (const agent of agents) await agent.destroy();
      await gateway.close(0);
      await fleet.close();
      folder.remove();
    },
  };
}

/** What a program has printed; `undefined` where this machine does not have it. */
export function outputOf(
  program: string,
  args: readonly string[],
  options: Pick<ExecFileOptions, "cwd" | "env">,
): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { ...options, encoding: "utf8" }, (error, stdout, stderr) => {
      if ((error as NodeJS.ErrnoException | null)?.code === "ENOENT") resolve(undefined);
      else if (error) reject(new Error(`${program}: ${stderr || error.message}`));
      else resolve(stdout);
    });
  });
}
