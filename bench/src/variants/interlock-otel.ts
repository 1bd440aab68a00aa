import { registerUnsampledSdk } from "../unsampled-sdk.js";
import { interlock } from "./interlock.js";

/** Interlock with everything on, and an SDK of OpenTelemetry at both ends that samples nothing. */
export const interlockOtel: typeof interlock = {
  prepare: interlock.prepare,
  serve(settings) {
    registerUnsampledSdk();
    return interlock.serve(settings);
  },
  connect(settings, address) {
    registerUnsampledSdk();
    return interlock.connect(settings, address);
  },
};
