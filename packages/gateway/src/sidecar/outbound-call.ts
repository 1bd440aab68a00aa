import { status } from "@grpc/grpc-js";
import { type Clock, InterlockError } from "@interlock/bot";
import {
  PassedRequest,
  type PeerLoad,
  type RequestHead,
  type RequestOwner,
  type ServedCall,
  toStatus,
  trailersOf,
  trailersOnlyOf,
} from "@interlock/bot/internal";
import {
  type DecodedBlock,
  errorCode,
  type HeaderList,
  longestTimerMs,
  type Reset,
  type Stream,
  type StreamHandler,
  statusIn,
  statusOfReset,
} from "@interlock/wire";
import type { CreatedMethod } from "../forward/create-passed-method.js";
import type { NearCall } from "../forward/near-call.js";

/** The program beside the sidecar, as one caller. */
export interface LocalProgram {
  /** The SPIFFE ID of the bot that it is a part of. */
  readonly uri: string;
  readonly load: PeerLoad;
  readonly clock: Clock;
  /** How many bytes of requests it may have under way. */
  readonly requestBytesPerPeer: number;
}

/**
 * A call of the program beside the sidecar, at the end where it has come in. What it sends is credited when it has gone on, so all
 * that is held of it is the window of its stream.
 */
export class OutboundCall implements StreamHandler, NearCall, RequestOwner {
  readonly head: RequestHead;
  readonly request: PassedRequest;
  readonly #stream: Stream;
  readonly #program: LocalProgram;
  #headSent = false;
  #over = false;
  #code: number = status.CANCELLED;
  #deadline = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #onRoom: (() => void) | undefined;

  constructor(stream: Stream, head: RequestHead, method: CreatedMethod["served"], program: LocalProgram) {
    this.#stream = stream;
    this.head = head;
    this.#program = program;
    this.request = new PassedRequest(this, method, program.load, program);
    const { timeoutMs } = head;
    if (typeof timeoutMs === "number" && timeoutMs <= longestTimerMs) {
      this.#deadline = Date.now() + timeoutMs;
      this.#timer = setTimeout(() => this.#expire(), timeoutMs);
    }
  }

  get code(): number {
    return this.#code;
  }

  getDeadline(): number {
    return this.#deadline;
  }

  // The request.

  get callerUri(): string {
    return this.#program.uri;
  }

  onHeaders({ headers }: DecodedBlock, _end: boolean): void {
    this.request.end(headers);
  }

  onData(bytes: Buffer, end: boolean): void {
    if (this.#over) this.#stream.consumed(bytes.length);
    else this.request.push(bytes, end);
    if (end) this.request.end();
  }

  onWhole(): void {}

  onFault(error: InterlockError): void {
    this.sendStatus(toStatus(error));
  }

  credit(bytes: number): void {
    this.#stream.consumed(bytes);
  }

  // The answer.

  passInterim(headers: HeaderList): void {
    if (!this.#over && !this.#headSent) this.#stream.sendHeaders(headers, false);
  }

  passHeaders(headers: HeaderList, end: boolean, recurring = false): void {
    if (this.#over) return;
    this.#headSent = true;
    if (end) this.#code = statusIn(headers);
    this.#stream.sendHeaders(headers, end, recurring);
    if (end) this.#close();
  }

  passData(bytes: Buffer, end: boolean, onceRoom: () => void): boolean {
    if (this.#over) return true;
    if (end) this.#code = status.UNKNOWN;
    const hasRoom = this.#stream.sendData(bytes, end);
    if (this.#over) return true;
    if (end) this.#close();
    if (hasRoom || end) return true;
    this.#onRoom = onceRoom;
    return false;
  }

  passReset(code: number): void {
    if (this.#over) return;
    this.#code = statusOfReset(code);
    this.#stream.reset(code);
    this.#close();
  }

  sendStatus({ code, details, metadata }: Parameters<ServedCall["sendStatus"]>[0]): void {
    if (this.#over) return;
    this.#code = code;
    const list = this.#headSent ? trailersOf(code, details, metadata) : trailersOnlyOf(code, details, metadata);
    this.#stream.sendHeaders(list, true);
    this.#close();
  }

  // The end.

  onRoom(): void {
    const onRoom = this.#onRoom;
    this.#onRoom = undefined;
    onRoom?.();
  }

  onReset({ cause, code }: Reset): void {
    if (!this.#over) this.#close(cause === "peer" ? code : errorCode.cancel);
  }

  #expire(): void {
    this.sendStatus(toStatus(new InterlockError("DEADLINE_EXCEEDED", "The deadline has passed.")));
  }

  /** @param code - With which the program has reset the stream, if it has. */
  #close(code: number = errorCode.cancel): void {
    this.#over = true;
    clearTimeout(this.#timer);
    this.request.close(code);
    this.#onRoom?.();
    // Once the status has been written, whatever is still being sent is not waited for (RFC 9113, section 8.1).
    if (!this.#stream.remoteEnded) this.#stream.reset(errorCode.noError);
  }
}
