import { type Metadata, status } from "@grpc/grpc-js";
import type { Context, Span } from "@opentelemetry/api";
import { codeNames } from "../base/code.js";
import { InterlockError } from "../base/error.js";
import { type CallEnding, endSpan, ownAttributes, ownReason, reasonOfCode } from "./call-ending.js";
import type { ClientTrace, SentOn } from "./client-trace.js";
import type { Tracing } from "./registered-tracing.js";
import { injectTrace } from "./trace-context.js";

/** The trace of a call that is made, with a span of it. */
export class RecordedCall implements ClientTrace {
  readonly isRecorded = true;
  readonly #tracing: Tracing;
  readonly #span: Span;
  readonly #context: Context;
  #on: SentOn | undefined;
  #ended = false;

  constructor(tracing: Tracing, span: Span, context: Context) {
    this.#tracing = tracing;
    this.#span = span;
    this.#context = context;
  }

  on(metadata: Metadata): Metadata {
    const own = metadata.clone();
    this.inject(own);
    return own;
  }

  inject(metadata: Metadata): void {
    injectTrace(this.#tracing.api, this.#context, metadata);
  }

  sent(on: SentOn, previous: number): void {
    this.#on = on;
    this.#span.setAttributes({
      ...addressAttributes(on.address),
      ...(previous > 0 && { [ownAttributes.previousAttempts]: previous }),
    });
  }

  answered(): void {
    this.ended({ code: status.OK });
  }

  failed(thrown: unknown): void {
    const error = InterlockError.from(thrown);
    const reason = wasCutOff(error) ? "CONNECTION_LOST" : (ownReason(error) ?? reasonOfCode(error.code));
    this.ended({ code: codeNames.indexOf(error.code), reason });
  }

  left(): void {
    this.ended({ code: status.CANCELLED, reason: "READER_LEFT" });
  }

  ended(ending: CallEnding): void {
    if (this.#ended) return;
    this.#ended = true;
    const server = this.#on?.server?.id.uri;
    endSpan(
      this.#tracing.api,
      this.#span,
      "client",
      ending,
      server === undefined ? {} : { [ownAttributes.server]: server },
    );
  }
}

/** In the words of grpc-js: see `base/plain-details.ts`. */
const dropped = /^(?:Connection dropped|Write error|Write failed|Received RST_STREAM|Stream refused)/;

/** Whether the connection ended under a call, in contrast to one that was never made. */
function wasCutOff({ reason, cause }: InterlockError): boolean {
  return reason === "SERVER_UNREACHABLE" && dropped.test((cause as { details?: string } | undefined)?.details ?? "");
}

/** `server.address` and `server.port` of a target. */
function addressAttributes(target: string): { "server.address": string; "server.port"?: number } {
  const plain = target.replace(/^dns:(?:\/\/[^/]*\/)?/, "");
  if (plain.startsWith("unix:")) return { "server.address": plain.slice("unix:".length) };
  const [, host = plain, port] = /^\[?(.*?)\]?:(\d+)$/.exec(plain) ?? [];
  return port === undefined ? { "server.address": host } : { "server.address": host, "server.port": Number(port) };
}
