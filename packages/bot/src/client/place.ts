/** Where a service may be served: an address, and the identity patterns one of which its server has to match. */
export interface Place {
  /** `host:port`, or a DNS name as gRPC writes it. */
  readonly address: string;
  readonly servers: readonly string[];
}

/** Gives the places of a service, the preferred one first. Rejects where there is none, and says what to do. */
export type FindPlaces = () => Promise<readonly Place[]>;
