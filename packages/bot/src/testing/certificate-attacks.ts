import { KeyObject } from "node:crypto";
import type { Reason } from "../base/reason.js";
import { certificatesToPem } from "../identity/pem.js";
import { boolean, element, integer, longElement, octets, oid, openElement, sequence, text } from "./der.js";
import {
  basicConstraints,
  bmp,
  clientAuth,
  commonName,
  extendedKeyUsage,
  extension,
  type HandMade,
  handMade,
  keyUsage,
  leafExtensions,
  me,
  type RawLeaf,
  san,
  serverAuth,
  uri,
} from "./hand-made.js";
import { rsaKey, specimen } from "./specimen.js";
import type { LeafOptions, TestCa } from "./test-ca.js";

/** A certificate that a server must not let in, though the fleet's own CA has signed it. */
export interface CertificateAttack {
  /** Of the security contract. */
  readonly row: 4 | 8 | 9 | 10 | 11 | 13;
  readonly attack: string;
  /** What our own checks say of it, without TLS; `CERTIFICATE_UNTRUSTED` is left to TLS. */
  readonly reason: Reason;
  /** What a server records, where TLS finds something first. Node puts an outermost layer in order before it sends it. */
  readonly overTls?: Reason | "not sent" | undefined;
  make(ca: TestCa): Promise<RawLeaf>;
}

const hour = 3_600_000;
const withoutId = "CERTIFICATE_WITHOUT_SPIFFE_ID" as const;
const malformed = "CERTIFICATE_MALFORMED" as const;
const untrusted = "CERTIFICATE_UNTRUSTED" as const;
const wrongUsage = "CERTIFICATE_WRONG_USAGE" as const;
const isCa = "CERTIFICATE_IS_CA" as const;
const notSent = "not sent" as const;

const other = uri("spiffe://test/admin");
const dns = (value: string) => text(0x82, value);
const email = (value: string) => text(0x81, value);
const withNames = (...names: Uint8Array[]): HandMade => ({ extensions: leafExtensions(names) });
const withMore = (...more: Uint8Array[]): HandMade => ({ extensions: leafExtensions([uri(me)], ...more) });
/** With `value` as its subject alternative name extension, whatever that is. */
const withSan = (value: Uint8Array): HandMade => withMoreAlone(extension("2.5.29.17", value));
const withMoreAlone = (...more: Uint8Array[]): HandMade => ({ extensions: leafExtensions([], ...more) });
const without = (at: number, ...instead: Uint8Array[]): HandMade => ({
  extensions: leafExtensions().toSpliced(at, 1, ...instead.map((der) => Buffer.from(der))),
});
const [constraintsAt, keyUsageAt, usagesAt] = [0, 1, 2];

type Row = readonly [attack: string, leaf: HandMade, reason: Reason, overTls?: Reason | "not sent"];

const rows: Readonly<Record<8 | 9 | 10 | 11 | 13, readonly Row[]>> = {
  8: [
    ["only serverAuth", without(usagesAt, extendedKeyUsage(serverAuth)), wrongUsage],
    ["no extended key usage", without(usagesAt), wrongUsage],
    ["anyExtendedKeyUsage", without(usagesAt, extendedKeyUsage("2.5.29.37.0")), wrongUsage],
    ["codeSigning", without(usagesAt, extendedKeyUsage("1.3.6.1.5.5.7.3.3")), wrongUsage],
    ["an identifier that begins like clientAuth's", without(usagesAt, extendedKeyUsage(`${clientAuth}.1`)), wrongUsage],
    ["a key for key agreement alone", without(keyUsageAt, keyUsage(3, 0x08)), wrongUsage],
    ["clientAuth in a second extension", withMore(extendedKeyUsage(clientAuth)), malformed, untrusted],
  ],
  9: [
    ["basicConstraints: CA", without(constraintsAt, basicConstraints(boolean())), isCa],
    ["basicConstraints: CA, path length 0", without(constraintsAt, basicConstraints(boolean(), integer(0))), isCa],
    ["basicConstraints: CA, not critical", without(constraintsAt, extension("2.5.29.19", sequence(boolean()))), isCa],
    ["basicConstraints: CA, as 1 and not as 255", without(constraintsAt, basicConstraints(boolean(1))), isCa],
    ["basicConstraints twice, the second a CA's", withMore(basicConstraints(boolean())), malformed, untrusted],
    ["may sign certificates", without(keyUsageAt, keyUsage(2, 0x84)), isCa],
    ["may sign revocation lists", without(keyUsageAt, keyUsage(1, 0x82)), isCa],
    ["may sign certificates and nothing else", without(keyUsageAt, keyUsage(2, 0x04)), isCa, wrongUsage],
    ["may sign certificates, by a bit that does not count", without(keyUsageAt, keyUsage(3, 0x84)), malformed],
    ["may do everything", without(keyUsageAt, keyUsage(7, 0xff, 0x80)), isCa],
    ["key usage twice, the second to sign", withMore(keyUsage(2, 0x04)), malformed, untrusted],
  ],
  10: [
    ["no subject alternative name", withNames(), withoutId],
    ["an empty list of names", withSan(sequence()), withoutId],
    ["only a DNS name", withNames(dns("caller")), withoutId],
    ["two SPIFFE IDs", withNames(uri(me), other), withoutId],
    ["the same SPIFFE ID twice", withNames(uri(me), uri(me)), withoutId],
    ["a SPIFFE ID beside another URI", withNames(uri("https://test"), uri(me)), withoutId],
    ["two extensions of names", withMore(san(other)), malformed, untrusted],
    ["https:", withNames(uri("https://test/caller/1")), withoutId],
    ["no path", withNames(uri("spiffe://test")), withoutId],
    ["an empty path", withNames(uri("spiffe://test/")), withoutId],
    ["no trust domain", withNames(uri("spiffe:///caller/1")), withoutId],
    ["an empty URI", withNames(uri("")), withoutId],
    ["version 1, without extensions", { version: 1, extensions: [] }, malformed],
    ["version 1, with extensions", { version: 1 }, malformed],
    ["version 2", { version: 2 }, malformed],
    ["the SPIFFE ID as common name", { ...withNames(), subject: commonName(0x0c, Buffer.from(me)) }, withoutId],
  ],
  11: [
    ["a DNS name that reads like a URI (CVE-2021-44532)", withNames(dns(`x, URI:${me}`)), withoutId],
    ["a DNS name that is the URI", withNames(dns(me)), withoutId],
    ["a DNS name that starts as Node prints a URI", withNames(dns(`URI:${me}`)), withoutId],
    ["a DNS name with a quote", withNames(dns(`x", URI:"${me}`)), withoutId],
    ["an e-mail address that reads like a URI", withNames(email(`x, URI:${me}`)), withoutId],
    [
      "an otherName with the URI",
      withNames(element(0xa0, oid("1.3.6.1.4.1.311.20.2.3"), element(0xa0, text(0x0c, me)))),
      withoutId,
    ],
    ["a directory name with the URI", withNames(element(0xa4, commonName(0x0c, Buffer.from(`URI:${me}`)))), withoutId],
    ["a directory name with the URI in a BMPString", withNames(element(0xa4, commonName(0x1e, bmp(me)))), withoutId],
    ["a URI in two bytes a character", withNames(uri(bmp(me))), withoutId],
    ["a URI that reads like two", withNames(uri(`${me}, URI:spiffe://test/admin`)), withoutId],
    ["a zero byte after the ID", withNames(uri(`${me}\0`)), withoutId],
    ["a zero byte and more after the ID", withNames(uri(`${me}\0.evil`)), withoutId],
    ["a zero byte in the middle", withNames(uri("spiffe://test/call\0er")), withoutId],
    ["a line end", withNames(uri(`${me}\n`)), withoutId],
    ["bytes that are no UTF-8", withNames(uri(Buffer.concat([Buffer.from(me), Buffer.of(0xc3, 0x28)]))), malformed],
    ["letters that only look like ours", withNames(uri(Buffer.from("spiffe://test/c\u0430ller/1"))), malformed],
    ["SPIFFE: in upper case", withNames(uri("SPIFFE://test/caller/1")), withoutId],
    ["a trust domain in upper case", withNames(uri("spiffe://TEST/caller/1")), withoutId],
    ["a percent sign", withNames(uri("spiffe://test/caller%2f1")), withoutId],
    ["an encoded path traversal", withNames(uri("spiffe://test/a/%2e%2e/caller")), withoutId],
    ["a path traversal", withNames(uri("spiffe://test/a/../caller")), withoutId],
    ["a dot segment", withNames(uri("spiffe://test/./caller")), withoutId],
    ["an empty segment", withNames(uri("spiffe://test//caller")), withoutId],
    ["a slash at the end", withNames(uri(`${me}/`)), withoutId],
    ["a port", withNames(uri("spiffe://test:443/caller/1")), withoutId],
    ["user info", withNames(uri("spiffe://x@test/caller/1")), withoutId],
    ["a query", withNames(uri(`${me}?admin`)), withoutId],
    ["a fragment", withNames(uri(`${me}#admin`)), withoutId],
    ["a backslash", withNames(uri("spiffe://test\\caller")), withoutId],
    ["2,049 bytes", withNames(uri(`spiffe://test/${"a/".repeat(1_017)}b`)), withoutId],
    ["a megabyte's worth of names", withNames(...Array.from({ length: 200 }, () => dns("x".repeat(200)))), withoutId],
    ["the URI as a constructed string", withNames(element(0xa6, text(0x16, me))), malformed],
    ["the URI under the next tag", withNames(text(0x87, me)), withoutId],
    ["names with a byte after them", withSan(Buffer.concat([sequence(uri(me)), Buffer.of(0)])), malformed],
    ["names twice in one extension", withSan(Buffer.concat([sequence(uri(me)), sequence(other)])), malformed],
    ["a length in more bytes than it takes", withSan(sequence(longElement(0x86, Buffer.from(me)))), malformed],
    ["a list of no said length", withSan(openElement(0x30, uri(me))), malformed],
    [
      "a name longer than its list",
      withSan(Buffer.from([0x30, 4, 0x86, 40, ...Buffer.from(me)])),
      malformed,
      untrusted,
    ],
    ["names that are no list", withSan(uri(me)), malformed, untrusted],
    ["names that are nothing", withSan(Buffer.alloc(0)), malformed, untrusted],
    [
      "a byte after the certificate",
      { wrap: (...parts) => Buffer.concat([sequence(...parts), Buffer.of(0)]) },
      malformed,
      notSent,
    ],
    ["a certificate of no said length", { wrap: (...parts) => openElement(0x30, ...parts) }, malformed, notSent],
    ["a certificate with a long length", { wrap: (...parts) => longElement(0x30, ...parts) }, malformed, notSent],
    [
      "an unknown critical extension",
      withMore(extension("1.3.6.1.4.1.99999.1", octets(), boolean())),
      malformed,
      untrusted,
    ],
    [
      "an unknown extension, twice",
      withMore(extension("1.3.6.1.4.1.99999.1", octets()), extension("1.3.6.1.4.1.99999.1", octets())),
      malformed,
    ],
    ["another algorithm inside than outside", { innerAlgorithm: sequence(oid("1.2.840.10045.4.3.3")) }, untrusted],
    ["a month of 13", { notAfter: text(0x17, "491301000000Z") }, malformed, untrusted],
    ["a 31st of February", { notAfter: text(0x17, "490231000000Z") }, malformed, untrusted],
    // OpenSSL 3.5 does not load it, so it cannot be sent either.
    ["a time without seconds", { notAfter: text(0x17, "4901010000Z") }, malformed, notSent],
    ["a time in another zone", { notAfter: text(0x17, "490101000000+0100") }, malformed, untrusted],
  ],
  13: [
    ["another trust domain", withNames(uri("spiffe://other/caller/1")), "TRUST_DOMAIN_MISMATCH"],
    ["a trust domain that begins like ours", withNames(uri("spiffe://test.evil/caller/1")), "TRUST_DOMAIN_MISMATCH"],
    ["a trust domain that ends like ours", withNames(uri("spiffe://eviltest/caller/1")), "TRUST_DOMAIN_MISMATCH"],
  ],
};

const handMadeAttacks = Object.entries(rows).flatMap(([row, attacks]) =>
  attacks.map(([attack, leaf, reason, overTls]): CertificateAttack => {
    const make = (ca: TestCa) => handMade(ca, leaf);
    return { row: Number(row) as CertificateAttack["row"], attack, reason, overTls, make };
  }),
);

/** Every one of them. */
export const certificateAttacks: readonly CertificateAttack[] = [
  attackOf(4, "expired", "CERTIFICATE_EXPIRED", () => ({
    notBefore: Date.now() - 2 * hour,
    notAfter: Date.now() - hour,
  })),
  attackOf(4, "expired a second ago", "CERTIFICATE_EXPIRED", () => ({ notAfter: Date.now() - 1_000 })),
  attackOf(4, "not yet valid", "CERTIFICATE_NOT_YET_VALID", () => ({
    notBefore: Date.now() + hour,
    notAfter: Date.now() + 2 * hour,
  })),
  ...handMadeAttacks,
  {
    row: 11,
    attack: "an RSA key with the exponent 3, which TLS takes",
    reason: "CERTIFICATE_WEAK",
    async make({ keys }) {
      const by = { name: "test", key: KeyObject.from(keys.privateKey) };
      const { privateKey, der } = specimen({ by, key: rsaKey(2_048, 3), extensions: leafExtensions() });
      return { privateKey, chain: [der] };
    },
  },
  {
    row: 11,
    attack: "the CA's certificate in an extension, in PEM, which Node reads instead",
    reason: malformed,
    make: (ca) => {
      const pem = Buffer.from(`\n${certificatesToPem([ca.der])}`);
      return handMade(ca, withMore(extension("1.3.6.1.4.1.99999.1", pem)));
    },
  },
];

function attackOf(row: 4, attack: string, reason: Reason, leaf: () => LeafOptions): CertificateAttack {
  const make = async (ca: TestCa): Promise<RawLeaf> => {
    const { keys, der } = await ca.issueRaw({ uris: [me], ...leaf() });
    return { privateKey: keys.privateKeyPem, chain: [der] };
  };
  return { row, attack, reason, make };
}
