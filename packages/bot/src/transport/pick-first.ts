import { connectivityState } from "@grpc/grpc-js";
import { createBackoff } from "../base/backoff.js";
import { type Balancer, noConnection, noName, type OnChange } from "./balancer.js";
import { type EndpointHandler, EndpointLinks } from "./endpoint-links.js";
import type { Link, LinkOptions } from "./link.js";
import { resolveTarget } from "./resolve-target.js";
import type { Endpoint, Target } from "./target.js";

const { IDLE, CONNECTING, READY, TRANSIENT_FAILURE, SHUTDOWN } = connectivityState;

/** A connection that ends sooner than this after it was made counts as a failure for the pause before the next. */
const shortLifeMs = 1_000;

/**
 * Connects to the first address of a target that answers. Each gets a head start before the next one is tried beside it, which
 * is tried at once when it fails. The addresses are looked up for each round of attempts.
 *
 * It connects when calls ask for it; a round that fails is followed by a pause, in which calls fail.
 */
export class PickFirst implements Balancer, EndpointHandler {
  state: connectivityState = IDLE;
  problem = "";
  readonly #target: Target;
  readonly #options: LinkOptions;
  readonly #onChange: OnChange;
  readonly #backoff;
  #chosen: EndpointLinks | undefined;
  #chosenAt = 0;
  /** The attempts of this round that are under way. */
  readonly #attempts = new Set<EndpointLinks>();
  #untried: Endpoint[] = [];
  /** Runs during a head start, or a pause. */
  #timer: NodeJS.Timeout | undefined;
  /** When the next round may begin, by `performance.now`. */
  #notBefore = 0;

  constructor(target: Target, options: LinkOptions, onChange: OnChange) {
    this.#target = target;
    this.#options = options;
    this.#onChange = onChange;
    this.#backoff = createBackoff(options.settings.backoff);
  }

  pick(): Link | undefined {
    return this.#chosen?.pick();
  }

  connect(): void {
    if (this.state === READY) return void this.#chosen?.grow();
    if (this.state !== IDLE) return;
    this.state = CONNECTING;
    const pause = this.#notBefore - performance.now();
    if (pause > 0) this.#timer = setTimeout(() => void this.#begin(), pause).unref();
    else void this.#begin();
    this.#onChange();
  }

  close(): void {
    this.state = SHUTDOWN;
    clearTimeout(this.#timer);
    for (const attempt of this.#attempts) attempt.close();
    this.#chosen?.close();
  }

  async #begin(): Promise<void> {
    try {
      this.#untried = [...(await resolveTarget(this.#target))];
    } catch (error) {
      return this.#fail(noName(this.#target.text, error as Error));
    }
    if (this.#untried.length === 0) this.#fail(noConnection(undefined));
    else if (this.state === CONNECTING) this.#tryNext();
  }

  #tryNext(): void {
    clearTimeout(this.#timer);
    const endpoint = this.#untried.shift();
    if (!endpoint) return;
    this.#attempts.add(new EndpointLinks(endpoint, this.#options, this));
    if (this.#untried.length > 0) {
      this.#timer = setTimeout(() => this.#tryNext(), this.#options.settings.headStartMs).unref();
    }
  }

  onReady(links: EndpointLinks): void {
    clearTimeout(this.#timer);
    this.#attempts.delete(links);
    for (const other of this.#attempts) other.close();
    this.#attempts.clear();
    this.#chosen = links;
    this.#chosenAt = performance.now();
    this.state = READY;
    this.#onChange();
  }

  onCapacity(): void {
    this.#onChange();
  }

  onEnd(links: EndpointLinks, error: Error | undefined): void {
    if (links === this.#chosen) return void this.#lose();
    if (!this.#attempts.delete(links) || this.state !== CONNECTING) return;
    if (this.#untried.length > 0) this.#tryNext();
    else if (this.#attempts.size === 0) this.#fail(noConnection(error));
  }

  #lose(): void {
    this.#chosen = undefined;
    this.state = IDLE;
    const livedMs = performance.now() - this.#chosenAt;
    if (livedMs >= shortLifeMs) this.#backoff.reset();
    else this.#notBefore = performance.now() + this.#backoff.next();
    this.#onChange();
  }

  #fail(problem: string): void {
    if (this.state !== CONNECTING) return;
    this.problem = problem;
    this.state = TRANSIENT_FAILURE;
    this.#timer = setTimeout(() => {
      this.state = IDLE;
      this.#onChange();
    }, this.#backoff.next()).unref();
    this.#onChange();
  }
}
