import type { Trust } from "@interlock/bot";
import type { SecretFiles } from "./secret-files.js";
import { type UntilWrittenOptions, untilWritten } from "./until-written.js";

/** What {@link keepTrustFile} works with. */
export interface KeepTrustFileOptions extends UntilWrittenOptions {
  readonly files: Pick<SecretFiles, "writeTrust">;
}

/** Writes the CA certificates for Envoy, now and whenever they change. Resolves once they have been written. */
export async function keepTrustFile(trust: Trust, options: KeepTrustFileOptions): Promise<void> {
  const { files, signal } = options;
  const write = () => files.writeTrust(trust.state.caCertificates);
  const written = write();
  let writing = written.catch(() => {});
  const unsubscribe = trust.onChange(({ caChanged }) => {
    if (caChanged) writing = writing.then(() => untilWritten("CA certificates", write, options));
  });
  signal.addEventListener("abort", unsubscribe, { once: true });
  await written;
}
