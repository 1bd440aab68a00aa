import type { Metadata } from "@grpc/grpc-js";
import type { SharedMetadata } from "../base/shared-metadata.js";
import type { CallEnding } from "./call-ending.js";

/** What a call is sent on, for its span. */
export interface SentOn {
  /** `host:port`, or any target that grpc-js resolves. */
  readonly address: string;
  /** The server that has proved its identity there. */
  readonly server: { readonly id: { readonly uri: string } } | undefined;
}

/** The trace of a call that is made: it is sent along, and ends with the call. */
export interface ClientTrace {
  /** Whether there is a span of it. Otherwise nothing needs to be told of its end. */
  readonly isRecorded: boolean;
  /** The metadata of a call, its own, with its trace in it. */
  on(metadata: SharedMetadata): Metadata;
  /** Writes the trace into the metadata of one call. */
  inject(metadata: Metadata): void;
  /** The call is sent; `previous` attempts have failed. */
  sent(on: SentOn, previous: number): void;
  /** The call has ended as `ending` says. */
  ended(ending: CallEnding): void;
  answered(): void;
  failed(thrown: unknown): void;
  /** The reader of its answers has left. It has no effect on a call that has ended. */
  left(): void;
}

/** Begins the trace of a call; gives `undefined` without an SDK. */
export type BeginTrace = (now: number) => ClientTrace | undefined;
