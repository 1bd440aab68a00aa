import { Metadata } from "@grpc/grpc-js";

/** Metadata that many calls send. It must not change: what HTTP/2 sends of it is worked out once. */
export class SharedMetadata extends Metadata {
  #headers: Http2Headers | undefined;

  /** Copies what is in `metadata`. */
  static of(metadata: Metadata): SharedMetadata {
    const shared = new SharedMetadata(metadata.getOptions());
    shared.merge(metadata);
    return shared;
  }

  override toHttp2Headers(): Http2Headers {
    this.#headers ??= super.toHttp2Headers();
    return this.#headers;
  }

  /**
   * Metadata of one call, with the same content. Whatever stands between a call and its channel may change it, such as another
   * instrumentation, which adds its own trace; the content is copied when it is touched.
   */
  forCall(): Metadata {
    return new CallMetadata(this);
  }
}

type Http2Headers = ReturnType<Metadata["toHttp2Headers"]>;

class CallMetadata extends Metadata {
  readonly #from: SharedMetadata;
  #own: unknown;

  constructor(from: SharedMetadata) {
    super({ ...from.getOptions() });
    this.#from = from;
  }

  static content(metadata: CallMetadata): unknown {
    metadata.#own ??= (metadata.#from.clone() as unknown as WithContent).internalRepr;
    return metadata.#own;
  }

  override toHttp2Headers(): Http2Headers {
    return this.#own === undefined ? this.#from.toHttp2Headers() : super.toHttp2Headers();
  }
}

/** Where metadata of grpc-js has its content, through which all its functions go. */
interface WithContent {
  readonly internalRepr: unknown;
}

Object.defineProperty(CallMetadata.prototype, "internalRepr" satisfies keyof WithContent, {
  get(this: CallMetadata) {
    return CallMetadata.content(this);
  },
  set() {}, // Its constructor makes an empty content.
});
