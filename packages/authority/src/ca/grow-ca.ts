import { webcrypto } from "node:crypto";
import { certificatesToPem, createKeyPair } from "@interlock/bot";
import { caDigest } from "@interlock/bot/internal";
import type { CaCertificateRow } from "../store/schema.js";
import { createIntermediate, createRoot, type RootWithKey } from "./ca.js";
import type { CaBasis } from "./ca-basis.js";
import { caId, intermediateKeyName, rootKeyName } from "./ca-keys.js";
import { rootsOf, timeAfter } from "./ca-schedule.js";
import { X509Certificate } from "./x509.js";

/** Another replica was faster. Thrown in a transaction, so that nothing of it happens. */
class TooLate extends Error {}

/** How a root is added. */
export interface NewRoot {
  /** It signs at once: the first one of a fleet. */
  readonly activated: boolean;
  /** Who does it, a SPIFFE ID. */
  readonly by: string;
}

/**
 * Makes a root and an intermediate below it. Gives the root's row; `undefined` when another replica was faster, and then
 * nothing has changed.
 */
export async function addRoot(basis: CaBasis, { activated, by }: NewRoot): Promise<CaCertificateRow | undefined> {
  const { store, keys, trustDomain, clock } = basis;
  const now = clock.now();
  const { privateKeyPem } = await createKeyPair();
  const certificate = await createRoot(privateKeyPem, trustDomain, now);
  const digest = digestOf(certificate);
  const root = {
    ...rowOf(certificate, digest, now),
    keyName: rootKeyName(digest),
    activatedAt: activated ? now : null,
  };
  // With its certificate, so that who has this file can sign: it is what `interlock ca export-root` takes away.
  await keys.write(root.keyName, privateKeyPem + certificatesToPem([certificate]));
  const intermediate = await makeIntermediate(basis, root, { certificate, privateKeyPem });
  const added = await store
    .transaction(async (records) => {
      // First: of two replicas one waits here for the other.
      const details = { done: activated ? "made" : "prepared", notAfter: root.notAfter };
      await records.auditLog.append({ at: now, kind: "ca", actor: by, subject: caId(digest), details });
      const rows = await records.caCertificates.list();
      const known = rootsOf(rows);
      const late = activated ? known.length > 0 : known.some(({ activatedAt }) => activatedAt === null);
      if (late) throw new TooLate();
      if (!activated) await records.fleet.nextTrustVersion(); // Nobody is to be told of the first.
      const createdAt = timeAfter(rows, now);
      for (const row of [root, intermediate]) await records.caCertificates.add({ ...row, createdAt });
      return true;
    })
    .catch((error: unknown) => {
      if (error instanceof TooLate) return false;
      throw error;
    });
  if (added) return root;
  for (const { keyName } of [root, intermediate]) await keys.remove(keyName);
  return undefined;
}

/** Makes a new intermediate below a root, where the root's private key is at hand. Gives whether it was. */
export async function renewIntermediate(basis: CaBasis, root: CaCertificateRow): Promise<boolean> {
  const { store, keys, clock, self } = basis;
  const text = root.keyName === "" ? undefined : await keys.read(root.keyName);
  if (text === undefined) return false;
  const certificate = Uint8Array.from(Buffer.from(root.certificate, "base64"));
  const intermediate = await makeIntermediate(basis, root, { certificate, privateKeyPem: keyIn(text) });
  const at = clock.now();
  await store.transaction(async (records) => {
    await records.fleet.nextTrustVersion();
    const createdAt = timeAfter(await records.caCertificates.list(), at);
    await records.caCertificates.add({ ...intermediate, createdAt });
    const details = { done: "renewed", intermediate: caId(intermediate.digest), notAfter: intermediate.notAfter };
    await records.auditLog.append({ at, kind: "ca", actor: self, subject: caId(root.digest), details });
  });
  return true;
}

/** The row of a CA certificate (DER) that is new. */
export function rowOf(der: Uint8Array, root: string, now: number): CaCertificateRow {
  const digest = digestOf(der);
  return {
    digest,
    certificate: Buffer.from(der).toString("base64"),
    createdAt: now,
    notAfter: new X509Certificate(Uint8Array.from(der)).notAfter.getTime(),
    root,
    issuers: "",
    keyName: "",
    activatedAt: null,
  };
}

/** SHA-256 over a certificate's DER, base64url. */
export function digestOf(der: Uint8Array): string {
  return Buffer.from(caDigest(der)).toString("base64url");
}

async function makeIntermediate(
  { keys, trustDomain, clock }: CaBasis,
  root: CaCertificateRow,
  signer: RootWithKey,
): Promise<CaCertificateRow> {
  const { privateKeyPem, publicKey } = await createKeyPair();
  const spki = new Uint8Array(await webcrypto.subtle.exportKey("spki", publicKey));
  const certificate = await createIntermediate(signer, spki, trustDomain, clock.now());
  const row = rowOf(certificate, root.digest, clock.now());
  const keyName = intermediateKeyName(row.digest);
  // The key first: a key that no row knows of is harmless, a row without its key is not.
  await keys.write(keyName, privateKeyPem);
  return { ...row, keyName };
}

/** The private key in a root's file, which holds its certificate too. */
function keyIn(text: string): string {
  return text.split("-----BEGIN CERTIFICATE-----")[0] as string;
}
