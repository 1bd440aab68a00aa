/** Another trust domain to call. */
export interface FederatedUse {
  /** The trust domain, for example `cafe`. */
  readonly trustDomain: string;
  /** `host:port` of its authority, which gives the tokens; several in a list, or joined by commas. */
  readonly authority: string | readonly string[];
}
