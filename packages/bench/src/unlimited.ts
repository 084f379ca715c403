/**
 * An adapter whose account has no limits and whose vendor no floor: what is measured is work, not waiting.
 */
import type { ScanAdapter } from "@scanpoll/core/engine/ScanAdapter"
import * as VendorLimits from "@scanpoll/core/policy/VendorLimits"

/** The adapter without the waits that its vendor asks for. */
export const unlimited = <Request, Payload>(adapter: ScanAdapter<Request, Payload>): ScanAdapter<Request, Payload> => ({
  ...adapter,
  limits: VendorLimits.make({ floor: 0 }),
  budget: { ...adapter.budget, requests: null, windows: [], openScans: null }
})
