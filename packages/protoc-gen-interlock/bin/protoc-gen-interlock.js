#!/usr/bin/env node
import { runNodeJs } from "@bufbuild/protoplugin";
import { interlockPlugin } from "../dist/plugin.js";

runNodeJs(interlockPlugin);
