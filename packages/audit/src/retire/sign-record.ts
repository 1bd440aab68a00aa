import { createHash } from "node:crypto";
import type { Identity } from "@interlock/bot";
import { signDocument } from "@interlock/bot/internal";
import type { RetirementRecord } from "./record.js";

/** The `typ` of a signed record. */
export const recordType = "interlock-retirement+json";

/** A signed record: a JWS in its flattened JSON form (RFC 7515, section 7.2.2), signed with ES256. */
export interface SignedRecord {
  readonly payload: string;
  readonly protected: string;
  readonly signature: string;
}

/** Signs a record with the key of an operator's certificate, whose chain is in the header (`x5c`). */
export function signRecord(
  record: RetirementRecord,
  identity: Pick<Identity, "privateKey" | "chain">,
): Promise<SignedRecord> {
  return signDocument(JSON.stringify(record), recordType, identity);
}

/** The digest by which the authority knows a record: SHA-256 over its compact form (RFC 7515, section 7.1), hex. */
export function digestOf({ payload, protected: header, signature }: SignedRecord): string {
  return createHash("sha256").update(`${header}.${payload}.${signature}`).digest("hex");
}
