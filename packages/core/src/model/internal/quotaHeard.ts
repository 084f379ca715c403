// Who hears what the rate-limit headers of an answer say, whatever the call was for: findings, a list, a probe and a
// cancellation return answers that have no place for it.
import * as Context from "effect/Context"
import type { Quota } from "../Observation.ts"

export type QuotaListener = (quota: Quota, throttled: boolean) => void

const nobody: QuotaListener = () => undefined

export const QuotaHeard: Context.Reference<QuotaListener> = Context.Reference<QuotaListener>(
  "@scanpoll/core/model/internal/quotaHeard/QuotaHeard",
  { defaultValue: () => nobody }
)
