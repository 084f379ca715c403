/** The engine in a simulated world: over a hundred seeds here, ten thousand in `nightly.ts`. */
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { isFull } from "@scanpoll/test-support/length"
import type { Budgets } from "../../src/engine/RateBudget.ts"
import * as PollFault from "../../src/model/PollFault.ts"
import { troubles } from "./Vendor.ts"
import { type Options, type Report, shrink, simulate, type Tampering } from "./Simulation.ts"

const told = (report: Report): string => {
  const least = shrink(report)
  const { faults = 1, mode, requests, seed } = least.options
  const { lines } = simulate({ ...least.options, keeps: true })
  return [
    `seed ${seed}, faults that ${mode === "heals" ? "heal" : "never heal"}: ${report.violations[0]}`,
    `simulate(${JSON.stringify({ seed, mode, faults, requests })}) ends with:`,
    ...lines.slice(-40)
  ].join("\n")
}

const seeds = 30

interface Seen {
  /** The first seed that breaks a rule, told; null when none does. */
  readonly broken: string | null
  readonly met: ReadonlyMap<string, number>
}

const seen = new Map<string, Seen>()

/** What the worlds of these seeds met: they are run once, for whoever asks first. */
const look = (mode: Options["mode"], from: number): Seen => {
  const known = seen.get(`${mode} ${from}`)
  if (known !== undefined) return known
  const met = new Map<string, number>()
  let broken: string | null = null
  for (let seed = from; seed < from + seeds && broken === null; seed++) {
    const report = simulate({ seed, mode })
    for (const [what, times] of report.counts) met.set(what, (met.get(what) ?? 0) + times)
    if (report.violations.length > 0) broken = told(report)
  }
  const now = { broken, met }
  seen.set(`${mode} ${from}`, now)
  return now
}

describe("SI-01 the engine in a simulated world", () => {
  // In groups, so that a busy machine has time for each.
  it.each(isFull ? [1, 31, 61, 91] : [1, 31])(
    "faults that heal: nothing is wrong, and everything ends with an outcome of its own: seeds from %i",
    (from) => {
      assert.isNull(look("heals", from).broken)
    }
  )

  it.each(isFull ? [1, 31, 1001, 1031, 1061, 1091] : [1, 31])(
    "faults that never heal: nothing is wrong: seeds from %i",
    (from) => {
      assert.isNull(look("never", from).broken)
    }
  )

  it("the same seed takes the same steps, whatever ran before", () => {
    for (let seed = 1; seed <= 4; seed++) {
      const options: Options = { seed, mode: seed % 2 === 0 ? "heals" : "never", keeps: true }
      const first = simulate(options)
      simulate({ seed: seed + 500, mode: "heals" })
      const second = simulate(options)
      assert.deepStrictEqual(second.lines, first.lines)
      assert.strictEqual(second.trace, first.trace)
    }
    assert.notStrictEqual(simulate({ seed: 1, mode: "heals" }).trace, simulate({ seed: 2, mode: "heals" }).trace)
  })

  it("meets every kind of trouble", () => {
    const [first, second] = [look("never", 1).met, look("never", 31).met]
    for (const what of [
      ...troubles,
      "clock jump",
      "freeze",
      "interrupt",
      "kill",
      "grace cut by a kill",
      "store failed",
      "store unsure",
      "store slow",
      "doubt: bought",
      "doubt: not bought"
    ]) {
      assert.isAbove((first.get(what) ?? 0) + (second.get(what) ?? 0), 0, what)
    }
  })
})

describe("programs that are wrong are caught", () => {
  const isFree: Budgets = {
    account: () => ({
      turn: ({ due }) =>
        Effect.succeed({ waited: Math.max(0, due - due), queued: false, giveBack: () => undefined, renew: () => true }),
      open: () => 1,
      load: () => undefined,
      bought: () => undefined,
      closed: () => undefined,
      unfollowed: () => undefined,
      pause: () => undefined,
      pausedUntil: () => 0,
      learn: () => undefined,
      deny: () => undefined,
      proven: () => undefined,
      denials: () => 0,
      isDenied: () => false,
      refusal: () => null
    })
  }

  const controls: ReadonlyArray<readonly [name: string, rule: string, tampering: Tampering]> = [
    [
      "one that submits and writes it down afterwards",
      "intent first",
      {
        journal: (journal) => ({
          ...journal,
          claim: (key, options) =>
            options.peek === true
              ? journal.claim(key, options)
              : Effect.succeed({ _tag: "Fresh", claimId: `late-${key.fingerprint}` })
        })
      }
    ],
    [
      "one that forgets what is in doubt",
      "nothing is lost",
      { journal: (journal) => ({ ...journal, inDoubt: (claimId) => journal.released(claimId) }) }
    ],
    [
      "one that sends a submission again when its answer is lost",
      "one submission",
      {
        adapter: (adapter) => ({
          ...adapter,
          submit: (wanted) =>
            Effect.catch(adapter.submit(wanted), (error) =>
              error.kind === "InDoubt" ? adapter.submit(wanted) : Effect.fail(error)
            )
        })
      }
    ],
    [
      "one that does not wait as long as it is asked to",
      "not before",
      {
        adapter: (adapter) => ({
          ...adapter,
          poll: (ticket) => Effect.map(adapter.poll(ticket), (answer) => ({ ...answer, hint: Option.none() }))
        })
      }
    ],
    [
      "one that takes a 429 for an error like any other",
      "pause",
      {
        adapter: (adapter) => ({
          ...adapter,
          poll: (ticket) =>
            Effect.mapError(adapter.poll(ticket), (fault) =>
              fault.kind === "Throttled"
                ? PollFault.make({ kind: "Transient", code: fault.code, message: fault.message })
                : fault
            )
        })
      }
    ],
    [
      "one that polls again inside a poll",
      "not before",
      {
        adapter: (adapter) => ({
          ...adapter,
          poll: (ticket) => Effect.catch(adapter.poll(ticket), () => adapter.poll(ticket))
        })
      }
    ],
    [
      "one that polls twice at once",
      "one poll in flight",
      {
        adapter: (adapter) => ({
          ...adapter,
          poll: (ticket) => Effect.raceFirst(adapter.poll(ticket), adapter.poll(ticket))
        })
      }
    ],
    ["one that has no budget", "rate", { budgets: () => isFree }],
    [
      "one that asks again with a key that was refused",
      "a refused key",
      {
        adapter: (adapter) => ({
          ...adapter,
          poll: (ticket) =>
            Effect.catch(adapter.poll(ticket), ({ code, kind, message }) =>
              Effect.fail(PollFault.make({ kind: kind === "Denied" ? "Transient" : kind, code, message }))
            )
        })
      }
    ],
    [
      "one that leaves a request behind",
      "nothing is left",
      {
        adapter: (adapter) => ({
          ...adapter,
          poll: (ticket) =>
            Effect.andThen(
              Effect.forkDetach(Effect.andThen(Effect.sleep(Duration.seconds(2)), adapter.poll(ticket))),
              adapter.poll(ticket)
            )
        })
      }
    ],
    [
      "one that polls under another id before it is stored",
      "a chained ticket is stored first",
      { journal: (journal) => ({ ...journal, moved: () => Effect.void }) }
    ],
    [
      "one that asks for the status of a scan that has ended",
      "the status is never asked again",
      {
        adapter: (adapter) => {
          const { result } = adapter
          if (result === undefined) return adapter
          return {
            ...adapter,
            result: (ticket, word, about) =>
              Effect.andThen(Effect.exit(adapter.poll(ticket)), result(ticket, word, about))
          }
        }
      }
    ],
    [
      "one that lets the vendor change its word for an end",
      "the first word for an end stays",
      {
        adapter: (adapter) => {
          const { result } = adapter
          if (result === undefined) return adapter
          return { ...adapter, result: (ticket, word, about) => result(ticket, `${word} again`, about) }
        }
      }
    ],
    [
      "one that polls nothing after a 429 to a submission",
      "a 429 to a submission leaves polls alone",
      {
        budgets: (budgets) => ({
          account: (key, limits) => {
            const account = budgets.account(key, limits)
            const { pause } = account
            Reflect.set(account, "pause", (until: number) => pause(until))
            return account
          }
        })
      }
    ],
    [
      "one that submits without what the submission needs",
      "prepared first",
      { adapter: (adapter) => ({ ...adapter, submit: (wanted) => adapter.submit(wanted, null) }) }
    ],
    [
      "one that shows another scan's outcome",
      "right verdict",
      {
        adapter: (adapter) => ({
          ...adapter,
          poll: (ticket) =>
            Effect.map(adapter.poll(ticket), (answer) =>
              answer.observation._tag === "Settled"
                ? {
                    ...answer,
                    observation: {
                      ...answer.observation,
                      value: { ...answer.observation.value, ticket: { ...ticket, scanId: "ash-1" } }
                    }
                  }
                : answer
            )
        })
      }
    ]
  ]

  for (const [name, rule, tampering] of controls) {
    it(`${name}: ${rule}`, () => {
      const caught = new Set<string>()
      for (let seed = 1; seed <= 40 && !caught.has(rule); seed++) {
        const { violations } = simulate({ seed, mode: "heals", tampering })
        for (const violation of violations) caught.add(violation.slice(0, violation.indexOf(":")))
      }
      assert.include([...caught], rule)
    })
  }
})
