import { type OpenedDocument, openDocument, verifyPeer } from "@interlock/bot/internal";
import { maximumRecordBytes, type RetirementRecord, type StepResult } from "./record.js";
import { digestOf, recordType } from "./sign-record.js";

/** A record whose signature and signer are proven. */
export interface VerifiedRecord {
  readonly record: RetirementRecord;
  /** The SPIFFE ID in the certificate that signed it. */
  readonly signer: string;
  /** The serial number of that certificate, in hex. */
  readonly serial: string;
  /** The digest by which the authority knows it. */
  readonly sha256: string;
}

/** Why a record is not believed, in a sentence that says what to do. */
export class RecordFault extends Error {
  override readonly name = "RecordFault";
}

/**
 * Verifies a signed record: its form, its signature, and that the signer's certificate led to a CA of the fleet when the
 * record ended. So it can be verified long after that certificate has expired. The time in it is the signer's word; the
 * authority's audit log has its own.
 *
 * @param text - The content of its file.
 * @param caCertificates - The CA certificates of the fleet at that time, DER.
 * @throws RecordFault when it is not believed.
 */
export async function verifyRecord(text: string, caCertificates: readonly Uint8Array[]): Promise<VerifiedRecord> {
  const { document, payload, chain } = await open(text);
  const record = readRecord(payload);
  const { trustDomain, endedAt: now } = record;
  const peer = verifyPeer(chain, { peer: "client", trustDomain, now, caCertificates });
  if (typeof peer === "string") {
    throw new RecordFault(
      `The signer's certificate was not valid in this fleet at ${new Date(now).toISOString()} (${peer}). ` +
        "If the CA has been replaced since, give the one of that time with --ca.",
    );
  }
  if (peer.id.uri !== record.operator) {
    throw new RecordFault(`The record names ${record.operator}, and was signed by ${peer.id.uri}.`);
  }
  return { record, signer: peer.id.uri, serial: peer.certificate.serial, sha256: digestOf(document) };
}

async function open(text: string): Promise<OpenedDocument> {
  if (Buffer.byteLength(text) > maximumRecordBytes)
    throw new RecordFault(`The file is larger than ${maximumRecordBytes} bytes.`);
  const opened = await openDocument(text, recordType);
  if (typeof opened === "string") throw new RecordFault(faults[opened]);
  return opened;
}

const faults = {
  form: "This is no signed record of a retirement.",
  certificate: "The record does not have the certificate of its signer, or it cannot be read.",
  signature: "The signature is wrong: the record has been changed since it was signed.",
};

function readRecord(text: string): RetirementRecord {
  const record = parse(text) as Partial<RetirementRecord> | null;
  const isKnown =
    record?.version === 1 &&
    typeof record.trustDomain === "string" &&
    typeof record.operator === "string" &&
    typeof record.subject?.name === "string" &&
    isTime(record.endedAt) &&
    typeof record.complete === "boolean" &&
    Array.isArray(record.steps) &&
    record.steps.every(isStep);
  if (!isKnown) throw new RecordFault("The record is of a form that this release does not know.");
  if (record.complete && record.steps?.some(({ state }) => state === "open"))
    throw new RecordFault("The record says that it is complete, and a step of it is open.");
  return record as RetirementRecord;
}

function isTime(value: unknown): boolean {
  return Number.isSafeInteger(value) && !Number.isNaN(new Date(value as number).getTime());
}

function isStep(step: unknown): boolean {
  const { id, state, result } = (step ?? {}) as Partial<StepResult>;
  return [id, state, result].every((text) => typeof text === "string");
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new RecordFault("This is no signed record of a retirement: it is no JSON.");
  }
}
