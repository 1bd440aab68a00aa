/**
 * The handler of that name: an own function of the implementation, or one of its class. What every object inherits, such
 * as `toLocaleString`, is none.
 */
export function findHandler(implementation: object, key: string): ((...args: never[]) => unknown) | undefined {
  let owner: object | null = implementation;
  while (owner !== null && !Object.hasOwn(owner, key)) owner = Object.getPrototypeOf(owner) as object | null;
  // The last prototype of a chain is that of every object, also of those of another realm.
  if (owner === null || (owner !== implementation && Object.getPrototypeOf(owner) === null)) return undefined;
  const handler = (implementation as Record<string, unknown>)[key];
  return typeof handler === "function" ? (handler as (...args: never[]) => unknown) : undefined;
}
