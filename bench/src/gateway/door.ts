import type { EndName } from "../variant-name.js";

/** Something that stands between a client and a server, and passes calls on. */
export interface Door {
  /** Which client and server are before and behind it. */
  readonly ends: EndName;
  /** Which server is behind it, where that is another one. */
  readonly behind?: EndName;
  /** Why this machine cannot run it; `undefined` if it can. */
  missing(): Promise<string | undefined>;
  /** Makes what the ends need, and the door. `folder` is empty, and for this door only. */
  prepare(folder: string): Promise<PreparedDoor>;
}

/** A door, before its server is known. */
export interface PreparedDoor {
  /** Of both ends. */
  readonly settings: unknown;
  /** Opens the door before the server at `upstream`, `localhost:port`. */
  open(upstream: string): Promise<OpenDoor>;
  close(): Promise<void>;
}

/** A door that is open. */
export interface OpenDoor {
  /** `localhost:port`. */
  readonly address: string;
  /** The process whose work is measured, with its children; absent where there is no door. */
  readonly pid: number | undefined;
  close(): Promise<void>;
}
