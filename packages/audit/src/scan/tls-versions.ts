import type { SecureVersion } from "node:tls";
import { type Endpoint, openTap } from "./connect.js";
import { tryTls } from "./try-tls.js";

const versions: readonly SecureVersion[] = ["TLSv1.3", "TLSv1.2", "TLSv1.1", "TLSv1"];

/**
 * Finds the versions that a server accepts, the latest first, each with a hello that offers nothing else. A server accepts
 * a version once it has sent its own hello, whatever it says of certificates afterwards.
 *
 * @param known - The version that was negotiated when all were offered: later ones need no question.
 */
export async function findTlsVersions(endpoint: Endpoint, known: string | undefined): Promise<string[]> {
  const first = Math.max(0, versions.indexOf(known as SecureVersion));
  const accepted: string[] = known === undefined ? [] : [known];
  for (const version of versions.slice(known === undefined ? first : first + 1)) {
    const tap = await openTap(endpoint);
    if (!tap) continue;
    const outcome = await tryTls(tap, endpoint, { version });
    tap.cut();
    if (outcome.accepted) accepted.push(version);
  }
  return accepted;
}
