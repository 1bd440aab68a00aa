import { isLoopback, readAddress } from "@interlock/bot/internal";
import { parseSpiffeId } from "@interlock/policy";
import type { Fleet, FleetProcess } from "../inputs/fleet.js";
import type { Project } from "../inputs/project.js";
import type { Scan, ScannedPort } from "../inputs/scan.js";
import { isGrpcs } from "../own-services.js";
import { isFleetsOwn } from "./is-fleets-own.js";
import { mayBeOf } from "./may-be-of.js";
import { parseTarget } from "./parse-target.js";

/** Where what listens and what is declared differ. */
export interface ScanDifference {
  readonly kind: "listening-but-undeclared" | "declared-but-not-listening" | "declared-but-open";
  /** `host:port`. */
  readonly address: string;
  /** The bot, where one is known. */
  readonly bot?: string | undefined;
  /** The services that it is about, by their full names; empty where it is about the port as a whole. */
  readonly services: readonly string[];
  readonly sentence: string;
}

/**
 * Compares what listens with what is declared: by the protos of the project, and by what bots have reported. What is not
 * given is not compared. Pure.
 */
export function compareScan(scan: Scan, project?: Project, fleet?: Fleet): ScanDifference[] {
  const ports = scan.ports.filter((port) => !isFleetsOwn(port, fleet));
  return [
    ...undeclared(ports, project, fleet),
    ...(fleet ? [...missing(scan, fleet), ...declaredButOpen(ports, fleet)] : []),
  ];
}

function* undeclared(ports: readonly ScannedPort[], project?: Project, fleet?: Fleet): Generator<ScanDifference> {
  if (!project && !fleet) return;
  const declared = new Set(project?.services.map(({ name }) => name));
  for (const services of fleet?.manifests.values() ?? []) for (const { name } of services) declared.add(name);
  for (const { services } of fleet?.processes ?? []) for (const name of services) declared.add(name);
  for (const port of ports) {
    const seen = [...new Set([...port.services, ...(port.member?.services ?? [])])];
    const services = seen.filter((name) => !isGrpcs(name) && !declared.has(name));
    const of = fleet && processAt(port, fleet);
    if (services.length > 0) {
      const sentence = `${port.address} serves ${services.join(", ")}, which nothing declares${by(port)}.`;
      yield { kind: "listening-but-undeclared", address: port.address, bot: of?.bot, services, sentence };
    } else if (fleet && !of && mayBeBot(port, fleet)) {
      const sentence = `${port.address} listens, and no bot has reported it: ${what(port)}${by(port)}.`;
      yield { kind: "listening-but-undeclared", address: port.address, bot: botOf(port), services: seen, sentence };
    }
  }
}

function* missing(scan: Scan, fleet: Fleet): Generator<ScanDifference> {
  const listening = new Set(scan.ports.flatMap(keysOf));
  const targets = scan.targets.map(parseTarget);
  const told = new Set<string>();
  for (const process of fleet.processes.filter(({ online }) => online)) {
    for (const address of process.addresses) {
      const [key = ""] = keysOfAddress(address);
      if (listening.has(key) || told.has(key) || !isCovered(address, targets)) continue;
      told.add(key);
      const sentence = `${process.bot} reports ${address}, and nothing listens there.`;
      yield { kind: "declared-but-not-listening", address, bot: process.bot, services: process.services, sentence };
    }
  }
}

function* declaredButOpen(ports: readonly ScannedPort[], fleet: Fleet): Generator<ScanDifference> {
  for (const port of ports) {
    const process = processAt(port, fleet);
    const reason = process && whyOpen(port);
    if (!reason) continue;
    const sentence = `${port.address} is declared by ${process.bot}, and open: ${reason}.`;
    yield { kind: "declared-but-open", address: port.address, bot: process.bot, services: process.services, sentence };
  }
}

/** Why a stranger is in; `undefined` where it is not. */
function whyOpen({ tls, answersWithoutToken, protocol }: ScannedPort): string | undefined {
  if (!tls && (protocol === "grpc" || protocol === "http/2")) return "it has no TLS";
  if (tls?.acceptsForeignCertificate === "yes") return "it accepts a certificate that no CA of the fleet has signed";
  if (tls?.demandsClientCertificate === "no") return "it demands no client certificate";
  return answersWithoutToken === "yes" ? "it takes calls without a token" : undefined;
}

/** Whether a port is of a kind that bots are: gRPC, or TLS that shows nothing to a stranger or has an identity of the fleet. */
function mayBeBot({ protocol, tls }: ScannedPort, { trustDomain }: Fleet): boolean {
  if (protocol === "grpc") return true;
  const id = parseSpiffeId(tls?.certificate?.spiffeId ?? "");
  return id?.trustDomain === trustDomain || (protocol === "not known" && tls?.demandsClientCertificate === "yes");
}

function botOf({ tls }: ScannedPort): string | undefined {
  const { spiffeId, isOfFleet } = tls?.certificate ?? {};
  return isOfFleet ? parseSpiffeId(spiffeId ?? "")?.name : undefined;
}

function what({ protocol, software, tls }: ScannedPort): string {
  const id = tls?.certificate?.spiffeId;
  if (id !== undefined) return `it shows the identity ${id}`;
  if (protocol === "grpc")
    return `it speaks gRPC${software === undefined ? "" : ` (${software})`}${tls ? "" : " without TLS"}`;
  return "it demands a client certificate";
}

function by({ process }: ScannedPort): string {
  return process === undefined ? "" : ` (process ${process.name}, pid ${process.pid})`;
}

function processAt(port: ScannedPort, { processes, trustDomain }: Fleet): FleetProcess | undefined {
  const keys = new Set(keysOf(port));
  const here = processes.filter(
    ({ bot, addresses }) =>
      addresses.some((each) => keysOfAddress(each).some((key) => keys.has(key))) && mayBeOf(port, bot, trustDomain),
  );
  return here.find(({ online }) => online) ?? here[0];
}

function keysOf({ address, ip }: ScannedPort): string[] {
  const [, port] = /:(\d+)$/.exec(address) ?? [];
  return [...keysOfAddress(address), ...(ip === undefined ? [] : [keyOf(ip, Number(port))])];
}

function keysOfAddress(address: string): string[] {
  try {
    const { host, port } = readAddress(address);
    return [keyOf(host, port)];
  } catch {
    return []; // Of a later release, or a test's.
  }
}

/** All addresses of loopback are one: a bot that reports localhost listens on 127.0.0.1. */
function keyOf(host: string, port: number): string {
  return `${isLoopback(host) ? "localhost" : host.toLowerCase()} ${port}`;
}

/** Whether a scan of these targets would have found a port at an address. */
function isCovered(address: string, targets: readonly ReturnType<typeof parseTarget>[]): boolean {
  const { host, port } = readAddress(address);
  return targets.some(
    ({ hosts, ports }) =>
      ports.some(({ from, to }) => from <= port && port <= to) &&
      hosts.some((each) => keyOf(each, port) === keyOf(host, port)),
  );
}
