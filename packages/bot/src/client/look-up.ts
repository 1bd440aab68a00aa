import { matchesIdentity, type ServiceDefinition } from "@interlock/policy";
import type { Clock } from "../base/clock.js";
import { InterlockError } from "../base/error.js";
import type { FindPlaces, Place } from "./place.js";

/** What {@link createLookUp} works with. */
export interface LookUpOptions {
  /** Asks the directory; see `Membership`. */
  locate?(service: string, servers: readonly string[]): Promise<readonly Place[]>;
  readonly clock: Clock;
}

/** How long an answer of the directory is used again, in milliseconds. */
const freshMs = 1_000;

/** Errors of the directory after which the places that it gave before are of no use. */
const refusals: ReadonlySet<string> = new Set(["PERMISSION_DENIED", "INVALID_ARGUMENT", "UNAUTHENTICATED"]);

/**
 * Looks a service up by its name, for the bots that match one of `expected`. The directory is not believed: a place counts
 * only if its bot matches, and the client expects exactly that bot there. While the directory cannot answer, its last answer
 * is used. The order is random, so that callers spread over the servers; each bot's first place comes before any second one.
 *
 * @throws InterlockError `FAILED_PRECONDITION` when there is no directory, and when nothing says which bots may serve it.
 */
export function createLookUp(
  { name }: Pick<ServiceDefinition, "name">,
  expected: readonly string[],
  { locate, clock }: LookUpOptions,
): FindPlaces {
  if (!locate) {
    const problem = `${name} cannot be looked up, because this bot has no authority`;
    throw new InterlockError("FAILED_PRECONDITION", `${problem}: give the address of its server.`);
  }
  if (expected.length === 0) {
    // Otherwise any bot that reports itself for the service would be called.
    const problem = `${name} does not say which bots may serve it`;
    const remedy = 'add served_by to its proto file, or pass { server: "<pattern>" }, or an address';
    throw new InterlockError("FAILED_PRECONDITION", `${problem}: ${remedy}.`);
  }
  let known: readonly Place[] = [];
  let askedAt = Number.NEGATIVE_INFINITY;

  return async () => {
    const age = clock.now() - askedAt;
    if (known.length > 0 && age >= 0 && age < freshMs) return spread(known);
    try {
      known = (await locate(name, expected)).filter((place) => isExpected(place, expected));
      askedAt = clock.now();
    } catch (thrown) {
      if (known.length === 0 || refusals.has(InterlockError.from(thrown).code)) throw thrown;
    }
    if (known.length > 0) return spread(known);
    const problem = `No bot of ${expected.join(", ")} serves ${name} now`;
    throw new InterlockError("NOT_FOUND", `${problem}: start one, or pass its address.`);
  };
}

function isExpected({ servers }: Place, expected: readonly string[]): boolean {
  return servers.length > 0 && servers.every((name) => expected.some((pattern) => matchesIdentity(pattern, name)));
}

/** Orders places at random, but each bot's first place before any second one. */
function spread(places: readonly Place[]): readonly Place[] {
  const counts = new Map<string, number>();
  const ranked = places.map((place) => {
    const name = place.servers.join(" ");
    const rank = counts.get(name) ?? 0;
    counts.set(name, rank + 1);
    return { place, rank, random: Math.random() };
  });
  return ranked.sort((a, b) => a.rank - b.rank || a.random - b.random).map(({ place }) => place);
}
