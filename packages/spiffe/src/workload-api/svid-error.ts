import { InterlockError } from "@interlock/bot";
import type { SourceProblem } from "./source-state.js";

/** Why no identity has come from a Workload API. */
export class SvidError extends Error implements SourceProblem {
  override readonly name = "SvidError";
  /** A gRPC code, or `REFUSED` for an identity that has come and is not taken. */
  readonly kind: string;
  /** Whether asking again is of no use. */
  readonly isFinal: boolean;
  /** What to do about it, to be put after the message; empty where the message says it. */
  readonly remedy: string;

  constructor(message: string, { kind = "REFUSED", isFinal = false, remedy = "", cause }: SvidErrorOptions = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.kind = kind;
    this.isFinal = isFinal;
    this.remedy = remedy && `. ${remedy}`;
  }

  /** Makes one of anything that was thrown. Errors of a call keep their code. */
  static from(thrown: unknown): SvidError {
    if (thrown instanceof SvidError) return thrown;
    if (!(thrown instanceof InterlockError)) return new SvidError((thrown as Error).message, { cause: thrown });
    const { code, message } = thrown;
    // SPIFFE Workload Endpoint, appendix A: these two are no matter of time.
    const isFinal = code === "INVALID_ARGUMENT" || code === "UNIMPLEMENTED";
    const text = message.replace(/\.$/, "");
    return new SvidError(text, { kind: code, isFinal, remedy: remedies[code]?.() ?? "", cause: thrown });
  }
}

interface SvidErrorOptions {
  readonly kind?: string;
  readonly isFinal?: boolean;
  readonly remedy?: string;
  readonly cause?: unknown;
}

const remedies: Readonly<Record<string, () => string>> = {
  PERMISSION_DENIED: () =>
    `Register an entry whose selectors fit this process (pid ${process.pid}, uid ${process.getuid?.() ?? "unknown"}), or wait ` +
    "longer with waitMs: agents hear of new entries after some seconds",
  UNAVAILABLE: () => "Start the agent there, or wait longer for it with waitMs",
  INVALID_ARGUMENT: () => "That is no Workload API, or one that asks for more than its specification",
  UNIMPLEMENTED: () => "Another server listens there: set the address of the Workload API",
  RESOURCE_EXHAUSTED: () => "An answer of the Workload API may be up to 4 MiB long",
};
