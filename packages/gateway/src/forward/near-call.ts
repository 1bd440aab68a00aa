import type { PassedRequest, ServedCall } from "@interlock/bot/internal";

/** A call at the end where it has come in. */
export type NearCall = Partial<Pick<ServedCall, "trace">> &
  Pick<
    ServedCall,
    "head" | "code" | "getDeadline" | "passInterim" | "passHeaders" | "passData" | "passReset" | "sendStatus"
  >;

/** The request of a call at the end where it has come in. */
export type NearRequest = Pick<PassedRequest, "attach" | "taken" | "onClose">;
