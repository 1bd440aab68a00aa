/** A request in the query of a GET (Connect protocol, "Unary-Get-Request"). */
export interface QueryRequest {
  readonly codec: string | undefined;
  readonly encoding: string;
  readonly version: string | undefined;
  /** Its message; `undefined` where it is missing, or malformed. */
  readonly message: Buffer | undefined;
}

const base64 = /^[A-Za-z0-9_+/-]*={0,2}$/;

/** Reads the query of a GET. Other parameters are passed over. */
export function readQuery(query: string): QueryRequest {
  const parameters = new URLSearchParams(query);
  const text = parameters.get("message");
  return {
    codec: parameters.get("encoding") ?? undefined,
    encoding: parameters.get("compression") ?? "identity",
    version: parameters.get("connect") ?? undefined,
    message: text === null ? undefined : parameters.get("base64") === "1" ? decode(text) : Buffer.from(text),
  };
}

function decode(text: string): Buffer | undefined {
  return base64.test(text) ? Buffer.from(text, "base64url") : undefined;
}
