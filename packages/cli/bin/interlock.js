#!/usr/bin/env node
const args = process.argv.slice(2);
// A probe runs every few seconds, so `health` loads only what it needs.
const { run } = args[0] === "health" ? await import("../dist/run-health.js") : await import("../dist/main.js");

process.exitCode = await run(args);
