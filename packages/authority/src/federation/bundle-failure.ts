import { InterlockError } from "@interlock/bot";
import { printable } from "@interlock/bot/internal";
import type { BundleEndpoint } from "./bundle-endpoint.js";

// The codes of OpenSSL for a chain that it does not accept, as Node names them; a violated name constraint has none of its own.
const untrusted = /CERT|SELF_SIGNED|UNABLE_TO|CRL|INVALID_(?:CA|PURPOSE)|PATH_LENGTH|UNSPECIFIED/;
const noTls = /^(?:EPROTO|ERR_SSL_|ERR_TLS_)/;

/** What to do where the chain of a server is not accepted. */
const remedies = {
  https_web: "the endpoint needs a certificate of the Web PKI, or its profile is https_spiffe.",
  https_spiffe: "it does not lead to a CA of the known bundle; ask for the current one, and add the domain again.",
} as const;

/**
 * Makes the error of a bundle that was not fetched. Nothing of an answer is in it but what {@link printable} leaves.
 *
 * @param cause - What the request failed with. The code of an `InterlockError` is kept.
 */
export function bundleFailure({ url, profile }: BundleEndpoint, cause: unknown): InterlockError {
  const place = printable(url, { maximumLength: 200 });
  const { message, code = "" } = cause as Error & { readonly code?: string };
  if (cause instanceof InterlockError) {
    return new InterlockError(cause.code, `${message} It was asked for at ${place}.`, { cause });
  }
  const problem = () => {
    if (untrusted.test(code)) return `the certificate is not trusted (${code}): ${remedies[profile]}`;
    if (noTls.test(code)) return `there is no TLS that can be used (${code}): is this the address of a bundle?`;
    if (code.startsWith("HPE_")) return `the answer is no HTTP (${code}): is this the address of a bundle?`;
    return `it cannot be reached (${printable(code || message, { maximumLength: 200 })}): is it up?`;
  };
  return new InterlockError("UNAVAILABLE", `The bundle endpoint ${place} gives no bundle: ${problem()}`, { cause });
}
