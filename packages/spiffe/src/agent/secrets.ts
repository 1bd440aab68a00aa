import { createHash } from "node:crypto";
import { certificatesToPem, type Init, InterlockError } from "@interlock/bot";
import { type DiscoveryRequest, Secret } from "../gen/envoy/service/secret/v3/sds.js";
import type { Any } from "../gen/google/protobuf/any.js";
import type { Granted } from "./standing.js";
import { trustDomainId } from "./x509-messages.js";

/** The type of the resources of secret discovery. */
export const secretType = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret";

/** The names under which configurations written for SPIRE ask, which do not depend on the fleet. */
export const certificateName = "default";
export const rootsName = "ROOTCA";

/** The number of secrets that one request may name. */
const maximumNames = 16;

/**
 * Reads the names of a request; none stand for all. Throws an {@link InterlockError} `INVALID_ARGUMENT` for another type than
 * secrets, and for more than 16 names.
 */
export function readNames({ typeUrl, resourceNames }: DiscoveryRequest): readonly string[] {
  if (typeUrl !== "" && typeUrl !== secretType) {
    throw new InterlockError("INVALID_ARGUMENT", `The agent gives out ${secretType}, and no other type.`);
  }
  if (resourceNames.length <= maximumNames) return resourceNames.filter((name) => name !== "");
  throw new InterlockError("INVALID_ARGUMENT", `A request names at most ${maximumNames} secrets.`);
}

/**
 * The secrets with these names, as Envoy takes them: the certificate with its key under its SPIFFE ID or "default", the CA
 * certificates under the SPIFFE ID of the trust domain or "ROOTCA". Throws an {@link InterlockError} `INVALID_ARGUMENT` for a name that
 * stands for nothing.
 */
export function secretsOf(granted: Granted, names: readonly string[]): Init<Any>[] {
  const { identity } = granted;
  const [certificate, roots] = [identity.spiffeId.uri, trustDomainId(identity)];
  return [...new Set(names.length > 0 ? names : [certificate, roots])].map((name) => {
    if (name === certificate || name === certificateName) return packed(certificateSecret(name, granted));
    if (name === roots || name === rootsName) return packed(rootsSecret(name, granted));
    const known = [certificate, certificateName, roots, rootsName].join(", ");
    throw new InterlockError("INVALID_ARGUMENT", `There is no secret of the name that was given. There are: ${known}.`);
  });
}

/** The version of what a bot has to give out: the same for the same certificates. */
export function versionOf({ identity, roots }: Granted): string {
  const hash = createHash("sha256");
  for (const der of [...identity.chain, ...roots]) hash.update(der);
  return hash.digest("hex").slice(0, 16);
}

function certificateSecret(name: string, { identity: { chain, privateKey } }: Granted): Init<Secret> {
  const value = { certificateChain: inline(certificatesToPem(chain)), privateKey: inline(privateKey) };
  return { name, type: { $case: "tlsCertificate", value } };
}

function rootsSecret(name: string, { roots }: Granted): Init<Secret> {
  return { name, type: { $case: "validationContext", value: { trustedCa: inline(certificatesToPem(roots)) } } };
}

function inline(text: string) {
  return { inlineBytes: Buffer.from(text) };
}

function packed(secret: Init<Secret>): Init<Any> {
  return { typeUrl: secretType, value: Secret.encode(Secret.fromPartial(secret)).finish() };
}
