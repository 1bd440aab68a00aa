import { generate } from "protoc-gen-interlock";

await generate({ workspace: process.cwd(), protos: "protos", out: "gen" });
