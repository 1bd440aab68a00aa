import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign, webcrypto } from "node:crypto";
import { createKeyPair } from "../identity/key-pair.js";
import { bits, boolean, element, integer, octets, oid, sequence, utcTime } from "./der.js";
import type { TestCa } from "./test-ca.js";
import { X509Certificate } from "./x509.js";

/** A leaf with its key, as it is shown in a handshake. */
export interface RawLeaf {
  readonly privateKey: string;
  readonly chain: readonly Uint8Array[];
}

/** The faults of a certificate that is put together byte by byte. */
export interface HandMade {
  /** The version; a certificate of version 1 has no field for it. Default: 3. */
  readonly version?: 1 | 2 | 3;
  /** The content of the serial number. Default: 16 random bytes. */
  readonly serial?: Uint8Array;
  /** `Extension`s, DER. Default: those of a good leaf. */
  readonly extensions?: readonly Uint8Array[];
  /** The `Name` of the subject, DER. */
  readonly subject?: Uint8Array;
  readonly notBefore?: Uint8Array;
  readonly notAfter?: Uint8Array;
  /** Another signature algorithm inside than outside. */
  readonly innerAlgorithm?: Uint8Array;
  /** Puts the parts of the whole certificate together: signed part, algorithm, signature. */
  readonly wrap?: (...parts: Uint8Array[]) => Buffer;
}

export const me = "spiffe://test/caller/1";
const hour = 3_600_000;
const ecdsaWithSha256 = sequence(oid("1.2.840.10045.4.3.2"));

/** One extension. */
export function extension(id: string, value: Uint8Array, critical?: Uint8Array): Buffer {
  return sequence(oid(id), ...(critical ? [critical] : []), octets(value));
}

/** Subject alternative names, each given whole. */
export const san = (...names: readonly Uint8Array[]) => extension("2.5.29.17", sequence(...names));
/** A URI among them, of any bytes. */
export const uri = (value: string | Uint8Array) =>
  element(0x86, typeof value === "string" ? Buffer.from(value, "latin1") : value);
export const basicConstraints = (...content: readonly Uint8Array[]) =>
  extension("2.5.29.19", sequence(...content), boolean());
export const keyUsage = (unused: number, ...bytes: readonly number[]) =>
  extension("2.5.29.15", bits(unused, Buffer.from(bytes)), boolean());
export const extendedKeyUsage = (...usages: readonly string[]) => extension("2.5.29.37", sequence(...usages.map(oid)));
export const clientAuth = "1.3.6.1.5.5.7.3.2";
export const serverAuth = "1.3.6.1.5.5.7.3.1";

/** The extensions of a good leaf; `more` go after them. */
export function leafExtensions(names: readonly Uint8Array[] = [uri(me)], ...more: readonly Uint8Array[]): Buffer[] {
  const alternative = names.length > 0 ? [san(...names)] : [];
  const usages = extendedKeyUsage(clientAuth, serverAuth);
  return [basicConstraints(), keyUsage(7, 0x80), usages, ...alternative, ...more.map((der) => Buffer.from(der))];
}

/** A certificate put together byte by byte, and signed with the CA's real key. */
export async function handMade(ca: TestCa, options: HandMade = {}): Promise<RawLeaf> {
  const { version = 3, extensions = leafExtensions(), subject = sequence(), wrap = sequence } = options;
  const { notBefore = utcTime(Date.now() - 60_000), notAfter = utcTime(Date.now() + hour) } = options;
  const keys = await createKeyPair();
  const spki = new Uint8Array(await webcrypto.subtle.exportKey("spki", keys.publicKey));
  const issuer = new Uint8Array(new X509Certificate(ca.der).subjectName.toArrayBuffer());
  const tbs = sequence(
    ...(version === 1 ? [] : [element(0xa0, integer(version - 1))]),
    integer(...(options.serial ?? [0x41, ...randomBytes(15)])),
    options.innerAlgorithm ?? ecdsaWithSha256,
    issuer,
    sequence(notBefore, notAfter),
    subject,
    spki,
    ...(extensions.length > 0 ? [element(0xa3, sequence(...extensions))] : []),
  );
  const signature = sign("sha256", tbs, ca.keys.privateKeyPem);
  const der = wrap(tbs, ecdsaWithSha256, bits(0, signature));
  return { privateKey: keys.privateKeyPem, chain: [der] };
}

/** A common name, in a string type of its own choosing (`0x0c` UTF-8, `0x1e` BMP). */
export function commonName(tag: number, value: Uint8Array): Buffer {
  return sequence(element(0x31, sequence(oid("2.5.4.3"), element(tag, value))));
}

/** Text in two bytes a character, as a BMPString has it. */
export const bmp = (value: string) => Buffer.from(value, "utf16le").swap16();

/** The faults of a certificate request that is put together byte by byte. */
export interface HandMadeCsr {
  readonly key?: KeyObject;
  /** `Extension`s, DER. Default: only the subject alternative name. */
  readonly extensions?: readonly Uint8Array[];
  /** `Attribute`s, DER. Default: the one that requests the extensions. */
  readonly attributes?: readonly Uint8Array[];
  /** The key in the request, where it is not the one that signs. */
  readonly claimed?: KeyObject;
}

/** A PKCS #10 request (RFC 2986) for `key`. Default: a new P-256 key. */
export function handMadeCsr(
  id: string,
  { key, extensions = [san(uri(id))], attributes, claimed }: HandMadeCsr = {},
): Uint8Array {
  const privateKey = key ?? generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  const spki = createPublicKey(claimed ?? privateKey).export({ type: "spki", format: "der" });
  const requested = sequence(oid("1.2.840.113549.1.9.14"), element(0x31, sequence(...extensions)));
  const info = sequence(integer(0), sequence(), spki, element(0xa0, ...(attributes ?? [requested])));
  const rsa = sequence(oid("1.2.840.113549.1.1.11"), Buffer.of(5, 0));
  const algorithm = privateKey.asymmetricKeyType === "rsa" ? rsa : ecdsaWithSha256;
  return sequence(info, algorithm, bits(0, sign("sha256", info, privateKey)));
}
