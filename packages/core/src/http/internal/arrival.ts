// The body of one answer, as it arrives from undici. While nobody takes what has come, no more is taken from the socket.
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type { HttpClientError } from "effect/http/HttpClientError"
import type * as Pull from "effect/Pull"
import * as Stream from "effect/Stream"

// What stops and starts the flow of the body.
interface Valve {
  pause(): void
  resume(): void
}

// What may lie here before anybody takes it: as much as a stream of Node buffers.
const buffered = 64 * 1024

// undici's parser is one for all connections and must have returned before it is entered again.
export const afterwards = (then: () => void): void => queueMicrotask(then)

const join = (chunks: ReadonlyArray<Uint8Array>, size: number): ArrayBuffer => {
  const all = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    all.set(chunk, at)
    at += chunk.byteLength
  }
  return all.buffer
}

export class Arrival {
  private chunks: Array<Uint8Array> = []
  private size = 0
  private isOver = false
  private error: unknown = null
  private isWhole = false
  private isTaken = false
  private isPaused = false
  private readonly controller: Valve
  private wake: (() => void) | null = null

  constructor(controller: Valve) {
    this.controller = controller
  }

  add(chunk: Uint8Array): void {
    this.chunks.push(chunk)
    this.size += chunk.byteLength
    if (this.isWhole) return
    if (this.size > buffered && !this.isPaused) {
      this.isPaused = true
      this.controller.pause()
    }
    this.stir()
  }

  end(error: unknown): void {
    if (this.isOver) return
    this.isOver = true
    this.error = error
    this.stir()
  }

  whole(fail: (cause: unknown) => HttpClientError): Effect.Effect<ArrayBuffer, HttpClientError> {
    return Effect.callback((resume) => {
      if (this.isTaken) return resume(Effect.fail(fail(new Error("the body was already read"))))
      this.isWhole = true
      this.flow()
      return this.waiting(() => {
        if (!this.isOver) return false
        resume(this.error === null ? Effect.succeed(join(this.chunks, this.size)) : Effect.fail(fail(this.error)))
        return true
      })
    })
  }

  parts(fail: (cause: unknown) => HttpClientError): Stream.Stream<Uint8Array, HttpClientError> {
    const pull: Pull.Pull<readonly [Uint8Array, ...Array<Uint8Array>], HttpClientError, void> = Effect.callback(
      (resume) =>
        this.waiting(() => {
          const [first, ...others] = this.chunks
          if (first !== undefined) {
            this.isTaken = true
            this.chunks = []
            this.size = 0
            this.flow()
            resume(Effect.succeed([first, ...others]))
            return true
          }
          if (!this.isOver) return false
          resume(this.error === null ? Cause.done() : Effect.fail(fail(this.error)))
          return true
        })
    )
    return Stream.fromPull(Effect.succeed(pull))
  }

  // Looks now, and whenever there is more, until there was enough to see or nobody waits any longer.
  private waiting(look: () => boolean): Effect.Effect<void> {
    const again = (): void => {
      if (!look()) this.wake = again
    }
    again()
    return Effect.sync(() => {
      if (this.wake === again) this.wake = null
    })
  }

  private stir(): void {
    if (this.wake === null) return
    afterwards(() => {
      const { wake } = this
      this.wake = null
      wake?.()
    })
  }

  private flow(): void {
    if (!this.isPaused) return
    this.isPaused = false
    afterwards(() => this.controller.resume())
  }
}
