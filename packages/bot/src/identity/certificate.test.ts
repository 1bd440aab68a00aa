import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import type { Reason } from "../base/reason.js";
import { certificateAttacks } from "../testing/certificate-attacks.js";
import { bits, boolean, element, integer, longElement, octets, oid, sequence, text, utcTime } from "../testing/der.js";
import {
  basicConstraints,
  clientAuth,
  extension,
  handMade,
  leafExtensions,
  me,
  uri as uriName,
} from "../testing/hand-made.js";
import { createTestCa, type TestCa } from "../testing/test-ca.js";
import { parseCertificate } from "./certificate.js";
import { checkCertificate } from "./check-certificate.js";
import { certificatesFromPem, certificatesToPem } from "./pem.js";

describe("certificates", () => {
  const uri = "spiffe://test/gripper/1";
  let ca: TestCa;
  let der: Uint8Array;

  before(async () => {
    ca = await createTestCa();
    ({ der } = await ca.issueRaw({ uris: [uri] }));
  });

  it("are read as Node reads them", () => {
    const certificate = parseCertificate(der);
    const node = new X509Certificate(der);
    assert.deepEqual(certificate.uris, [uri]);
    assert.equal(certificate.serial, node.serialNumber.toLowerCase().replace(/^0+/, ""));
    assert.equal(certificate.notAfter, Date.parse(node.validTo));
    assert.equal(certificate.notBefore, Date.parse(node.validFrom));
    const fingerprint = Buffer.from(node.fingerprint256.replaceAll(":", ""), "hex");
    assert.equal(certificate.thumbprint, fingerprint.toString("base64url"));
    assert.ok(!certificate.isCa && !certificate.maySign);
    const root = parseCertificate(ca.der);
    assert.ok(root.isCa && root.maySign);
  });

  it("are a copy of what they are read from", () => {
    const bytes = Uint8Array.from(der);
    const certificate = parseCertificate(bytes);
    bytes.fill(0);
    assert.deepEqual(certificate.der, der);
    assert.deepEqual(certificate.uris, [uri]);
  });

  it("are not read when they are malformed, and nothing but an Error is thrown", () => {
    for (const bad of [
      new Uint8Array(0),
      Buffer.from("text"),
      Buffer.alloc(64),
      Uint8Array.of(0x30, 0x84, 255, 255, 255, 255),
    ]) {
      assert.throws(() => parseCertificate(bad), Error);
    }
    for (let length = 0; length < der.length; length += 7) {
      assert.throws(() => parseCertificate(der.subarray(0, length)), Error, `${length} bytes`);
    }
  });

  describe("judged without TLS", () => {
    /** What our own checks say of a leaf: its identity, or the reason why it has none. */
    function judge(leaf: Uint8Array): string {
      let certificate: ReturnType<typeof parseCertificate>;
      try {
        certificate = parseCertificate(leaf);
      } catch (error) {
        assert.ok(error instanceof Error);
        return "CERTIFICATE_MALFORMED" satisfies Reason;
      }
      const id = checkCertificate(certificate, { peer: "client", trustDomain: "test", now: Date.now() });
      return typeof id === "string" ? id : id.uri;
    }

    for (const [what, extensions] of [
      ["as ours are", leafExtensions()],
      ["with other names beside the one URI", leafExtensions([Buffer.from([0x82, 1, 97]), uriName(me)])],
      ["with an unknown extension", leafExtensions([uriName(me)], extension("1.3.6.1.4.1.99999.1", octets()))],
      ["that says it is no CA", [...leafExtensions().slice(1), basicConstraints(boolean(0))]],
      ["without basic constraints and key usage", leafExtensions().slice(2)],
      ...["30", "32", "36", "54"].map((last): [string, Buffer[]] => [
        `with a critical 2.5.29.${last}, which TLS heeds`,
        leafExtensions([uriName(me)], extension(`2.5.29.${last}`, sequence(), boolean())),
      ]),
      [
        "with critical names and usages",
        [
          ...leafExtensions().slice(0, 2),
          extension("2.5.29.37", sequence(oid(clientAuth)), boolean()),
          extension("2.5.29.17", sequence(uriName(me)), boolean()),
        ],
      ],
    ] as const) {
      it(`good: ${what}`, async () => {
        const { chain } = await handMade(ca, { extensions });
        assert.equal(judge(chain[0] as Uint8Array), me);
      });
    }

    for (const { row, attack, reason, make } of certificateAttacks) {
      if (reason === "CERTIFICATE_UNTRUSTED") continue; // TLS verifies signatures.
      it(`row ${row}: ${attack}`, async () => {
        const { chain } = await make(ca);
        assert.equal(judge(chain[0] as Uint8Array), reason);
      });
    }

    it("a server's certificate has to be for servers", async () => {
      const { der: leaf } = await ca.issueRaw({ uris: [uri], usages: ["1.3.6.1.5.5.7.3.2"] });
      const check = (peer: "client" | "server") =>
        checkCertificate(parseCertificate(leaf), { peer, trustDomain: "test", now: Date.now() });
      assert.equal((check("client") as { uri: string }).uri, uri);
      assert.equal(check("server"), "CERTIFICATE_WRONG_USAGE");
      const both = checkCertificate(parseCertificate(der), { peer: "server", trustDomain: "test", now: Date.now() });
      assert.equal((both as { uri: string }).uri, uri);
    });

    it("serial numbers are in lower case, without zeros before them", async () => {
      const { serial } = parseCertificate(
        (await handMade(ca, { serial: Buffer.of(0, 0xab, 0x0c) })).chain[0] as Uint8Array,
      );
      assert.equal(serial, "ab0c");
      const zero = parseCertificate((await handMade(ca, { serial: Buffer.of(0) })).chain[0] as Uint8Array);
      assert.equal(zero.serial, "0");
      const long = parseCertificate((await handMade(ca, { serial: Buffer.of(0x41, 0, 0xc) })).chain[0] as Uint8Array);
      assert.equal(long.serial, "41000c");
    });

    it("has no names and no usages where it has no such extensions", async () => {
      const { chain } = await handMade(ca, { extensions: [basicConstraints()] });
      const { uris, usages } = parseCertificate(chain[0] as Uint8Array);
      assert.deepEqual([uris, usages], [[], []]);
    });

    it("reads times of the last century, of the next, and as long as there are certificates", async () => {
      for (const [first, last] of [
        ["500101000000Z", "491231235959Z"],
        ["991231235959Z", "000101000000Z"],
      ] as const) {
        const dates = { notBefore: text(0x17, first), notAfter: text(0x17, last) };
        const read = parseCertificate((await handMade(ca, dates)).chain[0] as Uint8Array);
        const iso = (year: string, at: string) =>
          `${year}-${at.slice(2, 4)}-${at.slice(4, 6)}T${at.slice(6, 8)}:${at.slice(8, 10)}:${at.slice(10, 12)}.000Z`;
        assert.equal(new Date(read.notBefore).toISOString(), iso(`19${first.slice(0, 2)}`, first));
        assert.equal(new Date(read.notAfter).toISOString(), iso(`20${last.slice(0, 2)}`, last));
      }
      const dates = { notBefore: text(0x18, "20500101000000Z"), notAfter: text(0x18, "99991231235959Z") };
      const read = parseCertificate((await handMade(ca, dates)).chain[0] as Uint8Array);
      assert.equal(read.notBefore, Date.UTC(2050, 0, 1));
      assert.equal(new Date(read.notAfter).toISOString(), "9999-12-31T23:59:59.000Z");
    });

    const withValue = (id: string, ...value: Uint8Array[]) => ({
      extensions: [extension(`2.5.29.${id}`, Buffer.concat(value))],
    });
    const [names, usages, constraints, keyUsages] = ["17", "37", "19", "15"] as const;

    for (const [what, made, field, expected] of [
      ["an explicit FALSE", withValue(constraints, sequence(boolean(0))), "isCa", false],
      ["TRUE and a path length", withValue(constraints, sequence(boolean(), integer(3))), "isCa", true],
      ["a path length alone", withValue(constraints, sequence(integer(3))), "isCa", false],
      ["no bits", withValue(keyUsages, bits(0)), "maySign", false],
      ["keyCertSign alone", withValue(keyUsages, bits(2, Buffer.of(0x04))), "maySign", true],
      ["cRLSign alone", withValue(keyUsages, bits(1, Buffer.of(0x02))), "maySign", true],
      ["every bit besides", withValue(keyUsages, bits(7, Buffer.of(0xf9, 0x80))), "maySign", false],
      ["no extensions at all", { extensions: [] }, "uris", []],
      ["the last character that is ASCII", withValue(names, sequence(uriName("\x7f"))), "uris", ["\x7f"]],
      ["no usages", withValue(usages, sequence()), "usages", []],
      [
        "usages of any size",
        withValue(usages, sequence(oid("2.25.0"), oid("2.999.1"))),
        "usages",
        ["2.25.0", "2.999.1"],
      ],
      [
        "names of every kind",
        withValue(
          names,
          sequence(...[0xa0, 0x81, 0x82, 0xa3, 0xa4, 0xa5, 0x86, 0x87, 0x88].map((tag) => element(tag)), uriName(me)),
        ),
        "uris",
        ["", me],
      ],
    ] as const) {
      it(`reads ${what}`, async () => {
        assert.deepEqual(parseCertificate((await handMade(ca, made)).chain[0] as Uint8Array)[field], expected);
      });
    }

    for (const [made, message] of [
      [withValue(names, sequence(element(0xa6, uriName(me)))), /name in the certificate is of no known kind/],
      [withValue(names, sequence(element(0x89))), /name in the certificate is of no known kind/],
      [withValue(names, sequence(element(0x80))), /name in the certificate is of no known kind/],
      [withValue(names, sequence(uriName(`${me}\x80`))), /URI in the certificate is not ASCII/],
      [withValue(names, element(0x31, uriName(me))), /of tag 49 where one of tag 48 belongs/],
      [withValue(names, sequence(uriName(me)), sequence()), /exactly one ASN\.1 element/],
      [withValue(names), /exactly one ASN\.1 element/],
      [withValue(constraints, sequence(integer(3), boolean())), /field that does not belong/],
      [withValue(constraints, sequence(boolean(), integer(3), integer(3))), /field that does not belong/],
      [withValue(constraints, sequence(element(0x01))), /boolean is not of one byte/],
      [withValue(constraints, boolean()), /of tag 1 where one of tag 48 belongs/],
      [withValue(keyUsages, octets(Buffer.of(7, 0x80))), /of tag 4 where one of tag 3 belongs/],
      [withValue(keyUsages, bits(8, Buffer.of(0x80))), /unused bits/],
      [withValue(keyUsages, bits(2, Buffer.of(0x06))), /unused bits/],
      [withValue(usages, sequence(octets())), /of tag 4 where one of tag 6 belongs/],
      [withValue(usages, sequence(element(0x06))), /object identifier/],
      [withValue(usages, oid(clientAuth)), /of tag 6 where one of tag 48 belongs/],
      [withValue("14", longElement(0x04, Buffer.of(1))), /ASN\.1 length/],
      [{ notBefore: text(0x17, "250231000000Z") }, /validity cannot be read/],
      [{ notBefore: text(0x17, "250228000000ZZ") }, /validity cannot be read/],
      [{ notBefore: text(0x17, "2502280000Z") }, /validity cannot be read/],
      [{ notBefore: text(0x17, "20250228000000Z") }, /validity cannot be read/],
      [{ notBefore: text(0x18, "250228000000Z") }, /validity cannot be read/],
      [{ notBefore: text(0x18, "20250228000000.0Z") }, /validity cannot be read/],
      [{ notBefore: text(0x18, "20250228000000+0000") }, /validity cannot be read/],
      [{ version: 2 }, /not of version 3/],
      [{ extensions: [...leafExtensions(), basicConstraints()] }, /stands in the certificate twice/],
      [{ extensions: leafExtensions([], extension("1.2.3", octets(), boolean())) }, /critical extension 1\.2\.3,/],
      [{ notAfter: text(0x17, "491301000000Z") }, /validity cannot be read/],
    ] as const) {
      it(`says what is wrong: ${message.source}`, async () => {
        const { chain } = await handMade(ca, made);
        assert.throws(() => parseCertificate(chain[0] as Uint8Array), message);
      });
    }

    it("a time that OpenSSL cannot read", async () => {
      const { chain } = await handMade(ca, { notBefore: utcTime(Date.now()).fill(0x78, 2) });
      assert.throws(() => parseCertificate(chain[0] as Uint8Array), /./);
    });
  });

  it("are valid from their first moment to the one before their last", () => {
    const certificate = parseCertificate(der);
    const at = (now: number) => checkCertificate(certificate, { peer: "client", trustDomain: "test", now });
    assert.equal(at(certificate.notBefore - 1), "CERTIFICATE_NOT_YET_VALID");
    assert.equal((at(certificate.notBefore) as { uri: string }).uri, uri);
    assert.equal((at(certificate.notAfter - 1) as { uri: string }).uri, uri);
    assert.equal(at(certificate.notAfter), "CERTIFICATE_EXPIRED");
  });

  it("come back from PEM, with other text between them, or with Windows line ends", () => {
    const pem = certificatesToPem([der, ca.der]);
    assert.deepEqual(certificatesFromPem(pem), [der, ca.der]);
    assert.deepEqual(certificatesFromPem(`a comment\n${pem.replaceAll("\n", "\r\n")}rest`), [der, ca.der]);
    assert.deepEqual(certificatesFromPem("-----BEGIN CERTIFICATE-----\nMII"), []);
    assert.deepEqual(certificatesFromPem(""), []);
    assert.ok(pem.split("\n").every((line) => line.length <= 64));
  });
});
