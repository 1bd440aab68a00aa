import { openDocument, verifyPeer } from "@interlock/bot/internal";
import { type AuditRecord, hashOf, receiptType } from "@interlock/policy/audit-log";

/** The largest receipt that is read, in bytes. */
export const maximumReceiptBytes = 65_536;

/** The name of the bot that signs receipts. */
const authorityName = "interlock/authority";

/** What a receipt says of one call. */
export interface VerifiedReceipt {
  /** The record of the audit log that the authority has signed. */
  readonly record: AuditRecord;
  /** The SPIFFE ID of the bot that called. */
  readonly caller: string;
  /** The SPIFFE ID of the bot in whose name it called. */
  readonly subject: string;
  /** `package.Service/Method`. */
  readonly method: string;
  /** The rest, as the audit log has it: delegation, approval, hash of the request, decision, code, times. */
  readonly details: Readonly<Record<string, unknown>>;
}

/** Why a receipt is not believed, in a sentence. */
export class ReceiptFault extends Error {
  override readonly name = "ReceiptFault";
}

/**
 * Verifies a receipt with nothing but CA certificates: that an authority of the fleet has signed it, with a certificate that was
 * valid when it was made, and that it is a record of a call as the audit log has it. Its number and its hash lead to that record.
 *
 * @param text - The receipt, as `interlock mcp` wrote it.
 * @param caCertificates - The CA certificates of the fleet at that time, DER.
 * @returns What it says.
 * @throws ReceiptFault when it is not believed.
 *
 * @example
 * ```ts
 * const { caller, method, details } = await verifyReceipt(text, [caCertificate]);
 * ```
 */
export async function verifyReceipt(text: string, caCertificates: readonly Uint8Array[]): Promise<VerifiedReceipt> {
  if (Buffer.byteLength(text) > maximumReceiptBytes) throw new ReceiptFault("It is too large to be a receipt.");
  const opened = await openDocument(text, receiptType);
  if (opened === "signature") {
    throw new ReceiptFault("The signature is wrong: the receipt has been changed since it was signed.");
  }
  if (typeof opened === "string") throw noReceipt();
  const { payload, chain } = opened;
  const record = readRecord(payload);
  checkSigner(chain, record, caCertificates);
  const { hash, ...rest } = record;
  if (hashOf(rest) !== hash) throw new ReceiptFault("The hash of its record is wrong.");
  const details = objectIn(record.details);
  return { record, caller: record.actor, subject: String(details.for), method: record.subject, details };
}

function checkSigner(chain: readonly Uint8Array[], record: AuditRecord, caCertificates: readonly Uint8Array[]): void {
  const [, trustDomain = ""] = /^spiffe:\/\/([^/]+)\//.exec(record.actor) ?? [];
  const peer = verifyPeer(chain, { peer: "server", trustDomain, now: record.at, caCertificates });
  if (typeof peer === "string") {
    throw new ReceiptFault(
      `Its signer was no member of this fleet at ${new Date(record.at).toISOString()} (${peer}). If the CA has been ` +
        "replaced since, verify it with the certificate of that time.",
    );
  }
  if (peer.id.name !== authorityName) throw new ReceiptFault(`It was signed by ${peer.id.uri}, which is no authority.`);
}

function readRecord(text: string): AuditRecord {
  const record = objectIn(text) as Partial<AuditRecord>;
  const texts = [record.kind, record.actor, record.subject, record.details, record.previous, record.hash];
  const isRecord =
    Number.isSafeInteger(record.seq) && isTime(record.at) && texts.every((one) => typeof one === "string");
  if (!isRecord || record.kind !== "receipt") throw noReceipt();
  return record as AuditRecord;
}

function isTime(value: unknown): boolean {
  return Number.isSafeInteger(value) && !Number.isNaN(new Date(value as number).getTime());
}

function objectIn(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {}
  throw noReceipt();
}

function noReceipt(): ReceiptFault {
  return new ReceiptFault("This is no receipt.");
}
