import { assert, describe, it } from "@effect/vitest"
import * as Signals from "scanpoll/process/Signals"

const origin = { launched: "/usr/bin/node", parentStatus: null, stdinInfo: null }

describe("signals", () => {
  it("a run winds up at the first, and leaves at the same one again or at a Ctrl-C (D-14)", () => {
    const said = (...all: ReadonlyArray<readonly [Signals.Ending, number]>) => {
      const meaning = Signals.make()
      return all.map(([signal, at]) => meaning(signal, at))
    }
    assert.deepStrictEqual(said(["SIGINT", 0], ["SIGINT", 50], ["SIGTERM", 60]), ["wind-up", "nothing", "nothing"])
    assert.deepStrictEqual(said(["SIGINT", 0], ["SIGTERM", 7500]), ["wind-up", "nothing"])
    assert.deepStrictEqual(said(["SIGINT", 0], ["SIGHUP", 300]), ["wind-up", "nothing"])
    assert.deepStrictEqual(said(["SIGINT", 0], ["SIGTERM", 300], ["SIGTERM", 600]), ["wind-up", "nothing", "leave"])
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      assert.deepStrictEqual(said([signal, 0], [signal, 300]), ["wind-up", "leave"])
      assert.deepStrictEqual(said([signal, 0], ["SIGINT", 300]), ["wind-up", "leave"])
    }
  })

  it("SIGHUP stays ignored where nohup or the parent had it ignored, and nowhere else (D-15)", () => {
    const ignoring = "Name:\tbash\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000000001\n"
    const others = "Name:\tbash\nSigIgn:\t0000000000380004\n"
    for (const [about, isIgnored] of [
      [{ launched: "/usr/bin/nohup" }, true],
      [{ launched: "nohup" }, true],
      [{ launched: "/home/me/nohup/scanpoll" }, false],
      [{ launched: undefined }, false],
      [{ parentStatus: ignoring }, true],
      [{ parentStatus: others }, false],
      [{ parentStatus: "nonsense" }, false],
      [{ stdinInfo: "pos:\t0\nflags:\t0100001\n" }, true],
      [{ stdinInfo: "pos:\t0\nflags:\t0100000\n" }, false],
      [{ stdinInfo: "pos:\t0\nflags:\t0100002\n" }, false]
    ] as const) {
      assert.strictEqual(Signals.ignoresHangup({ ...origin, ...about }), isIgnored, JSON.stringify(about))
    }
  })
})
