import { status } from "@grpc/grpc-js";
import { createBackoff } from "@interlock/bot/internal";
import type { TravelingCall } from "../forward/way.js";
import type { LocalAddress } from "./local-address.js";
import { LocalConnection } from "./local-connection.js";

/** The connections to the program beside the sidecar. */
export interface ProgramLink {
  /** Whether the program answers. */
  readonly answers: boolean;
  /** The connections that are open, and the calls on them. */
  open(): { readonly connections: number; readonly calls: number };
  /** Has a call run on a connection, now or later. */
  submit(call: TravelingCall): void;
  /** Forgets a call that waits. */
  withdraw(call: TravelingCall): void;
  /** Begins no more connections, and ends those that there are, with the calls on them. */
  close(): void;
}

/** How many connections there are to the program: one, and more where it allows few calls on each. */
export const maximumConnections = 8;

/** How many calls may wait for room on a connection. What they have sent is bounded by the windows of their streams. */
export const maximumWaiting = 1_024;

/** What callers are told. Why it is so concerns this machine, and is in its log. */
const unreachable = "The program behind the sidecar does not answer.";

/**
 * Keeps connections to the program: the first one at once, and another as soon as one has ended; after a pause, of 1 s at most,
 * where none can be made. While the program does not answer, calls fail at once.
 *
 * @param onChange - Takes note that the program answers, or does not any more, and why.
 */
export function createProgramLink(
  address: LocalAddress,
  onChange: (answers: boolean, problem: string | undefined) => void,
): ProgramLink {
  const connections = new Set<LocalConnection>();
  const waiting = new Set<TravelingCall>();
  const backoff = createBackoff({ firstMs: 50, maximumMs: 1_000 });
  let connecting: LocalConnection | undefined;
  let again: NodeJS.Timeout | undefined;
  let failed = false; // Whether no connection could be made when it was last tried.
  let answers = false;
  let closed = false;

  function pick(): LocalConnection | undefined {
    for (const connection of connections) if (connection.capacity > 0) return connection;
    return undefined;
  }

  function connect(): void {
    if (closed || connecting || again || connections.size >= maximumConnections) return;
    connecting = new LocalConnection(address, { onCapacity: serve, onEnd: ended });
  }

  function serve(connection: LocalConnection): void {
    if (connection === connecting) {
      connecting = undefined;
      connections.add(connection);
      backoff.reset();
      failed = false;
      tell(true, undefined);
    }
    for (const call of waiting) {
      const free = pick();
      if (!free) break;
      waiting.delete(call);
      call.run(free);
    }
    if (waiting.size > 0) connect();
  }

  function ended(connection: LocalConnection, why: string | undefined): void {
    connections.delete(connection);
    if (connection !== connecting) {
      if (connections.size === 0) connect();
      return;
    }
    connecting = undefined;
    if (closed) return;
    again = setTimeout(() => {
      again = undefined;
      connect();
    }, backoff.next()).unref();
    if (connections.size > 0) return; // They have room again, later.
    failed = true;
    tell(false, why);
    for (const call of takeWaiting()) call.fail(status.UNAVAILABLE, unreachable);
  }

  function tell(now: boolean, why: string | undefined): void {
    if (answers === now) return;
    answers = now;
    onChange(now, why);
  }

  function takeWaiting(): TravelingCall[] {
    const all = [...waiting];
    waiting.clear();
    return all;
  }

  connect();
  return {
    get answers() {
      return answers;
    },
    open() {
      const calls = [...connections].reduce((sum, connection) => sum + connection.calls, 0);
      return { connections: connections.size, calls };
    },
    submit(call) {
      const connection = waiting.size === 0 ? pick() : undefined;
      if (connection) return call.run(connection);
      if (closed || failed) return call.fail(status.UNAVAILABLE, unreachable);
      if (waiting.size >= maximumWaiting) {
        return call.fail(status.RESOURCE_EXHAUSTED, `${maximumWaiting} calls wait for the program behind the sidecar.`);
      }
      waiting.add(call);
      connect();
    },
    withdraw: (call) => void waiting.delete(call),
    close() {
      closed = true;
      clearTimeout(again);
      connecting?.destroy();
      for (const connection of [...connections]) connection.destroy();
      for (const call of takeWaiting()) call.fail(status.UNAVAILABLE, unreachable);
    },
  };
}
