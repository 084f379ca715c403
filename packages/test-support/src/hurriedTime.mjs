/**
 * Makes a process's time pass quickly: its clocks run `speed` times as fast as the real ones and its timers ring as much
 * sooner, from the real time `began` on. Preloaded into what a test starts, by `hurry.ts`.
 *
 * What it waits for keeps its proportions. Nothing of the program is another one. Once a signal asks it to end its time is real
 * again: how long it may take to end is measured for machines, and half a second of a busy one is little.
 */
import process from "node:process"
import { performance } from "node:perf_hooks"

const given = new URL(import.meta.url).searchParams
const began = Number(given.get("began"))
let speed = Number(given.get("speed"))

const realNow = Date.now
const bigint = process.hrtime.bigint
const sinceStart = performance.now.bind(performance)

// Where each clock was, and is, since the speed last changed.
let since = { wall: began, nanos: bigint(), millis: 0 }
let then = since

const wall = () => then.wall + (realNow() - since.wall) * speed
const nanos = () => then.nanos + ((bigint() - since.nanos) * BigInt(Math.round(speed * 1_000))) / 1_000n
const millis = () => then.millis + (sinceStart() - since.millis) * speed

Date.now = () => Math.floor(wall())
globalThis.Date = new Proxy(Date, {
  construct: (target, args, as) => Reflect.construct(target, args.length === 0 ? [Date.now()] : args, as)
})
process.hrtime.bigint = nanos
performance.now = millis

/**
 * @template {typeof setTimeout | typeof setInterval} A
 * @param {A} set
 * @returns {A}
 */
const hurried = (set) =>
  new Proxy(set, {
    apply: (target, self, [run, delay, ...args]) =>
      Reflect.apply(target, self, [run, Number(delay ?? 0) / speed, ...args])
  })

globalThis.setTimeout = hurried(setTimeout)
globalThis.setInterval = hurried(setInterval)

const calmDown = () => {
  if (speed <= 1) return
  const now = { wall: wall(), nanos: nanos(), millis: millis() }
  since = { wall: realNow(), nanos: bigint(), millis: sinceStart() }
  then = now
  speed = 1
}

process.on = new Proxy(process.on, {
  apply: (target, self, [name, listener]) => {
    const isEnding = name === "SIGINT" || name === "SIGTERM" || name === "SIGHUP"
    /** @param {ReadonlyArray<unknown>} args */
    const calm = (...args) => {
      calmDown()
      return Reflect.apply(listener, self, args)
    }
    return Reflect.apply(target, self, [name, isEnding ? calm : listener])
  }
})
