import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const require = createRequire(import.meta.url);
// ts-poet's formatter, because the text is ts-poet's.
const dprint = createRequire(createRequire(require.resolve("ts-proto/package.json")).resolve("ts-poet"))(
  "dprint-node",
) as {
  format(file: string, text: string, options: object): string;
};

const options = {
  useTabs: false,
  useBraces: "always",
  singleBodyPosition: "nextLine",
  "arrowFunction.useParentheses": "force",
  "module.sortImportDeclarations": "caseSensitive",
  lineWidth: 120,
  preferSingleLine: true,
};

// Characters. The formatter keeps about 90 bytes for each character that it has seen until its process ends.
const perCall = 16_384;
const perProcess = 1_000_000;

const declaration = /\n\n+(?=(?:export|function|type|interface|const|import|\/\*\*)\b|\/\*\*)/;

/** Formats texts of TypeScript in bounded memory: here if they are short, else in processes that end soon. */
export function formatAll(texts: readonly string[]): string[] {
  const pieces = texts.flatMap((text, of) => split(text).map((piece) => ({ of, piece })));
  const groups: string[][] = [[]];
  let length = 0;
  for (const { piece } of pieces) {
    if (length > 0 && length + piece.length > perProcess) {
      groups.push([]);
      length = 0;
    }
    length += piece.length;
    groups.at(-1)?.push(piece);
  }
  const formatted = groups.flatMap((group) => (groups.length === 1 ? group.map(formatPiece) : formatElsewhere(group)));
  const results: string[][] = texts.map(() => []);
  for (const [i, { of }] of pieces.entries()) results[of]?.push(formatted[i] ?? "");
  return results.map((result) => result.join("\n"));
}

/** Formats one piece in this process. A piece that is no TypeScript stays as it is. */
export function formatPiece(piece: string): string {
  try {
    return dprint.format("file.ts", piece.trim(), options);
  } catch {
    return `${piece.trim()}\n`;
  }
}

function formatElsewhere(pieces: readonly string[]): string[] {
  const file = fileURLToPath(new URL("format-process.js", import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [file], {
    input: JSON.stringify(pieces),
    encoding: "utf8",
    maxBuffer: 1 << 30,
  });
  if (status !== 0) throw new Error(`The formatter of the generated code failed: ${stderr}`);
  return JSON.parse(stdout) as string[];
}

/** Splits text before top-level declarations, into pieces that are little longer than `perCall`. */
function split(text: string): string[] {
  const pieces: string[] = [];
  let piece: string[] = [];
  let length = 0;
  for (const part of text.split(declaration)) {
    piece.push(part);
    length += part.length;
    if (length < perCall) continue;
    pieces.push(piece.join("\n\n"));
    piece = [];
    length = 0;
  }
  if (piece.length > 0) pieces.push(piece.join("\n\n"));
  return pieces;
}
