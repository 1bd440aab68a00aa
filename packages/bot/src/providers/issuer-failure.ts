import { InterlockError } from "../base/error.js";
import type { Reason } from "../base/reason.js";

/** An issuer was reached, and answered with a status that is no success. */
export class IssuerStatusError extends Error {
  readonly status: number;

  /** `what` was asked for, such as `the issuer's keys`. */
  constructor(what: string, status: number) {
    super(`${what} were answered with ${status}`);
    this.status = status;
  }
}

const reason: Reason = "ISSUER_UNREACHABLE";

/** What the codes of Node.js and OpenSSL say of an issuer, in the order in which they are looked at. */
const meanings: readonly (readonly [codes: RegExp, meaning: (issuer: string) => string, remedy: string])[] = [
  [
    /^(?:ENOENT|EACCES|EISDIR|ENOTDIR|EPERM|EMFILE)$/,
    (issuer) => `A file for the token issuer at ${issuer} cannot be read`,
    "",
  ],
  [/^ERR_OSSL_/, (issuer) => `The CA file for the token issuer at ${issuer} cannot be used`, ""],
  [/^ERR_SSL_.*ALERT/, (issuer) => `The token issuer at ${issuer} was reached, and refuses the connection`, ""],
  [
    /CERT|SELF_SIGNED|UNABLE_TO|CRL|HOSTNAME_MISMATCH|INVALID_(?:CA|PURPOSE)|PATH_LENGTH/,
    (issuer) => `The token issuer at ${issuer} was reached, and its certificate is not trusted`,
    "; name its CA in caFile",
  ],
  [
    /^(?:EPROTO|ERR_SSL_|ERR_TLS_)/,
    (issuer) => `The token issuer at ${issuer} was reached, and does not speak TLS`,
    "",
  ],
  [/^(?:ECONNRESET|EPIPE)$/, (issuer) => `The token issuer at ${issuer} was reached, and closed the connection`, ""],
];

/**
 * Makes the error of an issuer that gives no answer: whether it could not be reached, or was reached and why that was of no
 * use. Nothing of its answer is in it.
 *
 * @param issuer - The URL at which it was asked.
 * @param cause - What the request failed with. An `InterlockError` is returned as it is.
 */
export function issuerFailure(issuer: string, cause: unknown): InterlockError {
  if (cause instanceof InterlockError) return cause;
  const { message, code = "" } = cause as Error & { readonly code?: string };
  const metadata = cause instanceof IssuerStatusError ? { status: `${cause.status}` } : {};
  return new InterlockError("UNAVAILABLE", explain(), { reason, metadata, cause });

  function explain(): string {
    if (cause instanceof IssuerStatusError) {
      const remedy = cause.status >= 500 || cause.status === 429 ? "try again" : `is ${issuer} its address?`;
      return `The token issuer was reached, and does not serve: ${message}; ${remedy}`;
    }
    if (cause instanceof SyntaxError) return `The file with the keys of the token issuer ${issuer} holds no JSON.`;
    const [, meaning, remedy] = meanings.find(([codes]) => codes.test(code)) ?? [];
    if (meaning) return `${meaning(issuer)}: ${message}${remedy}`;
    if (code === "") return `The token issuer gives no answer that can be used: ${message}; is ${issuer} its address?`;
    return `The token issuer cannot be reached: ${message}; is it up at ${issuer}?`;
  }
}
