/** The file name of the manifest in a folder of generated code. It also marks the folder as generated. */
export const manifestFile = "interlock.manifest.json";
