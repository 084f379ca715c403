/** What the compiler infers from a definition where nobody writes a type, and what it refuses. Held by the type check. */
import * as Vendor from "@scanpoll/core/vendor/Vendor"
import * as Wire from "@scanpoll/core/vendor/Wire"
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import { describe, expectTypeOf, it } from "vitest"

const Kept = Schema.Struct({ n: Wire.count })

const facts = {
  name: "acme",
  title: "Acme",
  scans: "scans",
  docs: "https://acme.example",
  baseUrl: null,
  key: { variable: "ACME_KEY" },
  probe: "p",
  target: Schema.Struct({ url: Schema.String, deep: Schema.optionalKey(Schema.Boolean) }),
  answer: Schema.Struct({ list: Wire.sieve(Schema.Struct({ id: Schema.Int })), note: Schema.optionalKey(Wire.text()) }),
  payload: Kept,
  errors: { message: ["m"], rows: {} },
  pacing: {
    limits: { floor: "2 seconds" },
    every: { interactive: "2 seconds", default: "5 seconds", background: "5 seconds", bulk: "5 seconds" },
    budget: { requests: 1, typicalDuration: Duration.seconds(9) }
  }
} as const

const vendor = Vendor.define({
  ...facts,
  sample: { url: "a" },
  line: "url",
  subject: ({ url }) => ({ kind: "url", id: url, name: url }),
  submit: { path: "/s", body: ({ deep }) => ({ deep }), id: ["id"] },
  status: {
    path: "/s/{id}",
    id: ["id"],
    word: ["state"],
    words: {
      waiting: "queued",
      done: {
        completed: (answer) => {
          expectTypeOf(answer).toEqualTypeOf<{
            readonly list: ReadonlyArray<{ readonly id: number }>
            readonly note?: string
          }>()
          return { payload: { n: answer.list.length }, assessment: Vendor.assessment({}) }
        }
      },
      failed: Vendor.when(Schema.Struct({ why: Schema.String }), { failed: ({ why }) => why })
    }
  }
})

const preparing = Vendor.define({
  ...facts,
  sample: { url: "a" },
  line: "url",
  subject: ({ url }) => ({ kind: "url", id: url, name: url }),
  prepare: {
    task: { path: "/task", take: ["id"] },
    upload: { path: "/files/{task}", body: ({ url }) => ({ url }), take: (body) => body }
  },
  submit: {
    path: (_, { task }) => `/s/${task}`,
    body: ({ deep }, prepared) => {
      expectTypeOf(prepared).toEqualTypeOf<Readonly<Record<"task" | "upload", string | number>>>()
      return { deep, file: prepared.upload }
    },
    id: { prepared: "task" }
  },
  recover: { path: "/s/{task}", scan: (_, { task }) => task },
  status: {
    path: "/s/{id}",
    id: ["id"],
    word: ["state"],
    words: {
      stopped: "cancelled",
      done: { completed: () => ({ payload: { n: 1 }, assessment: Vendor.assessment({}) }) }
    }
  }
})

const wrong = () => {
  const status = { path: "/s/{id}", id: ["id"], word: ["state"] }
  const rest = {
    ...facts,
    sample: { url: "a" },
    line: "url",
    subject: ({ url }: { readonly url: string }) => ({ kind: "url", id: url, name: url }),
    submit: { path: "/s", id: ["id"] }
  } as const
  const is = Vendor.assessment({})
  const wrongPayload = { completed: () => ({ payload: { n: "1" }, assessment: is }) }
  // @ts-expect-error what is kept is not what the payload's schema says
  Vendor.define({ ...rest, status: { ...status, words: { done: wrongPayload } } })
  // @ts-expect-error a verdict needs an assessment
  Vendor.define({ ...rest, status: { ...status, words: { done: { completed: () => ({ payload: { n: 1 } }) } } } })
  // @ts-expect-error no such meaning
  Vendor.define({ ...rest, status: { ...status, words: { done: "finished" } } })
  const ended = { ...status, words: { done: "ended" } } as const
  // @ts-expect-error what is kept of a result is not what the payload's schema says
  Vendor.define({ ...rest, status: ended, result: { path: "/r/{id}", id: null, means: wrongPayload } })
  // @ts-expect-error no such field of the target
  Vendor.define({ ...rest, line: "link", status: { ...status, words: {} } })
  // @ts-expect-error the sample is no target
  Vendor.define({ ...rest, sample: { link: "a" }, status: { ...status, words: {} } })
  const words = { done: "cancelled" } as const
  const prepare = { task: { path: "/task", take: ["id"] } } as const
  // @ts-expect-error the id is of no call that prepares
  Vendor.define({ ...rest, prepare, submit: { path: "/s", id: { prepared: "upload" } }, status: { ...status, words } })
  Vendor.define({
    ...rest,
    prepare,
    // @ts-expect-error nothing of that name is prepared
    submit: { path: (_, { upload }) => `/s/${upload}`, id: ["id"] },
    status: { ...status, words }
  })
  // @ts-expect-error no such method of a call that cancels
  Vendor.define({ ...rest, cancel: { path: "/s/{id}", method: "STOP" }, status: { ...status, words } })
  const rows = { "404": { poll: "Gone" } } as const
  // @ts-expect-error no such kind of fault
  Vendor.define({ ...rest, errors: { message: ["m"], rows }, status: { ...status, words: {} } })
}

describe("the types of a definition", () => {
  it("are inferred from its schemas, and wrong ones do not compile", () => {
    expectTypeOf<Vendor.TargetOf<typeof vendor>>().toEqualTypeOf<{ readonly url: string; readonly deep?: boolean }>()
    expectTypeOf<Vendor.PayloadOf<typeof vendor>>().toEqualTypeOf<{ readonly n: number }>()
    expectTypeOf<Vendor.TargetOf<typeof preparing>>().toEqualTypeOf<Vendor.TargetOf<typeof vendor>>()
    expectTypeOf(wrong).toBeFunction()
  })
})
