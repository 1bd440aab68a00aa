import { isIPv6 } from "node:net";
import { type Address, formatAddress, isEveryInterface, readAddress } from "../base/address.js";
import type { Clock } from "../base/clock.js";
import { systemClock } from "../base/clock.js";
import { InterlockError } from "../base/error.js";
import type { Identity } from "../identity/identity.js";
import { createIdentityFolder } from "../identity/identity-folder.js";
import { createTrustFolder } from "../trust/trust-folder.js";
import { checkHealth } from "./health-check.js";
import { createServingFile } from "./serving-file.js";

/** The options of {@link probe}. */
export interface ProbeOptions {
  /** The folder with the identity of the bot that asks: its `stateDir`. */
  readonly stateDir: string;
  /** `host:port` of the server. Default: where the bot of that folder serves. */
  readonly address?: string | undefined;
  /** The name that the server must have. Default: the name of the bot that asks, which asks itself. */
  readonly server?: string | undefined;
  /** A service that must be healthy besides the server as a whole. Default: none. */
  readonly service?: string | undefined;
  /** The time for the answer, in milliseconds. Default: 3,000. */
  readonly timeoutMs?: number;
  /** The source of the time. Default: the machine's. */
  readonly clock?: Clock;
}

/** What a probe has found. */
export interface ProbeResult {
  /** The name of the server; empty when the folder holds no identity. */
  readonly name: string;
  /** `host:port`; empty when it is not known. */
  readonly address: string;
  /** Whether the server answers over mutual TLS. */
  readonly alive: boolean;
  /** Whether it is healthy as well, so that it may get calls. */
  readonly serving: boolean;
  /** Whether its trust is current. While it is stale, high-risk methods are refused. */
  readonly trust: "current" | "stale" | "unknown";
  /** Why it is not serving; absent when it is. */
  readonly problem?: string;
}

const trustHealth = "interlock.trust";

/**
 * Asks whether a bot, or the authority, serves: for a probe that runs beside it, and has no certificate of its own.
 *
 * @param options - The folder of the bot's identity; the rest has defaults.
 * @returns What was found. It never rejects.
 *
 * @example
 * ```ts
 * const { serving, problem } = await probe({ stateDir: ".interlock/bots/gripper/1" });
 * if (!serving) console.error(problem);
 * ```
 */
export async function probe(options: ProbeOptions): Promise<ProbeResult> {
  const { stateDir, clock = systemClock, timeoutMs = 3_000 } = options;
  const found = { name: options.server ?? "", address: options.address ?? "" };
  const failed = (problem: string, alive = false): ProbeResult => {
    return { ...found, alive, serving: false, trust: "unknown", problem };
  };
  try {
    const identity = await createIdentityFolder(stateDir).load();
    const saved = await createTrustFolder(stateDir).load();
    if (!identity || !saved) return failed(`there is no identity in ${stateDir}: has the bot joined?`);
    found.name = options.server ?? identity.spiffeId.name;
    const ended = endOf(identity, clock.now());
    if (ended !== undefined) return failed(`the certificate in ${stateDir} ended at ${ended}`);
    const addresses = options.address === undefined ? await createServingFile(stateDir).load() : [options.address];
    const [address] = addresses;
    if (address === undefined)
      return failed(`no address is noted in ${stateDir}: is it running? Or name an address, host:port`);
    const place = placeOf(address);
    if (place instanceof InterlockError) return failed(place.message.replace(/\.$/, ""));
    found.address = formatAddress(place);
    const { service } = options;
    const { caCertificates } = saved.state;
    const services = ["", trustHealth, ...(service === undefined ? [] : [service])];
    const now = clock.now();
    const health = await checkHealth({
      ...place,
      server: found.name,
      identity,
      caCertificates,
      services,
      timeoutMs,
      now,
    });
    const sick = services.find((one) => one !== trustHealth && health.get(one) !== "SERVING");
    const trust = ({ SERVING: "current", NOT_SERVING: "stale", UNKNOWN: "unknown" } as const)[
      health.get(trustHealth) ?? "UNKNOWN"
    ];
    if (sick === undefined) return { ...found, alive: true, serving: true, trust };
    return { ...failed(`${sick || "the server"} is ${health.get(sick)}`, true), trust };
  } catch (error) {
    return failed(`${found.address || stateDir}: ${reasonOf(error)}`);
  }
}

function endOf({ leaf }: Identity, now: number): string | undefined {
  return now < leaf.notAfter ? undefined : new Date(leaf.notAfter).toISOString();
}

/** Reads `host:port`. An address that stands for every interface is asked at the loopback one. */
function placeOf(address: string): Address | InterlockError {
  try {
    const { host, port } = readAddress(address);
    return { host: isEveryInterface(host) ? loopbackOf(host) : host, port };
  } catch (error) {
    return InterlockError.from(error);
  }
}

function loopbackOf(host: string): string {
  return isIPv6(host) ? "::1" : "127.0.0.1";
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ECONNREFUSED") return "nothing listens there";
  return (error instanceof Error && message) || String(error);
}
