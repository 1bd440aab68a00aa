import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
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
  /** Its certificate and key, and the CA, in PEM. */
  readonly files: { readonly cert: string; readonly key: string; readonly ca: string };
  readonly token: string;
  fetch(path: string, init?: RequestInit): Promise<Response>;
}

/** A bot that serves what connectrpc/conformance asks for, and a gateway in front of it with a Connect port. */
export interface ConnectStage {
  readonly fleet: Fleet;
  readonly gateway: Gateway;
  /** The host name in the certificate of the gateway. */
  readonly host: string;
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
    host: "gateway--1.conformance.interlock.invalid",
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
      for (const [part, text] of Object.entries(pem))
        await writeFile(join(files, `${part}.pem`), text, { mode: 0o600 });
      // The CA has been checked; the name is a SPIFFE ID.
      const agent = new Agent({ connect: { ...pem, checkServerIdentity: () => undefined } });
      agents.push(agent);
      return {
        bot: script,
        files: { cert: join(files, "cert.pem"), key: join(files, "key.pem"), ca: join(files, "ca.pem") },
        token: scope === "" ? "" : await issueToken(script, fleet.authority, ConformanceService.name, scope),
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
export function outputOf(program: string, args: readonly string[], input = ""): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, (error, stdout, stderr) => {
      if ((error as NodeJS.ErrnoException | null)?.code === "ENOENT") resolve(undefined);
      else if (error) reject(new Error(`${program}: ${stderr || error.message}`));
      else resolve(stdout);
    });
    child.stdin?.on("error", () => {}); // It is not there.
    child.stdin?.end(input);
  });
}
