import { createKeyPair, InterlockError } from "@interlock/bot";
import { certificatesFromPem } from "@interlock/bot/internal";
import type { CaCertificateRow } from "../store/schema.js";
import type { CaBasis } from "./ca-basis.js";
import { caId, intermediateKeyName, requestKeyName } from "./ca-keys.js";
import { rootsOf, timeAfter } from "./ca-schedule.js";
import { derOf } from "./certificate-authority.js";
import { checkCaChain, checkCaKey } from "./check-ca-chain.js";
import { digestOf, rowOf } from "./grow-ca.js";
import { createIntermediateRequest } from "./intermediate-request.js";

/** Makes a key for an intermediate, which waits for its certificate, and the request for that, PEM. One waits at a time. */
export async function requestIntermediate({ keys, trustDomain }: CaBasis): Promise<string> {
  const { privateKeyPem } = await createKeyPair();
  await keys.write(requestKeyName, privateKeyPem);
  return createIntermediateRequest(privateKeyPem, trustDomain);
}

/** An intermediate that somebody else has signed. */
export interface ImportOrder {
  /** The intermediate first, then its issuers; the root may be left out where it is known. PEM. */
  readonly chainPem: string;
  /** Its private key (PKCS #8, PEM); empty for the one that waits since {@link requestIntermediate}. */
  readonly privateKeyPem: string;
  /** A SPIFFE ID. */
  readonly by: string;
}

/**
 * Takes in an intermediate. Below a root that is trusted it signs in place of the one before; a root that is new is
 * prepared, and activated as any other. Rejects with `INVALID_ARGUMENT`, or `FAILED_PRECONDITION`. Gives the root.
 */
export async function importIntermediate(basis: CaBasis, order: ImportOrder): Promise<CaCertificateRow> {
  const { store, keys, trustDomain, clock } = basis;
  const at = clock.now();
  const known = rootsOf(await store.caCertificates.list()).map(derOf);
  const chain = checkCaChain(certificatesFromPem(order.chainPem), { trustDomain, now: at, roots: known });
  const privateKeyPem = order.privateKeyPem || (await keys.read(requestKeyName));
  if (!privateKeyPem)
    throw precondition('No key waits for a certificate: begin with "interlock ca csr", or give the key.');
  const [certificate, ...issuers] = chain as [Uint8Array, ...Uint8Array[]];
  if (issuers.length === 0)
    throw new InterlockError("INVALID_ARGUMENT", "That is a root: import an intermediate below it.");
  checkCaKey(certificate, privateKeyPem);
  const rootDer = issuers.pop() as Uint8Array;
  const root = rowOf(rootDer, digestOf(rootDer), at);
  const row = rowOf(certificate, root.digest, at);
  const keyName = intermediateKeyName(row.digest);
  await keys.write(keyName, privateKeyPem);

  await store.transaction(async (records) => {
    await records.fleet.nextTrustVersion();
    const rows = await records.caCertificates.list();
    const createdAt = timeAfter(rows, at);
    if (rows.some(({ digest }) => digest === row.digest)) throw precondition("That intermediate is here already.");
    if (!rows.some(({ digest }) => digest === root.digest)) {
      if (rootsOf(rows).some(({ activatedAt }) => activatedAt === null)) {
        throw precondition('Another CA is prepared: "interlock ca activate" it, or "interlock ca withdraw" it, first.');
      }
      await records.caCertificates.add({ ...root, createdAt });
    }
    const between = issuers.map((der) => Buffer.from(der).toString("base64")).join(" ");
    await records.caCertificates.add({ ...row, createdAt, keyName, issuers: between });
    const details = { done: "imported", intermediate: caId(row.digest), notAfter: row.notAfter };
    await records.auditLog.append({ at, kind: "ca", actor: order.by, subject: caId(root.digest), details });
  });
  if (!order.privateKeyPem) await keys.remove(requestKeyName);
  return root;
}

function precondition(message: string): InterlockError {
  return new InterlockError("FAILED_PRECONDITION", message);
}
