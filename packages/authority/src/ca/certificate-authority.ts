import type { CaCertificateRow } from "../store/schema.js";
import { type Ca, createCa } from "./ca.js";
import type { CaBasis } from "./ca-basis.js";
import { activatedRoots, activeRoot, intermediatesOf, rootsOf } from "./ca-schedule.js";
import { addRoot, renewIntermediate } from "./grow-ca.js";
import { leafTtlOf } from "./leaf-ttl.js";
import { BasicConstraintsExtension, X509Certificate } from "./x509.js";

/** An issued leaf and its root. */
export interface IssuedLeaf {
  /** DER, the leaf first, then intermediates. */
  readonly chain: readonly Uint8Array[];
  /** The digest of the root above it: SHA-256 over the DER, base64url. */
  readonly root: string;
}

/** The CA of the fleet: roots, and the intermediates below them that sign. */
export interface CertificateAuthority {
  /** The CA certificates on record, the oldest first. */
  readonly rows: readonly CaCertificateRow[];
  /** The root, DER, above the authority's own certificate. Join tokens pin it. */
  readonly pinned: Uint8Array;
  /** Issues a leaf for a bot, below the active root. */
  issueLeaf(spiffeId: string, publicKey: Uint8Array, now: number): Promise<IssuedLeaf>;
  /** Issues a leaf for the authority itself, below the root that every bot knows; `hosts` as for a {@link Ca}. */
  issueOwn(spiffeId: string, publicKey: Uint8Array, now: number, hosts?: readonly string[]): Promise<IssuedLeaf>;
  /** Loads changes from the store, which another replica may have made. */
  reload(): Promise<void>;
}

/**
 * Opens the fleet's CA, and creates root and intermediate in a new store. A root from a release without intermediates
 * may forbid them: it keeps signing leaves itself, and its successor is prepared.
 *
 * Rejects when nothing can sign below the active root. It never replaces a CA that bots trust.
 */
export async function openCertificateAuthority(basis: CaBasis): Promise<CertificateAuthority> {
  const { store, keys, leafTtl, clock, log, self } = basis;
  const loaded = new Map<string, Ca>(); // By the digest of the certificate that signs.
  let rows: readonly CaCertificateRow[] = [];
  let signers = new Map<string, Ca>(); // By the digest of the root.

  async function reload(): Promise<void> {
    const next = await store.caCertificates.list();
    const found = new Map<string, Ca>();
    for (const root of rootsOf(next)) {
      const ca = await findSigner(root, next);
      if (ca) found.set(root.digest, ca);
    }
    rows = next;
    signers = found;
  }

  /** Finds the newest signer below a root; the root itself when it may have no intermediate. */
  async function findSigner(root: CaCertificateRow, all: readonly CaCertificateRow[]): Promise<Ca | undefined> {
    for (const row of intermediatesOf(root, all)) {
      const ca = await signerFor(row, root);
      if (ca) return ca;
    }
    // Last, because the certificate has to be read for it, and this is done with every change of the trust.
    return signsLeaves(root) ? signerFor(root, root) : undefined;
  }

  async function signerFor(row: CaCertificateRow, root: CaCertificateRow): Promise<Ca | undefined> {
    const known = loaded.get(row.digest);
    if (known) return known;
    const key = row.keyName === "" ? undefined : await keys.read(row.keyName);
    if (key === undefined) return undefined;
    const ca = await createCa(chainOf(row, root), key, (spiffeId) => leafTtlOf(spiffeId, leafTtl, self));
    loaded.set(row.digest, ca);
    return ca;
  }

  function signerOf(root: CaCertificateRow | undefined): { ca: Ca; root: CaCertificateRow } {
    const ca = root && signers.get(root.digest);
    if (ca) return { ca, root };
    throw keys.missing((root && (intermediatesOf(root, rows)[0]?.keyName || root.keyName)) ?? "ca.key");
  }

  const active = () => signerOf(activeRoot(rootsOf(rows)));
  /** Returns the oldest root that can sign: a bot that was offline for long may know only that one. */
  function serving(): { ca: Ca; root: CaCertificateRow } {
    const now = clock.now();
    const able = activatedRoots(rootsOf(rows)).find(({ digest }) => (signers.get(digest)?.notAfter ?? 0) > now);
    return able ? signerOf(able) : active();
  }

  async function issue(
    { ca, root }: ReturnType<typeof serving>,
    spiffeId: string,
    publicKey: Uint8Array,
    now: number,
    hosts?: readonly string[],
  ): Promise<IssuedLeaf> {
    return { chain: await ca.issueLeaf(spiffeId, publicKey, now, hosts), root: root.digest };
  }

  await reload();
  const root = activeRoot(rootsOf(rows));
  if (!root) {
    await addRoot(basis, { activated: true, by: basis.self });
  } else if (signsLeaves(root) && rootsOf(rows).length === 1) {
    await addRoot(basis, { activated: false, by: basis.self });
    log.warn('the root of the CA signs leaves itself; its successor is prepared: run "interlock ca activate"');
  } else if (!signers.has(root.digest) && (await renewIntermediate(basis, root))) {
    log.warn("the private key of the CA's intermediate is missing; created a new intermediate");
  }
  await reload();
  active();
  // Reads keys that nothing needs now, too: that encrypts them under a new passphrase, and detects a wrong one.
  for (const { keyName } of rows) if (keyName !== "") await keys.read(keyName);

  return {
    get rows() {
      return rows;
    },
    get pinned() {
      return derOf(serving().root);
    },
    issueLeaf: (spiffeId, publicKey, now) => issue(active(), spiffeId, publicKey, now),
    issueOwn: (spiffeId, publicKey, now, hosts) => issue(serving(), spiffeId, publicKey, now, hosts),
    reload,
  };
}

/** Returns the certificate of a row, DER. */
export function derOf({ certificate }: Pick<CaCertificateRow, "certificate">): Uint8Array {
  return Uint8Array.from(Buffer.from(certificate, "base64"));
}

/** Returns the chain from the certificate of a row to its root, DER. */
function chainOf(row: CaCertificateRow, root: CaCertificateRow): Uint8Array[] {
  if (row.digest === root.digest) return [derOf(root)];
  return [derOf(row), ...issuersOf(row), derOf(root)];
}

/** Returns the certificates between that of a row and its root, DER. */
export function issuersOf({ issuers }: Pick<CaCertificateRow, "issuers">): Uint8Array[] {
  const between = issuers.split(" ").filter((text) => text !== "");
  return between.map((certificate) => derOf({ certificate }));
}

/** Whether a root forbids intermediates, and so signs leaves itself. */
function signsLeaves(root: CaCertificateRow): boolean {
  return new X509Certificate(derOf(root)).getExtension(BasicConstraintsExtension)?.pathLength === 0;
}
