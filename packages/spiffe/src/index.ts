// The identity of a bot from the SPIFFE Workload API.

export { fromWorkloadApi, type WorkloadApiOptions } from "./workload-api/from-workload-api.js";

// The identity of a bot for other programs.

export { type Agent, type AgentOptions, openAgent } from "./agent/open-agent.js";
