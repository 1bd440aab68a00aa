export { conditionFault } from "./condition/condition-fault.js";
export { isPlainMessage } from "./is-plain-message.js";
export { createRequestChecks, type FieldViolation, type RequestChecks } from "./request-checks.js";
export { type RequestTypes, readRequestTypes } from "./request-types.js";
