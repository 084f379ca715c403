/**
 * What `scanpoll serve --demo` scans again and again, and what the simulated vendors make of it each time: answers that get
 * better and worse, a vendor that is busy, one that fails for a moment, and a submission whose answer is lost.
 *
 * @since 0.2.0
 */
import * as ExonaSimulator from "@scanpoll/testkit/ExonaSimulator"
import * as Script from "@scanpoll/testkit/Script"
import type { Options } from "@scanpoll/testkit/Simulators"

/**
 * The plans by name. Runs take them by turns.
 *
 * @category constructors
 * @since 0.2.0
 */
export const plans: ReadonlyArray<readonly [name: string, text: string]> = [
  [
    "sites.yaml",
    `# The web sites of the demonstration.
version: 1
gate: { failOn: high }
targets:
  - { vendor: appvet, url: "https://shop.example", type: security }
  - { vendor: appvet, url: "https://shop.example", type: performance }
  - { vendor: appvet, url: "https://blog.example", type: accessibility }
`
  ],
  [
    "suppliers.yaml",
    `# The suppliers and datasets of the demonstration.
version: 1
gate: { failOn: critical }
targets:
  - { vendor: exona, company: { name: Acme AI Ltd, website: "https://acme.example" } }
  - { vendor: exona, company: { name: Umbrella Health AI, website: "https://umbrella.example" } }
  - { vendor: exona, company: { name: Wonka Labs, website: "https://wonka.example" } }
  - vendor: compliance
    policyId: 550e8400-e29b-41d4-a716-446655440000
    uploadId: 123e4567-e89b-42d3-a456-426614174000
    mappingId: 789e0123-e45b-47c8-9901-234567890123
    auditName: Payments 2026
`
  ]
]

const turn = <A>(all: readonly [A, ...ReadonlyArray<A>], round: number): A => all[round % all.length] ?? all[0]

/**
 * The days of the past that have a run of each plan: so many days ago.
 *
 * @category constructors
 * @since 0.2.0
 */
export const rounds: ReadonlyArray<number> = [2, 1]

/**
 * The three vendors. `round` counts the rounds: with it their answers change.
 *
 * @category constructors
 * @since 0.2.0
 */
export const simulators = (now: () => number, round: () => number): Options => ({
  clock: now,
  seed: "serve",
  exona: {
    fate: ({ companyWebsite }) => {
      if (companyWebsite.includes("wonka")) {
        // The runs of the past are answered; the first one that somebody sees is not.
        return { duration: "20 seconds", level: "Low", submit: [...rounds.map(() => null), Script.acceptedAnswerLost] }
      }
      return companyWebsite.includes("umbrella")
        ? {
            duration: "50 seconds",
            level: turn(["Medium", "High", "Very High"], round()),
            polls: [null, { ...ExonaSimulator.throttled(15), headers: { "Retry-After": "15" } }]
          }
        : { duration: "35 seconds", level: turn(["Medium", "Low"], round()) }
    }
  },
  appvet: {
    fate: ({ type, url }) => {
      if (url.includes("blog")) return { duration: "40 seconds", outcome: "partial", score: 64 }
      return type === "performance"
        ? { duration: "30 seconds", score: turn([91, 96, 94], round()), polls: [null, Script.html(503)] }
        : { duration: "45 seconds", score: turn([88, 81, 72, 93], round()) }
    }
  },
  compliance: {
    fate: () => ({ inline: false, duration: "20 seconds", violations: turn([23, 19, 21, 4], round()) })
  }
})
