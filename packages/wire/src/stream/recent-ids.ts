/** A number of ids, of which the oldest are forgotten. */
export class RecentIds {
  readonly #most: number;
  /** The oldest first; absent until there is one. */
  #ids: Set<number> | undefined;

  constructor(most: number) {
    this.#most = most;
  }

  add(id: number): void {
    this.#ids ??= new Set();
    this.#ids.add(id);
    if (this.#ids.size <= this.#most) return;
    const [oldest] = this.#ids;
    this.#ids.delete(oldest as number);
  }

  has(id: number): boolean {
    return this.#ids?.has(id) === true;
  }

  delete(id: number): void {
    this.#ids?.delete(id);
  }
}
