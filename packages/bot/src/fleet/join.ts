import { connect, type TLSSocket } from "node:tls";
import { spiffeId } from "@interlock/policy";
import { readAddress } from "../base/address.js";
import { type Clock, clocksDiffer } from "../base/clock.js";
import { denial, InterlockError } from "../base/error.js";
import { EnrollmentService } from "../gen/interlock/authority/v1/enrollment_service_interlock.js";
import { type Certificate, parseCertificate } from "../identity/certificate.js";
import { createIdentity, type Identity } from "../identity/identity.js";
import { caDigest } from "../identity/join-token.js";
import { createCsr, type KeyPair } from "../identity/key-pair.js";
import { peerChain, withoutConversion } from "../identity/peer-chain.js";
import { proveChain } from "../identity/prove-chain.js";
import { applyTrustUpdate } from "../trust/apply-update.js";
import type { TrustState } from "../trust/trust.js";
import { checkClock } from "./compare-clocks.js";
import type { JoinCredential } from "./join-credential.js";
import { enrollmentTimeoutMs as timeoutMs, withAuthority } from "./with-authority.js";

/** What joining gives, and recovering. */
export interface Joined {
  readonly identity: Identity;
  readonly trust: TrustState;
}

/**
 * Joins a fleet. It finds the CA that the credential pins in what the authority shows, verifies the authority below that CA as
 * every other server is verified, and only then sends the credential. Rejects with `CA_PIN_MISMATCH`, `JOIN_TOKEN_…`,
 * `WORKLOAD_…`, `AUTHORITY_UNREACHABLE`, or the reason for which the authority is refused. One key may come again with the same
 * credential, so it should be on the disk.
 */
export async function join(
  authority: string,
  name: string,
  { trustDomain, caDigests, field }: JoinCredential,
  { clock, keys }: { readonly clock: Clock; readonly keys: KeyPair },
): Promise<Joined> {
  const root = await fetchPinnedRoot(authority, caDigests, clock);
  const id = spiffeId(trustDomain, name);
  const csr = await createCsr(keys, id.uri);
  const basis = { roots: [root], trustDomain, clock };
  const { certificate, trust } = await withAuthority(authority, basis, (call) =>
    call(EnrollmentService.methods.join, { ...field, csr, name }),
  );
  const identity = createIdentity(keys.privateKeyPem, certificate?.chain ?? []);
  if (identity.spiffeId.uri !== id.uri || !trust) {
    throw new InterlockError("INTERNAL", "The authority answered with another bot's certificate, or with no trust.");
  }
  checkClock(trust.sentAt, clock);
  return { identity, trust: applyTrustUpdate(undefined, trust) };
}

/** Fetches the CA certificate, DER, that the authority shows and the credential pins. Nothing is sent before that. */
function fetchPinnedRoot(authority: string, pins: readonly Uint8Array[], clock: Clock): Promise<Uint8Array> {
  const { host, port } = readAddress(authority);
  return new Promise((resolve, reject) => {
    // Here the digest decides. The call that follows verifies the server.
    const options = {
      host,
      port,
      minVersion: "TLSv1.3",
      ALPNProtocols: ["h2"],
      rejectUnauthorized: false,
      timeout: timeoutMs,
    } as const;
    const socket = withoutConversion(connect(options));
    const fail = (cause?: unknown) => {
      socket.destroy();
      reject(denial("AUTHORITY_UNREACHABLE", `is it up at ${authority}?`, {}, cause));
    };
    socket.once("error", fail);
    socket.once("timeout", () => fail());
    socket.once("secureConnect", () => {
      const shown = peerChain(socket);
      leave(socket);
      const root = shown.find((der) => pins.some((pin) => Buffer.from(caDigest(der)).equals(pin)));
      // Any server can send that CA along; only one below it has a certificate of it.
      if (root && proveChain(shown, { caCertificates: [root], now: clock.now() })) resolve(root);
      else if (isOfAnotherTime(shown, root, clock.now())) reject(wrongClock(shown, clock.now()));
      else {
        const remedy = `another server may answer at ${authority}; do not join, ask for a new token`;
        reject(denial("CA_PIN_MISMATCH", remedy));
      }
    });
  });
}

/** Whether the authority would be verified at another time: then a clock is wrong, its own or that of this machine. */
function isOfAnotherTime(shown: readonly Uint8Array[], root: Uint8Array | undefined, now: number): boolean {
  const leaf = leafOf(shown);
  if (!root || !leaf || (now >= leaf.notBefore && now < leaf.notAfter)) return false;
  return proveChain(shown, { caCertificates: [root], now: leaf.notBefore }) !== undefined;
}

function wrongClock(shown: readonly Uint8Array[], now: number): InterlockError {
  const { notBefore = now, notAfter = now } = leafOf(shown) ?? {};
  if (now < notBefore) {
    return denial("CERTIFICATE_NOT_YET_VALID", clocksDiffer("the authority's certificate begins", notBefore, now));
  }
  return denial("CERTIFICATE_EXPIRED", clocksDiffer("the authority's certificate ended", notAfter, now));
}

function leafOf([der]: readonly Uint8Array[]): Certificate | undefined {
  try {
    return der && parseCertificate(der);
  } catch {
    return undefined;
  }
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
