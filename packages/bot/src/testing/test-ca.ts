import { randomBytes, webcrypto } from "node:crypto";
import { createIdentity, type Identity } from "../identity/identity.js";
import { createKeyPair, type KeyPair } from "../identity/key-pair.js";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from "./x509.js";

const signingAlgorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const hour = 3_600_000;

/** The properties of a leaf that a test may choose. */
export interface LeafOptions {
  /** URIs among the subject alternative names. */
  readonly uris?: readonly string[];
  /** DNS names among them. */
  readonly dns?: readonly string[];
  readonly notBefore?: number;
  readonly notAfter?: number;
  readonly usages?: readonly string[];
  readonly ca?: boolean;
  readonly keyUsage?: number;
  readonly extra?: readonly Extension[];
  /** The serial number, hex. Default: at random. */
  readonly serial?: string;
  /** The subject. Default: `CN=leaf`. */
  readonly subject?: string;
  /** The signer in place of the CA. */
  readonly signer?: { readonly name: string; readonly keys: KeyPair };
}

/** A certificate authority in memory, which signs anything that a test requests. */
export interface TestCa {
  readonly der: Uint8Array;
  readonly keys: KeyPair;
  issue(uri: string, options?: LeafOptions): Promise<Identity>;
  /** The certificate and its key, for a leaf that need not hold a SPIFFE ID. */
  issueRaw(options: LeafOptions): Promise<{ keys: KeyPair; der: Uint8Array }>;
}

/** Usages of a bot's certificate: client and server. */
export const bothUsages = ["1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.1"] as const;

/** Creates a CA that is valid from an hour ago for 25 hours, with `pathLength` levels of CAs below it at most. */
export async function createTestCa(name = "test", pathLength = 0): Promise<TestCa> {
  const caKeys = await createKeyPair();
  const root = await X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: "01",
      name: `CN=${name}`,
      notBefore: new Date(Date.now() - hour),
      notAfter: new Date(Date.now() + 24 * hour),
      keys: caKeys as never,
      signingAlgorithm,
      extensions: [
        new BasicConstraintsExtension(true, pathLength, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      ],
    },
    webcrypto as never,
  );
  const ca: TestCa = {
    der: new Uint8Array(root.rawData),
    keys: caKeys,
    async issueRaw(options) {
      const {
        uris = [],
        dns = [],
        notBefore,
        notAfter,
        usages = bothUsages,
        ca: isCa = false,
        keyUsage,
        extra = [],
        subject = "CN=leaf",
        signer,
        serial = `01${randomBytes(15).toString("hex")}`,
      } = options;
      const keys = await createKeyPair();
      const names = [
        ...uris.map((value) => ({ type: "url" as const, value })),
        ...dns.map((value) => ({ type: "dns" as const, value })),
      ];
      const certificate = await X509CertificateGenerator.create(
        {
          serialNumber: serial,
          subject,
          issuer: signer?.name ?? root.subject,
          notBefore: new Date(notBefore ?? Date.now() - 60_000),
          notAfter: new Date(notAfter ?? Date.now() + hour),
          publicKey: keys.publicKey as never,
          signingKey: (signer?.keys ?? caKeys).privateKey as never,
          signingAlgorithm,
          extensions: [
            new BasicConstraintsExtension(isCa, undefined, true),
            new KeyUsagesExtension(keyUsage ?? KeyUsageFlags.digitalSignature, true),
            ...(usages.length > 0 ? [new ExtendedKeyUsageExtension([...usages])] : []),
            ...(names.length > 0 ? [new SubjectAlternativeNameExtension(names)] : []),
            ...extra,
          ],
        },
        webcrypto as never,
      );
      return { keys, der: new Uint8Array(certificate.rawData) };
    },
    async issue(uri, options = {}) {
      const { keys, der } = await ca.issueRaw({ uris: [uri], ...options });
      return createIdentity(keys.privateKeyPem, [der]);
    },
  };
  return ca;
}
