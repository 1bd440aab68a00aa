import type { SpiffeId } from "@interlock/policy";
import type { Connection } from "../admission/connection.js";
import type { PeerLoad } from "../admission/peer-load.js";

/** The bot on the other end of a connection, or the one that it calls for. */
export interface Visitor {
  readonly connection: Connection;
  /** The bot that its calls count for. */
  readonly charged: SpiffeId;
  readonly load: PeerLoad;
  /** Gives the load back when the call has ended; absent where the load is the connection's. */
  leave?(): void;
}
