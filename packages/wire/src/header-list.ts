/**
 * A header list as HTTP/2 has it: names and values in turns, in their order, duplicates and all. Names are lower-case; a value
 * is a string of the characters U+0000 to U+00FF, one for each byte.
 *
 * @example
 * ```ts
 * const headers: HeaderList = [":status", "200", "content-type", "application/grpc"];
 * ```
 */
export type HeaderList = readonly string[];
