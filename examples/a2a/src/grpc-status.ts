import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { Metadata, type StatusObject, status } from "@grpc/grpc-js";
import { InterlockError, type Reason, reasons } from "@interlock/bot";

const errorInfo = "type.googleapis.com/google.rpc.ErrorInfo";

/**
 * The status that a stranger gets for an error, with the reason in `google.rpc.ErrorInfo`. Of an error of the fleet itself it says
 * what the reason means, and nothing of names, scopes and addresses in the fleet.
 */
export function grpcStatus(thrown: unknown): Partial<StatusObject> {
  const error = InterlockError.from(thrown);
  const code = status[error.code];
  const details = messageFor(error);
  const metadata = new Metadata();
  if (error.reason !== undefined) {
    const info = new BinaryWriter()
      .uint32(10)
      .string(error.reason)
      .uint32(18)
      .string(error.domain ?? "")
      .finish();
    const any = new BinaryWriter().uint32(10).string(errorInfo).uint32(18).bytes(info).finish();
    const whole = new BinaryWriter().uint32(8).int32(code).uint32(18).string(details).uint32(26).bytes(any).finish();
    metadata.set("grpc-status-details-bin", Buffer.from(whole));
  }
  return { code, details, metadata };
}

function messageFor({ code, reason, domain, message }: InterlockError): string {
  if (domain === "interlock") return reasons[reason as Reason]?.[1] ?? "The fleet refused the call.";
  // The agent's own words, for its callers; what is broken inside is not for them.
  return ["INTERNAL", "UNKNOWN", "UNAVAILABLE"].includes(code) ? "The agent cannot answer now." : message;
}
