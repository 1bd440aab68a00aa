/** What carries calls: HTTP/2 of our own, or that of grpc-js. */
export type Transport = "wire" | "grpc-js";

/** The environment variable that chooses the transport of a process. */
export const transportVariable = "INTERLOCK_TRANSPORT";

let chosen: Transport | undefined;

/**
 * The transport of this process, for clients and servers: `INTERLOCK_TRANSPORT`. Default: "wire". It is read once.
 *
 * @throws An `Error` that names the two, where the variable has another value.
 */
export function chooseTransport(): Transport {
  chosen ??= readTransport(process.env[transportVariable]);
  return chosen;
}

/** Reads a value of the variable; absent or empty is the default. */
export function readTransport(value: string | undefined): Transport {
  if (value === undefined || value === "" || value === "wire") return "wire";
  if (value === "grpc-js") return value;
  const shown = JSON.stringify(value.slice(0, 40));
  throw new Error(`${transportVariable} is ${shown}: set it to "wire" or "grpc-js", or leave it out.`);
}
