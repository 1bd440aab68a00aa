// grpc/reflection/v1/reflection.proto. The fields of v1 and v1alpha have the same numbers.
const listServices = 7;
const listServicesResponse = 6;
const service = 1;
const name = 1;
const lengthDelimited = 2;

/** How many services of one port are kept. */
export const maximumServices = 256;

/** `ServerReflectionRequest { list_services: "" }`. */
export const listRequest: Uint8Array = Uint8Array.of((listServices << 3) | lengthDelimited, 0);

/** Reads the names of the services from a `ServerReflectionResponse`; `undefined` when it is none. */
export function readServiceNames(response: Buffer): string[] | undefined {
  const list = fieldsOf(response, listServicesResponse);
  if (list === undefined || list.length === 0) return undefined;
  const names = list
    .flatMap((answer) => fieldsOf(answer, service) ?? [])
    .flatMap((entry) => fieldsOf(entry, name) ?? [])
    .map((bytes) => bytes.toString("utf8"))
    .filter((text) => /^[A-Za-z_][\w.]{0,255}$/.test(text));
  return [...new Set(names)].sort().slice(0, maximumServices);
}

/** The contents of the length-delimited fields with one number; `undefined` where the bytes are no message. */
function fieldsOf(bytes: Buffer, wanted: number): Buffer[] | undefined {
  const found: Buffer[] = [];
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = bytes[at++];
      if (byte === undefined) return undefined;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    return undefined;
  };
  while (at < bytes.length) {
    const key = varint();
    if (key === undefined) return undefined;
    const type = key & 7;
    if (type === 0) {
      while ((bytes[at] ?? 0) >= 0x80) at++;
      at++;
      continue;
    }
    const length = type === lengthDelimited ? varint() : { 1: 8, 5: 4 }[type];
    if (length === undefined || at + length > bytes.length) return undefined;
    if (type === lengthDelimited && key >>> 3 === wanted) found.push(bytes.subarray(at, at + length));
    at += length;
  }
  return found;
}
