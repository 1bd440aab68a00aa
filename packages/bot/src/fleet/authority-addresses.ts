import { formatAddress, readAddress } from "../base/address.js";
import { InterlockError } from "../base/error.js";

/** The addresses of the authority, from a list or from one text joined by commas. Throws `INVALID_ARGUMENT`. */
export function authorityAddresses(given: string | readonly string[]): string[] {
  const addresses = [given]
    .flat()
    .flatMap((text) => text.split(","))
    .map((address) => address.trim());
  if (addresses.length > 0 && !addresses.includes("")) {
    // It throws, and says how to write an address.
    return addresses.map((address) => formatAddress(readAddress(address)));
  }
  throw new InterlockError("INVALID_ARGUMENT", "The authority is an address, host:port, or several joined by commas.");
}
