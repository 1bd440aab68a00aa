// Whether a bot serves: for probes. It loads little, so that a probe is fast.
export { type ProbeOptions, type ProbeResult, probe } from "./health/probe.js";
