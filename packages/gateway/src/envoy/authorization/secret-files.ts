import { join } from "node:path";
import { certificatesToPem, type Identity } from "@interlock/bot";
import { writePrivateFile } from "@interlock/bot/internal";
import { identityFile, secretNames, slotFile, trustFile } from "../names.js";

const secretType = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret";

/** The folder from which Envoy gets its certificates and keys, by SDS over files. */
export interface SecretFiles {
  /** Replaces the certificate and key of the listener. */
  writeIdentity(identity: Identity): Promise<void>;
  /** Replaces those of a slot. */
  writeSlot(slot: number, identity: Identity): Promise<void>;
  /** Replaces the CA certificates, DER. */
  writeTrust(caCertificates: readonly Uint8Array[]): Promise<void>;
}

/**
 * Writes secrets for Envoy into a folder. Each is one file with certificates and key together, mode 0600, moved into its place:
 * Envoy sees the old one or the new one, and reads it at the move.
 */
export function createSecretFiles(folder: string): SecretFiles {
  const write = (file: string, name: string, content: object) =>
    writePrivateFile(
      join(folder, file),
      `${JSON.stringify({ resources: [{ "@type": secretType, name, ...content }] })}\n`,
    );
  const certificate = ({ chain, privateKey }: Identity) => ({
    tls_certificate: {
      certificate_chain: { inline_string: certificatesToPem(chain) },
      private_key: { inline_string: privateKey },
    },
  });
  return {
    writeIdentity: (identity) => write(identityFile, secretNames.identity, certificate(identity)),
    writeSlot: (slot, identity) => write(slotFile(slot), secretNames.slot(slot), certificate(identity)),
    writeTrust: (caCertificates) =>
      write(trustFile, secretNames.trust, {
        validation_context: { trusted_ca: { inline_string: certificatesToPem(caCertificates) } },
      }),
  };
}
