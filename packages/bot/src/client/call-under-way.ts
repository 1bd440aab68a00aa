import type { Metadata } from "@grpc/grpc-js";

/** A call under way, as its channel sees it. */
export interface Cancellable {
  cancel(): void;
}

/** A call whose answer's metadata can be listened for. */
export interface Answered {
  once(event: "metadata", listener: (metadata: Metadata) => void): unknown;
}
