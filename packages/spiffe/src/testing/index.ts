// For tests of this repository: it is not in the package that is published.
export { type Behavior, type FakeWorkloadApi, refusing, startFakeWorkloadApi, svidOf } from "./fake-workload-api.js";
