import type { InterlockError } from "@interlock/bot";
import type { Cancelable, HostedCall } from "@interlock/bot/internal";
import type { HeaderList, Stream, StreamHandler } from "@interlock/wire";
import type { Instance } from "../routes/instances.js";
import type { RequestListGiven } from "./request-lists.js";

/** A connection to a server, as a call runs on it. */
export interface CallLink extends Pick<Parameters<HostedCall["run"]>[0], "secure"> {
  /** The value of `:authority`. */
  readonly peer: string;
  /** Counts the header lists and the content that have come. */
  answers: number;
  /** Begins a stream. */
  open(headers: HeaderList, handler: StreamHandler, recurring: boolean): Stream;
}

/** A call, as its way sees it. */
export interface TravelingCall extends Omit<HostedCall, "run">, Cancelable {
  /** Whether the call is over, so that it goes nowhere any more. */
  readonly isOver: boolean;
  /** Sends the request on a connection that has room for it. */
  run(link: CallLink): void;
  /** Ends the call because of an error on its way. */
  refuse(thrown: unknown): void;
}

/** What {@link Way.explain} is given for a connection that was lost: in the words of grpc-js, which are known elsewhere. */
export const connectionDropped = "Connection dropped";

/** How one call gets to a server, and what it shows there: one try at a time. */
export interface Way {
  /** Has the call run at an instance, now or later: its `run`, `fail` or `refuse` follows. It may throw, too. */
  begin(call: TravelingCall, instance: Instance): void;
  /**
   * The header list with which the request goes on.
   *
   * @param timeout - The value of `grpc-timeout` in place of the one that came; absent where that still holds.
   */
  request(link: CallLink, timeout: string | undefined): RequestListGiven;
  /** Takes note of what the server says of the connection. */
  learn(link: CallLink, own: HeaderList): void;
  /** The error of a call that the server could not be reached for. */
  explain(code: number, details: string): InterlockError;
  /** Forgets a call that waits for a connection. */
  withdraw(call: TravelingCall): void;
  /** Gives up the places of the try. */
  leave(): void;
  /** The call is over. It comes once, after `leave`. */
  end(): void;
}
