import { readFile } from "node:fs/promises";
import { parseSpiffeId } from "@interlock/policy";
import { decodeJwt } from "jose/jwt/decode";
import { InterlockError } from "../base/error.js";
import { caDigest } from "../identity/join-token.js";
import { certificatesFromPem } from "../identity/pem.js";
import type { JoinCredential } from "./join-credential.js";

/** The files by which a pod joins with the projected token of its ServiceAccount. */
export interface ServiceAccountFiles {
  readonly tokenFile: string;
  readonly caFile: string;
}

/**
 * The credential of a pod: the token, which Kubernetes renews in its file, and the CA certificates to expect. The only audience of
 * the token is the SPIFFE ID of the authority, which names the trust domain.
 *
 * Rejects with `FAILED_PRECONDITION`, which says what is wrong with the files.
 */
export async function serviceAccountCredential({ tokenFile, caFile }: ServiceAccountFiles): Promise<JoinCredential> {
  const workloadToken = (await read(tokenFile, "mount a projected serviceAccountToken there")).trim();
  const certificates = certificatesFromPem(await read(caFile, 'write it with "interlock ca show --pem"'));
  if (certificates.length === 0) throw unusable(`${caFile} holds no certificate in PEM`);
  return {
    trustDomain: trustDomainOf(workloadToken, tokenFile),
    caDigests: certificates.map(caDigest),
    field: { workloadToken },
  };
}

/** The bot reads its own token here. The authority is the one that verifies it. */
function trustDomainOf(token: string, file: string): string {
  let audience: unknown;
  try {
    audience = [decodeJwt(token).aud].flat()[0];
  } catch (cause) {
    throw unusable(`${file} holds no JWT`, cause);
  }
  const id = typeof audience === "string" ? parseSpiffeId(audience) : undefined;
  if (id?.name === "interlock/authority") return id.trustDomain;
  throw unusable(`the audience of the token in ${file} must be spiffe://<trust domain>/interlock/authority`);
}

async function read(file: string, remedy: string): Promise<string> {
  return readFile(file, "utf8").catch((cause) => {
    throw unusable(`${file} cannot be read: ${remedy}`, cause);
  });
}

function unusable(message: string, cause?: unknown): InterlockError {
  return new InterlockError("FAILED_PRECONDITION", `The bot cannot join by its ServiceAccount: ${message}.`, { cause });
}
