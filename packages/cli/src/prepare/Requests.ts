/**
 * Fourth stage: the requests to the engine, made from a plan's targets, from keys, or from claims of the journal.
 *
 * @since 0.2.0
 */
import type { OwnGate } from "@scanpoll/report/Gate"
import type { ScanRequest } from "@scanpoll/core/engine/Scans"
import type * as PollPolicy from "@scanpoll/core/policy/PollPolicy"
import * as Result from "effect/Result"
import * as Key from "../config/Key.ts"
import { quote } from "../config/InputFault.ts"
import type { Place } from "../config/Located.ts"
import type { Plan, Target } from "../config/Plan.ts"
import * as PlanGate from "../config/PlanGate.ts"
import type { Settings } from "../config/Settings.ts"
import type { Vendor } from "../vendors/Vendor.ts"
import type * as Vendors from "../vendors/Vendors.ts"
import type * as Accounts from "./Accounts.ts"
import * as Checked from "./Checked.ts"
import type { OpenClaim } from "./Claims.ts"
import * as Resolve from "./Resolve.ts"

/**
 * A scan that is wanted, ready for the engine. `target`: what asked for it, null for a scan that exists already. `plan`: the
 * plan that declares it, where the run has several. `gate`: what its row asks beside the gate of the run.
 *
 * @category models
 * @since 0.1.0
 */
export interface Prepared {
  readonly request: ScanRequest<unknown>
  readonly target: Target | null
  readonly declaredAt: Place | null
  readonly plan: string | null
  readonly gate: OwnGate | null
}

// What nobody asked for is left to the engine: it paces a batch as past scans have taught.
const chosen = (policy: PollPolicy.PollPolicy, vendor: Pick<Vendor, "policies">) =>
  policy === vendor.policies.default ? {} : { policy: () => policy }

// Flag over environment over the target's own plan.
const laneOf = ({ lane: own }: Target, { lane }: Settings): { readonly lane?: string } => {
  const isRuled = lane.source === "flag" || lane.source === "environment"
  const name = isRuled ? lane.value : (own ?? lane.value)
  return name === null ? {} : { lane: name }
}

/**
 * The requests of a plan's targets, without those that something stands against.
 *
 * @category constructors
 * @since 0.1.0
 */
export const ofTargets = (
  plan: Plan,
  settings: Settings,
  accounts: Accounts.Accounts
): Checked.Checked<ReadonlyArray<Prepared>> =>
  Checked.map(
    Checked.all(
      plan.targets.map((target) =>
        Checked.map(Resolve.policy(target, plan, settings), (policy): Prepared | null => {
          const account = accounts.get(target.vendor.name, target.account)
          if (policy === null || account === null || !target.isSound) return null
          return {
            request: account.request(target.input, {
              ...chosen(policy, target.vendor),
              ...laneOf(target, settings),
              name: target.name
            }),
            target,
            declaredAt: target.declaredAt,
            plan: target.plan,
            gate: PlanGate.together(target.gate, plan.vendors.get(target.vendor.name)?.gate)
          }
        })
      )
    ),
    (prepared) => prepared.filter((one) => one !== null)
  )

/**
 * A scan that exists already, by the vendor's name for it or by ours.
 *
 * @category models
 * @since 0.1.0
 */
export type Known =
  | { readonly _tag: "Key"; readonly key: Key.Key; readonly vendor: Vendor }
  | { readonly _tag: "Claim"; readonly claimId: string }

/**
 * Reads keys and claim ids from the command line, in their order.
 *
 * @category constructors
 * @since 0.1.0
 */
export const readKnown = (
  words: ReadonlyArray<string>,
  vendors: Vendors.Known
): Checked.Checked<ReadonlyArray<Known>> =>
  Checked.map(
    Checked.all(
      words.map((text, at): Checked.Checked<Known | null> => {
        const given = [{ where: `KEY ${at + 1}`, text }]
        if (Key.isClaim(text)) return Checked.make({ _tag: "Claim", claimId: text }, { given })
        const key = Key.parse(text, vendors.names)
        if (Result.isFailure(key)) {
          return Checked.make(null, { faults: [{ where: "KEY", message: key.failure }], given })
        }
        const vendor = vendors.byName(key.success.vendor)
        if (vendor !== null && !vendor.isId(key.success.scanId)) {
          const message = `${quote(key.success.scanId)} cannot be a scan id of ${vendor.title}`
          return Checked.make(null, { faults: [{ where: "KEY", message }], given })
        }
        return Checked.make(vendor === null ? null : { _tag: "Key", key: key.success, vendor }, { given })
      })
    ),
    (known) => known.filter((one) => one !== null)
  )

/**
 * The accounts that keys are of.
 *
 * @category constructors
 * @since 0.1.0
 */
export const accountsOfKeys = (known: ReadonlyArray<Known>): ReadonlyArray<Accounts.Needed> =>
  known.flatMap((one) => (one._tag === "Key" ? [{ vendor: one.vendor, account: one.key.account }] : []))

/**
 * The wait on a key; null where something stands against it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const ofKey = (
  { key, vendor }: Extract<Known, { readonly _tag: "Key" }>,
  plan: Plan,
  settings: Settings,
  accounts: Accounts.Accounts,
  fresh = false
): Checked.Checked<Prepared | null> => {
  const account = accounts.get(key.vendor, key.account)
  return Checked.map(Resolve.policy({ vendor }, plan, settings), (policy) =>
    policy === null || account === null
      ? null
      : {
          request: account.ticket(key.scanId, { policy: () => policy, fresh }),
          target: null,
          declaredAt: null,
          plan: null,
          gate: PlanGate.together(plan.vendors.get(vendor.name)?.gate)
        }
  )
}

// The target of the plan that a claim was made for: the same account, type and subject.
const targetOfClaim = ({ key, kind, subject }: OpenClaim["entry"], { targets }: Plan): Target | undefined =>
  targets.find((target) => {
    if (target.gate === null || target.vendor.name !== key.vendor || target.account !== key.account) return false
    const about = target.isSound ? target.vendor.about(target.input) : null
    return about !== null && about.subject.id === subject.id && (about.scanType ?? "") === (kind ?? "")
  })

/**
 * The wait on a claim; null where something stands against it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const ofClaim = (
  { account, entry, vendor }: OpenClaim,
  plan: Plan,
  settings: Settings,
  fresh = false
): Checked.Checked<Prepared | null> => {
  if (vendor === null || account === null) return Checked.make(null)
  return Checked.map(Resolve.policy({ vendor }, plan, settings), (policy) =>
    policy === null
      ? null
      : {
          request: account.claim(entry, { ...chosen(policy, vendor), fresh }),
          target: null,
          declaredAt: null,
          plan: null,
          gate: PlanGate.together(targetOfClaim(entry, plan)?.gate, plan.vendors.get(vendor.name)?.gate)
        }
  )
}
