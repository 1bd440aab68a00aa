// Before anything is drawn, so that nothing flashes.
import { applyTheme } from "./theme.js";

applyTheme();
