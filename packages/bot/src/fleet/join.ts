import { connect, type DetailedPeerCertificate, type TLSSocket } from "node:tls";
import { credentials, Client as GrpcClient } from "@grpc/grpc-js";
import { matchesIdentity, spiffeId } from "@interlock/policy";
import type { Clock } from "../base/clock.js";
import { denial, InterlockError } from "../base/error.js";
import { serializer } from "../base/serializer.js";
import { grpcOptions } from "../client/grpc-options.js";
import { JoinRequest, JoinResponse } from "../gen/interlock/authority/v1/enrollment_service.js";
import { EnrollmentService } from "../gen/interlock/authority/v1/enrollment_service_interlock.js";
import { createIdentity, type Identity } from "../identity/identity.js";
import { caDigest, type JoinToken, parseJoinToken } from "../identity/join-token.js";
import { createCsr, createKeyPair } from "../identity/key-pair.js";
import { chainOf, peerChain } from "../identity/peer-chain.js";
import { certificatesToPem } from "../identity/pem.js";
import { proveChain } from "../identity/prove-chain.js";
import { verifyPeer } from "../identity/verify-peer.js";
import { applyTrustUpdate } from "../trust/apply-update.js";
import type { TrustState } from "../trust/trust.js";

const timeoutMs = 10_000;

/** What joining gives. */
export interface Joined {
  readonly identity: Identity;
  readonly trust: TrustState;
}

/**
 * Joins a fleet. It makes a key, finds the CA that the join token pins in what the authority shows, verifies the authority
 * below that CA as every other server is verified, and only then sends the token. Rejects with `CA_PIN_MISMATCH`,
 * `JOIN_TOKEN_…`, `AUTHORITY_UNREACHABLE`, or the reason for which the authority is refused.
 */
export async function join(authority: string, name: string, joinToken: string, clock: Clock): Promise<Joined> {
  const token = parseJoinToken(joinToken);
  if (!token) throw denial("JOIN_TOKEN_INVALID", "it is not complete; paste the whole line, from ILK1- on");
  if (!matchesIdentity(token.name, name)) {
    throw denial("JOIN_TOKEN_NAME_MISMATCH", `it is for ${token.name}, and this is ${name}`);
  }
  const root = await fetchPinnedRoot(authority, token, clock);
  const id = spiffeId(token.trustDomain, name);
  const keys = await createKeyPair();
  const csr = await createCsr(keys, id.uri);
  const basis = { root, trustDomain: token.trustDomain, clock };
  const { certificate, trust } = await callJoin(authority, basis, { joinToken, csr, name });
  const identity = createIdentity(keys.privateKeyPem, certificate?.chain ?? []);
  if (identity.spiffeId.uri !== id.uri || !trust) {
    throw new InterlockError("INTERNAL", "The authority answered with another bot's certificate, or with no trust.");
  }
  return { identity, trust: applyTrustUpdate(undefined, trust) };
}

/** Fetches the CA certificate, DER, that the authority shows and the join token pins. Nothing is sent before that. */
function fetchPinnedRoot(authority: string, { caDigest: pin }: JoinToken, clock: Clock): Promise<Uint8Array> {
  const { hostname: host, port } = new URL(`tls://${authority}`);
  return new Promise((resolve, reject) => {
    // Here the digest decides. The call that follows verifies the server.
    const socket = connect({
      host: host.replace(/^\[|\]$/g, ""),
      port: Number(port),
      minVersion: "TLSv1.3",
      ALPNProtocols: ["h2"],
      rejectUnauthorized: false,
      timeout: timeoutMs,
    });
    const fail = (cause?: unknown) => {
      socket.destroy();
      reject(denial("AUTHORITY_UNREACHABLE", `is it up at ${authority}?`, {}, cause));
    };
    socket.once("error", fail);
    socket.once("timeout", () => fail());
    socket.once("secureConnect", () => {
      const shown = peerChain(socket);
      leave(socket);
      const root = shown.find((der) => Buffer.from(caDigest(der)).equals(pin));
      // Any server can send that CA along; only one below it has a certificate of it.
      if (root && proveChain(shown, { caCertificates: [root], now: clock.now() })) resolve(root);
      else {
        const remedy = `another server may answer at ${authority}; do not join, ask for a new token`;
        reject(denial("CA_PIN_MISMATCH", remedy));
      }
    });
  });
}

/** How long an authority has to answer the end of a connection, in milliseconds. */
const leaveMs = 1_000;

/** Ends a connection as TLS has it: one that breaks off looks to the server like a handshake that failed. */
function leave(socket: TLSSocket): void {
  socket.removeAllListeners("timeout");
  socket.setTimeout(leaveMs, () => socket.destroy());
  socket.resume();
  socket.end();
}

/** Sends the request to an authority that has proved itself below `root`: any bot has a certificate of the CA. */
function callJoin(authority: string, basis: AuthorityBasis, request: JoinRequest): Promise<JoinResponse> {
  let refusal: InterlockError | undefined;
  const secure = credentials.createSsl(Buffer.from(certificatesToPem([basis.root])), null, null, {
    rejectUnauthorized: true,
    checkServerIdentity(_host, peer) {
      refusal = checkAuthority(chainOf(peer as DetailedPeerCertificate), basis);
      return refusal;
    },
  });
  const grpc = new GrpcClient(authority, secure, grpcOptions(authority, "authority"));
  const { path } = EnrollmentService.methods.join;
  return new Promise<JoinResponse>((resolve, reject) => {
    const deadline = Date.now() + timeoutMs;
    grpc.makeUnaryRequest(
      path,
      serializer(JoinRequest),
      JoinResponse.decode,
      request,
      { deadline },
      (error, response) => {
        if (error || !response) reject(refusal ?? InterlockError.from(error));
        else resolve(response);
      },
    );
  }).finally(() => grpc.close());
}

/** What an authority has to prove itself with to a bot that joins. */
interface AuthorityBasis {
  /** The pinned CA certificate, DER. */
  readonly root: Uint8Array;
  readonly trustDomain: string;
  readonly clock: Clock;
}

/** Verifies the authority as every server is verified. There is no trust yet, so nothing is known to be revoked. */
function checkAuthority(
  found: readonly Uint8Array[],
  { root, trustDomain, clock }: AuthorityBasis,
): InterlockError | undefined {
  const expected = { peer: "server", trustDomain, now: clock.now(), caCertificates: [root] } as const;
  const verified = verifyPeer(found, expected);
  if (typeof verified === "string") return denial(verified);
  return verified.id.name === "interlock/authority" ? undefined : denial("SERVER_IDENTITY_MISMATCH");
}
