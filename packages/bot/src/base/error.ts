import type { ServiceError } from "@grpc/grpc-js";
import type { Codec, Init } from "@interlock/policy";
import { callIdIn } from "./call-id.js";
import { codeNames } from "./code.js";
import { checkDetails, type ErrorDetail, packDetail, unpackDetail } from "./error-detail.js";
import { decodeDetails, decodeErrorInfo, hasStatus } from "./error-details.js";
import { plainDetails } from "./plain-details.js";
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
  /**
   * Messages of any type that reach the caller, made with {@link InterlockError.detail}: about 4 KiB with the message and the
   * metadata. What does not fit is left out, and logged once for each method.
   */
  readonly details?: readonly ErrorDetail[];
  /** The error that led to this one; it stays in this process. */
  readonly cause?: unknown;
  /** Whether another bot answered with it. Default: false. */
  readonly remote?: boolean;
  /** The id under which another bot has logged the call. Default: none. */
  readonly callId?: string | undefined;
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
  /** The details of any type, in the form of `google.rpc.Status`; {@link findDetail} reads them. */
  readonly details: readonly ErrorDetail[];
  /** Whether another bot answered a call with it. Such an error does not pass through a handler to its caller. */
  readonly remote: boolean;
  /** The id under which the other bot has logged the call that it refused, or that failed there; absent without one. */
  readonly callId: string | undefined;

  /**
   * Makes an error.
   *
   * @param code - The gRPC status code by its name.
   * @param message - What happened and what to do about it. It reaches the caller: it must hold no secret.
   * @param options - A reason, further facts, details, and the cause.
   * @throws A `TypeError` when `code` is `"OK"` or no gRPC status code, and for a detail that would pass for a reason.
   */
  constructor(code: Code, message: string, options: InterlockErrorOptions = {}) {
    if (codeNames.indexOf(code) <= 0) {
      throw new TypeError(`"${String(code)}" is no code of an error: use one such as "NOT_FOUND"`);
    }
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.reason = options.reason;
    this.domain = options.domain ?? (options.reason === undefined ? undefined : errorDomain);
    this.metadata = options.metadata ?? {};
    this.details = options.details ?? [];
    if (!options.remote) checkDetails(this.details);
    this.remote = options.remote ?? false;
    this.callId = options.callId;
  }

  /**
   * Packs a message as a detail of an error.
   *
   * @param type - The full name of the message's type, such as `"cafe.gripper.v1.Jam"`.
   * @param codec - The message's generated codec.
   * @param message - The message; fields that are left out have their default.
   *
   * @example
   * ```ts
   * const jam = InterlockError.detail("cafe.gripper.v1.Jam", Jam, { millimeters: 3 });
   * throw new InterlockError("ABORTED", "The gripper is jammed.", { details: [jam] });
   * ```
   */
  static detail<T>(type: string, codec: Codec<T>, message: Init<T>): ErrorDetail {
    const detail = packDetail(type, codec, message);
    checkDetails([detail]);
    return detail;
  }

  /**
   * Finds a detail by its type.
   *
   * @param type - The full name of the message's type.
   * @param codec - The message's generated codec.
   * @returns The first detail of the type; `undefined` where there is none, or it cannot be read.
   *
   * @example
   * ```ts
   * const jam = error.findDetail("cafe.gripper.v1.Jam", Jam);
   * if (jam) console.error(`stuck at ${jam.millimeters} mm`);
   * ```
   */
  findDetail<T>(type: string, codec: Codec<T>): T | undefined {
    return unpackDetail(this.details, type, codec);
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
  const code = codeNames[error.code] ?? "UNKNOWN";
  const callId = callIdIn(error.metadata);
  // A handler answered with it: the server was reached, and may have done something.
  if (error.metadata && hasStatus(error.metadata)) {
    const told = { cause: error, remote: true, callId, details: decodeDetails(error.metadata) };
    if (!info) return new InterlockError(code, error.details, told);
    const { reason, domain, metadata } = info;
    return new InterlockError(code, error.details, { reason, domain, metadata, ...told });
  }
  const details = plainDetails(error.details);
  if (code !== "UNAVAILABLE") return new InterlockError(code, details, { cause: error, remote: true, callId });
  const { reason, remedy } = refusals.find(({ words }) => words.test(error.details)) ?? unreachable;
  const message = remedy === undefined ? details : denial(reason, remedy()).message;
  return new InterlockError(code, message, { reason, cause: error, remote: true });
}

interface TlsRefusal {
  readonly reason: Reason;
  readonly remedy?: () => string;
}

// The words of OpenSSL for the chain of a server that it does not accept, as grpc-js passes them on.
const refusals: readonly (TlsRefusal & { readonly words: RegExp })[] = [
  {
    words: /Last error: .*(self-signed certificate|unable to get (local )?issuer|unable to verify the first cert)/,
    reason: "CERTIFICATE_UNTRUSTED",
    remedy: () =>
      "the CA may have been replaced while this bot was away; then it has to join again, with a token from an operator",
  },
  {
    words: /Last error: .*certificate is not yet valid/,
    reason: "CERTIFICATE_NOT_YET_VALID",
    remedy: () => `it is the server's, and ${clockHere()}`,
  },
  {
    words: /Last error: .*certificate has expired/,
    reason: "CERTIFICATE_EXPIRED",
    remedy: () => `it is the server's, and ${clockHere()}`,
  },
];

const unreachable: TlsRefusal = { reason: "SERVER_UNREACHABLE" };

/** OpenSSL decides by the clock of the machine, whatever clock a bot is given. */
function clockHere(): string {
  const now = new Date().toISOString();
  return `the clock of this machine says ${now}; if that is wrong, set it, for example with NTP`;
}
