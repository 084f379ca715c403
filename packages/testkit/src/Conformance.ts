/**
 * What every adapter has to keep, as tests that the author of a vendor's adapter runs against it.
 *
 * The author writes a `Kit`: the vendor's facts as plain data, in the vendor's own words. `cases` turns it into named
 * checks, "MUST ...", each of which starts a bare vendor on loopback, has the adapter talk to it over real sockets and
 * asks both what they saw. `suite` hands them to a test runner. Nothing here knows a vendor, a runner or an HTTP client:
 * all three are handed in. Cases share nothing, wait for no wall clock and need no network.
 *
 * @since 0.1.0
 */
import type { VendorHttp } from "@scanpoll/core/http/VendorHttp"
import type { Vendor } from "@scanpoll/core/vendor/Vendor"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as bench from "./internal/conformanceBench.ts"
import { credentialRules } from "./internal/conformanceCredential.ts"
import { factRules } from "./internal/conformanceFacts.ts"
import { faultRules } from "./internal/conformanceFaults.ts"
import { followUpRules } from "./internal/conformanceFollowUp.ts"
import { pollRules } from "./internal/conformancePoll.ts"
import { prepareRules } from "./internal/conformancePrepare.ts"
import { cancelRules, resultRules } from "./internal/conformanceResult.ts"
import { sentRules } from "./internal/conformanceSent.ts"
import { submitRules } from "./internal/conformanceSubmit.ts"
import * as defined from "./internal/definedKit.ts"
import type { Group, Kit } from "./internal/kitFacts.ts"
import type { Samples } from "./Samples.ts"

export type {
  Answer,
  CancelFacts,
  CollectFacts,
  Ending,
  ErrorAnswer,
  Group,
  InvalidRequest,
  Kit,
  Path,
  PendingAnswer,
  Place,
  PollFacts,
  PrepareCallFacts,
  PrepareFacts,
  PreparedId,
  ReconcileFacts,
  RecoverFacts,
  Requests,
  ResultFacts,
  Sent,
  SettledAnswer,
  SubmitFacts
} from "./internal/kitFacts.ts"

/**
 * A rule that an adapter does not keep. `violations` says in words what was seen and what should have been. `tooSlow`:
 * nothing wrong was seen, and the rule was not through after four minutes, so that it is undecided; the list is empty then.
 *
 * @category errors
 * @since 0.1.0
 */
export class ConformanceFailure extends Data.TaggedError("ConformanceFailure")<{
  readonly vendor: string
  readonly rule: string
  readonly violations: ReadonlyArray<string>
  readonly tooSlow: boolean
}> {
  override get message(): string {
    if (this.tooSlow)
      return `${this.vendor} ${this.rule}: not decided within 4 minutes; run it alone, or when less else runs`
    const shown = this.violations.slice(0, 20)
    const rest = this.violations.length - shown.length
    return [`${this.vendor} ${this.rule}`, ...shown, ...(rest === 0 ? [] : [`and ${rest} more`])].join("\n  - ")
  }
}

/**
 * One rule as a test. `name` quotes the rule; `group` is the part of an adapter it is about.
 *
 * @category models
 * @since 0.1.0
 */
export interface Case {
  readonly group: Group
  readonly name: `MUST ${string}`
  readonly run: Effect.Effect<void, ConformanceFailure>
}

/**
 * Every rule that holds for the adapter of a kit, as a check. Rules about calls that not every adapter has (`prepare`,
 * `result`, `cancel`, `collect`, `reconcile`) are there when the kit has facts about them; that the adapter then has them,
 * and the kit all that is needed, is a rule of its own.
 *
 * @category constructors
 * @since 0.1.0
 */
export const cases = <Request, Payload>(kit: Kit<Request, Payload>): ReadonlyArray<Case> =>
  [
    ...factRules(kit),
    ...sentRules(kit),
    ...submitRules(kit),
    ...prepareRules(kit),
    ...pollRules(kit),
    ...resultRules(kit),
    ...cancelRules(kit),
    ...faultRules(kit),
    ...credentialRules(kit),
    ...followUpRules(kit)
  ].map(({ group, name, run }) => ({
    group,
    name,
    run: bench
      .judge(run)
      .pipe(
        Effect.flatMap(({ tooSlow, violations }) =>
          violations.length === 0 && !tooSlow
            ? Effect.void
            : Effect.fail(new ConformanceFailure({ vendor: kit.vendor, rule: name, violations, tooSlow }))
        )
      )
  }))

/**
 * The kit of a defined vendor: what its definition says is taken from there; what the vendor says, from its samples.
 *
 * **Details**
 *
 * The definition is held against the samples and not against itself: how requests look, where the key is shown, what each
 * answer means and where the verdict lies are the samples' word.
 *
 * @category constructors
 * @since 0.2.0
 */
export const kit = <T, P>(vendor: Vendor<T, P>, samples: Samples<T>, http: Layer.Layer<VendorHttp>): Kit<T, P> =>
  defined.make(vendor, samples, http)

/**
 * The functions of a test runner that a suite needs: those of vitest, jest or `node:test` fit as they are.
 *
 * @category models
 * @since 0.1.0
 */
export interface Runner {
  readonly describe: (name: string, body: () => void) => unknown
  readonly it: (name: string, test: () => Promise<void>) => unknown
}

/**
 * Registers every case of a kit with a test runner, grouped by the part of the adapter.
 *
 * **Example** (all of a test file but the kit)
 *
 * ```ts
 * import { Conformance } from "@scanpoll/testkit"
 * import { describe, it } from "vitest"
 *
 * export const hold = <Request, Payload>(kit: Conformance.Kit<Request, Payload>) =>
 *   Conformance.suite(kit, { describe, it })
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const suite = <Request, Payload>(kit: Kit<Request, Payload>, { describe, it }: Runner): void => {
  const all = cases(kit)
  describe(`${kit.vendor}: conformance`, () => {
    for (const group of new Set(all.map((one) => one.group))) {
      describe(group, () => {
        for (const one of all.filter((one) => one.group === group)) it(one.name, () => Effect.runPromise(one.run))
      })
    }
  })
}
