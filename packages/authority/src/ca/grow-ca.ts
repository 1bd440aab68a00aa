import { webcrypto } from "node:crypto";
import { certificatesToPem, createKeyPair } from "@interlock/bot";
import { caDigest } from "@interlock/bot/internal";
import type { CaCertificateRow } from "../store/schema.js";
import { createIntermediate, createRoot, type RootWithKey } from "./ca.js";
import type { CaBasis } from "./ca-basis.js";
import { caId, intermediateKeyName, rootKeyName } from "./ca-keys.js";
import { rootsOf, timeAfter } from "./ca-schedule.js";
import { X509Certificate } from "./x509.js";

/** The error that undoes a transaction because another replica was faster. */
class TooLate extends Error {}

/** How a root is added. */
export interface NewRoot {
  /** Whether it signs at once, as the first root of a fleet does. */
  readonly activated: boolean;
  /** The SPIFFE ID of the actor. */
  readonly by: string;
}

/**
 * Creates a root and an intermediate below it. Returns the row of the root; `undefined`, without a change, when another
 * replica was faster.
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
  // With its certificate, so that this file is enough to sign. `interlock ca export-root` moves it out.
  await keys.write(root.keyName, privateKeyPem + certificatesToPem([certificate]));
  const intermediate = await makeIntermediate(basis, root, { certificate, privateKeyPem });
  const added = await store
    .transaction(async (records) => {
      // First, because of two replicas one waits here for the other.
      const details = { done: activated ? "made" : "prepared", notAfter: root.notAfter };
      await records.auditLog.append({ at: now, kind: "ca", actor: by, subject: caId(digest), details });
      const rows = await records.caCertificates.list();
      const known = rootsOf(rows);
      const late = activated ? known.length > 0 : known.some(({ activatedAt }) => activatedAt === null);
      if (late) throw new TooLate();
      if (!activated) await records.fleet.nextTrustVersion(); // No bot exists yet that has to receive the first root.
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

/** Creates a new intermediate below a root. Resolves with false when the root's private key is not available. */
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

/** Returns the row of a new CA certificate (DER). */
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

/** Returns SHA-256 over a certificate's DER, base64url. */
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
  // The key first: a key without a row is harmless, a row without its key is not.
  await keys.write(keyName, privateKeyPem);
  return { ...row, keyName };
}

/** Returns the private key in a root's file, which also holds the certificate. */
function keyIn(text: string): string {
  return text.split("-----BEGIN CERTIFICATE-----")[0] as string;
}
