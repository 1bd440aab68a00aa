import { webcrypto } from "node:crypto";
import { Pkcs10CertificateRequestGenerator, SubjectAlternativeNameExtension } from "./x509.js";

/** An ECDSA key pair on P-256. */
export interface KeyPair {
  readonly privateKey: webcrypto.CryptoKey;
  readonly publicKey: webcrypto.CryptoKey;
  /** PKCS #8, PEM. */
  readonly privateKeyPem: string;
}

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/** Makes a key pair. */
export async function createKeyPair(): Promise<KeyPair> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const der = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey));
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  const privateKeyPem = `-----BEGIN PRIVATE KEY-----\n${lines.join("\n")}\n-----END PRIVATE KEY-----\n`;
  return { privateKey: keys.privateKey, publicKey: keys.publicKey, privateKeyPem };
}

/** Makes a PKCS #10 certificate request (RFC 2986), DER, whose one subject alternative name is the SPIFFE ID. */
export async function createCsr(keys: KeyPair, spiffeId: string): Promise<Uint8Array> {
  // The library's types want the browser's names of Node's own classes.
  const request = await Pkcs10CertificateRequestGenerator.create(
    {
      keys: keys as never,
      signingAlgorithm: algorithm,
      extensions: [new SubjectAlternativeNameExtension([{ type: "url", value: spiffeId }])],
    },
    webcrypto as never,
  );
  return new Uint8Array(request.rawData);
}
