import { parseSpiffeId, spiffeId } from "@interlock/policy";

/** Returns the SPIFFE IDs of actors as the store keeps them: their names, separated by spaces, which names do not have. */
export function packActors(uris: readonly string[]): string {
  return uris.map((uri) => parseSpiffeId(uri)?.name ?? "").join(" ");
}

/** Returns the names of actors from their form in the store. */
export function actorNames(actors: string): string[] {
  return actors === "" ? [] : actors.split(" ");
}

/** Returns the SPIFFE IDs of actors from their form in the store. All of them are of the fleet's trust domain. */
export function unpackActors(actors: string, trustDomain: string): string[] {
  return actorNames(actors).map((name) => spiffeId(trustDomain, name).uri);
}
