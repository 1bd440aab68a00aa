import { X509Certificate } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Bot, certificatesToPem } from "@interlock/bot";
import { makeTemporaryFolder } from "@interlock/testing-processes";
import { TestService } from "../../gen/grpc/testing/test_interlock.js";
import { type Fleet, startFleet } from "../fleet.js";
import { issueToken } from "../relays.js";
import { type CaseName, caseNames, makeCase, reasonOf } from "./cases.js";
import { findPeers, type Peer } from "./peers.js";
import { ServedTestService, testService } from "./test-service.js";

/** The outcome of all cases with one library, in one direction. */
export interface InteropResult {
  /** `grpc-go` or `grpcio`. */
  readonly peer: string;
  /** What the other library is: a client of our server, or the server of our client. */
  readonly as: "client" | "server";
  /** Whether a gateway of ours is between the two. */
  readonly isThroughGateway: boolean;
  readonly cases: number;
  readonly failures: readonly { readonly name: string; readonly text: string }[];
  /** Why nothing was run. */
  readonly skipped?: string;
}

/** Runs the named cases with each library, both ways, over mutual TLS and with tokens that the authority has issued. */
export async function runInterop(): Promise<readonly InteropResult[]> {
  const fleet = await startFleet();
  const folder = makeTemporaryFolder("interop");
  try {
    const [server, caller, other] = await Promise.all(
      ["server/1", "caller/1", "peer/1"].map((name) => fleet.join(name)),
    );
    if (!server || !caller || !other) throw new Error("no bots");
    const served = await server.serve({ port: 0 }, (routes) => routes.add(ServedTestService, testService));
    const otherFolder = await saveIdentity(fleet, other, server, join(folder.path, "peer"));
    const results: InteropResult[] = [];
    const { gateway, bot } = await fleet.gateway(TestService, `127.0.0.1:${served.port}`, "server/*");
    for (const peer of await findPeers()) {
      if ("missing" in peer) {
        for (const as of ["client", "server"] as const)
          results.push({ peer: peer.name, as, isThroughGateway: false, cases: 0, failures: [], skipped: peer.missing });
        continue;
      }
      const places = [
        { listener: server, port: served.port, isThroughGateway: false },
        { listener: bot, port: gateway.port, isThroughGateway: true },
      ];
      for (const { listener, port, isThroughGateway } of places) {
        const callerFolder = await saveIdentity(fleet, caller, listener, join(folder.path, `${peer.name}-${port}`));
        results.push({ ...(await asClient(peer, callerFolder, `127.0.0.1:${port}`)), isThroughGateway });
      }
      results.push(...(await asServer(fleet, peer, otherFolder, caller)));
    }
    return results;
  } finally {
    await fleet.close();
    folder.remove();
  }
}

async function asClient(peer: Peer, folder: string, address: string): Promise<Omit<InteropResult, "isThroughGateway">> {
  const failures = await eachCase((name) => peer.client(folder, address, name));
  // The control: the same call is refused with another token.
  await writeFile(join(folder, "token"), "eyJ0.eyJ0.AAAA");
  const control = await peer.client(folder, address, "empty_unary").then(() => "served", reasonOf);
  if (!/unauthenticated/i.test(control)) failures.push({ name: "empty_unary with a token of nobody", text: control });
  return { peer: peer.name, as: "client", cases: caseNames.length, failures };
}

async function asServer(fleet: Fleet, peer: Peer, folder: string, caller: Bot): Promise<readonly InteropResult[]> {
  const { port, stop } = await peer.server(folder);
  const { gateway } = await fleet.gateway(TestService, `127.0.0.1:${port}`, "peer/*");
  const results: InteropResult[] = [];
  for (const at of [port, gateway.port]) {
    const failures = await eachCase((name) => makeCase(name, caller, `127.0.0.1:${at}`));
    const isThroughGateway = at !== port;
    results.push({ peer: peer.name, as: "server", isThroughGateway, cases: caseNames.length, failures });
  }
  stop();
  return results;
}

async function eachCase(run: (name: CaseName) => Promise<void>) {
  const failures: { name: string; text: string }[] = [];
  for (const name of caseNames) await run(name).catch((error) => failures.push({ name, text: reasonOf(error) }));
  return failures;
}

/** Writes what a program of another library needs to be `bot`. */
async function saveIdentity(fleet: Fleet, bot: Bot, server: Bot, folder: string): Promise<string> {
  const { privateKey, chain } = bot.identity.current();
  const files = {
    "ca.pem": certificatesToPem(bot.trust.state.caCertificates),
    "cert.pem": certificatesToPem(chain),
    "key.pem": privateKey,
    // grpcio compares DNS names, and no SPIFFE IDs.
    "server-name": dnsNameOf(server),
    ...(bot.name.startsWith("caller/") && {
      token: await issueToken(bot, fleet.authority, ServedTestService.name, "interop:call"),
    }),
  };
  await mkdir(folder, { recursive: true });
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content, { mode: 0o600 });
  return folder;
}

function dnsNameOf(bot: Bot): string {
  const { subjectAltName = "" } = new X509Certificate(bot.identity.current().leaf.der);
  return /DNS:([^,]+)/.exec(subjectAltName)?.[1] ?? "";
}
