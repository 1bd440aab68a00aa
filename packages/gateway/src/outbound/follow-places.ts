import type { Log } from "@interlock/bot";
import type { Instances, Target } from "../routes/instances.js";
import type { CompleteRoute } from "../routes/routes.js";

/** Asks the directory; see `Membership.locate`. */
export type Locate = (service: string, servers: readonly string[]) => Promise<readonly Target[]>;

/** Where services are served, kept current. */
export interface FollowPlacesOptions {
  readonly locate: Locate | undefined;
  readonly log: Log;
  /** The name of the gateway, which is no place to pass a call on to. */
  readonly self: string;
  /** Called when the instances of a service may have changed. */
  onChange(service: string): void;
}

/** How often the directory is asked for each service, in milliseconds, and the pause between two questions. */
const everyMs = 2_000;
const pauseMs = 25;

/** Keeps the instances of services current; see {@link followPlaces}. */
export interface PlacesFollower {
  /** Looks everything up now. Resolves when each service has been asked for once. */
  look(): Promise<void>;
  close(): void;
}

/**
 * Keeps the instances of routes current: those with addresses at once, the others from the directory, every 2 s. A service of which
 * the directory knows nothing for now keeps the places that it had, while the directory cannot be asked.
 */
export function followPlaces(
  routes: () => Iterable<readonly [CompleteRoute, Instances]>,
  { locate, log, self, onChange }: FollowPlacesOptions,
): PlacesFollower {
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  const failing = new Set<string>();

  async function lookUp(route: CompleteRoute, instances: Instances): Promise<void> {
    const { addresses, servers } = route;
    const { name } = route.service;
    if (addresses) instances.set(addresses.map((address) => ({ address, servers })));
    else if (locate) {
      try {
        const found = await locate(name, servers);
        if (!isCurrent(route)) return; // Other routes have been taken over meanwhile.
        instances.set(found.filter(({ servers: [bot] }) => bot !== self));
        failing.delete(name);
      } catch (error) {
        if (!failing.has(name)) log.warn("service not looked up", { service: name, error: String(error) });
        failing.add(name);
      }
    }
    onChange(name);
  }

  function isCurrent(route: CompleteRoute): boolean {
    for (const [current] of routes()) if (current === route) return !closed;
    return false;
  }

  async function look(): Promise<void> {
    for (const [route, instances] of [...routes()]) {
      if (closed) return;
      if (!isCurrent(route)) continue;
      await lookUp(route, instances);
      if (!route.addresses) await new Promise((resolve) => setTimeout(resolve, pauseMs).unref());
    }
  }

  function again(): void {
    timer = setTimeout(() => void look().finally(() => !closed && again()), everyMs).unref();
  }
  again();

  return {
    look,
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}
