// The bound. A fleet has few CAs, and every handshake shows the same ones.
const maximumKnown = 64;

/** Caches what `make` gives for a certificate (DER), for the 64 that were used last. Errors are not cached. */
export function remember<T>(make: (der: Uint8Array) => T): (der: Uint8Array) => T {
  const known = new Map<string, T>();
  return (der) => {
    // All of the bytes, so no other certificate can have the same key.
    const key = Buffer.from(der.buffer, der.byteOffset, der.byteLength).toString("latin1");
    const found = known.get(key);
    const value = found ?? make(der);
    known.delete(key); // The one in use moves to the end.
    known.set(key, value);
    const [oldest] = known.keys();
    if (known.size > maximumKnown && oldest !== undefined) known.delete(oldest);
    return value;
  };
}
