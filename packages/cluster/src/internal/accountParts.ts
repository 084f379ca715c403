// What the rooms of one shared account are given.
import type * as Context from "effect/Context"
import type { AccountLimits } from "@scanpoll/core/engine/ScanAdapter"
import type { Account } from "@scanpoll/core/unstable/model/Account"
import type { Store } from "./budgetStore.ts"

// In milliseconds. `travel`: how long a request is on its way at most; null is derived from the window.
// `polls`: whether this process polls what it buys.
export interface Settings {
  readonly lease: number
  readonly silence: number
  readonly travel: number | null
  readonly polls: boolean
}

export interface Parts {
  readonly key: Account
  readonly limits: AccountLimits
  readonly holder: string
  readonly settings: Settings
  readonly store: Store
  readonly context: Context.Context<never>
}
