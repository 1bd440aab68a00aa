// The identity of a bot from the SPIFFE Workload API.

export { fromWorkloadApi, type WorkloadApiOptions } from "./workload-api/from-workload-api.js";
