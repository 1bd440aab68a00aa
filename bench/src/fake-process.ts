// A child process of `fake-command.ts`. It answers, and runs until it is ended.
import { answerParent } from "@interlock/testing-processes";

answerParent(async () => ({}));
