const streams = 256;
const stream = 65_536;

/**
 * The windows of a connection, in bytes, and its streams. The connection's window is that of all of its streams together: if it
 * were smaller, one reader that does not read would stop the others.
 */
export const windows = { streams, stream, connection: streams * stream } as const;
