/** The simulated vendors of commands whose time is hurried: as quick as they can be, in that very time. */
import * as Hurry from "@scanpoll/test-support/hurry"
import * as Simulators from "@scanpoll/testkit/Simulators"

export const hurriedVendors = (options: Simulators.Options = {}) =>
  Simulators.layer({ clock: Hurry.now, speed: 1_000, ...options })

/** A key of each vendor that nothing may repeat. */
export const keys = {
  exona: "exo_live_canary1111111111111111111111111111",
  appvet: "avk_live_canary2222222222222222222222222222222222",
  compliance: "eyJhbGciOiJub25lIn0.Y2FuYXJ5LWNvbXBsaWFuY2U.c2lnbmF0dXJl"
}

/** The vendors that know those keys alone. */
export const keyedVendors = () =>
  hurriedVendors({
    exona: { credentials: [keys.exona], retryAfter: null },
    appvet: { credentials: [keys.appvet] },
    compliance: { credentials: [keys.compliance] }
  })
