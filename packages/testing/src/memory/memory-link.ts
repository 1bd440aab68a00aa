import type { Duplex } from "node:stream";
import { createSecureContext, type TLSSocket } from "node:tls";
import type { Identity, Trust } from "@interlock/bot";
import { outside, type ServerProof, secureSocket, tlsContext } from "@interlock/bot/internal";
import {
  type Connection,
  type ConnectionEnd,
  type ConnectionHandler,
  createClientConnection,
  type HeaderList,
  type Stream,
  type StreamHandler,
} from "@interlock/wire";

/** What a link is made with. */
export interface MemoryLinkOptions {
  readonly identity: Identity;
  readonly trust: Trust;
  /** Decides on the server in the handshake. */
  readonly proof: Pick<ServerProof, "check">;
  /** The name of the server, for messages. */
  readonly peer: string;
  /** The link takes calls, or more of them. */
  onReady(): void;
  /** The link takes no calls any more. `problem` says why. */
  onEnd(problem: string): void;
}

/** A connection of a client in memory: TLS over one end of a pair of streams, and HTTP/2. */
export class MemoryLink implements ConnectionHandler {
  /** Counts what has come, as the links of real channels do. */
  answers = 0;
  readonly peer: string;
  readonly secure: TLSSocket;
  readonly #options: MemoryLinkOptions;
  #connection: Connection | undefined;
  #problem: string | undefined;
  #ended = false;
  /** Keeps the process alive while there are calls: no handle of Node does so here. */
  #held: NodeJS.Timeout | undefined;

  constructor(socket: Duplex, options: MemoryLinkOptions) {
    const { identity, trust, proof, peer } = options;
    this.#options = options;
    this.peer = peer;
    const context = createSecureContext(tlsContext(identity, trust.state.caCertificates));
    socket.on("error", (error) => this.#fail(error.message));
    // A peer that refuses does so by hanging up, as on a network.
    socket.once("close", () => this.#fail("the server hung up"));
    const check = (chain: readonly Uint8Array[]) => proof.check(chain);
    this.secure = outside(() => secureSocket(socket, "fleet.interlock.invalid", { context, check }));
    this.secure.on("error", (error) => this.#fail(error.message));
    this.secure.once("close", () => this.#fail("the server hung up"));
    this.secure.once("secureConnect", () => {
      this.#connection = createClientConnection(this.secure, this, {
        limits: { queuedBytes: Number.POSITIVE_INFINITY },
      });
    });
  }

  /** How many more calls it takes now. */
  get capacity(): number {
    return this.#ended ? 0 : (this.#connection?.capacity ?? 0);
  }

  open(headers: HeaderList, handler: StreamHandler, recurring: boolean): Stream {
    this.#held ??= setInterval(() => {}, 60_000);
    return (this.#connection as Connection).open(headers, false, handler, recurring);
  }

  /** Takes no more calls, and ends once those under way have ended. */
  close(): void {
    if (this.#connection && !this.#ended) this.#connection.close();
    else this.#fail("the client was closed");
  }

  onCapacity(): void {
    if (this.#connection?.streams === 0) this.#release();
    if (this.#connection?.ending) this.#end("the server is closing");
    else this.#options.onReady();
  }

  onClose({ message }: ConnectionEnd): void {
    this.#fail(message || "the server hung up");
  }

  #release(): void {
    clearInterval(this.#held);
    this.#held = undefined;
  }

  #fail(problem: string): void {
    this.#problem ??= problem;
    this.#release();
    this.#connection?.destroy();
    this.secure?.destroy();
    this.#end(this.#problem);
  }

  #end(problem: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#options.onEnd(problem);
  }
}
