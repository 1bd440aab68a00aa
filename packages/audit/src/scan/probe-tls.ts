import type { X509Certificate } from "node:crypto";
import { formatAddress } from "@interlock/bot/internal";
import type { Answer } from "../inputs/scan.js";
import { askGrpc, type GrpcFacts } from "./ask-grpc.js";
import { askHttp1 } from "./ask-http1.js";
import { type Endpoint, openTap } from "./connect.js";
import { createHttp2Caller } from "./http2-caller.js";
import { recognize, type Signature } from "./signature.js";
import type { Tap } from "./tap.js";
import { type TlsOutcome, type TlsTrial, tryTls } from "./try-tls.js";

/** What one connection over TLS has shown. */
export interface TlsFacts {
  readonly outcome: TlsOutcome;
  /** Whether the server goes on with this client after the handshake: in TLS 1.3 a client is refused only then. */
  readonly admitted: Answer;
  /** What is spoken inside. */
  readonly inside?: Signature["protocol"] | undefined;
  readonly software?: string | undefined;
  readonly grpc?: GrpcFacts | undefined;
}

/** Makes a connection over TLS and finds out what is behind it. `methods` are called where gRPC is. */
export async function probeTls(endpoint: Endpoint, trial: TlsTrial, methods: readonly string[]): Promise<TlsFacts> {
  const tap = await openTap(endpoint);
  if (!tap) return { outcome: noOutcome, admitted: "not known" };
  return followTls(tap, endpoint, trial, methods);
}

/** The same, over a connection that is open already. */
export async function followTls(
  tap: Tap,
  endpoint: Endpoint,
  trial: TlsTrial,
  methods: readonly string[],
): Promise<TlsFacts> {
  const outcome = await tryTls(tap, endpoint, trial);
  if (!outcome.socket) {
    tap.cut();
    // With a hello of the server, the versions are agreed: what followed was about the client.
    return { outcome, admitted: outcome.accepted ? "no" : "not known" };
  }
  const name = formatAddress({ host: endpoint.host, port: endpoint.port });
  const caller = createHttp2Caller(outcome.socket, "https", name);
  try {
    // The server is heard first: SETTINGS, an alert, or a bare FIN.
    await caller.tap.heard(endpoint.listenMs);
    if (caller.tap.state() !== "open") return { outcome, admitted: "no" };
    const greeting = recognize(caller.tap.received());
    if (greeting && greeting.protocol !== "http/2")
      return { outcome, admitted: "yes", inside: greeting.protocol, software: greeting.name };
    if (outcome.alpn === "http/1.1") {
      if (!outcome.asked()) return { outcome, admitted: "yes", inside: "http/1.1" };
      const status = await askHttp1(caller.tap.stream, name, endpoint.timeoutMs);
      return { outcome, admitted: admits(status), inside: "http/1.1" };
    }
    const grpc = await askGrpc(caller, { methods, timeoutMs: endpoint.timeoutMs });
    const said = recognize(caller.tap.received());
    if (said === undefined) return { outcome, admitted: caller.tap.state() === "open" ? "not known" : "no" };
    if (said.protocol !== "http/2") return { outcome, admitted: "yes", inside: said.protocol, software: said.name };
    // A server that has spoken and then hung up without an answer may have begun before it knew the certificate.
    const admitted =
      grpc.probe.kind === "answered" ? admits(grpc.probe.http) : grpc.probe.kind === "lost" ? "no" : "yes";
    return { outcome, admitted, inside: "http/2", grpc };
  } finally {
    caller.end();
    outcome.socket.destroy();
    tap.cut();
  }
}

/** nginx completes the handshake, and answers the first request with 400 where a certificate is missing or foreign. */
function admits(status: number | undefined): Answer {
  if (status === undefined) return "not known";
  return status === 400 || status === 495 || status === 496 ? "no" : "yes";
}

const noOutcome: TlsOutcome = {
  isTls: false,
  accepted: false,
  version: undefined,
  alpn: "",
  trusted: false,
  asked: () => false,
};

/** The certificate that a server has shown, in any of its connections. */
export function certificateOf(...facts: readonly (TlsFacts | undefined)[]): X509Certificate | undefined {
  return facts.find((each) => each?.outcome.certificate)?.outcome.certificate;
}
