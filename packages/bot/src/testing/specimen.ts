import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { bits, boolean, element, integer, octets, oid, sequence, utcTime } from "./der.js";
import {
  basicConstraints,
  clientAuth,
  commonName,
  extendedKeyUsage,
  extension,
  keyUsage,
  san,
  serverAuth,
  uri,
} from "./hand-made.js";

/** A certificate and its key, which can issue others. */
export interface Specimen {
  readonly der: Uint8Array;
  /** The common name of the subject. */
  readonly name: string;
  readonly key: KeyObject;
  /** The key as PKCS #8, PEM. */
  readonly privateKey: string;
}

/** The hash that a specimen is signed with. */
export type SpecimenHash = "md5" | "sha1" | "sha256" | "sha384" | "sha512";

/** The issuer of a specimen. */
export interface SpecimenIssuer extends Pick<Specimen, "name" | "key"> {
  /** The subject, DER, where it is more than a common name. */
  readonly subject?: Uint8Array;
}

/** The properties of a specimen. */
export interface SpecimenOptions {
  /** The issuer. Default: the specimen itself. */
  readonly by?: SpecimenIssuer;
  /** The common name of the subject; the empty string for an empty subject. Default: `leaf`. */
  readonly name?: string;
  /** The private key. Default: a new one on P-256. */
  readonly key?: KeyObject;
  /** Default: `sha256`. */
  readonly hash?: SpecimenHash;
  readonly version?: 1 | 3;
  /** The content of the serial number. Default: 16 random bytes. */
  readonly serial?: Uint8Array;
  readonly notBefore?: Uint8Array;
  readonly notAfter?: Uint8Array;
  /** `Extension`s, DER. */
  readonly extensions: readonly Uint8Array[];
}

const identifiers: Readonly<Record<string, Partial<Record<SpecimenHash, string>>>> = {
  ec: { sha1: "4.1", sha256: "4.3.2", sha384: "4.3.3", sha512: "4.3.4" },
  rsa: { md5: "1.4", sha1: "1.5", sha256: "1.11", sha384: "1.12", sha512: "1.13" },
  ed25519: { sha256: "1.3.101.112" },
  dsa: { sha256: "2.16.840.1.101.3.4.3.2" },
};
const prefixes: Readonly<Record<string, string>> = { ec: "1.2.840.10045.", rsa: "1.2.840.113549.1." };

const hour = 3_600_000;

/** Makes a certificate with any key and any signature, put together byte by byte. */
export function specimen(options: SpecimenOptions): Specimen {
  const { name = "leaf", key = ecKey(), hash = "sha256", version = 3, extensions } = options;
  const by: SpecimenIssuer = options.by ?? { name, key };
  const { notBefore = utcTime(Date.now() - hour), notAfter = utcTime(Date.now() + hour) } = options;
  const type = by.key.asymmetricKeyType ?? "";
  const identifier = identifiers[type]?.[hash];
  if (identifier === undefined) throw new TypeError(`a specimen is not signed by ${type} with ${hash}`);
  const parameters = type === "rsa" ? [Buffer.of(5, 0)] : [];
  const algorithm = sequence(oid(`${prefixes[type] ?? ""}${identifier}`), ...parameters);
  const tbs = sequence(
    ...(version === 1 ? [] : [element(0xa0, integer(2))]),
    integer(...(options.serial ?? [0x41, ...randomBytes(15)])),
    algorithm,
    by.subject ?? commonName(0x0c, Buffer.from(by.name)),
    sequence(notBefore, notAfter),
    name === "" ? sequence() : commonName(0x0c, Buffer.from(name)),
    createPublicKey(key).export({ type: "spki", format: "der" }),
    ...(extensions.length > 0 ? [element(0xa3, sequence(...extensions))] : []),
  );
  const signature = sign(type === "ed25519" ? undefined : hash, tbs, by.key);
  const der = Uint8Array.from(sequence(tbs, algorithm, bits(0, signature)));
  return { der, name, key, privateKey: key.export({ type: "pkcs8", format: "pem" }) as string };
}

/** A new private key on a curve. Default: P-256. */
export function ecKey(namedCurve = "P-256"): KeyObject {
  return generateKeyPairSync("ec", { namedCurve }).privateKey;
}

/** A new private RSA key. */
export function rsaKey(modulusLength: number, publicExponent = 65_537): KeyObject {
  return generateKeyPairSync("rsa", { modulusLength, publicExponent }).privateKey;
}

/** The extensions of a CA; `keyUsage` is keyCertSign, unless there is none. */
export function caExtensions({
  usage = keyUsage(2, 0x04),
  pathLength,
  uris = [],
  more = [],
}: {
  readonly usage?: Uint8Array | "none";
  readonly pathLength?: number;
  readonly uris?: readonly string[];
  readonly more?: readonly Uint8Array[];
} = {}): Uint8Array[] {
  return [
    basicConstraints(boolean(), ...(pathLength === undefined ? [] : [integer(pathLength)])),
    ...(usage === "none" ? [] : [usage]),
    ...(uris.length > 0 ? [san(...uris.map(uri))] : []),
    ...more,
  ];
}

/** The extensions of a leaf for both sides of a connection; its key usage is digitalSignature, unless there is none. */
export function svidExtensions(
  id: string,
  usage: Uint8Array | "none" = keyUsage(7, 0x80),
  ...more: readonly Uint8Array[]
): Uint8Array[] {
  return [
    basicConstraints(),
    ...(usage === "none" ? [] : [usage]),
    extendedKeyUsage(clientAuth, serverAuth),
    san(uri(id)),
    ...more,
  ];
}

/** Name constraints that permit URIs with one host only (RFC 5280, section 4.2.1.10). */
export function permittedHost(host: string): Uint8Array {
  const subtree = sequence(element(0x86, Buffer.from(host)));
  return extension("2.5.29.30", sequence(element(0xa0, subtree)), boolean());
}

/** Any extension with an identifier of nobody's. */
export function unknownExtension(critical: boolean): Uint8Array {
  return extension("1.3.6.1.4.1.99999.7", octets(), critical ? boolean() : undefined);
}
