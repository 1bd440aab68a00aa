import { MessageReader, type MessageSink } from "@interlock/wire";
import type { PeerLoad } from "../admission/peer-load.js";
import type { Clock } from "../base/clock.js";
import { denial, InterlockError } from "../base/error.js";
import type { Reason } from "../base/reason.js";
import { Inbox, type InboxOwner } from "./inbox.js";
import type { ServedMethod } from "./options.js";
import type { RequestHead } from "./request-head.js";
import type { RequestIntake } from "./request-intake.js";
import { type MeterFault, RequestMeter } from "./request-meter.js";
import { SingleRequestMeter } from "./single-request-meter.js";
import type { Unpack } from "./unpacker.js";

/** What the request of a call is read with. */
export interface IncomingRequestOptions {
  readonly clock: Clock;
  readonly unpack: Unpack;
  readonly requestBytesPerPeer: number;
}

/** The call whose request it is. */
export interface RequestOwner {
  /** The SPIFFE ID of the bot that the call counts for. */
  readonly callerUri: string;
  /** The whole of a request with one message has come. */
  onWhole(): void;
  /** The request is not taken any further. `isAttack` says that no client sends like that by mistake. */
  onFault(error: InterlockError, isAttack: boolean): void;
  /** Bytes of the stream have been dealt with: the caller may send as many again. */
  credit(bytes: number): void;
}

/** The call whose request is read here, and not passed on. */
export interface ReadRequestOwner extends RequestOwner {
  /** So many bytes of the stream are awaited: the caller may send them at once. */
  expect(bytes: number): void;
}

/**
 * How long the end of an upload from another library is not believed, in milliseconds: when a caller cancels, clients on Node's
 * HTTP/2 send the end of the stream first, and the reset up to a millisecond later.
 */
const doubtMs = 10;

/** How user agents of this library begin: it resets a stream that was canceled, without an end before. */
const ownAgent = "interlock/";

/** A message that has come, and may be packed. */
interface Arrived {
  readonly message: Buffer;
  readonly compressed: boolean;
}

/** The request of a call, as it arrives: bounded in bytes, frames and time, unpacked, and cut into messages. */
export class IncomingRequest implements RequestIntake, MessageSink, InboxOwner {
  /** The message of a request with one; absent while it has not come. */
  message: Buffer | undefined;
  /** The messages of a stream of requests; absent for a request with one. */
  readonly inbox: Inbox | undefined;
  /** Whether the caller has sent everything that it wants to send. */
  halfClosed = false;
  readonly #owner: ReadRequestOwner;
  readonly #head: RequestHead;
  readonly #maximumBytes: number;
  readonly #options: IncomingRequestOptions;
  #load: PeerLoad;
  readonly #reader: MessageReader;
  readonly #single: SingleRequestMeter | undefined;
  readonly #many: RequestMeter | undefined;
  #ended = false;
  #closed = false;
  /** Since when the rest of a message, or of a request, is waited for. */
  #waitingSince: number | undefined;
  /** Messages that wait while one before them is unpacked; bounded by the bytes that a peer may have under way. */
  #packed: Arrived[] = [];
  #unpacking = false;

  constructor(
    owner: ReadRequestOwner,
    head: RequestHead,
    { method, maximumRequestBytes }: ServedMethod,
    load: PeerLoad,
    options: IncomingRequestOptions,
  ) {
    const { requestBytesPerPeer, clock } = options;
    this.#owner = owner;
    this.#head = head;
    this.#maximumBytes = maximumRequestBytes;
    this.#options = options;
    this.#load = load;
    this.#reader = new MessageReader(maximumRequestBytes);
    if (method.kind === "clientStreaming" || method.kind === "bidiStreaming") {
      this.#many = new RequestMeter(load, maximumRequestBytes, requestBytesPerPeer);
      this.inbox = new Inbox(this);
    } else {
      this.#single = new SingleRequestMeter(load, maximumRequestBytes, requestBytesPerPeer);
      this.#waitingSince = clock.now();
    }
  }

  /** Whether a handler can begin with it: a request with one message is whole. */
  get isReady(): boolean {
    return this.halfClosed || this.inbox !== undefined;
  }

  /** Takes content of the stream. */
  push(bytes: Buffer): void {
    const fault = this.#single ? this.#single.received(bytes.length) : this.#many?.received(bytes);
    if (fault) {
      this.#fail(fault);
      return;
    }
    const broken = this.#reader.push(bytes, this);
    if (this.#closed) return;
    if (broken) {
      if (broken.kind === "too-large") this.#fail("REQUEST_TOO_LARGE");
      else this.#break();
      return;
    }
    if (this.inbox) {
      this.#waitingSince = this.#many?.unfinished ? this.#options.clock.now() : undefined;
      this.inbox.arrived(bytes.length);
    } else this.credit(bytes.length);
  }

  onMessage(message: Buffer, compressed: boolean): void {
    if (this.#closed) return;
    const { encoding } = this.#head;
    if (compressed && encoding === "identity") this.#break();
    else if (compressed || this.#unpacking) {
      this.#packed.push({ message, compressed });
      if (!this.#unpacking) void this.#unpackAll();
    } else this.#take(message);
  }

  /** Takes what waits, in its order, and unpacks it where it is packed. One loop for all: tiny messages come by the thousand. */
  async #unpackAll(): Promise<void> {
    this.#unpacking = true;
    try {
      while (this.#packed.length > 0) {
        const batch = this.#packed;
        this.#packed = [];
        for (const arrived of batch) {
          if (this.#closed) break;
          await this.#takeArrived(arrived);
        }
      }
    } catch (error) {
      this.#owner.onFault(InterlockError.from(error), false);
    }
    this.#packed = [];
    this.#unpacking = false;
    if (this.#ended) this.#finish();
  }

  async #takeArrived({ message, compressed }: Arrived): Promise<void> {
    const { unpack, clock } = this.#options;
    // What a message of a few bytes becomes is held by its handler only.
    await this.inbox?.demand();
    if (this.#closed) return;
    if (!compressed) this.#take(message);
    else this.#take(await unpack(message, this.#head.encoding, this.#owner.callerUri, clock.now, this.#maximumBytes));
  }

  #take(message: Buffer): void {
    if (this.#closed) return;
    if (this.inbox) this.inbox.add(message);
    else if (this.message === undefined) this.message = message;
    else this.#refuse("UNIMPLEMENTED", "The method takes one message, and more have come.");
  }

  /** The stream has ended. */
  end(): void {
    if (this.#closed || this.#ended) return;
    if (this.#reader.end()) {
      this.#break();
      return;
    }
    this.#waitingSince = undefined;
    this.#ended = true;
    if (!this.#unpacking) this.#finish();
  }

  #finish(): void {
    if (this.#closed) return;
    if (!this.inbox) {
      if (this.message === undefined) this.#refuse("UNIMPLEMENTED", "The method takes one message, and none has come.");
      else {
        this.halfClosed = true;
        this.#owner.onWhole();
      }
    } else if (this.#head.userAgent.startsWith(ownAgent)) this.#halfClose(this.inbox);
    else setTimeout(halfCloseLater, doubtMs, this);
  }

  /** Believes the end of a stream of requests, unless the call has ended meanwhile. */
  believeEnd(): void {
    if (!this.#closed && this.inbox) this.#halfClose(this.inbox);
  }

  #halfClose(inbox: Inbox): void {
    this.halfClosed = true;
    inbox.end();
  }

  #break(): void {
    this.#refuse("INTERNAL", "The request is malformed: its messages are not those of gRPC.");
  }

  #refuse(code: "INTERNAL" | "UNIMPLEMENTED", text: string): void {
    this.#owner.onFault(new InterlockError(code, text), false);
  }

  #fail(reason: MeterFault | Reason): void {
    const detail = reason === "REQUEST_TOO_LARGE" ? `it may have ${this.#maximumBytes} bytes here` : "";
    // Reading what is there already of a message in thousands of pieces would take seconds.
    this.#owner.onFault(denial(reason, detail), reason === "REQUEST_IN_PIECES");
  }

  /** Fails if something of it has been waited for since `late`, in milliseconds since the epoch, or longer. */
  failIfWaitingSince(late: number): void {
    const waits = this.#many?.waitsForPeer ?? true; // And not for a handler that takes its time.
    if (this.#waitingSince !== undefined && this.#waitingSince <= late && waits) this.#fail("REQUEST_TOO_SLOW");
  }

  /** The handler has taken a message. */
  delivered(): void {
    if (this.#single) this.#single.close();
    else this.#many?.delivered();
  }

  charge(load: PeerLoad): void {
    this.#load = load;
    this.#single?.charge(load);
    this.#many?.charge(load);
  }

  credit(bytes: number): void {
    if (bytes === 0) return;
    const { missing } = this.#reader;
    if (missing > 0 && missing <= this.#share) this.#owner.expect(missing);
    this.#owner.credit(bytes);
  }

  /** What each open call of the bot may still have under way. Beyond that, the rest of a message passes in windows. */
  get #share(): number {
    return (this.#options.requestBytesPerPeer - this.#load.bytes) / this.#load.calls;
  }

  abort(why: InterlockError): void {
    this.inbox?.end(why);
  }

  /** Lets go of everything: the call is over. */
  close(): void {
    this.#closed = true;
    this.#single?.close();
    this.#many?.close();
    this.#reader.end();
    this.#packed = [];
    this.inbox?.drop();
    this.inbox?.end();
    this.message = undefined;
  }
}

function halfCloseLater(request: IncomingRequest): void {
  request.believeEnd();
}
