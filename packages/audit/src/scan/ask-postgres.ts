import { type Endpoint, openTap } from "./connect.js";

// SSLRequest: its length, and 1234 and 5679 in place of a version ("Message Formats" in PostgreSQL's documentation).
const sslRequest = Buffer.from("0000000804d2162f", "hex");

/** Asks a port whether it is PostgreSQL, with the one question that it does not log. Resolves to whether it is. */
export async function askPostgres(endpoint: Endpoint): Promise<boolean> {
  const tap = await openTap(endpoint);
  if (!tap) return false;
  tap.stream.write(sslRequest);
  await tap.heard(endpoint.timeoutMs);
  const answer = tap.received().toString("latin1");
  tap.cut();
  return answer === "S" || answer === "N";
}
