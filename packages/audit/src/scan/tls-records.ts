// RFC 8446, section 5.1, and RFC 5246, section 6.2: only what stands outside of any encryption.
const contentType = { changeCipherSpec: 20, alert: 21, handshake: 22, applicationData: 23 } as const;
const handshakeType = { serverHello: 2, certificate: 11 } as const;
const headerLength = 5;

interface TlsRecord {
  readonly type: number;
  readonly payload: Buffer;
}

/** Reads the whole records at the beginning of `bytes`. */
export function readRecords(bytes: Buffer): TlsRecord[] {
  const records: TlsRecord[] = [];
  let at = 0;
  while (at + headerLength <= bytes.length) {
    const next = at + headerLength + bytes.readUInt16BE(at + 3);
    if (next > bytes.length) break;
    records.push({ type: bytes.readUInt8(at), payload: bytes.subarray(at + headerLength, next) });
    at = next;
  }
  return records;
}

/** Whether what a server has sent begins as TLS does: with a handshake or with an alert, of version 3. */
export function isTls(received: Buffer): boolean {
  const [type, major] = received;
  return (type === contentType.handshake || type === contentType.alert) && (major === undefined || major === 3);
}

/** Whether a server has sent its hello: then it accepts one of the versions that were offered. */
export function hasServerHello(received: Buffer): boolean {
  return (
    received[0] === contentType.handshake && received[1] === 3 && received[headerLength] === handshakeType.serverHello
  );
}

/**
 * Whether the client was asked for a certificate, from what it has sent: only then does it send a message `Certificate`,
 * which is empty where it has none. Up to TLS 1.2 that message is in plain sight; in TLS 1.3 it is encrypted, and comes
 * before the client's `Finished`, so the first encrypted record has another length than that of `Finished`.
 *
 * @param cipher - The standard name of the cipher suite, for the length of `Finished`.
 */
export function wasAskedForCertificate(sent: Buffer, version: string | null, cipher: string): boolean {
  const records = readRecords(sent);
  if (version !== "TLSv1.3") {
    const change = records.findIndex(({ type }) => type === contentType.changeCipherSpec);
    const clear = change < 0 ? records : records.slice(0, change);
    return clear.some(
      ({ type, payload }) => type === contentType.handshake && holds(payload, handshakeType.certificate),
    );
  }
  const hash = cipher.endsWith("SHA384") ? 48 : 32;
  // The header of the message, the hash, the type of the content, the tag of the AEAD (16 bytes for every suite in use).
  const finished = 4 + hash + 1 + 16;
  const first = records.find(({ type }) => type === contentType.applicationData);
  return first !== undefined && first.payload.length !== finished;
}

/** Whether one of the handshake messages of a record has this type. */
function holds(payload: Buffer, wanted: number): boolean {
  for (let at = 0; at + 4 <= payload.length; at += 4 + payload.readUIntBE(at + 1, 3)) {
    if (payload[at] === wanted) return true;
  }
  return false;
}
