import { status } from "@grpc/grpc-js";
import { type Code, InterlockError } from "@interlock/bot";
import { codeNames, type LiveCall, type RequestSink, runInTrace, toStatus } from "@interlock/bot/internal";
import {
  type DecodedBlock,
  errorCode,
  formatTimeout,
  type HeaderList,
  type Reset,
  type Stream,
  type StreamHandler,
  statusOfReset,
} from "@interlock/wire";
import type { TellCall } from "../access-log.js";
import type { Instance } from "../routes/instances.js";
import { beginForwardTrace, type ForwardTrace } from "./forward-trace.js";
import type { NearCall, NearRequest } from "./near-call.js";
import type { PassedMethod } from "./passed-method.js";
import { requestTrailers } from "./request-list.js";
import { responseListOf } from "./response-list.js";
import { type CallLink, connectionDropped, type TravelingCall, type Way } from "./way.js";

/** What is known of a call that has been admitted: whose it is, and the id under which its denial is logged. */
export interface AdmittedCall extends Pick<LiveCall, "caller"> {
  readonly callId?: string | undefined;
}

/** The most bots that a call is tried at, where each may have got it. */
const maximumTries = 3;

/** What is kept of the request of a method that may be called again, in bytes; and what it costs to keep a piece of it. */
const keptBytes = 64 * 1_024;
const keptPieceBytes = 256;

/** The interim responses of a call that are passed on, at most; there is nothing that holds them back. */
const maximumInterims = 8;

/** How long a call may have waited before its deadline is counted anew, in milliseconds. */
const lateMs = 5;

/**
 * A call that has been admitted, on its way: it goes to a server, as bytes, over a connection of its {@link Way}. So does the answer
 * come back.
 *
 * What one end has not taken is not credited to the other end, so a slow reader stops its own call, and holds no more than the
 * window of a stream.
 */
export class ForwardedCall implements TravelingCall, StreamHandler, RequestSink {
  readonly waitsForReady = false;
  readonly #call: NearCall;
  readonly #live: AdmittedCall;
  readonly #request: NearRequest;
  readonly #method: PassedMethod;
  readonly #way: Way;
  readonly #beganAt = performance.now();
  readonly #tried = new Set<Instance>();
  readonly #tell: TellCall;
  #server: string | undefined;
  readonly #trace: ForwardTrace | undefined;
  /** What the gateway has answered itself. */
  #failure: InterlockError | undefined;
  #requestBytes = 0;
  #responseBytes = 0;
  #instance: Instance | undefined;
  #link: CallLink | undefined;
  #stream: Stream | undefined;
  /** The request, while it may have to be sent again. */
  #kept: Buffer[] | undefined;
  #keptBytes = 0;
  #requestEnded = false;
  #attached = false;
  #interims = 0;
  /** Whether the answer has begun. */
  #answered = false;
  /** Whether the instance has shown that it answers, or that it does not. */
  #isSettled = false;
  /** What has been read of the answer, and the caller has not taken. */
  #owed = 0;
  #over = false;

  constructor(
    call: NearCall,
    live: AdmittedCall,
    request: NearRequest,
    method: PassedMethod,
    way: Way,
    tell: TellCall,
  ) {
    this.#call = call;
    this.#tell = tell;
    this.#live = live;
    this.#request = request;
    this.#method = method;
    this.#way = way;
    this.#trace = beginForwardTrace(call, method);
    if (method.isIdempotent) this.#kept = [];
    request.onClose = (code) => this.#closed(code);
  }

  get isOver(): boolean {
    return this.#over;
  }

  /** Looks for a server, and has the call run there. */
  begin(): void {
    const method = this.#method;
    const instance = method.instances.pick(this.#tried);
    if (!instance) return void this.#fail(nobodyServes(method.service.name));
    this.#tried.add(instance);
    this.#instance = instance;
    this.#isSettled = false;
    this.#server = instance.address;
    this.#trace?.sent(instance.address, this.#tried.size - 1);
    instance.calls++;
    try {
      this.#way.begin(this, instance);
    } catch (error) {
      this.#fail(InterlockError.from(error));
    }
  }

  // What the channel calls.

  keepMetadata(): void {}

  run(link: CallLink): void {
    if (this.#over) return;
    // Some of the request has gone, so only its caller can send it again.
    if (this.#attached && !this.#kept) return void this.#reset(errorCode.refusedStream);
    const deadline = this.#call.getDeadline();
    const isLate = deadline !== Number.POSITIVE_INFINITY && performance.now() - this.#beganAt > lateMs;
    const timeout = isLate ? formatTimeout(deadline - Date.now()) : undefined;
    const { list, recurs } = this.#way.request(link, timeout);
    this.#link = link;
    this.#stream = this.#trace ? link.open(this.#trace.on(list), this, false) : link.open(list, this, recurs);
    if (!this.#attached) {
      this.#attached = true;
      this.#request.attach(this);
      return;
    }
    let hasRoom = true;
    for (const bytes of this.#kept ?? []) hasRoom = this.#stream.sendData(bytes, false);
    if (this.#requestEnded) this.#stream.sendData(nothing, true);
    if (hasRoom) this.#request.taken();
  }

  fail(code: status, details: string): void {
    if (this.#over) return;
    const { instances } = this.#method;
    if (this.#instance) instances.failed(this.#instance);
    this.#isSettled = true;
    // Nothing has left the gateway, so another bot may be asked, whatever the method does.
    if (this.#tryAgain(Number.POSITIVE_INFINITY)) return;
    this.#fail(this.#way.explain(code, details));
  }

  refuse(thrown: unknown): void {
    this.#fail(InterlockError.from(thrown));
  }

  /** The bot has been revoked, or has vanished. */
  cancel(): void {
    if (this.#over) return;
    if (this.#stream) this.#stream.reset(errorCode.cancel);
    else this.#way.withdraw(this);
    this.#fail(this.#way.explain(status.UNAVAILABLE, "The server has gone."));
  }

  // What the request brings.

  onContent(bytes: Buffer, end: boolean): boolean {
    this.#requestBytes += bytes.length;
    this.#keep(bytes);
    if (end) this.#requestEnded = true;
    // Between two tries it waits, and is not credited.
    return this.#stream?.sendData(bytes, end) ?? false;
  }

  onEnd(trailers: HeaderList | undefined): void {
    this.#requestEnded = true;
    const left = trailers && requestTrailers(trailers);
    if (left) this.#kept = undefined;
    if (left && left.length > 0) this.#stream?.sendHeaders(left, true);
    else this.#stream?.sendData(nothing, true);
  }

  onRoom(): void {
    this.#request.taken();
  }

  /** The call is over at the caller's end, for whatever reason. */
  #closed(code: number): void {
    this.#report();
    if (this.#over) return;
    if (this.#stream) {
      if (!this.#stream.closed) this.#stream.reset(code);
    } else this.#way.withdraw(this);
    this.#finish();
  }

  // What the answer brings.

  onInterim({ headers }: DecodedBlock): void {
    (this.#link as CallLink).answers++;
    if (this.#interims++ < maximumInterims) this.#call.passInterim(headers);
  }

  onHeaders(block: DecodedBlock, end: boolean): void {
    (this.#link as CallLink).answers++;
    const { headers, own, recurs } = responseListOf(block);
    if (own.length > 0) this.#way.learn(this.#link as CallLink, own);
    if (!this.#answered) {
      this.#answered = true;
      this.#kept = undefined;
      this.#method.instances.answered(this.#instance as Instance);
      this.#isSettled = true;
    }
    if (end) this.#answeredWhole();
    this.#call.passHeaders(headers, end, recurs);
  }

  onData(bytes: Buffer, end: boolean): void {
    (this.#link as CallLink).answers++;
    this.#responseBytes += bytes.length;
    if (end) this.#answeredWhole();
    if (this.#call.passData(bytes, end, this.#onCallerRoom)) this.#stream?.consumed(bytes.length);
    else this.#owed += bytes.length;
  }

  /** The bot has answered: what is left of the request is of no use to it. */
  #answeredWhole(): void {
    if (this.#over) return;
    if (!this.#stream?.localEnded) this.#stream?.reset(errorCode.noError);
    this.#finish();
  }

  readonly #onCallerRoom = () => {
    const owed = this.#owed;
    this.#owed = 0;
    this.#stream?.consumed(owed);
  };

  onReset(reset: Reset): void {
    if (this.#over) return;
    const isLost = reset.cause === "connection";
    // A connection that the bot ends with an error code is cut for what its caller has sent: that concerns no other caller.
    if (isLost && !reset.unprocessed && reset.code === errorCode.noError) {
      this.#method.instances.failed(this.#instance as Instance);
      this.#isSettled = true;
    }
    if (!this.#answered && reset.unprocessed) {
      if (this.#kept && this.#tryAgain(maximumTries)) return;
      // Its caller knows best whether it can be sent again.
      this.#reset(errorCode.refusedStream);
    } else if (isLost) this.#fail(this.#way.explain(status.UNAVAILABLE, connectionDropped));
    else if (reset.cause === "fault") this.#fail(againstHttp2(reset.code));
    else this.#reset(reset.code);
  }

  // How it ends.

  /** Has the call run at another bot. False where there is none, or the request has gone. */
  #tryAgain(tries: number): boolean {
    if (this.#tried.size >= tries || (this.#attached && !this.#kept)) return false;
    if (!this.#method.instances.has(this.#tried)) return false;
    this.#leave();
    this.#stream = undefined;
    this.#link = undefined;
    this.begin();
    return true;
  }

  #reset(code: number): void {
    if (this.#over) return;
    this.#finish();
    this.#call.passReset(code);
  }

  #fail(error: InterlockError): void {
    if (this.#over) return;
    this.#failure = error;
    this.#finish();
    const { callId } = this.#live;
    this.#call.sendStatus(toStatus(error, callId));
  }

  #finish(): void {
    this.#over = true;
    this.#leave();
    this.#way.end();
  }

  #report(): void {
    const { code, trace } = this.#call;
    this.#trace?.end(code, codeNames[code] ?? "", this.#failure);
    const passed = {
      caller: this.#live.caller,
      method: this.#method.path,
      server: this.#server,
      code,
      requestBytes: this.#requestBytes,
      responseBytes: this.#responseBytes,
      ms: performance.now() - this.#beganAt,
    };
    runInTrace(trace, () => this.#tell(passed));
  }

  /** Gives up its places at the bot that it was at. */
  #leave(): void {
    this.#way.leave();
    if (this.#instance) {
      this.#instance.calls--;
      if (!this.#isSettled) this.#method.instances.released(this.#instance);
    }
    this.#instance = undefined;
  }

  #keep(bytes: Buffer): void {
    if (!this.#kept) return;
    this.#keptBytes += bytes.length + keptPieceBytes;
    if (this.#keptBytes > keptBytes) {
      this.#kept = undefined;
      return;
    }
    // A copy: as a part of what the socket gave, it would keep all of that.
    const copy = Buffer.allocUnsafeSlow(bytes.length);
    bytes.copy(copy);
    this.#kept.push(copy);
  }
}

const nothing = Buffer.alloc(0);

function againstHttp2(code: number): InterlockError {
  const name = codeNames[statusOfReset(code)] as Code;
  return new InterlockError(name, `The bot's answer is against the rules of HTTP/2, or too large (error ${code}).`);
}

function nobodyServes(service: string): InterlockError {
  return new InterlockError("UNAVAILABLE", `No bot serves ${service} now.`);
}
