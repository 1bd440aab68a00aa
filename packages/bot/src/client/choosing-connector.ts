import type { ServiceDefinition } from "@interlock/policy";
import { createBackoff } from "../base/backoff.js";
import type { Clock } from "../base/clock.js";
import { InterlockError } from "../base/error.js";
import { Health } from "../gen/grpc/health/v1/health_interlock.js";
import { callForOne } from "./call.js";
import type { CallCredentials, PendingToken } from "./call-credentials.js";
import type { Channel } from "./channel.js";
import { type Connector, type ConnectorOptions, type OpenConnections, overdueCall } from "./connector.js";
import { firstServing } from "./first-serving.js";
import type { FindPlaces, Place } from "./place.js";
import { probe } from "./probe.js";
import { createRetryBudget } from "./retry-budget.js";
import type { TokenNeed } from "./token-need.js";
import { whenIdle } from "./when-idle.js";

/** What {@link createChoosingConnector} works with. */
export interface ChoosingOptions {
  readonly service: Pick<ServiceDefinition, "name">;
  /** Gives the places to choose from. */
  readonly find: FindPlaces;
  /** Makes the connector to one place. */
  connect(place: Place): Connector;
  readonly clock: Clock;
  readonly recorder: ConnectorOptions["recorder"];
  readonly deprecations: ConnectorOptions["deprecations"];
  readonly tokens: Pick<ConnectorOptions["tokens"], "overdue">;
  /** See `ConnectionTimes`. */
  readonly idleMs: number;
}

/** The maximum number of places whose connectors are kept for the streams on them. */
const maximumConnectors = 8;

/** How long a server that let a call time out has to answer a health check, in milliseconds. */
const suspectMs = 2_000;

/** How long a choice that failed is the answer to the next calls, at most, in milliseconds. */
const longestFailureMs = 2_000;

/**
 * Connects to one of several places of a service: the first in their order whose server proves the expected identity, and
 * whose health service says that it serves. It stays there until that server says that it does not serve any more, its
 * connection ends, or a call finds it unavailable; the next call chooses anew. Streams go on where they began. Without calls
 * for `idleMs`, it leaves all of them.
 */
export function createChoosingConnector(options: ChoosingOptions): Connector {
  const { service, find, connect, clock, recorder, deprecations, tokens, idleMs } = options;
  const connectors = new Map<string, Connector>(); // The one that was chosen last is the last.
  const owners = new WeakMap<Channel, Connector>();
  const backoff = createBackoff({ maximumMs: longestFailureMs });
  let chosen: Choice | undefined;
  let choosing: Promise<Choice> | undefined;
  let left: string | undefined; // The place that was left last is tried last.
  let failed: { readonly error: InterlockError; readonly until: number } | undefined;
  let suspected: Choice | undefined;
  let closed = false;
  let called = false; // Since it was last asked whether it is idle.
  let stopLooking: (() => void) | undefined;

  function open(): OpenConnections {
    const each = [...connectors.values()].map((connector) => connector.open());
    const sum = (what: keyof OpenConnections) => each.reduce((total, one) => total + one[what], 0);
    return { channels: sum("channels"), calls: sum("calls") };
  }

  function isBusy(): boolean {
    // One call is the watch of the server's health.
    const busy = called || choosing !== undefined || open().calls > (chosen ? 1 : 0);
    called = false;
    return busy;
  }

  function leaveAll(): void {
    stopLooking?.();
    stopLooking = undefined;
    chosen?.watching.abort();
    chosen = undefined;
    for (const connector of connectors.values()) connector.close();
    connectors.clear();
  }

  function choose(): Promise<Choice> {
    choosing ??= pick().finally(() => {
      choosing = undefined;
    });
    return choosing;
  }

  async function pick(): Promise<Choice> {
    if (failed && clock.now() < failed.until) throw failed.error;
    try {
      const places = await find();
      const ordered = places.toSorted((a, b) => Number(keyOf(a) === left) - Number(keyOf(b) === left));
      const choice = await firstServing(service.name, ordered, { attempt, discard });
      if (closed) {
        discard(choice);
        throw closing();
      }
      failed = undefined;
      backoff.reset();
      settle(choice);
      return choice;
    } catch (thrown) {
      const error = InterlockError.from(thrown);
      failed = { error, until: clock.now() + backoff.next() };
      throw error;
    }
  }

  async function attempt(place: Place, watching: AbortController): Promise<Choice> {
    const key = keyOf(place);
    const known = connectors.get(key);
    const connector = known ?? connect(place);
    try {
      const { ended } = await probe(connector, service.name, watching.signal);
      return { key, connector, ended, watching };
    } catch (error) {
      // Canceled is the attempt that another one was faster than.
      if (known === undefined) connector.close();
      else if (InterlockError.from(error).code !== "CANCELLED") known.reconnect();
      throw error;
    }
  }

  function discard({ key, connector, watching }: Choice): void {
    watching.abort();
    if (connectors.get(key) !== connector) connector.close();
  }

  function settle(choice: Choice): void {
    chosen = choice;
    stopLooking ??= whenIdle(idleMs, { isBusy, leave: leaveAll });
    connectors.delete(choice.key);
    connectors.set(choice.key, choice.connector);
    const [[oldest, unused] = []] = connectors;
    if (oldest !== undefined && connectors.size > maximumConnectors) {
      connectors.delete(oldest);
      unused?.close();
    }
    void choice.ended.then(() => leave(choice));
  }

  /** The next call chooses anew. */
  function leave(choice: Choice | undefined): void {
    if (choice === undefined || chosen !== choice) return;
    chosen = undefined;
    left = choice.key;
    choice.watching.abort();
    if (!closed) choice.connector.reconnect();
  }

  /** Leaves a server that let a call time out, unless it answers now. Nothing else tells of a machine that has vanished. */
  function suspect(choice: Choice): void {
    if (suspected === choice) return; // It is being asked already.
    suspected = choice;
    const check = callForOne(choice.connector, Health.methods.check);
    const asked = check({ service: "" }, { timeoutMs: suspectMs, detached: true });
    void asked
      .catch((thrown: unknown) => {
        const { code } = InterlockError.from(thrown);
        if (code === "DEADLINE_EXCEEDED" || code === "UNAVAILABLE") leave(choice);
      })
      .finally(() => {
        if (suspected === choice) suspected = undefined;
      });
  }

  /** Gives the credentials of a place in the form in which a caller waits for them. */
  async function pendingOn(connector: Connector, need: TokenNeed | undefined): Promise<PendingToken> {
    const given = connector.credentials(need);
    if (given instanceof Promise) return given;
    return { channel: given.channel, authorization: given.authorization ?? "" };
  }

  function credentials(
    need: TokenNeed | undefined,
    token?: PendingToken,
    mayRefer = false,
  ): CallCredentials | Promise<PendingToken> {
    if (closed) throw closing();
    called = true;
    if (!chosen) return choose().then(({ connector }) => pendingOn(connector, need));
    const given = chosen.connector.credentials(need, token, mayRefer);
    if (!(given instanceof Promise)) owners.set(given.channel, chosen.connector);
    return given;
  }

  return {
    durations: recorder.called,
    deprecations,
    retries: createRetryBudget(),
    credentials,
    overdue: () => overdueCall(tokens),
    keep: (on, need) => owners.get(on.channel)?.keep(on, need),
    reconnect: () => leave(chosen),
    explain(channel, thrown) {
      const owner = owners.get(channel);
      const error = owner?.explain(channel, thrown) ?? InterlockError.from(thrown);
      if (owner === undefined || owner !== chosen?.connector) return error;
      if (error.code === "UNAVAILABLE") leave(chosen);
      else if (error.code === "DEADLINE_EXCEEDED") suspect(chosen);
      return error;
    },
    open,
    close() {
      closed = true;
      leaveAll();
    },
  };
}

interface Choice {
  readonly key: string;
  readonly connector: Connector;
  /** Resolves once the server does not serve any more. */
  readonly ended: Promise<void>;
  /** Ends the watch of the server. */
  readonly watching: AbortController;
}

function keyOf({ address, servers }: Place): string {
  return `${address} ${servers.join(" ")}`;
}

function closing(): InterlockError {
  return new InterlockError("CANCELLED", "The client has been closed.");
}
