/**
 * Makes a process's time pass quickly: its clocks run `speed` times as fast as the real ones and its timers ring as much
 * sooner, from the real time `began` on. Preloaded into what a test starts, by `hurry.ts`.
 *
 * What it waits for keeps its proportions. Nothing of the program is another one.
 */
import process from "node:process"
import { performance } from "node:perf_hooks"

const given = new URL(import.meta.url).searchParams
const speed = Number(given.get("speed"))
const began = Number(given.get("began"))

const realNow = Date.now
const now = () => Math.floor(began + (realNow() - began) * speed)
Date.now = now
globalThis.Date = new Proxy(Date, {
  construct: (target, args, as) => Reflect.construct(target, args.length === 0 ? [now()] : args, as)
})

const { hrtime } = process
const bigint = hrtime.bigint
const start = bigint()
const speedOfNanos = BigInt(Math.round(speed * 1_000))
hrtime.bigint = () => start + ((bigint() - start) * speedOfNanos) / 1_000n

const sinceStart = performance.now.bind(performance)
performance.now = () => sinceStart() * speed

/**
 * @template {typeof setTimeout | typeof setInterval} A
 * @param {A} set
 * @returns {A}
 */
const hurried = (set) =>
  new Proxy(set, {
    apply: (target, self, [run, millis, ...args]) =>
      Reflect.apply(target, self, [run, Number(millis ?? 0) / speed, ...args])
  })

globalThis.setTimeout = hurried(setTimeout)
globalThis.setInterval = hurried(setInterval)
