import { Metadata } from "@grpc/grpc-js";

/** Metadata that calls send as it is, without a copy of their own. It must not change: what HTTP/2 sends of it is worked out once. */
export class SharedMetadata extends Metadata {
  #headers: ReturnType<Metadata["toHttp2Headers"]> | undefined;

  /** Copies what is in `metadata`. */
  static of(metadata: Metadata): SharedMetadata {
    const shared = new SharedMetadata(metadata.getOptions());
    shared.merge(metadata);
    return shared;
  }

  override toHttp2Headers(): ReturnType<Metadata["toHttp2Headers"]> {
    this.#headers ??= super.toHttp2Headers();
    return this.#headers;
  }
}
