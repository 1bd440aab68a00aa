// A fleet in this process, for tests.

export { type CallHandlerOptions, callHandler } from "./call-handler.js";
export { createManualClock, type ManualClock } from "./manual-clock.js";
export type { TestClientOptions, TestFleetOptions, TestServeOptions, TestServer } from "./options.js";
export { createTestFleet, type TestFleet } from "./test-fleet.js";
