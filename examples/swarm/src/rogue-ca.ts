import "reflect-metadata"; // @peculiar/x509 needs it, before anything else.
import { webcrypto } from "node:crypto";
import { createKeyPair } from "@interlock/bot";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";

const signingAlgorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/** Creates the attacker's own CA, and a certificate that it signs for the given SPIFFE ID. */
export async function forgeIdentity(spiffeId: string): Promise<{ key: string; certificate: string }> {
  const crypto = webcrypto as never; // The library's types expect the browser's type.
  const [caKeys, keys] = await Promise.all([createKeyPair(), createKeyPair()]);
  const life = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 3_600_000) };
  const ca = await X509CertificateGenerator.createSelfSigned(
    {
      ...life,
      serialNumber: "01",
      name: "CN=swarm CA, honestly",
      signingAlgorithm,
      keys: caKeys as never,
      extensions: [new BasicConstraintsExtension(true, undefined, true)],
    },
    crypto,
  );
  const leaf = await X509CertificateGenerator.create(
    {
      ...life,
      serialNumber: "02",
      subject: "",
      issuer: ca.subject,
      signingAlgorithm,
      publicKey: keys.publicKey as never,
      signingKey: caKeys.privateKey as never,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth]),
        new SubjectAlternativeNameExtension([{ type: "url", value: spiffeId }], true),
      ],
    },
    crypto,
  );
  return { key: keys.privateKeyPem, certificate: leaf.toString("pem") };
}
