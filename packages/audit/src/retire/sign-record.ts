import { createHash, createPrivateKey } from "node:crypto";
import type { Identity } from "@interlock/bot";
import { type FlattenedJWS, FlattenedSign } from "jose";
import type { RetirementRecord } from "./record.js";

/** The `typ` of a signed record. */
export const recordType = "interlock-retirement+json";

/** A signed record: a JWS in its flattened JSON form (RFC 7515, section 7.2.2), signed with ES256. */
export type SignedRecord = Required<Pick<FlattenedJWS, "payload" | "protected" | "signature">>;

/** Signs a record with the key of an operator's certificate, whose chain stands in the header (`x5c`). */
export async function signRecord(
  record: RetirementRecord,
  { privateKey, chain }: Pick<Identity, "privateKey" | "chain">,
): Promise<SignedRecord> {
  const x5c = chain.map((der) => Buffer.from(der).toString("base64"));
  const {
    payload,
    protected: header,
    signature,
  } = await new FlattenedSign(Buffer.from(JSON.stringify(record)))
    .setProtectedHeader({ alg: "ES256", typ: recordType, x5c })
    .sign(createPrivateKey(privateKey));
  return { payload, protected: header ?? "", signature };
}

/** The digest by which the authority knows a record: SHA-256 over its compact form (RFC 7515, section 7.1), hex. */
export function digestOf({ payload, protected: header, signature }: SignedRecord): string {
  return createHash("sha256").update(`${header}.${payload}.${signature}`).digest("hex");
}
