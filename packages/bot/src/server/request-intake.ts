import type { HeaderList } from "@interlock/wire";
import type { PeerLoad } from "../admission/peer-load.js";
import type { InterlockError } from "../base/error.js";

/** What takes the request of a call as it arrives. */
export interface RequestIntake {
  /** Whether the call can be run. */
  readonly isReady: boolean;
  /** Takes content of the stream. With `end`, nothing follows, and {@link end} is called next. */
  push(bytes: Buffer, end: boolean): void;
  /** The stream has ended. */
  end(trailers?: HeaderList): void;
  /** Fails if something of the request has been waited for since `late`, in milliseconds since the epoch, or longer. */
  failIfWaitingSince(late: number): void;
  /** Has its bytes count for another bot from now on. */
  charge(load: PeerLoad): void;
  /** Tells the reader that the call has been cut short. */
  abort(why: InterlockError): void;
  /**
   * Lets go of everything: the call is over.
   *
   * @param code - The one with which the caller has reset the stream; CANCEL where it has not.
   */
  close(code: number): void;
}
