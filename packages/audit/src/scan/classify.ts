import type { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { checkServerIdentity, type PeerCertificate } from "node:tls";
import type { Answer, ScannedPort, ScannedTls } from "../inputs/scan.js";
import { type GrpcFacts, isRefusal } from "./ask-grpc.js";
import type { Endpoint } from "./connect.js";
import type { PortFacts } from "./probe-port.js";
import { certificateOf, type TlsFacts } from "./probe-tls.js";

/** What a port is, without the sentences. */
export type Verdict = Omit<ScannedPort, "address" | "ip" | "process" | "connections" | "sentences">;

/** Says what the facts about a port mean. Pure. */
export function classify(facts: PortFacts, { host }: Pick<Endpoint, "host">): Verdict {
  const { tls, banner, plain } = facts;
  if (facts.closes) return { ...nothingKnown, protocol: "not known" };
  if (banner) return { ...nothingKnown, protocol: banner.protocol, software: banner.name };
  if (!tls)
    return plain?.said === undefined ? { ...nothingKnown, protocol: "nothing" } : grpcVerdict(plain.grpc, "yes");
  const { stranger, foreign, member } = tls;
  // What is inside is known from the connection that got furthest.
  const all = [stranger, foreign, member];
  const known = all.find((each) => each?.grpc?.probe.isGrpc) ?? all.find((each) => each?.inside !== undefined);
  const open = stranger.admitted === "yes" ? stranger : foreign?.admitted === "yes" ? foreign : undefined;
  const verdict = insideVerdict(open ?? stranger);
  const shown = open?.inside === undefined && known ? { ...insideVerdict(known), ...closed } : verdict;
  return {
    ...shown,
    answersWithoutToken: strangersRefused(stranger, foreign) ? "no" : shown.answersWithoutToken,
    ...(member?.admitted === "yes" && member.grpc && { member: memberVerdict(member.grpc) }),
    tls: tlsVerdict(tls, host),
  };
}

/** What a bot sees that shows its certificate, and no token. */
function memberVerdict(grpc: GrpcFacts): Verdict["member"] {
  return {
    open: openOf(grpc),
    services: listed(grpc),
    answersWithoutToken: answersWithoutToken(grpc),
    ...methodsOf(grpc),
  };
}

const nothingKnown = { answersWithoutToken: "not known", open: [], services: [] } as const;
const closed = { open: [], served: undefined, services: [], methods: undefined } as const;

function insideVerdict(facts: TlsFacts): Verdict {
  if (facts.inside === "http/2") return grpcVerdict(facts.grpc, facts.admitted);
  const { inside = "not known", software } = facts;
  return { ...nothingKnown, protocol: inside, ...(software !== undefined && inside !== "http/1.1" && { software }) };
}

function grpcVerdict(grpc: GrpcFacts | undefined, admitted: Answer): Verdict {
  if (!grpc?.probe.isGrpc) {
    const refused = grpc && isRefusal(grpc.probe);
    return { ...nothingKnown, protocol: "http/2", ...(refused && { answersWithoutToken: "no" }) };
  }
  const judges = judgesHeaders(grpc);
  const served = judges ? [] : stayedOpen(grpc).filter((service) => !openOf(grpc).includes(service));
  return {
    protocol: "grpc",
    software: grpc.library,
    answersWithoutToken: admitted === "no" ? "no" : answersWithoutToken(grpc),
    open: openOf(grpc),
    ...(served.length > 0 && { served }),
    services: listed(grpc),
    ...methodsOf(grpc),
  };
}

/**
 * Whether the server decides on a call by its headers, so that a call that stays open is one that it would answer. grpc-js
 * does, and Interlock. grpc-go reads the message of a unary call before any interceptor sees the call, and
 * grpcio refuses in a handler, which runs after the message; of an unknown library nothing can be said.
 */
function judgesHeaders({ library }: GrpcFacts): boolean {
  return library === "grpc-js" || library === "Interlock";
}

/** Health does not count: load balancers ask for it, and servers leave it open where all else needs a token. */
function answersWithoutToken(grpc: GrpcFacts): Answer {
  if (grpc.listed) return "yes";
  const own = [...grpc.own].filter(([service]) => service !== "grpc.health.v1.Health").map(([, answer]) => answer);
  const answers = [...grpc.methods.values(), ...own];
  if (answers.includes("open") && judgesHeaders(grpc)) return "yes";
  if (isRefusal(grpc.probe) || (answers.includes("refused") && !answers.includes("open"))) return "no";
  return "not known";
}

/** The services of gRPC's own that answer a stranger. A stream of reflection is open once its headers are accepted. */
function openOf(grpc: GrpcFacts): string[] {
  return stayedOpen(grpc).filter((service) => judgesHeaders(grpc) || service.startsWith("grpc.reflection."));
}

function stayedOpen({ own }: GrpcFacts): string[] {
  return [...own].filter(([, answer]) => answer === "open").map(([service]) => service);
}

function methodsOf({ methods }: GrpcFacts): Pick<Verdict, "methods"> {
  return methods.size > 0 ? { methods: Object.fromEntries(methods) } : {};
}

function listed({ listed = [] }: GrpcFacts): readonly string[] {
  return listed;
}

function strangersRefused(stranger: TlsFacts, foreign: TlsFacts | undefined): boolean {
  return stranger.admitted === "no" && foreign?.admitted === "no";
}

function tlsVerdict({ versions, stranger, foreign, member }: NonNullable<PortFacts["tls"]>, host: string): ScannedTls {
  const asks = stranger.outcome.asked() || (foreign?.outcome.asked() ?? false);
  const certificate = certificateOf(stranger, foreign, member);
  return {
    versions,
    ...(stranger.outcome.alpn !== "" && { negotiates: stranger.outcome.alpn }),
    demandsClientCertificate: demands(stranger, foreign, asks),
    asksForClientCertificate: asks,
    acceptsForeignCertificate: asks ? (foreign?.admitted ?? "not known") : "no",
    ...(certificate && { certificate: readCertificate(certificate, host, member) }),
  };
}

function demands(stranger: TlsFacts, foreign: TlsFacts | undefined, asks: boolean): Answer {
  if (stranger.admitted === "yes") return "no";
  if (stranger.admitted === "no" && (asks || foreign?.admitted === "yes")) return "yes";
  // Where nobody asks for a certificate in the handshake, none can be demanded.
  return stranger.outcome.socket && !asks ? "no" : "not known";
}

function readCertificate(certificate: X509Certificate, host: string, member: TlsFacts | undefined) {
  // A name in quotes holds a comma or worse: it is left out.
  const entries = (certificate.subjectAltName ?? "").split(", ").slice(0, 64);
  const valuesOf = (prefix: string) =>
    entries
      .filter((entry) => entry.startsWith(prefix) && !entry.includes('"'))
      .map((entry) => entry.slice(prefix.length).slice(0, 256));
  const spiffeId = valuesOf("URI:").find((uri) => uri.startsWith("spiffe://"));
  const names = [...valuesOf("DNS:"), ...valuesOf("IP Address:")];
  return {
    spiffeId,
    names,
    issuedAt: timeOf(certificate.validFrom),
    expiresAt: timeOf(certificate.validTo),
    ...(spiffeId === undefined && { namesHost: namesHost(certificate, host) }),
    ...(member && { isOfFleet: member.outcome.trusted }),
  };
}

/** A time of a certificate; 0 for one that cannot be read, so that it counts as expired. */
function timeOf(text: string): number {
  return Date.parse(text) || 0;
}

function namesHost(certificate: X509Certificate, host: string): boolean {
  if (isIP(host) !== 0) return certificate.checkIP(host) !== undefined;
  return checkServerIdentity(host, certificate.toLegacyObject() as PeerCertificate) === undefined;
}
