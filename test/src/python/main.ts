// Writes the cases that the Python tests replay: node test/dist/python/main.js <file>
import { writeFileSync } from "node:fs";
import { makeCases } from "./cases.js";

const [file = "python/tests/cases.json"] = process.argv.slice(2);
writeFileSync(file, JSON.stringify(await makeCases(), undefined, 1));
