/** The most characters of a target. */
export const maximumTargetLength = 1_024;

/** The most targets of a scan. */
export const maximumTargets = 1_024;

/** The most addresses of a scan: those of a /20. */
export const maximumAddresses = 4_096;

/** The most pairs of an address and a port of a scan: all ports of a /28, or 256 ports of a /20. */
export const maximumPairs = 1_048_576;

/** The most addresses of one name. */
export const maximumAddressesOfName = 16;
