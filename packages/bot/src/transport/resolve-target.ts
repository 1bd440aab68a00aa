import { lookup } from "node:dns/promises";
import type { Endpoint, Target } from "./target.js";

/**
 * Gives the endpoints that a target stands for now, in the order in which they are tried: the families of addresses take turns
 * (RFC 8305, section 4), so that one that leads nowhere holds up nothing.
 *
 * @throws The error of the lookup.
 */
export async function resolveTarget({ endpoints, name }: Target): Promise<readonly Endpoint[]> {
  if (!name) return endpoints;
  const found = await lookup(name.host, { all: true });
  const [first = 4] = found.map(({ family }) => family);
  const ofFirst = found.filter(({ family }) => family === first);
  const others = found.filter(({ family }) => family !== first);
  const ordered: Endpoint[] = [];
  for (let i = 0; i < Math.max(ofFirst.length, others.length); i++) {
    for (const one of [ofFirst[i], others[i]]) if (one) ordered.push({ host: one.address, port: name.port });
  }
  return ordered;
}

/** Writes an endpoint as grpc-js does in `getPeer`. */
export function formatEndpoint(endpoint: Endpoint): string {
  if ("path" in endpoint) return endpoint.path;
  return endpoint.host.includes(":") ? `[${endpoint.host}]:${endpoint.port}` : `${endpoint.host}:${endpoint.port}`;
}
