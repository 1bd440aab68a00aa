import { type ServiceError, status } from "@grpc/grpc-js";
import { decodeErrorInfo } from "./error-details.js";
import { type Code, type Reason, reasons } from "./reason.js";

/** The `domain` of every `google.rpc.ErrorInfo` whose reason is one of ours. */
export const errorDomain = "interlock";

interface InterlockErrorOptions {
  /** Machine-readable cause in UPPER_SNAKE_CASE; for denials by Interlock one of {@link Reason}. */
  readonly reason?: string;
  /** Who defines `reason`. */
  readonly domain?: string;
  /** What else is known, by name; it reaches the caller. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** What led here; it stays in this process. */
  readonly cause?: unknown;
  /** Whether another bot answered with it. */
  readonly remote?: boolean;
}

/**
 * The one error type: what a handler throws to answer with a gRPC status, and what a client call rejects with.
 *
 * ```ts
 * throw new InterlockError("NOT_FOUND", "There is no item 7.");
 * ```
 */
export class InterlockError extends Error {
  override readonly name = "InterlockError";
  readonly code: Code;
  readonly reason: string | undefined;
  readonly domain: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  /** Whether another bot answered a call with it; such an error does not pass through a handler to its caller. */
  readonly remote: boolean;

  constructor(code: Code, message: string, options: InterlockErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.reason = options.reason;
    this.domain = options.domain ?? (options.reason === undefined ? undefined : errorDomain);
    this.metadata = options.metadata ?? {};
    this.remote = options.remote ?? false;
  }

  /** Makes an `InterlockError` of anything that was thrown; errors of grpc-js keep their code and details. */
  static from(thrown: unknown): InterlockError {
    if (thrown instanceof InterlockError) return thrown;
    if (isServiceError(thrown)) return fromServiceError(thrown);
    if (thrown instanceof Error && thrown.name === "AbortError") {
      return new InterlockError("CANCELLED", "The call was canceled.", { cause: thrown });
    }
    return new InterlockError("INTERNAL", thrown instanceof Error ? thrown.message : String(thrown), { cause: thrown });
  }
}

/**
 * The error for one of our own reasons. `detail` says what to do or what was found; it must hold no secret.
 *
 * ```ts
 * throw denial("SCOPE_MISSING", "Grant it with grants.yaml.", { needed: "gripper:actuate", held: "" });
 * ```
 */
export function denial(
  reason: Reason,
  detail = "",
  metadata: Readonly<Record<string, string>> = {},
  cause?: unknown,
): InterlockError {
  const [code, meaning] = reasons[reason];
  const message = `${meaning[0]?.toUpperCase()}${meaning.slice(1)}${detail ? `: ${detail}` : "."}`;
  return new InterlockError(code, message, { reason, metadata, cause });
}

function isServiceError(thrown: unknown): thrown is ServiceError {
  return thrown instanceof Error && typeof (thrown as Partial<ServiceError>).code === "number" && "details" in thrown;
}

function fromServiceError(error: ServiceError): InterlockError {
  const info = error.metadata && decodeErrorInfo(error.metadata);
  const code = (status[error.code] ?? "UNKNOWN") as Code;
  if (info) {
    const { reason, domain, metadata } = info;
    return new InterlockError(code, error.details, { reason, domain, metadata, cause: error, remote: true });
  }
  if (code !== "UNAVAILABLE") return new InterlockError(code, error.details, { cause: error, remote: true });
  const reason: Reason = untrusted.test(error.details) ? "CERTIFICATE_UNTRUSTED" : "SERVER_UNREACHABLE";
  const message = reason === "CERTIFICATE_UNTRUSTED" ? denial(reason, joinAgain).message : error.details;
  return new InterlockError(code, message, { reason, cause: error, remote: true });
}

// What OpenSSL says of a chain that leads to no root of ours, as grpc-js hands it on.
const untrusted =
  /Last error: .*(self-signed certificate|unable to get (local )?issuer|unable to verify the first cert)/;
const joinAgain =
  "the CA may have been replaced while this bot was away; then it has to join again, with a token from an operator";
