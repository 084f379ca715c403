/**
 * The requests one account may make, shared by all its scans.
 *
 * One queue per (vendor, origin, account). Polls of bought scans go before new submissions; inside a class, named lanes
 * take turns, and inside a lane the earliest due goes first. A submission is let in only while the polls of the scans
 * that are open still fit. A 429 pauses the account, quota headers teach the budget, and a turn that is not used is
 * given back. Over any window of the vendor's length no more turns are granted than its limit.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Account from "../model/Account.ts"
import type { AccountBudget } from "./internal/accountBudget.ts"
import { MemoryAccount } from "./internal/memoryAccount.ts"
import type { AccountLimits } from "./ScanAdapter.ts"

export type { AccountBudget, Turn, TurnKind } from "./internal/accountBudget.ts"
export type { Account } from "../model/Account.ts"

/**
 * Hands out the budget of an account: the same one for the same key. The limits of the first caller count.
 *
 * `on`, where there is one: the budgets for callers on this clock. Times of two clocks cannot be compared, so turns that one
 * clock counted say nothing on another. Default: the same budgets on every clock.
 *
 * @category models
 * @since 0.1.0
 */
export interface Budgets {
  readonly account: (key: Account.Account, limits: AccountLimits) => AccountBudget
  readonly on?: (clock: Clock.Clock) => Budgets
}

/**
 * Budgets in the memory of this process.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeMemory = (): Budgets => {
  const accounts = new Map<string, MemoryAccount>()
  return {
    account: (key, limits) => {
      const name = Account.key(key)
      const known = accounts.get(name)
      if (known !== undefined) return known
      const account = new MemoryAccount(limits)
      accounts.set(name, account)
      return account
    }
  }
}

// Budgets of each clock of their own. Who names no clock gets those of the real one.
const makeByClock = (): Budgets => {
  const budgets = new WeakMap<Clock.Clock, Budgets>()
  const on = (clock: Clock.Clock): Budgets => {
    const known = budgets.get(clock)
    if (known !== undefined) return known
    const made = makeMemory()
    budgets.set(clock, made)
    return made
  }
  return { account: (key, limits) => on(Context.get(Context.empty(), Clock.Clock)).account(key, limits), on }
}

/**
 * The budgets in force. Without a layer, all scans of this process share one: that is the polite default. Only scans on a
 * clock of their own, such as those of a test on virtual time, have budgets of their own.
 *
 * @category services
 * @since 0.1.0
 */
export const RateBudget: Context.Reference<Budgets> = Context.Reference<Budgets>("@scanpoll/core/engine/RateBudget", {
  defaultValue: makeByClock
})

/**
 * The budgets in force for callers on the clock of this fiber.
 *
 * @category services
 * @since 0.2.0
 */
export const here: Effect.Effect<Budgets> = Effect.map(
  Effect.all([RateBudget, Clock.Clock]),
  ([budgets, clock]) => budgets.on?.(clock) ?? budgets
)

/**
 * Budgets of their own for what this layer is provided to, such as one test.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory: Layer.Layer<never> = Layer.effect(RateBudget, Effect.sync(makeMemory))
