// Runs before the first paint, so that the colors do not flash.
import { applyTheme } from "./theme.js";

applyTheme();
