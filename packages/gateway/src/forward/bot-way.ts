import { Metadata, type status } from "@grpc/grpc-js";
import { InterlockError } from "@interlock/bot";
import {
  type CallCredentials,
  type Connector,
  type PendingToken,
  type RequestHead,
  wireOf,
} from "@interlock/bot/internal";
import type { HeaderList } from "@interlock/wire";
import type { Instance, Target } from "../routes/instances.js";
import { memoryOf } from "./link-memory.js";
import type { PassedMethod } from "./passed-method.js";
import type { Shown } from "./request-list.js";
import type { RequestListGiven } from "./request-lists.js";
import type { CallLink, TravelingCall, Way } from "./way.js";

/** Where the connectors of calls come from, which it may forget while none is under way. `C` is what a call comes on. */
export interface ConnectorSource<C> {
  /** Takes note of a call. */
  begin(cameOn: C): void;
  /** Takes note that a call is over. */
  end(cameOn: C): void;
  /** Gives the connector to a bot that serves a service. */
  connector(service: PassedMethod["service"], target: Target): Connector;
}

/** The way to a bot of the fleet: over the connections of a connector, with its tokens. */
export class BotWay<C> implements Way {
  readonly #source: ConnectorSource<C>;
  readonly #cameOn: C;
  readonly #head: RequestHead;
  readonly #method: PassedMethod;
  #connector: Connector | undefined;
  #credentials: CallCredentials | undefined;
  #place: number | undefined;
  #release: (() => void) | undefined;
  #tellHead: ((metadata: Metadata) => void) | undefined;

  constructor(source: ConnectorSource<C>, cameOn: C, head: RequestHead, method: PassedMethod) {
    this.#source = source;
    this.#cameOn = cameOn;
    this.#head = head;
    this.#method = method;
    source.begin(cameOn);
  }

  begin(call: TravelingCall, instance: Instance): void {
    const { service, need } = this.#method;
    this.#credentials = undefined;
    this.#connector = this.#source.connector(service, instance);
    this.#follow(call, this.#connector.credentials(need));
  }

  #follow(call: TravelingCall, given: CallCredentials | Promise<PendingToken>): void {
    if (!(given instanceof Promise)) return void this.#submit(call, given);
    const connector = this.#connector as Connector;
    given
      .then((token) => {
        if (!call.isOver) this.#follow(call, connector.credentials(this.#method.need, token));
      })
      .catch((error: unknown) => call.refuse(error));
  }

  #submit(call: TravelingCall, credentials: CallCredentials): void {
    const { channel } = credentials;
    const { kind, need } = this.#method;
    const isUnary = kind === "unary";
    this.#credentials = credentials;
    this.#place = channel.begin(call, isUnary);
    if (!isUnary) {
      // A stream may outlive its token, and the certificates of its connection.
      this.#release = this.#connector?.keep(credentials, need);
      channel.watchHeaders({ once: (_event, listener) => (this.#tellHead = listener) });
    }
    wireOf(channel).submit(call);
  }

  request(link: CallLink, timeout: string | undefined): RequestListGiven {
    return this.#method.lists.of(this.#head, link.peer, this.#shownOn(link), timeout);
  }

  #shownOn(link: CallLink): Shown | undefined {
    const { authorization } = this.#credentials as CallCredentials;
    return authorization === undefined ? undefined : memoryOf(link).shown(authorization);
  }

  learn(link: CallLink, own: HeaderList): void {
    const { authorization } = this.#credentials as CallCredentials;
    if (authorization !== undefined) memoryOf(link).learn(own, authorization);
    if (!this.#tellHead) return;
    const metadata = new Metadata();
    for (let i = 0; i < own.length; i += 2) metadata.add(own[i] as string, own[i + 1] as string);
    this.#tellHead(metadata);
    this.#tellHead = undefined;
  }

  explain(code: status, details: string): InterlockError {
    const error = Object.assign(new Error(details), { code, details, metadata: new Metadata() });
    if (!this.#connector || !this.#credentials) return InterlockError.from(error);
    return this.#connector.explain(this.#credentials.channel, error);
  }

  withdraw(call: TravelingCall): void {
    if (this.#credentials) wireOf(this.#credentials.channel).withdraw(call);
  }

  leave(): void {
    this.#release?.();
    this.#release = undefined;
    if (this.#place !== undefined) this.#credentials?.channel.end(this.#place, this.#method.kind === "unary");
    this.#place = undefined;
  }

  end(): void {
    this.#source.end(this.#cameOn);
  }
}
