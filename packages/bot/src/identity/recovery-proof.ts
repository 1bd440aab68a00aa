import { createHash, sign, verify, X509Certificate } from "node:crypto";

/** The request that a proof of an expired certificate's key is for. */
export interface ProvedRecovery {
  /** What the authority gave for this connection. */
  readonly challenge: Uint8Array;
  /** The expired leaf, DER. */
  readonly leaf: Uint8Array;
  /** The certificate request for the new key, DER. */
  readonly csr: Uint8Array;
  /** The SPIFFE ID of the authority that is asked. */
  readonly authority: string;
}

/** The longest proof that is read, in bytes. An ECDSA signature on P-256 has 72 at most. */
const maximumProofLength = 80;

/** Signs a request to recover with the key of the expired certificate (PKCS #8, PEM). Gives an ECDSA signature, DER. */
export function proveRecovery(recovery: ProvedRecovery, privateKey: string): Uint8Array {
  return new Uint8Array(sign("sha256", statementOf(recovery), privateKey));
}

/** Whether `proof` was made with the key of the expired leaf, for exactly this request. */
export function isRecoveryProved(recovery: ProvedRecovery, proof: Uint8Array): boolean {
  if (proof.length > maximumProofLength) return false;
  const { publicKey } = new X509Certificate(recovery.leaf);
  return publicKey.asymmetricKeyType === "ec" && verify("sha256", statementOf(recovery), publicKey, proof);
}

/**
 * The bytes that are signed; `RecoverRequest.proof` in enrollment_service.proto describes them for other languages. They cannot
 * be mistaken for a handshake of TLS 1.3, which signs 64 spaces first (RFC 8446, section 4.4.3), nor for a certificate request.
 */
function statementOf({ challenge, leaf, csr, authority }: ProvedRecovery): Buffer {
  const label = Buffer.from("interlock-recover-v1\0");
  return Buffer.concat([label, challenge, sha256(leaf), sha256(csr), Buffer.from(authority)]);
}

function sha256(data: Uint8Array): Buffer {
  return createHash("sha256").update(data).digest();
}
