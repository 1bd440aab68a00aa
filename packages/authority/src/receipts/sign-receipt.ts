import { createPrivateKey } from "node:crypto";
import type { Identity } from "@interlock/bot";
import { type AuditRecord, receiptType } from "@interlock/policy/audit-log";
import { FlattenedSign } from "jose";

/**
 * Signs a record of the audit log with the key of the authority's own certificate, whose chain stands in the header (`x5c`): it
 * can be verified with the CA certificate of the fleet alone, long after the keys of tokens have changed. The result is a JWS in
 * its flattened JSON form (RFC 7515, section 7.2.2).
 */
export async function signReceipt(
  record: AuditRecord,
  { privateKey, chain }: Pick<Identity, "privateKey" | "chain">,
): Promise<string> {
  const x5c = chain.map((der) => Buffer.from(der).toString("base64"));
  const signed = await new FlattenedSign(Buffer.from(JSON.stringify(record)))
    .setProtectedHeader({ alg: "ES256", typ: receiptType, x5c })
    .sign(createPrivateKey(privateKey));
  return JSON.stringify(signed);
}
