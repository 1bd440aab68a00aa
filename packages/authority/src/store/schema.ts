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
  bots: BotRow;
  certificates: CertificateRow;
  lineages: LineageRow;
  revocations: RevocationRow;
  grantVersions: GrantVersionRow;
  endpoints: EndpointRow;
  usage: UsageRow;
  auditLog: AuditRecord;
  auditEnds: AuditEndsRow;
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
  /** When the subject expires by itself; null if that is unknown. */
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

/** Counted calls with the same method, caller and outcome. */
export interface UsageRow {
  /** The bot that was called. */
  spiffeId: string;
  /** `package.Service/Method`; empty for a connection refused before any call. */
  method: string;
  /** The caller's SPIFFE ID; empty when no identity was accepted. */
  caller: string;
  /** The reason of the denial; empty for admitted calls. */
  denial: string;
  count: number;
  lastAt: number;
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

/** A private key in a shared store. In a data folder, private keys are files. */
export interface PrivateKeyRow {
  /** For example `ca.key`. */
  name: string;
  /** The key, sealed with the passphrase. */
  text: string;
}
