import { type ServiceError, status } from "@grpc/grpc-js";
import { decodeErrorInfo, hasStatus } from "./error-details.js";
import { type Code, type Reason, reasons } from "./reason.js";

/** The `domain` of every `google.rpc.ErrorInfo` with a reason of the closed list. */
export const errorDomain = "interlock";

interface InterlockErrorOptions {
  /** Machine-readable cause in UPPER_SNAKE_CASE; for denials by Interlock one of {@link Reason}. */
  readonly reason?: string;
  /** The domain that defines `reason`. Default: `"interlock"` if there is a reason, otherwise none. */
  readonly domain?: string;
  /** Further facts by name; they reach the caller. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** The error that led to this one; it stays in this process. */
  readonly cause?: unknown;
  /** Whether another bot answered with it. Default: false. */
  readonly remote?: boolean;
}

/**
 * The one error type: a handler throws it to answer with a gRPC status, and a client call rejects with it.
 *
 * @example
 * ```ts
 * throw new InterlockError("NOT_FOUND", "There is no item 7.");
 * ```
 *
 * @example
 * ```ts
 * try {
 *   await coffee.brew({ shots: 2 });
 * } catch (error) {
 *   if (error instanceof InterlockError && error.reason === "SCOPE_MISSING") console.error(error.metadata.needed);
 * }
 * ```
 */
export class InterlockError extends Error {
  override readonly name = "InterlockError";
  /** The gRPC status code by its name. */
  readonly code: Code;
  /** Machine-readable cause in UPPER_SNAKE_CASE, if there is one; for denials by Interlock one of {@link Reason}. */
  readonly reason: string | undefined;
  /** The domain that defines {@link reason}: `"interlock"` for its own. */
  readonly domain: string | undefined;
  /** Further facts by name, for example what was needed and what was held. Never a secret. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Whether another bot answered a call with it. Such an error does not pass through a handler to its caller. */
  readonly remote: boolean;

  /**
   * Makes an error.
   *
   * @param code - The gRPC status code by its name.
   * @param message - What happened and what to do about it. It reaches the caller: it must hold no secret.
   * @param options - A reason, further facts, and the cause.
   * @throws A `TypeError` when `code` is `"OK"` or no gRPC status code.
   */
  constructor(code: Code, message: string, options: InterlockErrorOptions = {}) {
    if ((code as string) === "OK" || !Object.hasOwn(status, code) || typeof status[code] !== "number") {
      throw new TypeError(`"${String(code)}" is no code of an error: use one such as "NOT_FOUND"`);
    }
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.reason = options.reason;
    this.domain = options.domain ?? (options.reason === undefined ? undefined : errorDomain);
    this.metadata = options.metadata ?? {};
    this.remote = options.remote ?? false;
  }

  /**
   * Makes an `InterlockError` of anything that was thrown. Errors of grpc-js keep their code and details.
   *
   * @param thrown - What a `catch` clause caught.
   * @returns `thrown` itself if it is an `InterlockError`, otherwise a new one with `thrown` as its cause.
   */
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
 * Makes the error for a reason of the closed list.
 *
 * @param reason - One of {@link reasons}; it decides the code.
 * @param detail - What to do or what was found. It must hold no secret.
 * @param metadata - Further facts by name; they reach the caller.
 * @param cause - The error that led here; it stays in this process.
 *
 * @example
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
  // A handler answered with it: the server was reached, and may have done something.
  if (error.metadata && hasStatus(error.metadata))
    return new InterlockError(code, error.details, { cause: error, remote: true });
  const reason: Reason = untrusted.test(error.details) ? "CERTIFICATE_UNTRUSTED" : "SERVER_UNREACHABLE";
  const message = reason === "CERTIFICATE_UNTRUSTED" ? denial(reason, joinAgain).message : error.details;
  return new InterlockError(code, message, { reason, cause: error, remote: true });
}

// The words of OpenSSL for a chain that leads to no root of ours, as grpc-js passes them on.
const untrusted =
  /Last error: .*(self-signed certificate|unable to get (local )?issuer|unable to verify the first cert)/;
const joinAgain =
  "the CA may have been replaced while this bot was away; then it has to join again, with a token from an operator";
