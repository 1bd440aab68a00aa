import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { certificatesToPem } from "@interlock/bot";
import { createTestCa } from "@interlock/bot/testing";

/** The certificate of an issuer's HTTPS, from a CA that is not the fleet's, as files. */
export interface WebFiles {
  readonly folder: string;
  readonly key: string;
  readonly certificate: string;
  readonly ca: string;
  /** PEM file with the CAs of the clients' certificates. */
  readonly clientCa: string;
  remove(): Promise<void>;
}

/** Writes the files for an issuer at localhost whose clients have certificates of the CAs `clientCas`, DER. */
export async function writeWebFiles(clientCas: readonly Uint8Array[]): Promise<WebFiles> {
  const ca = await createTestCa("web");
  const { keys, der } = await ca.issueRaw({ dns: ["localhost"], subject: "CN=localhost" });
  const folder = await mkdtemp(join(tmpdir(), "interlock-issuer-"));
  const files = {
    key: join(folder, "web.key"),
    certificate: join(folder, "web.pem"),
    ca: join(folder, "web-ca.pem"),
    clientCa: join(folder, "client-ca.pem"),
  };
  await writeFile(files.key, keys.privateKeyPem, { mode: 0o600 });
  await writeFile(files.certificate, certificatesToPem([der]));
  await writeFile(files.ca, certificatesToPem([ca.der]));
  await writeFile(files.clientCa, certificatesToPem(clientCas));
  return { ...files, folder, remove: () => rm(folder, { recursive: true }) };
}
