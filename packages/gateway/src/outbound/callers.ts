import type { Caller as NamedCaller, TokenSource } from "@interlock/bot";
import {
  type Bearer,
  type Connection,
  type ConnectorOptions,
  createConnector,
  type TokenLimits,
} from "@interlock/bot/internal";
import type { ServiceDefinition } from "@interlock/policy";
import { type CallerTokensOptions, createCallerTokens } from "../exchange/caller-tokens.js";
import type { Target } from "../routes/instances.js";

/** What makes calls to one server, in the name of one bot. */
export type Connector = ReturnType<typeof createConnector>;

/**
 * What the gateway has for one bot: its tokens, and its connections, which it shares with no other bot. A bot that shows tokens with
 * other limits, such as those of two delegations, is another one here: each call goes on under the limits that it came with.
 */
export interface Caller {
  /** Takes note of a call that came on a connection, whose tokens are exchanged for it. */
  begin(connection: Connection): void;
  /** Takes note that a call on a connection is over. */
  end(connection: Connection): void;
  /** Gives the connector to a bot that serves a service. */
  connector(service: ServiceDefinition, target: Target): Connector;
}

/** The bots that call through the gateway. */
export interface Callers {
  /** Gives what there is for a bot, those that act for it, and the limits of the token that admitted its call. */
  of(caller: NamedCaller, limits: TokenLimits | undefined): Caller;
  /** Has every bot make new connections to a server that is back: the pause after those that failed may last a while. */
  reconnect(target: Target): void;
  /** How many bots there are, and how many connections for them. */
  open(): { readonly callers: number; readonly connections: number };
  close(): void;
}

/** What is kept for callers works with this. */
export type CallersOptions = Omit<CallerTokensOptions, "shown"> & Omit<ConnectorOptions, "tokens">;

/**
 * How many bots the gateway keeps something for, and how many servers for each of them. For one more, those are forgotten that
 * have no call under way, the one first that has called least lately.
 */
export const maximumCallers = 4_096;
export const maximumConnectors = 256;

/** Makes the empty table. */
export function createCallers(options: CallersOptions): Callers {
  const callers = new Map<string, CallerEntry>();

  return {
    of(named, limits) {
      const key = keyOf(named, limits);
      const known = callers.get(key);
      const caller = known ?? new CallerEntry(key, options);
      if (known) callers.delete(key); // Put last again: the first one has called least lately.
      callers.set(key, caller);
      if (!known && callers.size > maximumCallers) forgetIdle(callers, caller);
      return caller;
    },
    reconnect(target) {
      for (const caller of callers.values()) caller.reconnect(target);
    },
    open: () => ({
      callers: callers.size,
      connections: [...callers.values()].reduce((sum, caller) => sum + caller.connections, 0),
    }),
    close() {
      for (const caller of callers.values()) caller.close();
      callers.clear();
    },
  };
}

interface Forgettable {
  readonly calls: number;
  close(): void;
}

/** Forgets the idle one that was used longest ago, and not the one that has just come. */
function forgetIdle(entries: Map<string, Forgettable>, newest: Forgettable): void {
  for (const [key, entry] of entries) {
    if (entry.calls > 0 || entry === newest) continue;
    entry.close();
    entries.delete(key);
    return;
  }
}

/** The SPIFFE ID of a bot and of those that act for it, and the limits of its token. */
function keyOf(
  { spiffeId, actors }: Pick<NamedCaller, "spiffeId" | "actors">,
  { delegation, methods, approval }: TokenLimits = {},
): string {
  const parties = actors.length === 0 ? spiffeId.uri : [spiffeId, ...actors].map(({ uri }) => uri).join(" ");
  if (delegation === undefined && methods === undefined && approval === undefined) return parties;
  return `${parties} ${JSON.stringify([delegation, methods && [...methods].sort(), approval?.id])}`;
}

class CallerEntry implements Caller, Forgettable {
  readonly #key: string;
  readonly #tokens: TokenSource;
  readonly #options: CallersOptions;
  readonly #connectors = new Map<string, ConnectorEntry>();
  /** The connections on which it has calls open, and how many. */
  readonly #connections = new Map<Connection, number>();

  constructor(key: string, options: CallersOptions) {
    this.#key = key;
    this.#options = options;
    this.#tokens = createCallerTokens({ ...options, shown: () => this.#shown() });
  }

  get calls(): number {
    return this.#connections.size;
  }

  begin(connection: Connection): void {
    this.#connections.set(connection, (this.#connections.get(connection) ?? 0) + 1);
  }

  end(connection: Connection): void {
    const left = (this.#connections.get(connection) ?? 1) - 1;
    if (left > 0) this.#connections.set(connection, left);
    else this.#connections.delete(connection);
  }

  *#shown(): Generator<Bearer> {
    for (const { bearers } of this.#connections.keys()) {
      for (const bearer of bearers.values()) if (keyOf(bearer.caller, bearer.token) === this.#key) yield bearer;
    }
  }

  get connections(): number {
    return [...this.#connectors.values()].reduce((sum, { connector }) => sum + connector.open().channels, 0);
  }

  connector(service: ServiceDefinition, { address, servers }: Target): Connector {
    const place = placeOf({ address, servers });
    const key = `${service.name} ${place}`;
    const known = this.#connectors.get(key);
    // Its methods may have changed with the routes.
    if (known) {
      this.#connectors.delete(key); // Put last again.
      this.#connectors.set(key, known);
      return known.connector;
    }
    const made = createConnector(service, address, servers, { ...this.#options, tokens: this.#tokens });
    const entry = new ConnectorEntry(made, place);
    this.#connectors.set(key, entry);
    if (this.#connectors.size > maximumConnectors) forgetIdle(this.#connectors, entry);
    return entry.connector;
  }

  reconnect(target: Target): void {
    const wanted = placeOf(target);
    for (const { connector, place } of this.#connectors.values()) if (place === wanted) connector.reconnect();
  }

  close(): void {
    for (const entry of this.#connectors.values()) entry.close();
    this.#connectors.clear();
  }
}

function placeOf({ address, servers }: Target): string {
  return `${address} ${servers.join(" ")}`;
}

class ConnectorEntry implements Forgettable {
  readonly connector: Connector;
  /** The server that it connects to. */
  readonly place: string;

  constructor(connector: Connector, place: string) {
    this.connector = connector;
    this.place = place;
  }

  get calls(): number {
    return this.connector.open().calls;
  }

  close(): void {
    this.connector.close();
  }
}
