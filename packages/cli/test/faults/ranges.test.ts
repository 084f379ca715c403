// The numbers and durations that single commands take: what is out of range is refused before anything is done, and what
// is in range is not.
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { inside } from "../support/inside.ts"

const memory = ["--journal", "memory:"]

// Each flag with the command that takes it, what is refused, and the range that the refusal names.
const ranges: ReadonlyArray<readonly [ReadonlyArray<string>, string, ReadonlyArray<string>, RegExp]> = [
  [
    ["purge", ...memory],
    "--older-than",
    ["", "90", "-1d", "-0", "36501d", "999999999999999d", "9999999999999999s", "1e3d", "NaN", "Infinity", "90 parsecs"],
    /must be a duration from 0 to 36500d/
  ],
  [
    ["history", ...memory],
    "--limit",
    ["", "0", "-1", "1.5", "1e3", "10001", "99999999999999999999", "NaN", "0x10"],
    /must be a whole number from 1 to 10000/
  ],
  [
    ["worker"],
    "--lease",
    ["", "0", "0s", "-12s", "12", "2999ms", "601s", "1h", "999999999999999d"],
    /must be a duration from 3s to 10m/
  ],
  [["worker"], "--slices", ["", "0", "-1", "1.5", "1025", "99999", "NaN"], /must be a whole number from 1 to 1024/],
  [["worker"], "--listen", ["", "9464", "host", ":65536", ":-1", "host:99999"], /must be HOST:PORT/],
  [["simulate"], "--port", ["", "-1", "65501", "99999", "1.5", "NaN"], /must be a whole number from 1 to 65500/],
  [["simulate"], "--speed", ["", "0", "-1", "1000001", "1e9", "NaN", "Infinity"], /must be a number above 0/]
]

describe("a number or duration of one command", () => {
  layer(NodeServices.layer, { excludeTestServices: true, timeout: "60 seconds" })((it) => {
    for (const [command, flag, texts, words] of ranges) {
      it.effect(`of ${command[0]} ${flag} that is out of range is refused with the range (V-19)`, () =>
        Effect.gen(function* () {
          for (const text of texts) {
            const { err, failure, out } = yield* inside([...command, `${flag}=${text}`])
            assert.isNotNull(failure, `${flag}=${text}`)
            assert.include(err, `${flag}: `, text)
            assert.match(err, words, text)
            assert.strictEqual(out, "")
          }
        })
      )
    }

    it.effect("that is an age may be longer than any wait: `purge --older-than 90d` is no fault (V-19)", () =>
      Effect.gen(function* () {
        for (const age of ["0", "0s", "12h", "30d", "31d", "90d", "365d", "36500d", "1d 12h"]) {
          const { err, failure } = yield* inside(["purge", ...memory, "--older-than", age, "--yes"])
          assert.isNull(failure, err)
          assert.strictEqual(err, "0 claims forgotten\n")
        }
      })
    )

    it.effect("is refused together with the other faults of its command (V-19)", () =>
      Effect.gen(function* () {
        const purge = yield* inside(["purge", "--log-level", "loud"])
        assert.match(purge.err, /--log-level: must be one of/)
        assert.match(purge.err, /--older-than: is required, for example 90d, or a subject/)
        const history = yield* inside(["history", "--limit", "0", "-o", "sarif"])
        assert.match(history.err, /--limit: must be/)
        assert.match(history.err, /--output: `history` writes text or json/)
      })
    )
  })
})
