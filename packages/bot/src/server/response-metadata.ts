import { Metadata, type MetadataValue } from "@grpc/grpc-js";
import { checkMetadata } from "../base/check-metadata.js";
import { InterlockError } from "../base/error.js";

/** The two places of metadata in an answer, by their names in a handler's context. */
export type ResponsePart = "responseHeaders" | "responseTrailers";

/**
 * The metadata that a handler sends along with its answer. What cannot be sent is refused where it is set, with a `TypeError`; so
 * is what comes too late.
 */
export class ResponseMetadata extends Metadata {
  readonly #part: ResponsePart;
  #late: string | undefined;

  constructor(part: ResponsePart) {
    super();
    this.#part = part;
  }

  get isEmpty(): boolean {
    return Object.keys(this.getMap()).length === 0;
  }

  /** Refuses every change from now on, because of `why`. */
  seal(why: string): void {
    this.#late ??= why;
  }

  override set(name: string, value: MetadataValue): void {
    this.#change((metadata) => metadata.set(name, value));
    super.set(name, value);
  }

  override add(name: string, value: MetadataValue): void {
    this.#change((metadata) => metadata.add(name, value));
    super.add(name, value);
  }

  override merge(other: Metadata): void {
    this.#change((metadata) => metadata.merge(other));
    super.merge(other);
  }

  override remove(name: string): void {
    this.#change((metadata) => metadata.remove(name));
    super.remove(name);
  }

  /** Tries a change on a copy. */
  #change(change: (metadata: Metadata) => void): void {
    if (this.#late !== undefined) throw new TypeError(`${this.#part} cannot be changed: ${this.#late}.`);
    const changed = this.clone();
    change(changed);
    try {
      checkMetadata(changed);
    } catch (fault) {
      // Not as it is: a handler's `InterlockError` would be told to the caller, whose fault it is not.
      throw new TypeError(`${this.#part}: ${InterlockError.from(fault).message}`);
    }
  }
}
