// Names with a meaning for every JavaScript object, or for `await`.
const taken = ["constructor", "then", "toJSON", "toString", "valueOf"];

/**
 * Converts an rpc's name to its name in handlers and clients: lowerCamelCase, word by word, as in ts-proto and grpc-js.
 * `methodKey("WatchForce")` is `watchForce`, `methodKey("GetAPIKey")` is `getApiKey`.
 */
export function methodKey(name: string): string {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/([A-Z])([A-Z][a-z])/g, "$1_$2")
    .split("_")
    .filter((word) => word !== "")
    .map((word) => word.toLowerCase());
  const key = words.map((word, i) => (i === 0 ? word : word.charAt(0).toUpperCase() + word.slice(1))).join("");
  return key === "" || taken.includes(key) ? `${key}$` : key;
}
