// A fleet has few CAs, and every handshake shows the same ones.
const maximumKnown = 64;

/** What `make` makes of a certificate (DER), made once for those that came last; what it throws is not remembered. */
export function remember<T>(make: (der: Uint8Array) => T): (der: Uint8Array) => T {
  const known = new Map<string, T>();
  return (der) => {
    // All of its bytes, so what is found is of what was shown.
    const key = Buffer.from(der.buffer, der.byteOffset, der.byteLength).toString("latin1");
    const found = known.get(key);
    if (found !== undefined) return found;
    const made = make(der);
    const [oldest] = known.keys();
    if (known.size >= maximumKnown && oldest !== undefined) known.delete(oldest);
    known.set(key, made);
    return made;
  };
}
