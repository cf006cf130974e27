/** The public entry of the HTTP service: everything that `import … from "vultus/server"` offers. */

export type { Limits } from "./server/limits.ts";
export {
  createService,
  type InjectedRequest,
  type InjectedResponse,
  type Service,
  type ServiceApp,
  type ServiceSettings,
} from "./server/service.ts";
export { FormatError, UsageError, VultusError } from "./util/errors.ts";
