/** The header in which the authorization service names the upstream cluster of a call. Envoy never passes it on. */
export const upstreamHeader = "interlock-upstream";

/** The path of the health check that every bot serves. Behind a door, the authorization service answers it. */
export const healthPath = "/grpc.health.v1.Health/Check";

/** The header of a refusal with its reason, for the access log and for people. */
export const reasonHeader = "interlock-reason";

/**
 * How many clusters each service has, one for each certificate that may be in use: the newest, the one before it, and one that
 * rests until its connections have ended with their certificate.
 */
export const slots = 3;

/** The cluster of a service for the certificate in a slot. */
export function clusterName(service: string, slot: number): string {
  return `${service}/${slot}`;
}

/** The file with the newest certificate and key of the gateway, for Envoy's listener. */
export const identityFile = "identity.json";

/** The file with the CA certificates of the fleet. */
export const trustFile = "trust.json";

/** The file with the certificate and key of a slot. */
export function slotFile(slot: number): string {
  return `upstream-${slot}.json`;
}

/** The names of secrets, as the files and the configuration have them. */
export const secretNames = {
  identity: "identity",
  trust: "trust",
  slot: (slot: number) => `upstream-${slot}`,
} as const;
