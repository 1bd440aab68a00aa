import { createRequestChecks } from "@interlock/validate";
import { gripperService } from "../gripper-service.js";

const GripperService = await gripperService();

const { grip } = GripperService.methods;
const checks = createRequestChecks(GripperService.descriptors ?? "")(grip.path);
const request = grip.request.encode(grip.request.fromPartial({ newtons: 9 })).finish();
console.log("not true:", checks.unmet(request, ["newtons <= 40", "newtons <= 5"]));
console.log("violations:", checks.violations(request).length);
