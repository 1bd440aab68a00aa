import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import fc from "fast-check";
import { type ByteChange, byteChange, changed } from "../testing/byte-change.js";
import { boolean, integer, octets, text } from "../testing/der.js";
import {
  basicConstraints,
  clientAuth,
  extendedKeyUsage,
  extension,
  handMade,
  keyUsage,
  me,
  san,
  uri,
} from "../testing/hand-made.js";
import { createTestCa } from "../testing/test-ca.js";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  Extension,
  type JsonGeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "../testing/x509.js";
import { type Certificate, parseCertificate } from "./certificate.js";
import { type DerElement, readDer, tags } from "./der.js";
import { createKeyPair } from "./key-pair.js";
import { writeDer, writeOid } from "./write-der.js";

type Read = Pick<
  Certificate,
  | "serial"
  | "notBefore"
  | "notAfter"
  | "uris"
  | "isCa"
  | "pathLength"
  | "maySign"
  | "mayIssue"
  | "mayAuthenticate"
  | "usages"
>;

/** What a library reads in a certificate. */
function oracle(der: Uint8Array): Read {
  const certificate = new X509Certificate(Uint8Array.from(der));
  const only = <T extends object>(type: new (...args: never[]) => T) =>
    certificate.extensions.find((found) => (found as object) instanceof type) as T | undefined;
  const names = only(SubjectAlternativeNameExtension)?.names.items ?? [];
  const { usages: usage } = only(KeyUsagesExtension) ?? {};
  const may = (flags: number) => ((usage ?? 0) & flags) !== 0;
  return {
    serial: BigInt(`0x${certificate.serialNumber}`).toString(16),
    notBefore: certificate.notBefore.getTime(),
    notAfter: certificate.notAfter.getTime(),
    uris: names.filter(({ type }) => type === "url").map(({ value }) => value),
    isCa: only(BasicConstraintsExtension)?.ca ?? false,
    pathLength: only(BasicConstraintsExtension)?.pathLength ?? Number.POSITIVE_INFINITY,
    maySign: may(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign),
    mayIssue: usage === undefined || may(KeyUsageFlags.keyCertSign),
    mayAuthenticate: usage === undefined || may(KeyUsageFlags.digitalSignature),
    usages: Array.from(only(ExtendedKeyUsageExtension)?.usages ?? [], String),
  };
}

/** What we read; nothing but an `Error` is thrown. */
function ours(der: Uint8Array): Read | undefined {
  try {
    const { serial, notBefore, notAfter, uris, isCa, pathLength, maySign, mayIssue, mayAuthenticate, usages } =
      parseCertificate(der);
    return { serial, notBefore, notAfter, uris, isCa, pathLength, maySign, mayIssue, mayAuthenticate, usages };
  } catch (error) {
    assert.ok(error instanceof Error && !(error instanceof RangeError), String(error));
    return undefined;
  }
}

const ascii = (maxLength: number) => fc.string({ unit: "grapheme-ascii", maxLength });
const oid = fc
  .tuple(
    fc.constantFrom("0.9", "1.3", "1.39", "2.5", "2.39", "2.40", "2.47", "2.48", "2.999"),
    fc.array(fc.oneof(fc.integer({ min: 0, max: 300 }), fc.nat()), { minLength: 1, maxLength: 8 }),
  )
  .map(([root, rest]) => [root, ...rest].join("."));
const name: fc.Arbitrary<JsonGeneralName> = fc.oneof(
  ascii(300).map((value) => ({ type: "url" as const, value })),
  ascii(20).map((value) => ({ type: "dns" as const, value })),
  ascii(20).map((value) => ({ type: "email" as const, value })),
  fc.ipV4().map((value) => ({ type: "ip" as const, value })),
  fc.uuid().map((value) => ({ type: "guid" as const, value })),
  fc.string({ maxLength: 9 }).map((value) => ({ type: "upn" as const, value })),
  oid.map((value) => ({ type: "id" as const, value })),
  fc.constant({ type: "dn" as const, value: `CN=URI:${me}` }),
);
const second = (year: number) => fc.integer({ min: 0, max: 1e9 }).map((n) => new Date(Date.UTC(year) + n * 1_000));
const certificate = fc.record({
  serialNumber: fc
    .uint8Array({ minLength: 1, maxLength: 20 })
    .map((bytes) => `01${Buffer.from(bytes).toString("hex")}`),
  notBefore: second(1990),
  notAfter: second(2040),
  extensions: fc
    .tuple(
      fc.option(fc.array(name, { maxLength: 5 }).map((names) => new SubjectAlternativeNameExtension(names))),
      fc.option(
        fc
          .tuple(fc.boolean(), fc.option(fc.nat(300), { nil: undefined }), fc.boolean())
          .map((given) => new BasicConstraintsExtension(...given)),
      ),
      fc.option(fc.integer({ min: 1, max: 511 }).map((flags) => new KeyUsagesExtension(flags, true))),
      fc.option(
        fc
          .array(oid, { minLength: 1, maxLength: 4 })
          .map((usages) => new ExtendedKeyUsageExtension(usages, usages.length > 2)),
      ),
      fc.option(fc.uint8Array({ maxLength: 300 }).map((value) => new Extension("1.3.6.1.4.1.99999.1", false, value))),
    )
    .chain((some) =>
      fc.shuffledSubarray(
        some.filter((one) => one !== null),
        { minLength: 0 },
      ),
    ),
});

/** Every way to make one element of a certificate another, with all lengths right around it. */
const alteration = fc.record({
  kind: fc.constantFrom("tag", "gone", "twice", "empty", "content", "first byte"),
  // The elements of the names and of the key are left out: there, the library is choosier than OpenSSL.
  at: fc.oneof(fc.nat(7), fc.integer({ min: 12, max: 16 }), fc.integer({ min: 21, max: 55 })),
  byte: fc.oneof(fc.constantFrom(0, 1, 2, 3, 4, 5, 6, 0x0c, 0x30, 0x80, 0x82, 0x86, 0x87, 0xa0), fc.nat(255)),
  change: byteChange,
});
type Alteration = typeof alteration extends fc.Arbitrary<infer T> ? T : never;

function altered(der: Uint8Array, { kind, at, byte, change }: Alteration): Buffer {
  let left = at;
  const within = (element: DerElement): Buffer => {
    if (element.children.length > 0) return Buffer.concat(element.children.map(write));
    // What stands in an extension is a certificate's as much as what stands around it.
    const isNested = element.tag === tags.octetString && element.content.length > 0;
    return isNested ? write(readDer(element.content)) : Buffer.from(element.content);
  };
  const write = (element: DerElement): Buffer => {
    if (left-- !== 0) return writeDer(element.tag, within(element));
    const same = writeDer(element.tag, element.content);
    if (kind === "tag") return writeDer(byte, element.content);
    if (kind === "gone") return Buffer.alloc(0);
    if (kind === "twice") return Buffer.concat([same, same]);
    if (kind === "empty") return writeDer(element.tag);
    if (kind === "content") return writeDer(element.tag, changed(element.content, change));
    return writeDer(element.tag, Buffer.of(byte), element.content.subarray(1));
  };
  return write(readDer(der));
}

function withinExtensions(der: Uint8Array, changes: readonly ByteChange[]): Buffer {
  const start = Buffer.from(der).indexOf(writeOid("2.5.29.19"));
  const end = der.length - 80; // Of the algorithm and the signature.
  return Buffer.concat([
    der.subarray(0, start),
    changes.reduce<Uint8Array>(changed, der.subarray(start, end)),
    der.subarray(end),
  ]);
}

// Extensions that the library reads, and we do not: 2.5.29.14, 18, 31, 32 and 35.
const libraryOnly = /0603551d(?:0e|12|1f|20|23)/;

describe("certificates, as another reader reads them", () => {
  const extensions = [
    basicConstraints(boolean(), integer(3)),
    keyUsage(1, 0x86),
    extendedKeyUsage(clientAuth, "2.999.123.5"),
    san(uri(me), text(0x82, "abc"), text(0x81, "a@b"), uri("urn:x")),
    extension("1.3.6.1.4.1.99999.1", octets()),
  ];
  // The names and the key, hex. A change of their containers may change them, too.
  let choosy: readonly string[];
  let sound: Uint8Array;

  before(async () => {
    sound = (await handMade(await createTestCa(), { extensions })).chain[0] as Uint8Array;
    const fields = readDer(sound).children[0]?.children ?? [];
    choosy = [fields[3], fields[5], fields[6]].map((field) =>
      Buffer.from(writeDer(field?.tag ?? 0, field?.content ?? new Uint8Array())).toString("hex"),
    );
  });

  it("whatever a CA puts into one is read alike", async () => {
    const keys = await createKeyPair();
    const signing = { publicKey: keys.publicKey as never, signingKey: keys.privateKey as never };
    const signingAlgorithm = { name: "ECDSA", hash: "SHA-256" };
    await fc.assert(
      fc.asyncProperty(certificate, async (given) => {
        const made = await X509CertificateGenerator.create(
          { ...given, ...signing, signingAlgorithm },
          webcrypto as never,
        );
        const der = new Uint8Array(made.rawData);
        assert.deepEqual(ours(der), oracle(der));
      }),
      { numRuns: 200 },
    );
  });

  const changes = fc.array(byteChange, { minLength: 1, maxLength: 2 });
  for (const [what, made] of [
    ["bytes changed", changes.map((all) => (der: Uint8Array) => withinExtensions(der, all))],
    ["an element that is another", alteration.map((one) => (der: Uint8Array) => altered(der, one))],
  ] as const) {
    it(`with ${what} it is refused, or read alike`, () => {
      let read = 0;
      fc.assert(
        fc.property(made, (make) => {
          const der = make(sound);
          const found = ours(der);
          const hex = der.toString("hex");
          if (!found || libraryOnly.test(hex) || !choosy.every((element) => hex.includes(element))) return;
          read += 1;
          assert.deepEqual(found, oracle(der));
        }),
        { numRuns: 1_000 },
      );
      assert.ok(read > 50, `no more than ${read} were read`);
    });
  }
});
