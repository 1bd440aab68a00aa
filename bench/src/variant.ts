import type { Child } from "./child-process.js";
import type { EchoClient } from "./echo-client.js";

/** One way to build the same pair of bots. */
export type Variant = NodeVariant | ProgramVariant;

/** A variant whose two processes run Node: the preparation, the server's half and the client's half. */
export interface NodeVariant<Settings = unknown> {
  /** In the parent: makes what the two processes need, such as certificates. `folder` is empty and for this variant only. */
  prepare(folder: string): Promise<Prepared<Settings>>;
  /** In the server process: starts to serve `EchoService` on a free port of the loopback interface. */
  serve(settings: Settings): Promise<EchoServer>;
  /** In the client process. */
  connect(settings: Settings, address: string): Promise<EchoClient>;
}

/** A variant whose two processes run a program of another language. */
export interface ProgramVariant<Settings = unknown> {
  /** In the parent: why this machine cannot run the variant; `undefined` if it can. */
  missing(): Promise<string | undefined>;
  prepare(folder: string): Promise<Prepared<Settings>>;
  /** In the parent: starts one process, which answers what `child.ts` answers. `name` is for errors. */
  start(name: string): Child;
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
