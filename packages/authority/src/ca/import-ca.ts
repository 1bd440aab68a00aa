import { createKeyPair, InterlockError } from "@interlock/bot";
import { certificatesFromPem } from "@interlock/bot/internal";
import type { CaCertificateRow } from "../store/schema.js";
import type { Records } from "../store/store.js";
import type { CaBasis } from "./ca-basis.js";
import { caId, intermediateKeyName, requestKeyName } from "./ca-keys.js";
import { rootsOf, timeAfter } from "./ca-schedule.js";
import { derOf } from "./certificate-authority.js";
import { checkCaChain, checkCaKey } from "./check-ca-chain.js";
import { digestOf, rowOf } from "./grow-ca.js";
import { createIntermediateRequest } from "./intermediate-request.js";

/**
 * Creates a key for an intermediate and returns its certificate request, PEM. The key replaces an earlier waiting one.
 */
export async function requestIntermediate({ keys, trustDomain }: CaBasis): Promise<string> {
  const { privateKeyPem } = await createKeyPair();
  await keys.write(requestKeyName, privateKeyPem);
  return createIntermediateRequest(privateKeyPem, trustDomain);
}

/** An intermediate that was signed elsewhere. */
export interface ImportOrder {
  /** The intermediate first, then its issuers, PEM. A known root may be omitted. */
  readonly chainPem: string;
  /** Its private key (PKCS #8, PEM). Default, if empty: the waiting key of {@link requestIntermediate}. */
  readonly privateKeyPem: string;
  /** The SPIFFE ID of the actor. */
  readonly by: string;
  /** Rejects where the chain, DER, must not become one of this fleet, in the transaction that adds it. Default: it may. */
  check?(records: Records, chain: readonly Uint8Array[]): Promise<void>;
}

/**
 * Imports an intermediate. Below a trusted root, it replaces the signing intermediate; a new root is prepared and can
 * be activated like any other. Returns the root. Rejects with `INVALID_ARGUMENT` or `FAILED_PRECONDITION`.
 */
export async function importIntermediate(basis: CaBasis, order: ImportOrder): Promise<CaCertificateRow> {
  const { store, keys, trustDomain, clock } = basis;
  const at = clock.now();
  const known = rootsOf(await store.caCertificates.list()).map(derOf);
  const chain = checkCaChain(certificatesFromPem(order.chainPem), { trustDomain, now: at, roots: known });
  const privateKeyPem = order.privateKeyPem || (await keys.read(requestKeyName));
  if (!privateKeyPem)
    throw precondition('No key waits for a certificate: run "interlock ca csr" first, or give the key.');
  const [certificate, ...issuers] = chain as [Uint8Array, ...Uint8Array[]];
  if (issuers.length === 0)
    throw new InterlockError("INVALID_ARGUMENT", "The first certificate is a root: import an intermediate below it.");
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
    if (rows.some(({ digest }) => digest === row.digest)) throw precondition("That intermediate is already imported.");
    await order.check?.(records, chain);
    if (!rows.some(({ digest }) => digest === root.digest)) {
      if (rootsOf(rows).some(({ activatedAt }) => activatedAt === null)) {
        throw precondition(
          'Another CA is prepared: run "interlock ca activate" or "interlock ca withdraw" for it first.',
        );
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
