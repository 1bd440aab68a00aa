import type { EchoClient } from "./echo-client.js";

/** One way to build the same pair of bots: the preparation, the server's half and the client's half. */
export interface Variant<Settings = unknown> {
  /** In the parent: makes what the two processes need, such as certificates. `folder` is empty and for this variant only. */
  prepare(folder: string): Promise<Prepared<Settings>>;
  /** In the server process: starts to serve `EchoService` on a free port of the loopback interface. */
  serve(settings: Settings): Promise<EchoServer>;
  /** In the client process. */
  connect(settings: Settings, address: string): Promise<EchoClient>;
}

export interface Prepared<Settings> {
  /** Goes to both processes as JSON. */
  readonly settings: Settings;
  close(): Promise<void>;
}

export interface EchoServer {
  /** `host:port`. */
  readonly address: string;
}
