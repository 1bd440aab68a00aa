/** The texts that grpc-js makes itself, and what each says to a person. The first one that matches counts. */
const texts: readonly (readonly [form: RegExp, plain: (found: RegExpExecArray) => string])[] = [
  [/ECONNREFUSED (\S+?)\.?(?: |$)/, ([, at]) => `nothing listens at ${at}: start it, or correct the address`],
  [
    /(?:ENOTFOUND|EAI_AGAIN) (\S+?)\.?(?: |$)/,
    ([, host]) => `there is no host of the name ${host}: correct the address`,
  ],
  [
    /Name resolution failed for target (?:dns:)?(\S+)/,
    ([, target]) => `no host is known for ${target}: correct the address`,
  ],
  [
    /(?:ETIMEDOUT|EHOSTUNREACH|ENETUNREACH) (\S+?)\.?(?: |$)/,
    ([, at]) => `there is no way to ${at} through the network`,
  ],
  [/^Received HTTP status code (\d+)/, ([, code]) => `what answers is no gRPC server: HTTP status ${code}`],
  [
    /^(?:Connection dropped|.*(?:ECONNRESET|EPIPE|socket hang up|disconnected before secure))/,
    () => "the connection broke off",
  ],
  [/^Received RST_STREAM with code (\d+)/, ([, code]) => `the other end broke the call off (HTTP/2 error ${code})`],
  [/^Deadline exceeded after ([\d.]+)s/, ([, seconds]) => `it took longer than its deadline, ${seconds} s`],
  [/^(?:Deadline exceeded|Deadline has passed)/, () => "it took longer than its deadline"],
  [/^(?:Write error|Write failed|Failed to start HTTP\/2 stream)/, () => "the connection broke off"],
  [/^(?:Response message parsing error|No message received|No status information)/, () => "the answer cannot be read"],
  [/^Error deserializing request/, () => "the other end cannot read the request: both need the same proto files"],
  [/^Channel closed before call started$/, () => "the client was closed"],
  [/^Cancelled on client$/, () => "the caller canceled it"],
  [/^No connection established(?:\. Last error: (.*?))?\.? ?Resolution note: *$/s, ([, last]) => lastError(last)],
  [/^No connection established(?:\. Last error: (.*))?$/s, ([, last]) => lastError(last)],
];

/** Says in plain words what grpc-js says of a call that no server has answered. Other texts stay as they are. */
export function plainDetails(details: string): string {
  for (const [form, plain] of texts) {
    const found = form.exec(details);
    if (found) return sentence(plain(found));
  }
  return details;
}

function lastError(text: string | undefined): string {
  return text === undefined || text === "" || text === "null" ? "there is no connection" : text;
}

function sentence(text: string): string {
  return `The call failed: ${text.replace(/[.\s]+$/, "")}.`;
}
