import type { Reason } from "../base/reason.js";

/** The reason of a failed handshake, from the code that Node reports. Only this file knows the words of Node and OpenSSL. */
export function refusalOf(code: string): Reason {
  return byCode[code] ?? (untrusted.test(code) ? "CERTIFICATE_UNTRUSTED" : "HANDSHAKE_FAILED");
}

const byCode: Readonly<Record<string, Reason>> = {
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: "NO_CERTIFICATE",
  CERT_HAS_EXPIRED: "CERTIFICATE_EXPIRED",
  CERT_NOT_YET_VALID: "CERTIFICATE_NOT_YET_VALID",
  INVALID_PURPOSE: "CERTIFICATE_WRONG_USAGE",
  ERR_SSL_NO_CERTIFICATE_RETURNED: "NO_CERTIFICATE",
  UNSPECIFIED: "CERTIFICATE_UNTRUSTED", // Node has no name for it, for example for an unknown critical extension.
};

// X509_V_ERR_… as Node names them. All of them mean that the chain does not lead to our CA.
const untrusted =
  /^(UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|CERT_|INVALID_CA|PATH_LENGTH_|PERMITTED_|EXCLUDED_|ERROR_IN_CERT_|ERR_SSL_CERTIFICATE)/;
