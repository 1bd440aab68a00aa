import { type ClientHttp2Session, connect as connectHttp2 } from "node:http2";
import { connect as connectTls, type TLSSocket } from "node:tls";
import {
  HealthCheckRequest,
  HealthCheckResponse,
  HealthCheckResponse_ServingStatus as Status,
} from "../gen/grpc/health/v1/health.js";
import type { Identity } from "../identity/identity.js";
import { peerChain, withoutConversion } from "../identity/peer-chain.js";
import { tlsContext } from "../identity/tls-context.js";
import { verifyPeer } from "../identity/verify-peer.js";

/** The server to ask, and the bot that asks. */
export interface HealthCheckOptions {
  readonly host: string;
  readonly port: number;
  /** The name that the server must have. */
  readonly server: string;
  readonly identity: Identity;
  /** The CA certificates to believe, DER. */
  readonly caCertificates: readonly Uint8Array[];
  /** The services to ask about; the empty string stands for the server as a whole. */
  readonly services: readonly string[];
  /** The time for everything, in milliseconds. */
  readonly timeoutMs: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** The health of one service. */
export type ServiceHealth = "SERVING" | "NOT_SERVING" | "UNKNOWN";

/** The largest answer that is read, in bytes. A good one has seven. */
const maximumAnswerBytes = 1_024;
const path = "/grpc.health.v1.Health/Check";

/**
 * Asks a server for the health of its services (`grpc.health.v1.Health/Check`) over one connection, without a gRPC library,
 * which would take most of the time of a probe to load. The server is verified as every server is. Rejects with an `Error`
 * that says what is wrong.
 */
export async function checkHealth(options: HealthCheckOptions): Promise<Map<string, ServiceHealth>> {
  const { host, port, timeoutMs } = options;
  const socket = connect(options);
  const authority = host.includes(":") ? `[${host.replace(/%.*/, "")}]:${port}` : `${host}:${port}`; // RFC 6874: no zone.
  const session = connectHttp2(`https://${authority}`, { createConnection: () => socket });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  });
  const broken = new Promise<never>((_, reject) => {
    // For good: both report the same failure, and may do so again while they are destroyed.
    socket.on("error", reject);
    session.on("error", reject);
    socket.once("close", () => reject(new Error("the connection was closed, as it is for a bot that is refused")));
  });
  broken.catch(() => {});
  try {
    return await Promise.race([askAll(session, socket, options), late, broken]);
  } finally {
    clearTimeout(timer);
    session.destroy();
    socket.destroy();
  }
}

function connect({ host, port, identity, caCertificates }: HealthCheckOptions): TLSSocket {
  return withoutConversion(
    connectTls({
      ...tlsContext(identity, caCertificates),
      host,
      port,
      ALPNProtocols: ["h2"],
      rejectUnauthorized: true, // Written out, because the environment changes the default.
      checkServerIdentity: () => undefined, // Node takes no notice of URIs: see `verify`.
    }),
  );
}

async function askAll(
  session: ClientHttp2Session,
  socket: TLSSocket,
  options: HealthCheckOptions,
): Promise<Map<string, ServiceHealth>> {
  await new Promise<void>((resolve) => socket.once("secureConnect", resolve));
  verify(peerChain(socket), options);
  const found = new Map<string, ServiceHealth>();
  for (const service of options.services) found.set(service, await ask(session, service));
  return found;
}

function verify(shown: readonly Uint8Array[], { identity, caCertificates, server, now }: HealthCheckOptions): void {
  const { trustDomain } = identity.spiffeId;
  const verified = verifyPeer(shown, { peer: "server", trustDomain, now, caCertificates });
  if (typeof verified === "string") throw new Error(`the server is refused: ${verified}`);
  if (verified.id.name !== server) throw new Error(`the server is ${verified.id.name}, and not ${server}`);
}

function ask(session: ClientHttp2Session, service: string): Promise<ServiceHealth> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
    });
    const chunks: Buffer[] = [];
    let length = 0;
    let status: string | undefined;
    const read = (headers: object) => (status ??= (headers as Record<string, string>)["grpc-status"]);
    stream.on("response", read).on("trailers", read).once("error", reject);
    stream.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length <= maximumAnswerBytes) chunks.push(chunk);
    });
    stream.once("close", () => {
      if (status === "5")
        resolve("UNKNOWN"); // NOT_FOUND: there is no such service.
      else if (status !== "0") reject(new Error(`the health service answered with the status ${status ?? "none"}`));
      else resolve(statusOf(Buffer.concat(chunks)));
    });
    stream.end(framed(HealthCheckRequest.encode({ service }).finish()));
  });
}

/** The status in an answer: five bytes of framing, then the message. */
function statusOf(answer: Buffer): ServiceHealth {
  if (answer.length < 5 || answer.readUInt32BE(1) !== answer.length - 5) return "UNKNOWN";
  const { status } = HealthCheckResponse.decode(answer.subarray(5));
  if (status === Status.SERVING) return "SERVING";
  return status === Status.NOT_SERVING ? "NOT_SERVING" : "UNKNOWN";
}

function framed(message: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}
