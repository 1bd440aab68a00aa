import { certificates } from "./certificates.js";
import { chains, serverChains } from "./chains.js";
import { files } from "./files.js";
import type { Group } from "./group.js";
import { keys } from "./keys.js";
import { names } from "./names.js";
import { tokens } from "./tokens.js";

/** The whole table, in the order in which it is printed. */
export const table: readonly Group[] = [files, keys, certificates, chains, serverChains, names, tokens];
