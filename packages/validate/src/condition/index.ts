export { conditionFault } from "./condition-fault.js";
