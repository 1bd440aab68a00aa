import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { createTestCa, type TestCa } from "../testing/test-ca.js";
import { parseCertificate } from "./certificate.js";
import { checkCertificate } from "./check-certificate.js";
import { certificatesFromPem, certificatesToPem } from "./pem.js";
import { type Extension, SubjectAlternativeNameExtension } from "./x509.js";

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

  it("are not read when an extension stands in them twice", async () => {
    const san = new SubjectAlternativeNameExtension([{ type: "url", value: "spiffe://test/admin" }]) as Extension;
    const twice = await ca.issueRaw({ uris: [uri], extra: [san] });
    assert.throws(() => parseCertificate(twice.der), /twice/);
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
