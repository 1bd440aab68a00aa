import type { Metadata } from "@grpc/grpc-js";

/** A call under way, as its channel sees it. */
export interface Cancelable {
  cancel(): void;
}

/** A call that reports the metadata of its answer. */
export interface Answered {
  once(event: "metadata", listener: (metadata: Metadata) => void): unknown;
}
