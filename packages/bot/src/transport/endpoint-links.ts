import { Link, type LinkHandler, type LinkOptions } from "./link.js";
import type { Endpoint } from "./target.js";

/** Takes what becomes of the connections to an endpoint. */
export interface EndpointHandler {
  /** The first connection takes calls. */
  onReady(links: EndpointLinks): void;
  /** There may be room for more calls. */
  onCapacity(): void;
  /** There is no connection any more. `error` says why there has never been one. */
  onEnd(links: EndpointLinks, error: Error | undefined): void;
}

/** How long a connection that is not needed may lie idle, in milliseconds; before twice that, it ends. */
const idleMs = 10_000;

/** The connections to one endpoint: one, and more where its server takes no more calls on those that there are. */
export class EndpointLinks implements LinkHandler {
  readonly #endpoint: Endpoint;
  readonly #options: LinkOptions;
  readonly #handler: EndpointHandler;
  /** Those that take calls, the oldest first. */
  readonly #links: Link[] = [];
  /** The one that is being made. */
  #next: Link | undefined;
  #ready = false;
  #ended = false;
  /** The idle ones among the further ones, when it was looked last. */
  #idle = new Set<Link>();
  #looking: NodeJS.Timeout | undefined;
  /** Until when no further connection is tried, by `performance.now`, because the last one failed. */
  #notBefore = 0;

  constructor(endpoint: Endpoint, options: LinkOptions, handler: EndpointHandler) {
    this.#endpoint = endpoint;
    this.#options = options;
    this.#handler = handler;
    this.#next = new Link(endpoint, options, this);
  }

  /** How many connections there are. */
  get size(): number {
    return this.#links.length;
  }

  /** A connection that takes a call, if there is one. */
  pick(): Link | undefined {
    for (const link of this.#links) if (link.capacity > 0) return link;
    return undefined;
  }

  /** Makes another connection, because calls wait. */
  grow(): void {
    const { connections, backoff } = this.#options.settings;
    if (this.#ended || this.#next || this.#links.length >= connections) return;
    if (performance.now() < this.#notBefore) return;
    this.#notBefore = performance.now() + backoff.maximumMs;
    this.#next = new Link(this.#endpoint, this.#options, this);
    this.#looking ??= setInterval(() => this.#look(), idleMs).unref();
  }

  /** Takes no more calls, and ends once those under way have ended. */
  close(): void {
    this.#ended = true;
    clearInterval(this.#looking);
    this.#next?.destroy();
    for (const link of [...this.#links]) link.close();
  }

  onReady(link: Link): void {
    this.#next = undefined;
    if (this.#ended) return void link.close();
    this.#notBefore = 0;
    this.#links.push(link);
    if (this.#ready) return void this.#handler.onCapacity();
    this.#ready = true;
    this.#handler.onReady(this);
  }

  onCapacity(): void {
    if (!this.#ended) this.#handler.onCapacity();
  }

  onEnd(link: Link, error: Error | undefined): void {
    if (link === this.#next) this.#next = undefined;
    const at = this.#links.indexOf(link);
    if (at >= 0) this.#links.splice(at, 1);
    if (this.#ended || this.#links.length > 0) return;
    this.close();
    this.#handler.onEnd(this, error);
  }

  /** Ends further connections on which nothing has happened for a while. */
  #look(): void {
    const idle = this.#links.filter((link, at) => at > 0 && link.calls === 0);
    for (const link of idle) if (this.#idle.has(link)) link.close();
    this.#idle = new Set(idle);
  }
}
