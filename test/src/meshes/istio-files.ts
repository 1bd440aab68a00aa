import { createHash, createPublicKey, type KeyObject } from "node:crypto";
import { mkdirSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { certificatesToPem } from "@interlock/bot";
import { listOf, readDer } from "@interlock/bot/internal";
import {
  basicConstraints,
  boolean,
  caExtensions,
  extendedKeyUsage,
  extension,
  keyUsage,
  octets,
  rsaKey,
  type Specimen,
  type SpecimenIssuer,
  sequence,
  specimen,
  uri,
} from "@interlock/bot/testing";

const [serverAuth, clientAuth] = ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"] as const;
const subjectAlternativeName = "2.5.29.17";

/** A CA as istiod makes one: RSA, named after its organization as the next one will be, without a trust domain in it. */
export function istioRoot(): Specimen {
  const key = rsaKey(2_048);
  return specimen({ name: "cluster.local", key, extensions: caExtensions({ more: [keyIdentifierOf(key)] }) });
}

/** A CA below it, as a plugged-in one of istiod is. */
export function istioIntermediate(by: Specimen): Specimen {
  const key = rsaKey(2_048);
  const more = [keyIdentifierOf(key), issuerIdentifierOf(by.key)];
  return specimen({ name: "istiod", key, by, extensions: caExtensions({ pathLength: 0, more }) });
}

/** The key identifier of a public key (RFC 5280, section 4.2.1.2, method 1): the hash of the bits of the key. */
function identifierOf(key: KeyObject): Buffer {
  const [, bits] = listOf(readDer(createPublicKey(key).export({ type: "spki", format: "der" })));
  return createHash("sha1")
    .update(bits?.content.subarray(1) ?? "")
    .digest();
}

/** The subject key identifier of a CA: Go adds one. Without it, OpenSSL cannot tell two CAs of one name from each other. */
function keyIdentifierOf(key: KeyObject): Uint8Array {
  return extension("2.5.29.14", octets(identifierOf(key)));
}

/** The authority key identifier of what it signs. */
function issuerIdentifierOf(key: KeyObject): Uint8Array {
  const identifier = identifierOf(key);
  return extension("2.5.29.35", sequence(Buffer.concat([Buffer.of(0x80, identifier.length), identifier])));
}

/**
 * A workload's certificate as istiod signs it: RSA, no subject, so that the alternative name is critical (RFC 5280, section
 * 4.2.1.6), and two key usages.
 */
export function istioLeaf(id: string, by: SpecimenIssuer): Specimen {
  const names = extension(subjectAlternativeName, sequence(uri(id)), boolean());
  const usages = [keyUsage(5, 0xa0), extendedKeyUsage(serverAuth, clientAuth)];
  const extensions = [...usages, basicConstraints(), issuerIdentifierOf(by.key), names];
  return specimen({ name: "", key: rsaKey(2_048), by, extensions });
}

type Der = Pick<Specimen, "der">;

/** The folder `OUTPUT_CERTS` of a pod. */
export interface IstioFolder {
  readonly path: string;
  /** Writes the files as the agent does: one after another, each in the place of the one before. `above` ends with the root. */
  write(leaf: Specimen, above: readonly Der[], roots: readonly Der[]): Promise<void>;
}

/** Makes the folder of a pod. */
export function istioFolder(path: string): IstioFolder {
  mkdirSync(path, { recursive: true });
  const replace = async (name: string, text: string) => {
    await writeFile(join(path, `.${name}`), text, { mode: 0o600 });
    await rename(join(path, `.${name}`), join(path, name));
  };
  return {
    path,
    async write(leaf, above, roots) {
      const pem = (certificates: readonly Der[]) => certificatesToPem(certificates.map(({ der }) => der));
      // The root certificate goes its own way, and arrives before what is signed below it.
      await replace("root-cert.pem", pem(roots));
      await replace("key.pem", leaf.key.export({ type: "pkcs1", format: "pem" }) as string);
      await replace("cert-chain.pem", pem([leaf, ...above]));
    },
  };
}
