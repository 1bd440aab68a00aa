import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import type { Identity } from "@interlock/bot";
import { createIdentity, writeDer, writeOid } from "@interlock/bot/internal";

/** The CA of a fleet in memory. Its key is nowhere else. */
export interface TestCa {
  /** Its certificate, DER. */
  readonly der: Uint8Array;
  /** Issues a certificate with a new key for a SPIFFE ID. */
  issue(uri: string): Identity;
}

const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  utf8String: 0x0c,
  generalizedTime: 0x18,
  utcTime: 0x17,
  sequence: 0x30,
  set: 0x31,
  uri: 0x86,
  version: 0xa0,
  extensions: 0xa3,
};
const dayMs = 24 * 3_600_000;
const years = 10;

const sequence = (...fields: readonly Uint8Array[]) => writeDer(tags.sequence, ...fields);
const ecdsaWithSha256 = sequence(writeOid("1.2.840.10045.4.3.2"));
const basicConstraints = writeOid("2.5.29.19");
const keyUsage = writeOid("2.5.29.15");
const extendedKeyUsage = writeOid("2.5.29.37");
const subjectAlternativeName = writeOid("2.5.29.17");
const clientAndServer = sequence(writeOid("1.3.6.1.5.5.7.3.2"), writeOid("1.3.6.1.5.5.7.3.1"));

/**
 * Makes a CA (RFC 5280). It and what it issues are valid for ten years from `now` and from the time of the machine, because TLS goes
 * by the latter: a test that moves its clock meets the end of tokens, and not that of its own certificates.
 */
export function createTestCa(now: number): TestCa {
  const validity = sequence(
    writeTime(Math.min(now, Date.now()) - dayMs),
    writeTime(Math.max(now, Date.now()) + years * 365 * dayMs),
  );
  const root = commonName("interlock-testing");
  const keys = createKeys();
  const asCa = extensions(
    critical(basicConstraints, sequence(writeDer(tags.boolean, Buffer.of(0xff)), writeDer(tags.integer, Buffer.of(0)))),
    critical(keyUsage, writeDer(tags.bitString, Buffer.of(1, 0x06))), // keyCertSign, cRLSign
  );

  function certify(subject: Uint8Array, publicKey: KeyObject, content: Uint8Array): Uint8Array {
    const serial = Buffer.concat([Buffer.of(1), randomBytes(15)]);
    const spki = publicKey.export({ type: "spki", format: "der" });
    const version3 = writeDer(tags.version, writeDer(tags.integer, Buffer.of(2)));
    const body = sequence(
      ...[version3, writeDer(tags.integer, serial), ecdsaWithSha256, root, validity, subject, spki, content],
    );
    const signature = writeDer(tags.bitString, Buffer.of(0), sign("sha256", body, keys.privateKey));
    return new Uint8Array(sequence(body, ecdsaWithSha256, signature));
  }

  return {
    der: certify(root, keys.publicKey, asCa),
    issue(uri) {
      const { publicKey, privateKey } = createKeys();
      const asBot = extensions(
        critical(basicConstraints, sequence()),
        critical(keyUsage, writeDer(tags.bitString, Buffer.of(7, 0x80))), // digitalSignature
        extension(extendedKeyUsage, clientAndServer),
        extension(subjectAlternativeName, sequence(writeDer(tags.uri, Buffer.from(uri)))),
      );
      const leaf = certify(commonName("bot"), publicKey, asBot);
      return createIdentity(privateKey.export({ type: "pkcs8", format: "pem" }) as string, [leaf]);
    },
  };
}

function createKeys(): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  return generateKeyPairSync("ec", { namedCurve: "P-256" });
}

function commonName(name: string): Buffer {
  const attribute = sequence(writeOid("2.5.4.3"), writeDer(tags.utf8String, Buffer.from(name)));
  return sequence(writeDer(tags.set, attribute));
}

function extensions(...all: readonly Uint8Array[]): Buffer {
  return writeDer(tags.extensions, sequence(...all));
}

function extension(oid: Uint8Array, value: Uint8Array): Buffer {
  return sequence(oid, writeDer(tags.octetString, value));
}

function critical(oid: Uint8Array, value: Uint8Array): Buffer {
  return sequence(oid, writeDer(tags.boolean, Buffer.of(0xff)), writeDer(tags.octetString, value));
}

/** RFC 5280, section 4.1.2.5: UTCTime through 2049. */
function writeTime(ms: number): Buffer {
  const digits = `${new Date(ms).toISOString().replace(/\D/g, "").slice(0, 14)}Z`;
  if (digits >= "2050") return writeDer(tags.generalizedTime, Buffer.from(digits));
  return writeDer(tags.utcTime, Buffer.from(digits.slice(2)));
}
