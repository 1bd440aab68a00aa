import type { AuditRecord } from "@interlock/policy/audit-log";

/**
 * The tables, as the queries see them. Names are camelCase here and snake_case in the database. Only types that SQLite
 * and PostgreSQL both have: text, and bigint for counts and for times, which are milliseconds since the epoch.
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

/** The one row that says whose data this is. */
export interface FleetRow {
  /** Always 1. */
  id: number;
  trustDomain: string;
  /** Counts up with every change of the trust; 1 at first, because 0 stands for "nothing" in the protocol. */
  trustVersion: number;
  /** Versions before this one are of data that is gone: whoever has one gets everything anew. */
  firstVersion: number;
  createdAt: number;
  /** What is `iss` in tokens; null for the authority's SPIFFE ID. */
  issuer: string | null;
  /** What it was before; null when it has never been another. */
  formerIssuer: string | null;
}

/** A root that the fleet trusts, or an intermediate below one. Its private key is in the key vault, or away. */
export interface CaCertificateRow {
  /** SHA-256 over the DER, base64url. */
  digest: string;
  /** DER, base64. */
  certificate: string;
  createdAt: number;
  notAfter: number;
  /** The digest of the root that it leads to; of a root, its own. */
  root: string;
  /** The certificates between an intermediate and its root: DER, base64, in their order, with spaces between; mostly none. */
  issuers: string;
  /** The name of its private key in the key vault; empty where the authority never has it. */
  keyName: string;
  /** Of a root: when what is below it began to sign leaves. Null before that, and for an intermediate. */
  activatedAt: number | null;
}

/** A token key. Its private half is in the key vault. */
export interface SigningKeyRow {
  kid: string;
  /** The public JWK (RFC 7517), JSON. */
  publicJwk: string;
  createdAt: number;
  /** From when on it signs, where there is no newer one that does. */
  signsFrom: number;
  /** When it is withdrawn, and its row deleted; null until there is a newer one. */
  withdrawnAt: number | null;
}

/** A join token, without its secret. */
export interface JoinTokenRow {
  /** SHA-256 over the secret, base64url. */
  secretHash: string;
  /** What it is called in lists. */
  id: string;
  /** The one name, or the identity pattern, that may join with it. */
  name: string;
  createdAt: number;
  expiresAt: number;
  /** When it was last used. */
  usedAt: number | null;
  /** How many times it can be used, all in all. */
  uses: number;
  /** How many times it has been used. */
  used: number;
}

/** A bot that has joined. */
export interface BotRow {
  name: string;
  joinedAt: number;
  /** Of its latest certificate. */
  certificateSerial: string;
  certificateExpiresAt: number;
  /** Null while it belongs to the fleet. */
  retiredAt: number | null;
}

/** A certificate that was issued to a bot; forgotten some time after it has run out. */
export interface CertificateRow {
  serial: string;
  /** Of the bot. */
  name: string;
  /** One more than that of the certificate over which it was renewed, or than any before where the bot joined. */
  generation: number;
  issuedAt: number;
  expiresAt: number;
  /** The digest of the root that it leads to. */
  root: string;
}

/** The generations of one bot's certificates. */
export interface LineageRow {
  /** Of the bot. */
  name: string;
  /** Of the certificate with which it last joined. */
  firstGeneration: number;
  /** The highest there is. */
  lastGeneration: number;
  /** The highest that the authority has seen in use; 0 before that. */
  seenGeneration: number;
  /** Which certificate of that generation it was. */
  seenSerial: string;
  /** 1 after the store was restored: the next certificate that shows itself is taken for the latest; 0 otherwise. */
  adopts: number;
}

/** Something that is shut out, or was. */
export interface RevocationRow {
  kind: "identity" | "pattern" | "certificate" | "token";
  subject: string;
  revokedAt: number;
  reason: string;
  /** The version of the trust with the latest change to it: shut out, or let in again. */
  trustVersion: number;
  /** When it was let in again; null while it is shut out. */
  unrevokedAt: number | null;
  /** When what is shut out is worth nothing any more by itself; null where that is not known. */
  expiresAt: number | null;
}

/** One version of grants.yaml; the highest is in force. */
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
  reportedAt: number;
}

/** Calls alike in method, caller and outcome. */
export interface UsageRow {
  /** The bot that was called. */
  spiffeId: string;
  /** `package.Service/Method`; empty for a connection refused before any call. */
  method: string;
  /** The caller's SPIFFE ID; empty when it had none that was accepted. */
  caller: string;
  /** The reason of the denial; empty when admitted. */
  denial: string;
  count: number;
  lastAt: number;
}

/** The one row that says where the audit log begins and ends. */
export interface AuditEndsRow {
  /** Always 1. */
  id: number;
  /** The last record that has been pruned; 0 and empty when none has. */
  checkpointSeq: number;
  checkpointHash: string;
  /** The last record there is; 0 and empty when there is none. */
  headSeq: number;
  headHash: string;
}

/** A private key in a store that is shared; in a data folder they are files. */
export interface PrivateKeyRow {
  /** For example `ca.key`. */
  name: string;
  /** Sealed under the passphrase. */
  text: string;
}
