import type { ServiceDefinition } from "@interlock/policy";
import { InterlockError } from "../base/error.js";
import type { Connector } from "./connector.js";

/** A connector, as one client uses it. */
export interface Lease {
  readonly connector: Connector;
  /** Ends the use. Calls under way go on; the last client to let go closes the connector. */
  release(): void;
}

/** The connectors of a bot. Clients that are alike share one, so a client that is made for each request costs none. */
export interface SharedConnectors {
  /** How many there are. */
  readonly size: number;
  /** The channels that they hold now, those being drained among them. */
  readonly channels: number;
  /** Gives the connector for a service and a key, which `make` makes if there is none. */
  lease(service: ServiceDefinition, key: string, make: () => Connector): Lease;
  close(): void;
}

interface Entry {
  readonly connector: Connector;
  users: number;
}

/** Creates an empty collection. */
export function createSharedConnectors(): SharedConnectors {
  const byService = new Map<ServiceDefinition, Map<string, Entry>>();
  const all = () => [...byService.values()].flatMap((entries) => [...entries.values()]);

  function drop(service: ServiceDefinition, key: string, entry: Entry): void {
    entry.connector.close();
    const entries = byService.get(service);
    entries?.delete(key);
    if (entries?.size === 0) byService.delete(service);
  }

  return {
    get size() {
      return all().length;
    },
    get channels() {
      return all().reduce((total, { connector }) => total + connector.open().channels, 0);
    },
    lease(service, key, make) {
      const entries = byService.get(service) ?? new Map<string, Entry>();
      const entry = entries.get(key) ?? { connector: make(), users: 0 };
      entry.users++;
      entries.set(key, entry);
      byService.set(service, entries);
      let released = false;
      return {
        connector: {
          ...entry.connector,
          credentials(...args) {
            if (released) throw new InterlockError("CANCELLED", "The client has been closed.");
            return entry.connector.credentials(...args);
          },
        },
        release() {
          if (released) return;
          released = true;
          if (--entry.users === 0) drop(service, key, entry);
        },
      };
    },
    close() {
      for (const { connector } of all()) connector.close();
      byService.clear();
    },
  };
}
