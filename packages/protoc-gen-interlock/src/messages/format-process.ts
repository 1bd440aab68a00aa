import { text } from "node:stream/consumers";
import { formatPiece } from "./format.js";

const pieces = JSON.parse(await text(process.stdin)) as string[];
process.stdout.write(JSON.stringify(pieces.map(formatPiece)));
