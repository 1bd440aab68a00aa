import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import type { Reason } from "../reason.js";
import { certificateAttacks } from "../testing/certificate-attacks.js";
import { boolean, octets, oid, sequence, text, utcTime } from "../testing/der.js";
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
    const hex = Buffer.from(certificate.thumbprint, "base64url").toString("hex");
    assert.equal(hex, node.fingerprint256.replaceAll(":", "").toLowerCase());
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
    /** What our own checks say of a leaf: who it is, or why it is nobody. */
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
      [
        "with an extension that nobody knows",
        leafExtensions([uriName(me)], extension("1.3.6.1.4.1.99999.1", octets())),
      ],
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
    });

    it("has no names and no usages where it has no such extensions", async () => {
      const { chain } = await handMade(ca, { extensions: [basicConstraints()] });
      const { uris, usages } = parseCertificate(chain[0] as Uint8Array);
      assert.deepEqual([uris, usages], [[], []]);
    });

    for (const [made, message] of [
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
