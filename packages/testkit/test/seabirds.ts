/**
 * Vendors that do not exist and have what Tidewatch has not, each as a definition and as what the vendor says. A `Slip`
 * is a mistake in the definition alone: the samples stay right, so the suite has to see it.
 */
import { type Definition, Vendor, Wire } from "@scanpoll/core"
import type { Samples } from "@scanpoll/testkit"
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"

const pacing = {
  limits: { floor: "2 seconds" },
  every: { interactive: "2 seconds", default: "5 seconds", background: "15 seconds", bulk: "1 minute" },
  budget: { requests: 60, typicalDuration: Duration.seconds(40) }
} as const

const target = Schema.Struct({ colony: Schema.String.check(Schema.isPattern(/^[a-z]{1,32}$/)) })
const subject = ({ colony }: typeof target.Type) => ({ kind: "dataset" as const, id: colony, name: colony })
const requests = {
  equal: [[{ colony: "skomer" }, { colony: "skomer" }]],
  different: [[{ colony: "skomer" }, { colony: "lundy" }]],
  invalid: [{ request: { colony: "" }, path: ["colony"] }]
} as const

const Verdict = Schema.Struct({ score: Wire.percent })

export type GannetSlip =
  | "shows the key as a bearer token"
  | "sends JSON for a form"
  | "polls another address"
  | "waits for ever on a conflict"
  | "takes a text for a number"
  | "reads the first page alone"
  | "counts what it read for what there is"

const Sightings = Schema.Struct({
  sightings: Wire.sieve(Schema.Struct({ ring: Wire.words(64), what: Wire.words(255) })),
  more: Schema.optionalKey(Schema.Boolean)
})

/** A key in a header of its own, a form, an id in `Location`, numbers for words, a 409 while it waits, pages. */
export const gannet = (...slips: ReadonlyArray<GannetSlip>) =>
  Vendor.define({
    name: "gannet",
    title: "Gannet",
    scans: "counts of colonies",
    docs: "https://gannet.example/docs",
    baseUrl: "https://gannet.example",
    ...(slips.includes("shows the key as a bearer token") ? {} : { auth: { header: "X-Gannet-Key" } }),
    key: { variable: "GANNET_KEY" },
    probe: "gn-0",
    target,
    sample: { colony: "skomer" },
    line: "colony",
    subject,
    submit: {
      path: "/counts",
      as: slips.includes("sends JSON for a form") ? "json" : "form",
      id: { location: /\/counts\/([\w-]+)$/ }
    },
    answer: Schema.Struct({ verdict: Schema.optionalKey(Verdict), why: Schema.optionalKey(Wire.words(1000)) }),
    payload: Verdict,
    status: {
      path: slips.includes("polls another address") ? "/counts/{id}/state" : "/counts/{id}",
      id: ["count"],
      ...(slips.includes("takes a text for a number")
        ? { word: (body: unknown) => String(Wire.get(body, ["state"])) }
        : { word: ["state"], numeric: true }),
      pending: [
        {
          status: 409,
          phase: "queued",
          says: /not ready/i,
          ...(slips.includes("waits for ever on a conflict") ? {} : { within: "2 minutes" })
        }
      ],
      words: {
        2: "running",
        3: {
          completed: ({ verdict }) =>
            verdict === undefined
              ? Vendor.unusable("no-verdict", "ended without a verdict")
              : { payload: verdict, assessment: Vendor.scored(verdict.score) }
        },
        4: { failed: ({ why }) => why }
      }
    },
    findings: {
      path: "/counts/{id}/sightings",
      page: (index, before) => {
        const more = index === 0 || (before?.more === true && !slips.includes("reads the first page alone"))
        return more ? { page: index + 1 } : null
      },
      answer: Sightings,
      read: (pages, { leftOut, whole }) => {
        const items = pages.flatMap(({ sightings }) =>
          sightings.map(({ ring, what }) =>
            Vendor.finding({ findingId: ring, ruleId: ring.slice(0, 2), title: what, severity: "low" })
          )
        )
        const isAll = (whole && leftOut === 0) || slips.includes("counts what it read for what there is")
        return { coverage: isAll ? "full" : "partial", total: items.length, items }
      }
    },
    errors: { message: ["error"], rows: { "410": { poll: "Missing!" }, "413": { submit: "Refused!" } } },
    pacing
  })

type Target = Vendor.TargetOf<ReturnType<typeof gannet>>

const gannetKey = { "X-Gannet-Key": "{key}" }
const count = (fields: object) => ({ body: { count: "gn-1001", ...fields } })

export const gannetSays: Samples.Samples<Target> = {
  requests,
  submit: {
    sends: { method: "POST", path: "/counts", headers: gannetKey, as: "form", body: { colony: "skomer" } },
    accepted: [{ status: 202, headers: { location: "/counts/gn-1001" }, body: { queued: true } }]
  },
  poll: {
    sends: { method: "GET", path: "/counts/{id}", headers: gannetKey },
    otherId: "gn-2002",
    scans: [
      { means: "queued", answer: { status: 409, body: { error: "The count is not ready" } } },
      { means: "running", answer: count({ state: 2 }) },
      { means: "Completed", answer: count({ state: 3, verdict: { score: 71 } }), result: [["verdict"]] },
      { means: "Failed", answer: count({ state: 4, why: "the colony flew off" }), reason: [["why"]] }
    ]
  },
  findings: {
    pages: [
      { body: { sightings: [{ ring: "ga-1", what: "a gannet with a ring" }], more: true } },
      { body: { sightings: [{ ring: "ga-2", what: "another gannet with a ring" }], more: false } }
    ],
    count: 2
  },
  errors: [{ answer: { status: 404, body: { error: "no such count" } }, poll: "Missing" }]
}

export type PuffinSlip = "counts any text that begins with a number" | "starts with a POST"

/** A key in the query, a GET that submits, numbers for ids, a share of 100 for a word. */
export const puffin = (...slips: ReadonlyArray<PuffinSlip>) =>
  Vendor.define({
    name: "puffin",
    title: "Puffin",
    scans: "counts of burrows",
    docs: "https://puffin.example/docs",
    baseUrl: "https://puffin.example",
    auth: { query: "api_key" },
    key: { variable: "PUFFIN_KEY" },
    ids: "number",
    probe: "0",
    target,
    sample: { colony: "skomer" },
    line: "colony",
    subject,
    submit: {
      ...(slips.includes("starts with a POST") ? { as: "none" } : { method: "GET" }),
      path: "/start",
      query: ({ colony }) => ({ colony }),
      id: ["job", "number"]
    },
    answer: Schema.Struct({ score: Schema.optionalKey(Wire.percent) }),
    payload: Verdict,
    status: {
      path: "/job",
      query: (scanId) => ({ number: scanId }),
      id: ["job", "number"],
      word: ["done"],
      words: (word) => {
        const form = slips.includes("counts any text that begins with a number") ? /^\d{1,3}/ : /^(?:\d{1,2}|100)$/
        if (!form.test(word)) return null
        return word === "100"
          ? {
              completed: ({ score }) =>
                score === undefined
                  ? Vendor.unusable("no-score", "done without a score")
                  : { payload: { score }, assessment: Vendor.scored(score) }
            }
          : { running: () => ({ fraction: Number(word) / 100 }) }
      }
    },
    errors: { code: ["code"], message: ["text"], rows: { "400 gone": { poll: "Missing!" } } },
    pacing
  })

const job = (fields: object) => ({ body: { job: { number: 42 }, ...fields } })

export const puffinSays: Samples.Samples<Target> = {
  requests,
  submit: {
    sends: { method: "GET", path: "/start?colony=skomer&api_key={key}" },
    accepted: [{ body: { job: { number: 42 } } }]
  },
  poll: {
    sends: { method: "GET", path: "/job?number={id}&api_key={key}" },
    otherId: "43",
    scans: [
      { means: "running", answer: job({ done: "0" }) },
      { means: "running", answer: job({ done: "37" }) },
      { means: "Completed", answer: job({ done: "100", score: 71 }), result: [["score"]] }
    ]
  }
}

export type TernSlip = "shows the secret in place of a token" | "completes what says nothing"

/** A token that is fetched, a PUT, answers without an id and without a word. */
export const tern = (...slips: ReadonlyArray<TernSlip>) =>
  Vendor.define({
    name: "tern",
    title: "Tern",
    scans: "counts of shores",
    docs: "https://tern.example/docs",
    baseUrl: "https://tern.example",
    auth: slips.includes("shows the secret in place of a token")
      ? "basic"
      : { clientCredentials: { tokenUrl: "/oauth/token" } },
    key: { variable: "TERN_CLIENT" },
    probe: "none",
    target,
    sample: { colony: "skomer" },
    line: "colony",
    subject,
    submit: { method: "PUT", path: "/shores", id: (body) => Wire.get(body, ["shore"]) },
    answer: Schema.Struct({ finished: Schema.optionalKey(Schema.Boolean), score: Schema.optionalKey(Wire.percent) }),
    payload: Verdict,
    status: {
      path: "/shores/{id}",
      id: null,
      word: (body) => {
        const finished = Wire.get(body, ["finished"])
        if (slips.includes("completes what says nothing")) return finished === false ? "counting" : "finished"
        return typeof finished === "boolean" ? (finished ? "finished" : "counting") : null
      },
      words: {
        counting: "running",
        finished: {
          completed: ({ score = 0 }) =>
            score === 0 && !slips.includes("completes what says nothing")
              ? Vendor.unusable("no-score", "finished without a score")
              : { payload: { score }, assessment: Vendor.scored(score) }
        }
      }
    },
    errors: { message: ["message"], rows: {} },
    pacing
  })

export const ternSays: Samples.Samples<Target> = {
  requests,
  submit: {
    sends: { method: "PUT", path: "/shores", body: { colony: "skomer" } },
    id: ["shore"],
    accepted: [{ status: 201, body: { shore: "sh-7" } }]
  },
  poll: {
    sends: { method: "GET", path: "/shores/{id}" },
    otherId: "sh-8",
    decides: [["finished"]],
    scans: [
      { means: "running", answer: { body: { finished: false } } },
      { means: "Completed", answer: { body: { finished: true, score: 71 } }, result: [["score"]] }
    ]
  }
}

export type RazorbillSlip =
  | "completes by the status alone"
  | "takes the end for a pause"
  | "loses the id that a scan goes on under"
  | "calls a cancelled scan failed"
  | "completes a result that says nothing"
  | "asks for the result elsewhere"
  | "calls every result completed"
  | "waits for ever for a result"
  | "cancels with a GET"
  | "prepares with another request"
  | "says that nothing was started"
  | "finds another scan again"
  | "takes a result of any scan"
  | "forgets what the scan is about"

/** A task first, ids that change, a verdict behind a second address, scans that can be cancelled. */
export const razorbill = (...slips: ReadonlyArray<RazorbillSlip>) => {
  const has = (slip: RazorbillSlip): boolean => slips.includes(slip)
  return Vendor.define({
    name: "razorbill",
    title: "Razorbill",
    scans: "counts of ledges",
    docs: "https://razorbill.example/docs",
    baseUrl: "https://razorbill.example",
    key: { variable: "RAZORBILL_KEY" },
    probe: "rz-0",
    target,
    sample: { colony: "skomer" },
    line: "colony",
    subject,
    prepare: {
      task: {
        method: has("prepares with another request") ? "GET" : "POST",
        path: "/tasks",
        ...(has("prepares with another request")
          ? {}
          : { body: ({ colony }: typeof target.Type) => ({ name: colony }) }),
        take: ["task"]
      }
    },
    submit: { path: "/tasks/{task}/start", body: ({ colony }: typeof target.Type) => ({ colony }), id: ["scan"] },
    recover: {
      path: "/tasks/{task}",
      scan: (body) => {
        const scan = Wire.get(body, ["scan"])
        if (typeof scan === "string") return has("finds another scan again") ? `${scan}0` : scan
        const isIdle = Wire.get(body, ["state"]) === "idle"
        return isIdle || has("says that nothing was started") ? null : Vendor.unusable("unknown", "no state")
      }
    },
    answer: Schema.Struct({ why: Schema.optionalKey(Wire.words(1000)), verdict: Schema.optionalKey(Verdict) }),
    payload: Verdict,
    status: {
      path: "/scans/{id}",
      id: ["scan"],
      word: ["state"],
      words: {
        waiting: "queued",
        climbing: { moved: has("loses the id that a scan goes on under") ? () => "rz-1001" : ["next"] },
        counting: "running",
        over: has("completes by the status alone")
          ? { completed: () => ({ payload: { score: 100 }, assessment: Vendor.scored(100) }) }
          : has("takes the end for a pause")
            ? "running"
            : "ended",
        halted: "ended",
        dropped: has("calls a cancelled scan failed") ? { failed: ({ why }) => why } : "cancelled"
      }
    },
    result: {
      path: has("asks for the result elsewhere") ? "/result/{id}" : "/scans/{id}/result",
      query: (_, word, about) => ({ word, colony: has("forgets what the scan is about") ? "" : (about?.id ?? "") }),
      id: has("takes a result of any scan") ? null : ["scan"],
      pending: [
        {
          status: 409,
          phase: "running",
          says: /being written/,
          ...(has("waits for ever for a result") ? {} : { within: "2 minutes" })
        }
      ],
      means: (word) => {
        const completed = ({ verdict }: { readonly verdict?: typeof Verdict.Type }) =>
          verdict === undefined
            ? has("completes a result that says nothing")
              ? { payload: { score: 100 }, assessment: Vendor.scored(100) }
              : Vendor.unusable("no-verdict", "a result without a verdict")
            : { payload: verdict, assessment: Vendor.scored(verdict.score) }
        return word === "halted" && !has("calls every result completed") ? { partial: completed } : { completed }
      }
    },
    cancel: { method: has("cancels with a GET") ? "GET" : "DELETE", path: "/scans/{id}" },
    errors: { code: ["code"], message: ["message"], rows: {} },
    pacing
  })
}

const ledge = (fields: object) => ({ body: { scan: "rz-1001", ...fields } })
const bearer = { authorization: "Bearer {key}" }

export const razorbillSays: Samples.Samples<Target> = {
  requests,
  prepare: [
    {
      sends: { method: "POST", path: "/tasks", headers: bearer, body: { name: "skomer" } },
      answer: { status: 201, body: { task: "t/7" } }
    }
  ],
  recover: {
    sends: { method: "GET", path: "/tasks/t%2F7", headers: bearer },
    found: { answer: { body: { task: "t/7", scan: "rz-1001" } }, id: "rz-1001" },
    none: [{ body: { task: "t/7", state: "idle" } }],
    unsure: [{ body: { task: "t/7" } }]
  },
  submit: {
    sends: { method: "POST", path: "/tasks/t%2F7/start", headers: bearer, body: { colony: "skomer" } },
    accepted: [{ status: 202, body: { scan: "rz-1001" } }]
  },
  poll: {
    sends: { method: "GET", path: "/scans/{id}", headers: bearer },
    otherId: "rz-2002",
    scans: [
      { means: "queued", answer: ledge({ state: "waiting" }) },
      { means: { moved: "rz-1002", at: ["next"] }, answer: ledge({ state: "climbing", next: "rz-1002" }) },
      { means: "running", answer: ledge({ state: "counting" }) },
      { means: "ended", answer: ledge({ state: "over" }) },
      { means: "ended", answer: ledge({ state: "halted" }) },
      { means: "cancelled", answer: ledge({ state: "dropped" }) }
    ]
  },
  result: {
    sends: { method: "GET", path: "/scans/{id}/result?word=over&colony=skomer", headers: bearer },
    scans: [
      { means: "Completed", answer: ledge({ verdict: { score: 71 } }), result: [["verdict"]] },
      { means: "Partial", word: "halted", answer: ledge({ verdict: { score: 17 } }), result: [["verdict"]] }
    ],
    pending: [
      { means: "running", answer: { status: 409, body: { code: "busy", message: "the result is being written" } } }
    ]
  },
  cancel: {
    sends: { method: "DELETE", path: "/scans/{id}", headers: bearer },
    answer: { status: 202, body: {} },
    after: ledge({ state: "dropped" })
  },
  errors: [{ answer: { status: 404, body: { code: "no-scan", message: "no such scan" } }, poll: "Missing" }]
}

export type FulmarSlip = "takes a start that was refused for a scan" | "takes another task for the scan"

const site = Schema.Struct({ url: Vendor.publicUrl, authorized: Schema.optionalKey(Schema.Boolean) })

const started = (body: unknown, { task }: { readonly task: string | number }): unknown =>
  Wire.get(body, ["started"]) === true ? task : null

const fulmarWith = (id: Definition.Submit<typeof site.Type, never, "task">["id"]) =>
  Vendor.define({
    name: "fulmar",
    title: "Fulmar",
    scans: "attacks on web sites",
    docs: "https://fulmar.example/docs",
    baseUrl: "https://fulmar.example",
    key: { variable: "FULMAR_KEY" },
    probe: "fu-0",
    active: true,
    target: site,
    sample: { url: "https://skomer.example/", authorized: true },
    line: "url",
    subject: ({ url }) => Vendor.urlSubject(url),
    fingerprint: ({ url }) => Vendor.sameUrl(url) ?? url,
    prepare: { task: { path: "/tasks", body: () => ({}), take: ["task"] } },
    submit: { path: "/tasks/{task}/start", body: ({ url }: typeof site.Type) => ({ url }), id },
    answer: Schema.Struct({ verdict: Schema.optionalKey(Verdict) }),
    payload: Verdict,
    status: {
      path: "/tasks/{id}",
      id: ["task"],
      word: ["state"],
      words: {
        diving: "running",
        landed: {
          completed: ({ verdict }) =>
            verdict === undefined
              ? Vendor.unusable("no-verdict", "landed without a verdict")
              : { payload: verdict, assessment: Vendor.scored(verdict.score) }
        }
      }
    },
    errors: { message: ["message"], rows: {} },
    pacing
  })

/** Scans that attack, of sites that anybody can reach; the id of a scan is that of a task which was there before it. */
export const fulmar = (...slips: ReadonlyArray<FulmarSlip>) =>
  fulmarWith((body, prepared) => {
    if (slips.includes("takes another task for the scan") && typeof Wire.get(body, ["started"]) === "boolean")
      return `${prepared.task}0`
    const isRefused = slips.includes("takes a start that was refused for a scan")
    return isRefused && Wire.get(body, ["task"]) === prepared.task ? prepared.task : started(body, prepared)
  })

/** The same, where every 2xx says that the task was started. */
export const fulmarOfAny = () => fulmarWith({ prepared: "task" })

export type Site = typeof site.Type

const attacked = { url: "https://skomer.example/", authorized: true }
const landing = (fields: object) => ({ body: { task: "fu-1001", ...fields } })

export const fulmarSays = {
  requests: {
    equal: [[attacked, { url: "HTTPS://skomer.example:443/#nest", authorized: true }]],
    different: [[attacked, { url: "https://lundy.example/", authorized: true }]],
    invalid: [
      { request: { url: attacked.url }, path: ["authorized"] },
      { request: { url: "https://192.168.0.1/", authorized: true }, path: ["url"] }
    ]
  },
  prepare: [
    {
      sends: { method: "POST", path: "/tasks", headers: bearer, body: {} },
      answer: { status: 201, body: { task: "fu-1001" } }
    }
  ],
  submit: {
    sends: { method: "POST", path: "/tasks/{id}/start", headers: bearer, body: { url: attacked.url } },
    id: { prepared: "task", says: [["started"]] },
    accepted: [{ status: 202, body: { task: "fu-1001", started: true } }]
  },
  poll: {
    sends: { method: "GET", path: "/tasks/{id}", headers: bearer },
    otherId: "fu-2002",
    scans: [
      { means: "running", answer: landing({ state: "diving" }) },
      { means: "Completed", answer: landing({ state: "landed", verdict: { score: 71 } }), result: [["verdict"]] }
    ]
  }
} as const satisfies Samples.Samples<Site>

export type SkuaSlip = "waits for another scan than the one that is named"

/** Nothing is submitted: the target names a scan that somebody else started. */
export const skua = (...slips: ReadonlyArray<SkuaSlip>) =>
  Vendor.define({
    name: "skua",
    title: "Skua",
    scans: "scans of others",
    docs: "https://skua.example/docs",
    baseUrl: "https://skua.example",
    key: { variable: "SKUA_KEY" },
    probe: "sk-0",
    target: Schema.Struct({ chase: Schema.String.check(Schema.isPattern(/^sk-\d{1,9}$/)) }),
    sample: { chase: "sk-1001" },
    line: "chase",
    subject: ({ chase }) => ({ kind: "chase", id: chase, name: chase }),
    submit: { known: ({ chase }) => (slips.length > 0 ? `${chase}0` : chase) },
    answer: Schema.Struct({ verdict: Schema.optionalKey(Verdict) }),
    payload: Verdict,
    status: {
      path: "/chases/{id}",
      id: ["chase"],
      word: ["state"],
      words: {
        chasing: "running",
        caught: {
          completed: ({ verdict }) =>
            verdict === undefined
              ? Vendor.unusable("no-verdict", "caught without a verdict")
              : { payload: verdict, assessment: Vendor.scored(verdict.score) }
        }
      }
    },
    errors: { message: ["message"], rows: {} },
    pacing
  })

const chase = (fields: object) => ({ body: { chase: "sk-1001", ...fields } })

export const skuaSays: Samples.Samples<Vendor.TargetOf<ReturnType<typeof skua>>> = {
  requests: {
    equal: [[{ chase: "sk-1001" }, { chase: "sk-1001" }]],
    different: [[{ chase: "sk-1001" }, { chase: "sk-1002" }]],
    invalid: [{ request: { chase: "all" }, path: ["chase"] }]
  },
  submit: { waits: "sk-1001" },
  poll: {
    sends: { method: "GET", path: "/chases/{id}", headers: bearer },
    otherId: "sk-2002",
    scans: [
      { means: "running", answer: chase({ state: "chasing" }) },
      { means: "Completed", answer: chase({ state: "caught", verdict: { score: 71 } }), result: [["verdict"]] }
    ]
  }
}
