import { type CallCredentials, type Metadata, status } from "@grpc/grpc-js";
import type { LocalStatus } from "./local-status.js";

/** The metadata of a call together with that of its credentials; or why there is none, in the words of grpc-js. */
export async function credentialMetadata(
  credentials: CallCredentials,
  path: string,
  authority: string,
  metadata: Metadata,
): Promise<Metadata | LocalStatus> {
  const both = metadata.clone();
  const service = path.slice(1, path.lastIndexOf("/"));
  try {
    const host = authority.replace(/:\d+$/, "");
    const options = { method_name: path.slice(path.lastIndexOf("/") + 1), service_url: `https://${host}/${service}` };
    both.merge(await credentials.generateMetadata(options));
    return both;
  } catch (error) {
    const { code = status.UNAUTHENTICATED, message } = error as { code?: status; message: string };
    return { code, details: `Getting metadata from plugin failed with error: ${message}` };
  }
}
