import { connect } from "node:tls";
import { credentials, Client as GrpcClient } from "@grpc/grpc-js";
import { matchesIdentity, spiffeId } from "@interlock/policy";
import { denial, InterlockError } from "../base/error.js";
import { serializer } from "../base/serializer.js";
import { channelOptions } from "../client/channel.js";
import { JoinRequest, JoinResponse } from "../gen/interlock/authority/v1/enrollment_service.js";
import { EnrollmentService } from "../gen/interlock/authority/v1/enrollment_service_interlock.js";
import { type Certificate, parseCertificate } from "../identity/certificate.js";
import { checkCertificate } from "../identity/check-certificate.js";
import { createIdentity, type Identity } from "../identity/identity.js";
import { caDigest, type JoinToken, parseJoinToken } from "../identity/join-token.js";
import { createCsr, createKeyPair } from "../identity/key-pair.js";
import { peerChain } from "../identity/peer-chain.js";
import { certificatesToPem } from "../identity/pem.js";
import { applyTrustUpdate } from "../trust/apply-update.js";
import type { TrustState } from "../trust/trust.js";

const timeoutMs = 10_000;

/** What joining gives. */
export interface Joined {
  readonly identity: Identity;
  readonly trust: TrustState;
}

/**
 * Joins a fleet: makes a key, looks at the authority's CA and holds it against the digest in the join token, and only
 * then shows the token. Rejects with `CA_PIN_MISMATCH`, `JOIN_TOKEN_…`, or `AUTHORITY_UNREACHABLE`.
 */
export async function join(authority: string, name: string, joinToken: string): Promise<Joined> {
  const token = parseJoinToken(joinToken);
  if (!token) throw denial("JOIN_TOKEN_INVALID", "it is not complete; paste the whole line, from ILK1- on");
  if (!matchesIdentity(token.name, name)) {
    throw denial("JOIN_TOKEN_NAME_MISMATCH", `it is for ${token.name}, and this is ${name}`);
  }
  const root = await fetchPinnedRoot(authority, token);
  const id = spiffeId(token.trustDomain, name);
  const keys = await createKeyPair();
  const csr = await createCsr(keys, id.uri);
  const { certificate, trust } = await callJoin(authority, root, token.trustDomain, { joinToken, csr, name });
  const identity = createIdentity(keys.privateKeyPem, certificate?.chain ?? []);
  if (identity.spiffeId.uri !== id.uri || !trust) {
    throw new InterlockError("INTERNAL", "The authority answered with another bot's certificate, or with no trust.");
  }
  return { identity, trust: applyTrustUpdate(undefined, trust) };
}

/** The CA certificate, DER, that the authority shows and the join token pins. Nothing is sent before that is known. */
function fetchPinnedRoot(authority: string, { caDigest: pin }: JoinToken): Promise<Uint8Array> {
  const { hostname: host, port } = new URL(`tls://${authority}`);
  return new Promise((resolve, reject) => {
    // The chain is verified by its digest, here; the call that follows verifies it as every other does.
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
      socket.destroy();
      const root = shown.find((der) => Buffer.from(caDigest(der)).equals(pin));
      if (root) resolve(root);
      else {
        const remedy = `somebody else may answer at ${authority}; do not join, ask for a new token`;
        reject(denial("CA_PIN_MISMATCH", remedy));
      }
    });
  });
}

function callJoin(
  authority: string,
  root: Uint8Array,
  trustDomain: string,
  request: JoinRequest,
): Promise<JoinResponse> {
  const secure = credentials.createSsl(Buffer.from(certificatesToPem([root])), null, null, {
    rejectUnauthorized: true,
    checkServerIdentity: (_host, peer) => checkAuthority(peer.raw, trustDomain),
  });
  const grpc = new GrpcClient(authority, secure, channelOptions(authority, "authority"));
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
        if (error || !response) reject(InterlockError.from(error));
        else resolve(response);
      },
    );
  }).finally(() => grpc.close());
}

/** Any bot has a certificate of the CA; only the authority has its name. */
function checkAuthority(der: Uint8Array, trustDomain: string): InterlockError | undefined {
  let certificate: Certificate;
  try {
    certificate = parseCertificate(der);
  } catch (error) {
    return denial("CERTIFICATE_MALFORMED", "", {}, error);
  }
  const id = checkCertificate(certificate, { peer: "server", trustDomain, now: Date.now() });
  if (typeof id === "string") return denial(id);
  return id.name === "interlock/authority" ? undefined : denial("SERVER_IDENTITY_MISMATCH");
}
