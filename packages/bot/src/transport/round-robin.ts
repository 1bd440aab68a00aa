import { connectivityState } from "@grpc/grpc-js";
import { type Backoff, createBackoff } from "../base/backoff.js";
import { type Balancer, noConnection, noName, type OnChange } from "./balancer.js";
import { type EndpointHandler, EndpointLinks } from "./endpoint-links.js";
import type { Link, LinkOptions } from "./link.js";
import { formatEndpoint, resolveTarget } from "./resolve-target.js";
import type { Endpoint, Target } from "./target.js";

const { IDLE, CONNECTING, READY, TRANSIENT_FAILURE, SHUTDOWN } = connectivityState;

/**
 * Connects to every address of a target, and gives them calls in turn. When a connection has ended, the addresses are looked up
 * again, and it is made anew after a pause.
 */
export class RoundRobin implements Balancer {
  problem = "";
  readonly #target: Target;
  readonly #options: LinkOptions;
  readonly #onChange: OnChange;
  readonly #places = new Map<string, Place>();
  #ready: Place[] = [];
  #turn = 0;
  #begun = false;
  #resolving = false;
  #closed = false;
  #error: Error | undefined;
  readonly #backoff: Backoff;
  #timer: NodeJS.Timeout | undefined;

  constructor(target: Target, options: LinkOptions, onChange: OnChange) {
    this.#target = target;
    this.#options = options;
    this.#onChange = onChange;
    this.#backoff = createBackoff(options.settings.backoff);
  }

  get state(): connectivityState {
    if (this.#closed) return SHUTDOWN;
    if (this.#ready.length > 0) return READY;
    if (!this.#begun) return IDLE;
    if (this.problem !== "") return TRANSIENT_FAILURE;
    return CONNECTING;
  }

  pick(): Link | undefined {
    const { length } = this.#ready;
    for (let i = 0; i < length; i++) {
      this.#turn = (this.#turn + 1) % length;
      const link = this.#ready[this.#turn]?.links?.pick();
      if (link) return link;
    }
    return undefined;
  }

  connect(): void {
    if (this.#closed) return;
    for (const { links } of this.#ready) links?.grow();
    if (this.#begun) return;
    this.#begun = true;
    void this.#resolve();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const place of this.#places.values()) place.close();
  }

  async #resolve(): Promise<void> {
    if (this.#resolving) return;
    this.#resolving = true;
    try {
      const endpoints = await resolveTarget(this.#target);
      this.#resolving = false;
      if (!this.#closed) this.#use(endpoints);
      this.#backoff.reset();
    } catch (error) {
      this.#resolving = false;
      if (this.#closed || this.#places.size > 0) return; // The addresses that are known may be good.
      this.problem = noName(this.#target.text, error as Error);
      this.#timer = setTimeout(() => void this.#resolve(), this.#backoff.next()).unref();
    }
    this.#changed();
  }

  #use(endpoints: readonly Endpoint[]): void {
    const named = new Map(endpoints.map((endpoint) => [formatEndpoint(endpoint), endpoint]));
    for (const [name, place] of this.#places) {
      if (named.has(name)) continue;
      this.#places.delete(name);
      place.close();
    }
    for (const [name, endpoint] of named) {
      if (this.#places.has(name)) continue;
      const place = new Place(endpoint, this.#options, (error) => this.#placeChanged(error), this.#onChange);
      this.#places.set(name, place);
      place.connect();
    }
  }

  #placeChanged(error: Error | undefined): void {
    if (this.#closed) return;
    if (error) this.#error = error;
    if (error || this.#ready.some(({ isReady }) => !isReady)) void this.#resolve();
    this.#changed();
  }

  #changed(): void {
    const places = [...this.#places.values()];
    this.#ready = places.filter(({ isReady }) => isReady);
    const failed = places.length > 0 && places.every((place) => place.hasFailed);
    if (failed) this.problem = noConnection(this.#error);
    else if (places.length > 0) this.problem = "";
    this.#onChange();
  }
}

/** One address. */
class Place implements EndpointHandler {
  links: EndpointLinks | undefined;
  isReady = false;
  /** Whether the last attempt has failed. */
  hasFailed = false;
  readonly #endpoint: Endpoint;
  readonly #options: LinkOptions;
  readonly #changed: (error: Error | undefined) => void;
  readonly onCapacity: OnChange;
  readonly #backoff: Backoff;
  #pause: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(
    endpoint: Endpoint,
    options: LinkOptions,
    changed: (error: Error | undefined) => void,
    onCapacity: OnChange,
  ) {
    this.#endpoint = endpoint;
    this.onCapacity = onCapacity;
    this.#options = options;
    this.#changed = changed;
    this.#backoff = createBackoff(options.settings.backoff);
  }

  connect(): void {
    if (!this.#closed) this.links = new EndpointLinks(this.#endpoint, this.#options, this);
  }

  close(): void {
    this.#closed = true;
    this.isReady = false;
    clearTimeout(this.#pause);
    this.links?.close();
  }

  onReady(): void {
    this.isReady = true;
    this.hasFailed = false;
    this.#changed(undefined);
  }

  onEnd(_links: EndpointLinks, error: Error | undefined): void {
    this.links = undefined;
    this.isReady = false;
    if (error) this.hasFailed = true;
    else this.#backoff.reset();
    this.#pause = setTimeout(() => this.connect(), this.#backoff.next()).unref();
    this.#changed(error);
  }
}
