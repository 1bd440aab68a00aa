export * from "./cafe-fleet.js";
export * from "./fleet.js";
