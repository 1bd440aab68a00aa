import { isLoopback, readAddress } from "../base/address.js";
import { InterlockError } from "../base/error.js";
import type { Place } from "./place.js";

/** How long a server may take to prove itself and to say that it serves, in milliseconds. */
const answerMs = 3_000;

/** The head start of a place before the next one is tried beside it, in milliseconds. */
const headStartMs = 250;

/** The maximum number of places that are tried. */
export const maximumTried = 16;

/** The maximum number of places whose errors a message has. */
const maximumTold = 3;

/** How {@link firstServing} tries a place. */
export interface Attempts<T> {
  /** Resolves once the server serves; ends what it began when `attempted` aborts. */
  attempt(place: Place, attempted: AbortController): Promise<T>;
  /** Ends what an attempt gave that came too late. */
  discard(found: T): void;
}

/**
 * Tries places in their order until one of them serves: each gets a head start before the next one, which begins at once
 * when it fails. Resolves with the first that serves and what `attempt` gave; the attempts that are still under way are
 * aborted. Rejects when none serves: with the reason of a refusal if there is one, otherwise UNAVAILABLE.
 */
export function firstServing<T>(
  service: string,
  places: readonly Place[],
  { attempt, discard }: Attempts<T>,
): Promise<T> {
  const tried = places.slice(0, maximumTried);
  const underWay = new Set<AbortController>();
  const failures: Failure[] = [];
  return new Promise<T>((resolve, reject) => {
    let begun = 0;
    let over = false;
    let headStart: NodeJS.Timeout | undefined;

    function next(): void {
      clearTimeout(headStart);
      const place = tried[begun++];
      if (over || !place) return;
      const attempted = new AbortController();
      underWay.add(attempted);
      const late = setTimeout(() => attempted.abort(tooLate()), answerMs);
      headStart = setTimeout(next, headStartMs);
      attempt(place, attempted).then(
        (found) => {
          clearTimeout(late);
          underWay.delete(attempted);
          if (over) return discard(found);
          over = true;
          clearTimeout(headStart);
          for (const other of underWay) other.abort();
          resolve(found);
        },
        (thrown) => {
          clearTimeout(late);
          underWay.delete(attempted);
          failures.push({ place, error: InterlockError.from(thrown) });
          if (over) return;
          if (failures.length < tried.length) return next();
          over = true;
          clearTimeout(headStart);
          reject(summary(service, failures));
        },
      );
    }
    if (tried.length === 0) reject(new InterlockError("NOT_FOUND", `There is no address of ${service}.`));
    else next();
  });
}

interface Failure {
  readonly place: Place;
  readonly error: InterlockError;
}

function summary(service: string, failures: readonly Failure[]): InterlockError {
  const [first] = failures as readonly [Failure, ...Failure[]];
  const refusal = failures.find(({ error }) => error.code !== "UNAVAILABLE");
  if (refusal) return refusal.error;
  const told = failures.slice(0, maximumTold).map(({ place, error }) => `${describe(place)}: ${error.message}`);
  const more = failures.length > maximumTold ? ` And ${failures.length - maximumTold} more.` : "";
  const { reason, metadata } = first.error;
  const options = { ...(reason !== undefined && { reason }), metadata, cause: first.error };
  return new InterlockError("UNAVAILABLE", `No server of ${service} can be called. ${told.join(" ")}${more}`, options);
}

function describe({ address, servers }: Place): string {
  const who = servers.length > 0 ? `${servers.join(", ")} at ` : "";
  return `${who}${address}${isOnOneMachine(address) ? " (reached from its own machine only)" : ""}`;
}

function isOnOneMachine(address: string): boolean {
  if (address.startsWith("unix:")) return true;
  return isLoopback(readAddress(address.replace(/^dns:(?:\/\/\/)?/, "")).host);
}

function tooLate(): InterlockError {
  return new InterlockError("UNAVAILABLE", `The server did not answer within ${answerMs / 1_000} s.`);
}
