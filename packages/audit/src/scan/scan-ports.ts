import { InterlockError } from "@interlock/bot";
import { formatAddress, printable } from "@interlock/bot/internal";
import type { MethodKind } from "@interlock/policy";
import type { Scan, ScannedPort } from "../inputs/scan.js";
import { classify } from "./classify.js";
import { describe } from "./describe.js";
import { findListener } from "./find-listener.js";
import { createForeignKeyPair } from "./foreign-key-pair.js";
import { type ProbeOptions, probePort, type ScanIdentity } from "./probe-port.js";
import type { Listener } from "./read-listeners.js";
import type { OpenPort } from "./target.js";

/** How ports are scanned. */
export interface ScanOptions {
  /** What was asked for; it is noted in the result. */
  readonly targets: readonly string[];
  /** The time, in milliseconds since the epoch. */
  readonly now: () => number;
  /** How many ports are probed at a time, from 1 to 256. Default: 16. */
  readonly concurrency?: number | undefined;
  /** How many ports may listen. Default: 65,536. */
  readonly maximumPorts?: number | undefined;
  /** How long an answer is awaited, in milliseconds. Default: 2,000. */
  readonly timeoutMs?: number | undefined;
  /** How long a server is heard before anything is sent, in milliseconds. Default: 300. */
  readonly listenMs?: number | undefined;
  /** The identity of a bot of the fleet, for a second pass that sees more. */
  readonly identity?: ScanIdentity | undefined;
  /**
   * The declared methods to call at a port, without a token and with headers only. Those that are not unary are left out, and
   * the first 32 of the others are called. Default: none.
   */
  readonly methods?: ((port: OpenPort) => readonly CallableMethod[]) | undefined;
  /** The listening sockets of this machine, to name the process of a port of this machine. */
  readonly listeners?: readonly Listener[] | undefined;
  /** Called when a port has been probed, with how many have been. */
  readonly onProbed?: ((probed: number, port: ScannedPort) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A declared method. */
export interface CallableMethod {
  readonly path: string;
  readonly kind: MethodKind;
  /** Whether any bot may call it, token or not. Default: it may not. */
  readonly policy?: { readonly anyBot: boolean } | undefined;
}

/**
 * Probes ports that listen and says of each what an attacker learns. It never starts a handler: no message is sent that a
 * server could run, and streams from a client are never opened to a declared method.
 *
 * @param ports - As `discover` finds them.
 * @throws InterlockError `RESOURCE_EXHAUSTED` when more than `maximumPorts` listen; the reason of `signal` when it aborts.
 */
export async function scanPorts(ports: AsyncIterable<OpenPort>, options: ScanOptions): Promise<Scan> {
  const { now, concurrency = 16, maximumPorts = 65_536, signal } = options;
  const startedAt = now();
  const foreign = createForeignKeyPair(startedAt);
  const found: ScannedPort[] = [];
  const underWay = new Set<Promise<void>>();
  let begun = 0;
  try {
    for await (const open of ports) {
      signal?.throwIfAborted();
      if (++begun > maximumPorts) throw tooMany(maximumPorts);
      // One server, however it answers, must not keep the others from being judged.
      const probed = probe(open, foreign, options).catch((error) => unprobed(open, error));
      const work: Promise<void> = probed.then((port) => {
        underWay.delete(work);
        found.push(port);
        options.onProbed?.(found.length, port);
      });
      underWay.add(work);
      if (underWay.size >= concurrency) await Promise.race(underWay);
    }
    await Promise.all(underWay);
  } finally {
    await Promise.allSettled(underWay);
  }
  signal?.throwIfAborted();
  found.sort(byAddress);
  return { startedAt, endedAt: now(), targets: options.targets, identity: options.identity?.spiffeId, ports: found };
}

async function probe(open: OpenPort, foreign: ProbeOptions["foreign"], options: ScanOptions): Promise<ScannedPort> {
  const { host, address, port } = open;
  const { timeoutMs = 2_000, listenMs = 300, identity, methods = () => [], now } = options;
  const process = processOf(open, options);
  let connections = 1; // That of the discovery.
  const endpoint = { host, address, port, timeoutMs, listenMs, onConnection: () => void connections++ };
  const facts = await probePort(endpoint, {
    foreign,
    identity,
    ...pathsOf(methods(open)),
    process: process?.name,
  });
  const verdict = classify(facts, endpoint);
  return {
    address: formatAddress({ host, port }),
    ...(host !== address && { ip: address }),
    ...(process && { process }),
    ...verdict,
    connections,
    sentences: describe(verdict, now()),
  };
}

/** A port whose answers the probe could not take. */
function unprobed({ host, address, port }: OpenPort, error: unknown): ScannedPort {
  return {
    address: formatAddress({ host, port }),
    ...(host !== address && { ip: address }),
    protocol: "not known",
    answersWithoutToken: "not known",
    open: [],
    services: [],
    sentences: [
      `What it is is not known: its answer could not be read (${printable(String(error), { maximumLength: 200 })}).`,
    ],
  };
}

/** The unary methods: headers alone start the handler of any method with a stream from its client. */
function pathsOf(methods: readonly CallableMethod[]): Pick<ProbeOptions, "methods" | "tokenMethods"> {
  const unary = methods.filter(({ kind }) => kind === "unary");
  const demanding = unary.filter(({ policy }) => policy?.anyBot !== true);
  return { methods: unary.map(({ path }) => path), tokenMethods: demanding.map(({ path }) => path) };
}

/** The process that listens on a port of this machine. */
function processOf(open: OpenPort, { listeners = [] }: ScanOptions): ScannedPort["process"] {
  const { pid, process: name = "" } = findListener(listeners, open) ?? {};
  return pid === undefined ? undefined : { pid, name };
}

function tooMany(most: number): InterlockError {
  return new InterlockError("RESOURCE_EXHAUSTED", `More than ${most} ports listen: scan in several parts.`);
}

function byAddress(a: ScannedPort, b: ScannedPort): number {
  const [x, y] = [a, b].map(({ address }) => /^(.*):(\d+)$/.exec(address) ?? []);
  const [hostX = "", hostY = ""] = [x?.[1], y?.[1]];
  return hostX < hostY ? -1 : hostX > hostY ? 1 : Number(x?.[2]) - Number(y?.[2]);
}
