// A fresh process that imports one module, and prints what that took. Argument: the module's URL; without one, nothing is
// imported. It has no imports of its own.

export {};

const [url] = process.argv.slice(2);
const cpu = process.cpuUsage();
const from = performance.now();
if (url !== undefined) await import(url);
const ms = performance.now() - from;
const { user, system } = process.cpuUsage(cpu);
console.log(JSON.stringify({ ms, cpuMs: (user + system) / 1_000, rss: process.memoryUsage.rss() }));
