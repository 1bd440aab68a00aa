// The certificate library needs this import.
import "reflect-metadata";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  type GeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";

/** The certificate and key of one side, and the CA that it trusts; all PEM. */
export interface KeyPair {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/** Makes a CA, and a P-256 leaf for each side in the form of a bot's certificate. */
export async function makeCertificates(): Promise<{ server: KeyPair; client: KeyPair }> {
  const caKeys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const ca = await X509CertificateGenerator.createSelfSigned({
    name: "CN=bench",
    ...validity(),
    keys: caKeys,
    signingAlgorithm: algorithm,
    extensions: [new BasicConstraintsExtension(true, 0, true), new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true)],
  });
  const [server, client] = await Promise.all([makeLeaf("server/1"), makeLeaf("client/1")]);
  return { server, client };

  async function makeLeaf(name: string): Promise<KeyPair> {
    const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
    const leaf = await X509CertificateGenerator.create({
      subject: `CN=${name}`,
      issuer: ca.subject,
      ...validity(),
      publicKey: keys.publicKey,
      signingKey: caKeys.privateKey,
      signingAlgorithm: algorithm,
      extensions: leafExtensions(name),
    });
    const pkcs8 = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
    return { ca: pem(ca), certificate: pem(leaf), key: PemConverter.encode(pkcs8, "PRIVATE KEY") };
  }
}

function leafExtensions(name: string) {
  const names: { type: GeneralName["type"]; value: string }[] = [
    { type: "url", value: `spiffe://bench/${name}` },
    // Bare grpc-js compares this name with the server's address.
    { type: "dns", value: "localhost" },
  ];
  return [
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension(["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]),
    new SubjectAlternativeNameExtension(names),
  ];
}

function validity(): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 3_600_000) };
}

function pem(certificate: X509Certificate): string {
  return certificate.toString("pem");
}
