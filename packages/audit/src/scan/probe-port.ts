import { askPostgres } from "./ask-postgres.js";
import { type Endpoint, openTap } from "./connect.js";
import { type PlainFacts, probePlain } from "./probe-plain.js";
import { followTls, probeTls, type TlsFacts } from "./probe-tls.js";
import { recognize, type Signature } from "./signature.js";
import { findTlsVersions } from "./tls-versions.js";
import type { KeyPair } from "./try-tls.js";

/** The identity of a bot of the fleet, with the roots of the fleet. */
export interface ScanIdentity extends KeyPair {
  readonly spiffeId: string;
  /** The roots, PEM. */
  readonly ca: string;
}

/** With what a port is probed. */
export interface ProbeOptions {
  /** A certificate that nobody has signed. */
  readonly foreign: KeyPair;
  /** For a second pass. */
  readonly identity?: ScanIdentity | undefined;
  /** Paths of declared unary methods, to call without a token. */
  readonly methods: readonly string[];
  /** Those of them that every bot needs a token for. */
  readonly tokenMethods: readonly string[];
  /** The name of the process that listens, where it is known. */
  readonly process?: string | undefined;
}

/** What connections to a port have shown. */
export interface PortFacts {
  /** Whether it takes connections only to close them. */
  readonly closes?: boolean;
  /** What it says by itself, or to a hello of TLS that it does not understand. */
  readonly banner?: Signature | undefined;
  readonly plain?: PlainFacts | undefined;
  readonly tls?:
    | {
        readonly versions: readonly string[];
        /** Without a certificate, with one that nobody has signed, and as a bot of the fleet. */
        readonly stranger: TlsFacts;
        readonly foreign?: TlsFacts | undefined;
        readonly member?: TlsFacts | undefined;
      }
    | undefined;
}

const postgres: Signature = { protocol: "another", name: "PostgreSQL" };

/**
 * Finds out what an open port gives away. The port is heard first. Then it is offered TLS: also what does not speak TLS
 * answers a hello in its own words, and none of it has anything to run. HTTP/2 comes last, where nothing else has answered.
 */
export async function probePort(endpoint: Endpoint, options: ProbeOptions): Promise<PortFacts> {
  // PostgreSQL writes a line into its log for each hello that it does not know, and none for its own question.
  const { port } = endpoint;
  const mayBePostgres = port === 5432 || port === 5433 || /^postgres/.test(options.process ?? "");
  if (mayBePostgres && (await askPostgres(endpoint))) return { banner: postgres };
  const tap = await openTap(endpoint);
  if (!tap) return { closes: true };
  await tap.heard(endpoint.listenMs);
  const greeting = recognize(tap.received());
  if (greeting || tap.state() !== "open") {
    tap.cut();
    if (greeting === undefined) return { closes: true };
    return greeting.protocol === "http/2" ? plainly(endpoint, options) : { banner: greeting };
  }
  const stranger = await followTls(tap, endpoint, {}, options.methods);
  if (stranger.outcome.isTls) return secured(endpoint, options, stranger);
  const banner = recognize(tap.received());
  if (banner?.protocol === "http/2") return plainly(endpoint, options);
  if (banner) return { banner };
  // It hangs up on a hello, or says nothing at all.
  if (tap.state() !== "open" && !mayBePostgres && (await askPostgres(endpoint))) return { banner: postgres };
  return plainly(endpoint, options);
}

async function plainly(endpoint: Endpoint, { methods }: ProbeOptions): Promise<PortFacts> {
  const plain = await probePlain(endpoint, methods);
  return plain.said === undefined || plain.said.protocol === "http/2" ? { plain } : { banner: plain.said };
}

async function secured(endpoint: Endpoint, options: ProbeOptions, stranger: TlsFacts): Promise<PortFacts> {
  const { foreign: keyPair, identity, methods, tokenMethods } = options;
  const asked = stranger.outcome.asked() || !stranger.outcome.socket;
  const versions = await findTlsVersions(endpoint, stranger.outcome.version);
  const foreign = asked ? await probeTls(endpoint, { keyPair }, methods) : undefined;
  const member = identity && (await probeTls(endpoint, { keyPair: identity, ca: identity.ca }, tokenMethods));
  return { tls: { versions, stranger, foreign, member } };
}
