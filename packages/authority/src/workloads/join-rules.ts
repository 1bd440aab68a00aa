/** A cluster whose workloads may join: its issuer, and where its keys are. */
export interface WorkloadIssuer {
  /** The `iss` of its tokens. */
  readonly issuer: string;
  /** The JWK Set (RFC 7517) of the issuer: an https URL, or the path of a file. */
  readonly keys: string;
  /** A PEM file with the CA of that URL. Default: the system's CAs. */
  readonly caFile?: string;
  /** A file with a bearer token to show at that URL. It is read again each time. Default: none. */
  readonly tokenFile?: string;
}

/** A rule that lets the pods of one ServiceAccount join. */
export interface JoinRule {
  readonly issuer: string;
  /** `system:serviceaccount:<namespace>:<name>`, without wildcards. */
  readonly account: string;
  /** The name of the bot: a whole name, or one whose last segment is `*`, which stands for the name of the pod. */
  readonly name: string;
}

/** Which workloads may join without a join token, and under which names. */
export interface JoinRules {
  readonly issuers: readonly WorkloadIssuer[];
  readonly joins: readonly JoinRule[];
}
