/** Where the manifest stands in a folder of generated code; also the sign that the folder is one. */
export const manifestFile = "interlock.manifest.json";
