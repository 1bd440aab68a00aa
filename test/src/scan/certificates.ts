import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { certificatesToPem } from "@interlock/bot";
import { createTestCa, type LeafOptions } from "@interlock/bot/testing";

/** A CA and a server's certificate of it, as text and as `ca.pem`, `cert.pem` and `key.pem` in a folder. */
export interface Certificates {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  readonly folder: string;
  remove(): Promise<void>;
}

const day = 86_400_000;

/** Makes certificates of a CA of their own. Default: for `localhost`, for 90 days. */
export async function makeCertificates(options: LeafOptions = {}): Promise<Certificates> {
  const authority = await createTestCa();
  const leaf = await authority.issueRaw({ dns: ["localhost"], notAfter: Date.now() + 90 * day, ...options });
  const folder = await mkdtemp(join(tmpdir(), "interlock-scan-"));
  const [ca, cert, key] = [certificatesToPem([authority.der]), certificatesToPem([leaf.der]), leaf.keys.privateKeyPem];
  for (const [name, pem] of Object.entries({ ca, cert, key })) await writeFile(join(folder, `${name}.pem`), pem);
  return { ca, cert, key, folder, remove: () => rm(folder, { recursive: true, force: true }) };
}
