import type { Metadata, StatusObject } from "@grpc/grpc-js";
import { withoutReserved } from "../base/check-metadata.js";
import type { CallOptions } from "./call-options.js";

/** A call of grpc-js that reports what comes with its answer. */
export interface ReportingCall {
  once(event: "metadata", listener: (metadata: Metadata) => void): unknown;
  once(event: "status", listener: (status: StatusObject) => void): unknown;
  cancel(): void;
}

/** What the caller of a call wants to know of its answer. */
export interface AnswerWatch {
  /** What a function of the caller has thrown: the call fails with it. */
  readonly failure: { readonly thrown: unknown } | undefined;
  /** Tells of the trailers, if there are any, once. */
  tellTrailers(): void;
}

/** Tells a caller of the headers of its answer, and later of the trailers; `undefined` where it wants neither. */
export function watchAnswer(call: ReportingCall, { onHeaders, onTrailers }: CallOptions): AnswerWatch | undefined {
  if (!onHeaders && !onTrailers) return undefined;
  let failure: AnswerWatch["failure"];
  let trailers: Metadata | undefined;

  function tell(listener: (metadata: Metadata) => void, metadata: Metadata): void {
    try {
      listener(withoutReserved(metadata));
    } catch (thrown) {
      failure ??= { thrown };
    }
  }

  if (onHeaders) {
    call.once("metadata", (metadata) => {
      tell(onHeaders, metadata);
      if (failure) call.cancel();
    });
  }
  call.once("status", ({ metadata }) => {
    trailers = metadata;
  });
  return {
    get failure() {
      return failure;
    },
    tellTrailers() {
      if (trailers && onTrailers) tell(onTrailers, trailers);
      trailers = undefined;
    },
  };
}
