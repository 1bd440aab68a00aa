import { type CallCredentials, Metadata, type StatusObject, type status } from "@grpc/grpc-js";
import {
  type DecodedBlock,
  formatTimeout,
  longestTimerMs,
  type Reset,
  type Stream,
  type StreamHandler,
} from "@interlock/wire";
import type { CallHost, CallTarget, HostedCall } from "./call-host.js";
import { credentialMetadata } from "./credential-metadata.js";
import { type Deliverer, deliverSoon } from "./delivery.js";
import type { GrpcCall, Listener, MessageContext } from "./grpc-types.js";
import type { Link } from "./link.js";
import { type LocalStatus, overdue, statusOfEncoding, statusOfFault, tooLargeToSend } from "./local-status.js";
import { RequestMessages } from "./request-messages.js";
import { statusOf } from "./reset-status.js";
import { metadataOf, type ResponseBlock, readResponse } from "./response-block.js";
import { ResponseMessages } from "./response-messages.js";
import { statusOfTrailers } from "./status-of-trailers.js";

/** The most times that a request is sent again which no server has looked at. */
const maximumRepeats = 3;

/** HTTP/2's codes for a stream that nobody needs any more, and for one whose caller has gone (RFC 9113, section 7). */
const [noError, cancel] = [0x0, 0x8];

/** The flag of grpc-js for a message that is not to be compressed. */
const noCompress = 2;

/**
 * A call of grpc-js on a stream of HTTP/2.
 *
 * What comes is delivered after the reading, in its order: headers, each message when it is asked for, the status. Only what the
 * caller itself decides, a cancellation or the deadline, overtakes messages.
 */
export class WireCall implements GrpcCall, HostedCall, StreamHandler, Deliverer {
  readonly #host: CallHost;
  readonly #options: CallTarget;
  readonly #request: RequestMessages;
  readonly #response: ResponseMessages;
  #listener: Listener | undefined;
  #metadata: Metadata | undefined;
  #credentials: CallCredentials | undefined;
  #startedAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #link: Link | undefined;
  #stream: Stream | undefined;
  #repeats = 0;
  /** The head of the response, and whether its metadata waits to be delivered. */
  #head: ResponseBlock | undefined;
  #headWaits = false;
  /** Whether the next message is asked for; or all of them are, because there should be one. */
  #wanted = false;
  #single = false;
  /** The status, while it waits for the messages before it. */
  #status: StatusObject | undefined;
  #delivering = false;
  /** Whether a message is being handed on. */
  #handing = false;
  /** Whether there is room for messages, after there was none. */
  #roomy = false;
  #over = false;
  /** Called when the call is over. */
  onOver: (() => void) | undefined;

  constructor(host: CallHost, options: CallTarget) {
    this.#host = host;
    this.#options = options;
    this.#request = new RequestMessages(options.encoding);
    this.#response = new ResponseMessages(host.receiveBytes);
  }

  // What grpc-js calls.

  start(metadata: Metadata, listener: Listener): void {
    this.#metadata = metadata;
    this.#listener = listener;
    this.#startedAt = Date.now();
    if (this.#status) return void this.#deliverSoon(); // It was canceled before.
    const left = this.#options.deadline - this.#startedAt;
    if (!(left > 0)) return void expire(this);
    if (left <= longestTimerMs) this.#timer = setTimeout(expire, left, this);
    if (this.#credentials) void this.#addCredentials(this.#credentials, metadata);
    else this.#host.submit(this);
  }

  sendMessageWithContext({ callback, flags }: MessageContext, message: Buffer): void {
    if (this.#over || this.#status) return void callback?.();
    const { sendBytes } = this.#host;
    if (message.length > sendBytes) {
      this.#endHere(tooLargeToSend(message.length, sendBytes));
      return void callback?.();
    }
    // grpc-js asks for the one answer of a call before it sends, and for no more of them; a stream is read later.
    if (callback === undefined && this.#wanted && !this.#request.hasBegun) this.#single = true;
    this.#request.send(message, callback, flags === undefined || (flags & noCompress) === 0);
  }

  halfClose(): void {
    if (!this.#over) this.#request.halfClose();
  }

  startRead(): void {
    this.#wanted = true;
    // A stream of Node takes at once what there is; its reader has the rest after that.
    if (this.#response.length > 0 && !this.#headWaits) this.#deliverMessages();
    if (this.#response.length > 0 || this.#status) this.#deliverSoon();
    else this.#response.credit(this.#stream);
  }

  cancelWithStatus(code: status, details: string): void {
    this.#endHere({ code, details });
  }

  getPeer(): string {
    return this.#link?.peer ?? this.#host.target;
  }

  getCallNumber(): number {
    return this.#options.number;
  }

  setCredentials(credentials: CallCredentials): void {
    this.#credentials = credentials;
  }

  getAuthContext(): ReturnType<GrpcCall["getAuthContext"]> {
    const secure = this.#link?.secure;
    return secure ? { transportSecurityType: "ssl", sslPeerCertificate: secure.getPeerCertificate() } : null;
  }

  // What the channel calls.
  get waitsForReady(): boolean {
    return this.#metadata?.getOptions().waitForReady === true;
  }

  keepMetadata(): void {
    this.#metadata = this.#metadata?.clone();
  }

  run(link: Link): void {
    const { path, deadline, host, encoding } = this.#options;
    const { headers, authority } = this.#host;
    const timeout = deadline === Number.POSITIVE_INFINITY ? "" : formatTimeout(deadline - Date.now());
    const list = headers.of(path, host ?? authority, timeout, encoding, this.#metadata as Metadata);
    this.#link = link;
    this.#stream = link.open(list, this, headers.isRecurring);
    this.#request.attach(this.#stream);
  }

  fail(code: status, details: string): void {
    this.#status = { code, details, metadata: new Metadata() };
    // Not in this turn: a caller that tries again at once would leave no time for a connection to be made.
    this.#delivering = true;
    setImmediate(() => this.deliver());
  }

  // What the stream calls.

  onHeaders(block: DecodedBlock, end: boolean): void {
    (this.#link as Link).answers++;
    const read = readResponse(block);
    // The server has answered: what is left of the request is of no use, and its end has not come.
    if (end && !this.#stream?.localEnded) this.#stream?.reset(noError);
    if (this.#status) return;
    if (end) {
      const ending = statusOfTrailers(read, this.#head, this.#response.end());
      return void this.#finishLater(ending, metadataOf(read));
    }
    this.#request.keepNothing();
    this.#head = read;
    this.#headWaits = true;
    if (read.acceptEncoding !== undefined) this.#host.learnEncodings(read.acceptEncoding);
    // Content that is not gRPC is worth nothing. Where it says to be, its trailers may know more than the HTTP status.
    if (read.fault && !read.fault.mayBeGrpc) this.#stop(read.fault);
    this.#deliverSoon();
  }

  onData(bytes: Buffer, end: boolean): void {
    (this.#link as Link).answers++;
    if (this.#status) return;
    const fault = this.#response.push(bytes);
    if (fault) this.#stop(this.#head?.fault ?? statusOfFault(fault, this.#host.receiveBytes));
    else if (end)
      this.#finishLater(this.#head?.fault ?? statusOf({ code: noError, cause: "peer", unprocessed: false }));
    else if (this.#wanted) {
      if (this.#response.length > 0) this.#deliverSoon();
      else this.#response.credit(this.#stream);
    } else if (this.#single) this.#deliverSoon();
  }

  onReset(reset: Reset): void {
    if (this.#status || this.#over) return;
    if (reset.unprocessed && !this.#head && this.#repeats < maximumRepeats && this.#request.takeBack()) {
      this.#repeats++;
      this.#stream = undefined;
      return void this.#host.submit(this);
    }
    const isLate = reset.code === cancel && Date.now() >= this.#options.deadline;
    this.#finishLater(isLate ? overdue(this.#startedAt, `remote_addr=${this.getPeer()}`) : statusOf(reset));
  }

  onRoom(): void {
    this.#roomy = true;
    this.#deliverSoon();
  }

  // How it ends.

  /** Ends the stream because of what has come on it. The messages before are delivered. */
  #stop(ending: LocalStatus): void {
    this.#stream?.reset(cancel);
    this.#finishLater(ending);
  }

  /** Ends the call because the caller wants it, or its time is over. Nothing that has come is delivered. */
  #endHere(ending: LocalStatus): void {
    if (this.#over) return;
    if (!this.#stream) this.#host.withdraw(this);
    else if (!this.#stream.closed) this.#stream.reset(cancel);
    this.#headWaits = false;
    this.#response.clear();
    this.#finishLater(ending);
  }

  #finishLater({ code, details }: LocalStatus, metadata = new Metadata()): void {
    this.#status = { code, details, metadata };
    this.#deliverSoon();
  }

  #deliverSoon(): void {
    if (this.#delivering || this.#over) return;
    this.#delivering = true;
    deliverSoon(this);
  }

  deliver(): void {
    this.#delivering = false;
    if (this.#over || !this.#listener) return;
    // The request is over with the status, even while messages wait: its writer may be what is to read them.
    if (this.#status) this.#request.end();
    else if (this.#roomy) {
      this.#roomy = false;
      this.#request.hasRoom();
    }
    if (this.#headWaits) {
      this.#headWaits = false;
      this.#listener.onReceiveMetadata(metadataOf(this.#head as ResponseBlock));
    }
    this.#deliverMessages();
    if (this.#status && this.#response.length === 0) this.#finish(this.#status);
  }

  /** Delivers the messages that are asked for, also from within. */
  #deliverMessages(): void {
    if (this.#handing || this.#over || !this.#listener) return;
    const encoding = this.#head?.encoding ?? "identity";
    this.#handing = true;
    try {
      while ((this.#wanted || this.#single) && this.#response.length > 0) {
        const message = this.#response.take(this.#stream, encoding, this);
        if (message === undefined) return;
        if (typeof message === "string")
          return void this.#endHere(statusOfEncoding(message, encoding, this.#host.receiveBytes));
        this.#wanted = false;
        this.#listener.onReceiveMessage(message);
      }
    } finally {
      this.#handing = false;
    }
  }

  #finish(ending: StatusObject): void {
    this.#over = true;
    clearTimeout(this.#timer);
    this.onOver?.();
    this.#listener?.onReceiveStatus(ending);
  }

  async #addCredentials(credentials: CallCredentials, metadata: Metadata): Promise<void> {
    const authority = this.#options.host ?? this.#host.authority;
    const made = await credentialMetadata(credentials, this.#options.path, authority, metadata);
    if (this.#over || this.#status) return;
    if ("code" in made) return this.#endHere(made);
    this.#metadata = made;
    this.#host.submit(this);
  }

  /** Ends the call because its deadline has passed. */
  expire(): void {
    this.#endHere(
      overdue(this.#startedAt, this.#stream ? `remote_addr=${this.getPeer()}` : "waiting for a connection"),
    );
  }
}

function expire(call: WireCall): void {
  call.expire();
}
