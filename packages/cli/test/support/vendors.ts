/** The simulated vendors of commands whose time is hurried: as quick as they can be, in that very time. */
import * as Hurry from "@scanpoll/test-support/hurry"
import * as Simulators from "@scanpoll/testkit/Simulators"

export const hurriedVendors = (options: Simulators.Options = {}) =>
  Simulators.layer({ clock: Hurry.now, speed: 1_000, ...options })
