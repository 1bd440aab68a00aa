// A fleet has few CAs, and every handshake shows the same ones.
const maximumKnown = 64;

/** What `make` makes of a certificate (DER), made once for those that were used last; what it throws is not remembered. */
export function remember<T>(make: (der: Uint8Array) => T): (der: Uint8Array) => T {
  const known = new Map<string, T>();
  return (der) => {
    // All of its bytes, so what is found is of what was shown.
    const key = Buffer.from(der.buffer, der.byteOffset, der.byteLength).toString("latin1");
    const found = known.get(key);
    const value = found ?? make(der);
    known.delete(key); // What is used goes to the end.
    known.set(key, value);
    const [oldest] = known.keys();
    if (known.size > maximumKnown && oldest !== undefined) known.delete(oldest);
    return value;
  };
}
