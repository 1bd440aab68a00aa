/*
 * A writer of ASN.1 (X.690) for well-formed DER, and for faults that no encoder would write.
 */

import { writeDer as element, writeOid as oid } from "../identity/write-der.js";

export { element, oid };

/** An element with its length in more bytes than it takes, which DER forbids (X.690, section 10.1). */
export function longElement(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return Buffer.concat([Buffer.of(tag, 0x84), length, body]);
}

/** The same with no length, up to an end mark, which DER forbids too. */
export function openElement(tag: number, ...content: readonly Uint8Array[]): Buffer {
  return Buffer.concat([Buffer.of(tag, 0x80), ...content, Buffer.of(0, 0)]);
}

export const sequence = (...content: readonly Uint8Array[]) => element(0x30, ...content);
export const octets = (...content: readonly Uint8Array[]) => element(0x04, ...content);
export const boolean = (byte = 0xff) => element(0x01, Buffer.of(byte));
export const bits = (unused: number, ...content: readonly Uint8Array[]) => element(0x03, Buffer.of(unused), ...content);
export const integer = (...bytes: readonly number[]) => element(0x02, Buffer.from(bytes));
export const text = (tag: number, value: string) => element(tag, Buffer.from(value, "latin1"));

/** A time as certificates have it until 2049 (RFC 5280, section 4.1.2.5.1). */
export function utcTime(at: number): Buffer {
  return text(0x17, `${new Date(at).toISOString().replace(/[-:T]/g, "").slice(2, 14)}Z`);
}
