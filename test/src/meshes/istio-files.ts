import { mkdirSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { certificatesToPem } from "@interlock/bot";
import {
  basicConstraints,
  boolean,
  caExtensions,
  extendedKeyUsage,
  extension,
  keyUsage,
  rsaKey,
  type Specimen,
  sequence,
  specimen,
  uri,
} from "@interlock/bot/testing";

const [serverAuth, clientAuth] = ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"] as const;
const subjectAlternativeName = "2.5.29.17";

/** A CA as istiod makes one: RSA, named after its organization, without a trust domain in it. */
export function istioRoot(): Specimen {
  return specimen({ name: "cluster.local", key: rsaKey(2_048), extensions: caExtensions() });
}

/** A CA below it, as a plugged-in one of istiod is. */
export function istioIntermediate(by: Specimen): Specimen {
  return specimen({ name: "istiod", key: rsaKey(2_048), by, extensions: caExtensions({ pathLength: 0 }) });
}

/**
 * A workload's certificate as istiod signs it: RSA, no subject, so that the alternative name is critical (RFC 5280, section
 * 4.2.1.6), and two key usages.
 */
export function istioLeaf(id: string, by: Specimen): Specimen {
  const names = extension(subjectAlternativeName, sequence(uri(id)), boolean());
  const usages = [keyUsage(5, 0xa0), extendedKeyUsage(serverAuth, clientAuth)];
  return specimen({ name: "", key: rsaKey(2_048), by, extensions: [...usages, basicConstraints(), names] });
}

/** The folder `OUTPUT_CERTS` of a pod. */
export interface IstioFolder {
  readonly path: string;
  /** Writes the files as the agent does: one after another, each in the place of the one before. `above` ends with the root. */
  write(leaf: Specimen, above: readonly Specimen[], roots: readonly Specimen[]): Promise<void>;
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
      const pem = (certificates: readonly Specimen[]) => certificatesToPem(certificates.map(({ der }) => der));
      // The root certificate goes its own way, and arrives before what is signed below it.
      await replace("root-cert.pem", pem(roots));
      await replace("key.pem", leaf.key.export({ type: "pkcs1", format: "pem" }) as string);
      await replace("cert-chain.pem", pem([leaf, ...above]));
    },
  };
}
