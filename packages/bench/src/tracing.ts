/**
 * A tracer that makes spans and forgets them: what an exporter costs is not ours.
 */
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"
import * as Tracer from "effect/Tracer"

const tracer = Tracer.make({ span: (options) => new Tracer.NativeSpan(options) })

export const context: Context.Context<never> = Context.make(Tracer.Tracer, tracer)

export const layer: Layer.Layer<never> = Layer.succeed(Tracer.Tracer)(tracer)
