import type { Identity } from "@interlock/bot";
import { signDocument } from "@interlock/bot/internal";
import { type AuditRecord, receiptType } from "@interlock/policy/audit-log";

/** Signs a record of the audit log with the key of the authority's own certificate. The result is the JSON text of a `SignedDocument`. */
export async function signReceipt(
  record: AuditRecord,
  identity: Pick<Identity, "privateKey" | "chain">,
): Promise<string> {
  return JSON.stringify(await signDocument(JSON.stringify(record), receiptType, identity));
}
