export { createPageServer, type PageRoute, type PageServer, type PageServerOptions } from "./dashboard/page-server.js";
export { type PageFiles, readPage } from "./dashboard/read-page.js";
