import type { AuditRecord } from "@interlock/policy/audit-log";

/**
 * The tables of the database. Names are camelCase here and snake_case in the database. The columns have only types of
 * both SQLite and PostgreSQL: text, and bigint for counts and for times, which are milliseconds since the epoch.
 */
export interface Schema {
  fleet: FleetRow;
  caCertificates: CaCertificateRow;
  signingKeys: SigningKeyRow;
  joinTokens: JoinTokenRow;
  joinUses: JoinUseRow;
  bots: BotRow;
  workloads: WorkloadRow;
  certificates: CertificateRow;
  lineages: LineageRow;
  revocations: RevocationRow;
  retiredMethods: RetiredMethodRow;
  federations: FederationRow;
  delegations: DelegationRow;
  approvals: ApprovalRow;
  grantVersions: GrantVersionRow;
  endpoints: EndpointRow;
  instances: InstanceRow;
  manifests: ManifestRow;
  usage: UsageRow;
  usageDays: UsageDayRow;
  serverRecords: ServerRecordRow;
  auditLog: AuditRecord;
  auditEnds: AuditEndsRow;
  auditRuns: AuditRunRow;
  privateKeys: PrivateKeyRow;
}

/** The only row of the fleet. */
export interface FleetRow {
  /** Always 1. */
  id: number;
  trustDomain: string;
  /** Increases with every change of the trust, from 1, because 0 means "none" in the protocol. */
  trustVersion: number;
  /** Earlier versions belong to deleted data: a bot with one of them gets the complete trust. */
  firstVersion: number;
  createdAt: number;
  /** The `iss` of tokens; null for the authority's SPIFFE ID. */
  issuer: string | null;
  /** The issuer before; null when it never changed. */
  formerIssuer: string | null;
}

/** A root that the fleet trusts, or an intermediate below one. Its private key is in the key vault or offline. */
export interface CaCertificateRow {
  /** SHA-256 over the DER, base64url. */
  digest: string;
  /** DER, base64. */
  certificate: string;
  createdAt: number;
  notAfter: number;
  /** The digest of the root above it; of a root, its own. */
  root: string;
  /**
   * The certificates between an intermediate and its root, usually none: DER, base64, in order, separated by spaces.
   */
  issuers: string;
  /** The name of its private key in the key vault; empty if the authority never has it. */
  keyName: string;
  /** When leaves were first signed below a root; null before that, and for an intermediate. */
  activatedAt: number | null;
}

/** A token key. Its private key is in the key vault. */
export interface SigningKeyRow {
  kid: string;
  /** The public JWK (RFC 7517), JSON. */
  publicJwk: string;
  createdAt: number;
  /** When it begins to sign, until a newer key does. */
  signsFrom: number;
  /** When it is withdrawn and its row deleted; null until there is a newer key. */
  withdrawnAt: number | null;
}

/** A join token without its secret. */
export interface JoinTokenRow {
  /** SHA-256 over the secret, base64url. */
  secretHash: string;
  /** Its id in lists. */
  id: string;
  /** The name or the identity pattern that may join with it. */
  name: string;
  createdAt: number;
  expiresAt: number;
  /** When it was last used. */
  usedAt: number | null;
  /** How many times it can be used in total. */
  uses: number;
  /** How many times it has been used. */
  used: number;
}

/** The last use of a join token by one name. The row is deleted with the token. */
export interface JoinUseRow {
  /** Of the join token. */
  secretHash: string;
  /** The name of the bot. */
  name: string;
  /** SHA-256 over the public key (SubjectPublicKeyInfo, DER), base64url. */
  keyDigest: string;
  /** The generation of the certificate. */
  generation: number;
}

/** A bot that has joined. */
export interface BotRow {
  name: string;
  joinedAt: number;
  /** The serial number of its latest certificate. */
  certificateSerial: string;
  certificateExpiresAt: number;
  /** When it was retired; null for a member of the fleet. */
  retiredAt: number | null;
}

/** A workload that has joined: a pod of a cluster. */
export interface WorkloadRow {
  /** SHA-256 over its issuer and its UID, base64url. */
  pod: string;
  /** The name that it joined under. */
  name: string;
  /** Its issuer and its account, separated by a space. */
  account: string;
  /** SHA-256 over the public key (SubjectPublicKeyInfo) that it joined with, base64url. */
  key: string;
  /** The id of the token that it joined with last. */
  tokenId: string;
  /** When that token was issued. */
  tokenIssuedAt: number;
  joinedAt: number;
  /** When another workload took its name; null for the holder of the name. */
  supersededAt: number | null;
}

/** A certificate of a bot. The row is deleted some time after it expires. */
export interface CertificateRow {
  serial: string;
  /** Of the bot. */
  name: string;
  /** One more than that of the renewed certificate; after a join, one more than all before. */
  generation: number;
  issuedAt: number;
  expiresAt: number;
  /** The digest of the root that it leads to. */
  root: string;
}

/** The lineage of one bot: the generations of its certificates. */
export interface LineageRow {
  /** Of the bot. */
  name: string;
  /** The generation of the certificate of its last join. */
  firstGeneration: number;
  /** The highest issued generation. */
  lastGeneration: number;
  /** The highest generation whose certificate has been used; 0 before the first use. */
  seenGeneration: number;
  /** The serial number of that used certificate. */
  seenSerial: string;
  /** 1 after a restore: the next certificate in use counts as the latest one. Otherwise 0. */
  adopts: number;
}

/** A revocation, in force or ended. */
export interface RevocationRow {
  kind: "identity" | "pattern" | "certificate" | "token";
  subject: string;
  revokedAt: number;
  reason: string;
  /** The version of the trust with its latest change: revoked or unrevoked. */
  trustVersion: number;
  /** When the revocation ended; null while it is in force. */
  unrevokedAt: number | null;
  /** When the subject expires; null if that is unknown. */
  expiresAt: number | null;
}

/** One version of the grants. The highest one is in force. */
export interface GrantVersionRow {
  version: number;
  yaml: string;
  appliedAt: number;
  /** A SPIFFE ID. */
  appliedBy: string;
}

/** A service at an address. */
export interface EndpointRow {
  /** The bot that serves it. */
  spiffeId: string;
  service: string;
  address: string;
  /** The process of the bot that reported it last; empty when the bot does not tell its processes apart. */
  instance: string;
  reportedAt: number;
}

/** A process of a bot, as it reported itself. */
export interface InstanceRow {
  /** The bot. */
  spiffeId: string;
  /** Empty when the bot does not tell its processes apart. */
  instance: string;
  /** The version of the bot's program; empty when it states none. */
  version: string;
  /** The hash of the manifest that it serves; empty for none. */
  manifestHash: string;
  /** The full names of the services that it serves, a JSON array. */
  services: string;
  /** The addresses at which it serves, a JSON array. */
  addresses: string;
  startedAt: number;
  seenAt: number;
  /** When it said that it ends; null while it has not. */
  stoppedAt: number | null;
}

/** A manifest that processes of bots serve. */
export interface ManifestRow {
  /** SHA-256 of `json`, hex. */
  hash: string;
  json: string;
  reportedAt: number;
}

/** A method that every server refuses, or refused. A method has one row, which holds its latest change. */
export interface RetiredMethodRow {
  /** `package.Service/Method`, or `package.Service/*` for every method of the service. */
  method: string;
  retiredAt: number;
  /** The SPIFFE ID of the bot that retired it. */
  retiredBy: string;
  /** The version of the trust of its latest change. */
  trustVersion: number;
  /** When its retirement ended; null while it is in force. */
  unretiredAt: number | null;
}

/** The relation to another trust domain. It is in force until it is revoked; then its bundle is empty. */
export interface FederationRow {
  trustDomain: string;
  /** Where its bundle is fetched; empty for a bundle that stays as it was given. */
  endpointUrl: string;
  /** `https_web` or `https_spiffe`; empty without an endpoint. */
  endpointProfile: string;
  /** The SPIFFE ID of the endpoint's server; empty for `https_web`. */
  endpointId: string;
  /** The full names of the services that its bots may call, JSON. */
  services: string;
  /** The identity patterns, with the domain, of its bots that are believed, JSON. */
  identities: string;
  /** The CA certificates of its bundle, DER, base64, JSON. */
  caCertificates: string;
  /** `spiffe_sequence` of the bundle, which has 64 bits; null for none. */
  sequence: string | null;
  refreshHintSeconds: number | null;
  /** When the bundle was given, or fetched last. */
  fetchedAt: number;
  /** When the last attempt failed; null after a success. */
  failedAt: number | null;
  /** Why it failed; empty after a success. */
  failure: string;
  /** When it was added: tokens from before are invalid. */
  since: number;
  /** The SPIFFE ID of the bot that added or changed it last. */
  addedBy: string;
  /** When it was revoked; null while it is in force. */
  revokedAt: number | null;
  /** The SPIFFE ID of the bot that revoked it; empty while it is in force. */
  revokedBy: string;
}

/** A delegation: what one bot has given to another. It is in force until it expires, or a revocation names one of its lineage. */
export interface DelegationRow {
  id: string;
  /** The name of the bot in whose name calls are made: the first that delegated. */
  subject: string;
  /** The name of the bot that gave it. */
  giver: string;
  /** The name of the bot that holds it. */
  holder: string;
  /** Its id and those above it, the own first, separated by spaces. */
  lineage: string;
  /** The names of the bots that act by it, the holder first, separated by spaces. */
  actors: string;
  /** What it allows, as JSON: services with their scopes and methods. */
  allowed: string;
  createdAt: number;
  expiresAt: number;
}

/** One call that an operator is asked about. */
export interface ApprovalRow {
  id: string;
  /** The name of the bot that wants to call. */
  requester: string;
  /** The name of the bot in whose name it calls. */
  subject: string;
  /** The id of the delegation; empty for none. */
  delegation: string;
  /** `package.Service/Method`. */
  method: string;
  /** The request message, base64. */
  request: string;
  /** SHA-256 over the request message, hex. */
  requestSha256: string;
  createdAt: number;
  expiresAt: number;
  /** Empty until an operator has decided. */
  decision: "" | "approved" | "denied";
  /** The SPIFFE ID of the operator; empty until then. */
  decidedBy: string;
  /** When a token for the call was issued; null before that. */
  usedAt: number | null;
}

/** Counted calls with the same method, caller, actors and outcome. */
export interface UsageRow {
  /** The bot that was called. */
  spiffeId: string;
  /** `package.Service/Method`; empty for a connection refused before any call. */
  method: string;
  /** The caller's SPIFFE ID; empty when no identity was accepted. */
  caller: string;
  /** The names of the bots that acted for the caller, separated by spaces, the one at the other end first. */
  actors: string;
  /** The reason of the denial; empty for admitted calls. */
  denial: string;
  count: number;
  firstAt: number;
  lastAt: number;
}

/** Counted calls of one day with the same method, caller, actors and outcome. */
export interface UsageDayRow extends Omit<UsageRow, "firstAt" | "lastAt"> {
  /** `YYYY-MM-DD`, in UTC. */
  day: string;
}

/** One service as served by one bot, in any of its processes. */
export interface ServerRecordRow {
  /** The bot. */
  spiffeId: string;
  service: string;
  /** When it was first reported. */
  firstAt: number;
  /** When it was last reported. */
  lastAt: number;
  /** When calls were last served that may not have been counted; null for never. */
  uncountedAt: number | null;
}

/** The only row with the beginning and the end of the audit log. */
export interface AuditEndsRow {
  /** Always 1. */
  id: number;
  /** The last pruned record; 0 and empty when no record has been pruned. */
  checkpointSeq: number;
  checkpointHash: string;
  /** The last record; 0 and empty when there is none. */
  headSeq: number;
  headHash: string;
}

/** The daily audit of one day: claimed, and then with its result. */
export interface AuditRunRow {
  /** `YYYY-MM-DD`, in UTC. */
  day: string;
  /** When an authority claimed the day last. */
  claimedAt: number;
  /** The time of the judgment; null until there is one. */
  at: number | null;
  /** The kept findings, a JSON array; empty until there is a result. */
  findings: string;
  /** How many findings are not kept. */
  leftOut: number;
  /** How many findings there were of each severity, a JSON object; empty until there is a result. */
  counts: string;
  /** The ids of the rules that could not judge, a JSON array; empty until there is a result. */
  notJudged: string;
}

/** A private key in a shared store. In a data folder, private keys are files. */
export interface PrivateKeyRow {
  /** For example `ca.key`. */
  name: string;
  /** The key, sealed with the passphrase. */
  text: string;
}
