import "reflect-metadata"; // @peculiar/x509 needs it, before anything else.
import { webcrypto } from "node:crypto";
import { createKeyPair } from "@interlock/bot";
import { BasicConstraintsExtension, SubjectAlternativeNameExtension, X509CertificateGenerator } from "@peculiar/x509";

/** A certificate with its key, PEM. */
export interface TlsFiles {
  readonly certificate: string;
  readonly key: string;
}

/** Makes a certificate for `localhost` that stands for the one of a public CA. It is its own CA. */
export async function selfSigned(): Promise<TlsFiles> {
  const keys = await createKeyPair();
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: "01",
      name: "CN=cafe.example",
      notBefore: new Date(Date.now() - 60_000),
      notAfter: new Date(Date.now() + 86_400_000),
      signingAlgorithm: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
      keys: keys as never,
      extensions: [
        new BasicConstraintsExtension(true, undefined, true),
        new SubjectAlternativeNameExtension([{ type: "dns", value: "localhost" }]),
      ],
    },
    webcrypto as never, // The library's types expect the browser's type.
  );
  return { certificate: certificate.toString("pem"), key: keys.privateKeyPem };
}
