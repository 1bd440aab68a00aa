import { connect, type Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import {
  type Connection,
  type ConnectionEnd,
  type ConnectionHandler,
  createClientConnection,
  type HeaderList,
  type Stream,
  type StreamHandler,
} from "@interlock/wire";
import { reportHandlerFault } from "../base/report-handler-fault.js";
import { createKeepalive } from "./keepalive.js";
import { outside } from "./outside.js";
import { formatEndpoint } from "./resolve-target.js";
import { type ServerCheck, secureSocket } from "./secure-socket.js";
import type { Settings } from "./settings.js";
import type { Endpoint } from "./target.js";

const limits = {
  // The messages that wait are those of this process: a stream waits for room, and other calls hold theirs anyway.
  queuedBytes: Number.POSITIVE_INFINITY,
  // As many as the bytes of a list allow: a server that has proved who it is may say as much as other clients take.
  headerFields: 2_048,
} as const;

/** What the links of a channel have in common. */
export interface LinkOptions {
  readonly settings: Settings;
  readonly serverName: string;
  readonly server: ServerCheck;
  /** Gets the TCP socket of each connection, before its handshake. */
  connected(socket: Socket): void;
}

/** Takes what becomes of a link. */
export interface LinkHandler {
  /** The link takes calls. */
  onReady(link: Link): void;
  /** The link takes more calls than before, or fewer. */
  onCapacity(link: Link): void;
  /** The link takes no calls any more; those on it may go on. `error` says why it has never taken any. */
  onEnd(link: Link, error: Error | undefined): void;
}

/** A connection to one endpoint: TCP, TLS, and HTTP/2, once. Its owner makes another when it has ended. */
export class Link implements ConnectionHandler {
  readonly endpoint: Endpoint;
  /** The endpoint as text. */
  readonly peer: string;
  /** Counts the headers and the content that have come. */
  answers = 0;
  /** When it became ready, by `performance.now`. */
  readyAt = 0;
  readonly #options: LinkOptions;
  readonly #handler: LinkHandler;
  #socket: Socket;
  #secure: TLSSocket | undefined;
  #connection: Connection | undefined;
  #ready = false;
  #ended = false;
  #held = false;
  #error: Error | undefined;
  #late: NodeJS.Timeout;
  #endKeepalive = () => {};

  constructor(endpoint: Endpoint, options: LinkOptions, handler: LinkHandler) {
    this.endpoint = endpoint;
    this.peer = formatEndpoint(endpoint);
    this.#options = options;
    this.#handler = handler;
    const late = () => this.#fail(new Error(`connect ETIMEDOUT ${this.peer}`));
    this.#late = setTimeout(late, options.settings.connectMs).unref();
    this.#socket = outside(() => this.#connect());
  }

  /** How many more calls it takes now. */
  get capacity(): number {
    return this.#ready && !this.#ended ? (this.#connection as Connection).capacity : 0;
  }

  /** The calls under way on it. */
  get calls(): number {
    return this.#connection?.streams ?? 0;
  }

  /** The TLS socket, once there is one. */
  get secure(): TLSSocket | undefined {
    return this.#secure;
  }

  /** Begins a call. The capacity must be above 0. */
  open(headers: HeaderList, handler: StreamHandler, recurring: boolean): Stream {
    if (!this.#held) this.#hold(true);
    return (this.#connection as Connection).open(headers, false, handler, recurring);
  }

  /** Takes no more calls, and ends once those under way have ended. */
  close(): void {
    if (!this.#connection || !this.#ready) return void this.destroy();
    this.#end(undefined);
    this.#connection.close();
  }

  /** Ends at once, with the calls under way. */
  destroy(): void {
    this.#fail(this.#error ?? new Error("the connection was given up"));
  }

  onCapacity(): void {
    const connection = this.#connection as Connection;
    if (!this.#ready) {
      if (connection.ending) return; // A GOAWAY before the settings were worth anything; the socket closes.
      this.#becomeReady(connection);
    }
    if (this.#held && connection.streams === 0) this.#hold(false);
    if (connection.ending) this.#end(undefined);
    else if (!this.#ended) this.#handler.onCapacity(this);
  }

  onClose({ message, error }: ConnectionEnd): void {
    if (error !== undefined) reportHandlerFault(this.peer, error);
    if (message !== "") this.#error ??= new Error(message);
    this.#fail(this.#error ?? new Error("socket hang up before HTTP/2 had begun"));
  }

  #connect(): Socket {
    const { endpoint } = this;
    const where = "path" in endpoint ? endpoint : { ...endpoint, noDelay: true };
    const socket = connect(where, () => this.#handshake(socket));
    socket.on("error", (error) => this.#fail(error));
    socket.on("close", () => this.#fail(this.#error ?? new Error("socket hang up")));
    return socket;
  }

  #handshake(socket: Socket): void {
    const { connected, serverName, server } = this.#options;
    connected(socket);
    const secure = secureSocket(socket, serverName, server);
    this.#secure = secure;
    secure.on("error", (error) => {
      this.#error ??= error;
      if (!this.#connection) this.#fail(error);
    });
    secure.once("close", () => this.#fail(this.#error ?? new Error("socket hang up in the handshake")));
    secure.once("secureConnect", () => {
      if (secure.alpnProtocol !== "h2") return this.#fail(new Error("the server does not speak HTTP/2"));
      this.#connection = createClientConnection(secure, this, { limits });
    });
  }

  #becomeReady(connection: Connection): void {
    this.#ready = true;
    this.readyAt = performance.now();
    clearTimeout(this.#late);
    const { keepaliveMs, keepaliveTimeoutMs } = this.#options.settings;
    const lost = () => this.#connection?.destroy();
    const answers = () => this.answers;
    this.#endKeepalive = createKeepalive({ connection, keepaliveMs, keepaliveTimeoutMs, answers, lost });
    this.#hold(false);
    this.#handler.onReady(this);
  }

  /** A connection keeps the process alive while it has calls. */
  #hold(held: boolean): void {
    this.#held = held;
    if (held) this.#secure?.ref();
    else this.#secure?.unref();
  }

  #fail(error: Error): void {
    this.#error ??= error;
    this.#endKeepalive();
    this.#connection?.destroy();
    this.#secure?.destroy();
    this.#socket?.destroy();
    this.#end(this.#ready ? undefined : this.#error);
  }

  #end(error: Error | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#late);
    this.#handler.onEnd(this, error);
  }
}
