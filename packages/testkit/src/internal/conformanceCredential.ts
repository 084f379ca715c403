// Rules about keys: asked for before each request, and never told. Plays answers on the stage of `conformanceBench`.
import { CredentialError } from "@scanpoll/core/http/Credential"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { Answer, Kit } from "./kitFacts.ts"
import * as Ledger from "../Ledger.ts"
import * as Script from "../Script.ts"
import * as bench from "./conformanceBench.ts"
import * as wire from "./conformanceWire.ts"

const tracing = /^(?:traceparent|tracestate|b3|x-b3-.*|baggage)$/

const looksLikeAddress = (text: string): boolean => /^(?:[a-z]+:)?\/|^www\.|^[\w-]+(?:\.[\w-]+)+$/i.test(text)

export const credentialRules = <Request, Payload>(kit: Kit<Request, Payload>): ReadonlyArray<bench.Rule> => {
  const [key, otherKey] = bench.keysOf(kit)
  const { id, status } = kit.poll
  const kept = bench.pollPaths(kit)
  const accepted = kit.submit.accepted[0]
  const waits = kit.submit.waits === true
  const completed = bench.completedOf(kit).answer
  const asked = bench.idIn(kit, completed)
  const secret = bench.secretOf(kit, key)
  const leaks = (text: string): boolean => [key, secret, btoa(key)].some((form) => text.includes(form))

  const { auth = "bearer" } = kit
  const isSigned = typeof auth === "object" && "sign" in auth
  const scheme =
    auth === "bearer" || (typeof auth === "object" && "clientCredentials" in auth)
      ? "Bearer"
      : typeof auth === "object" && "header" in auth
        ? (auth.scheme ?? "")
        : null
  const place =
    typeof auth === "object" && "header" in auth
      ? `in ${auth.header}`
      : typeof auth === "object" && "query" in auth
        ? `in the query as ${auth.query}`
        : "in Authorization"

  /** Calls of every kind, good ones and bad. */
  const conversation = (scene: bench.Scene<Request, Payload>) =>
    Effect.gen(function* () {
      const heard: Array<readonly [string, bench.Heard<unknown, unknown>]> = []
      for (const answer of [
        ...kit.submit.accepted,
        ...(kit.submit.settled ?? []).map((one) => one.answer),
        ...kit.errors.map((row) => row.answer),
        Script.html(500),
        Script.respond(401),
        Script.reset()
      ]) {
        heard.push([`submission, ${bench.nameOf(answer)}`, yield* scene.submit(answer)])
      }
      for (const answer of [
        ...bench.scansOf(kit).map((one) => one.answer),
        ...kit.errors.map((row) => row.answer),
        ...(id === null ? [] : [bench.withBody(completed, wire.set(completed.body, id, kit.poll.otherId))]),
        ...(status === null
          ? []
          : [bench.withBody(completed, wire.set(completed.body, status, "x-conformance-unheard-of"))]),
        Script.html(200),
        Script.html(503),
        Script.respond(401),
        Script.redirect("/x"),
        Script.reset()
      ]) {
        heard.push([`poll, ${bench.nameOf(answer)}`, yield* scene.poll(answer, asked)])
      }
      return heard
    })

  const rules: ReadonlyArray<bench.Rule> = [
    {
      group: "credential",
      name: "MUST show the key in every request where the vendor looks for it, and nowhere else",
      run: Effect.fnUntraced(function* (note) {
        const scene = yield* bench.open(kit)
        yield* conversation(scene)
        for (const { authorization, method, path } of isSigned ? [] : scene.requests()) {
          if (authorization === null) note(`${method} ${path}: no key ${place}`)
          else if (authorization.fingerprint !== Ledger.fingerprint(key))
            note(`${method} ${path}: not the key it was given`)
          else if (scheme !== null && authorization.scheme !== scheme)
            note(`${method} ${path}: the key is shown as "${authorization.scheme}", must be "${scheme}"`)
        }
        for (const form of [...bench.formsOf(key), secret]) {
          for (const { method, route } of scene.stage.ledger.mentions(form)) note(`${method}, ${route}: also elsewhere`)
        }
      })
    },
    {
      group: "credential",
      name: "MUST NOT follow a redirect",
      run: Effect.fnUntraced(function* (note) {
        const elsewhere = yield* bench.stage({ vendor: "elsewhere" })
        for (const code of [301, 302, 303, 307, 308]) {
          for (const [where, location] of [
            ["elsewhere", `${elsewhere.origin}/x`],
            ["to the vendor itself", "/x"]
          ] as const) {
            const scene = yield* bench.open(kit)
            const once = Effect.fnUntraced(function* (answer: Answer) {
              yield* elsewhere.script({ steps: [{ ...answer, times: Infinity }] })
              yield* scene.script([
                { steps: [Script.redirect(location, code)] },
                { steps: [{ ...answer, times: Infinity }] }
              ])
            })
            yield* once(completed)
            const polled = yield* scene.listen(scene.adapter.poll(scene.ticket(asked)))
            bench.expect(note, `poll, ${code} ${where}`, bench.readPoll(polled), "Broken for good")
            if (scene.requests().length !== 1) note(`poll, ${code} ${where}: followed`)
            if (!waits) {
              yield* once(accepted)
              const submitted = yield* scene.listen(scene.adapter.submit(kit.requests.valid[0]))
              bench.expect(note, `submission, ${code} ${where}`, bench.readSubmit(submitted), "InDoubt")
              if (scene.requests().length > 2) note(`submission, ${code} ${where}: followed`)
            }
            yield* elsewhere.clearScripts
          }
        }
        for (const { method, path } of elsewhere.ledger.requests()) note(`${method} ${path} went elsewhere`)
      })
    },
    {
      group: "credential",
      name: "MUST NOT fetch an address that an answer or a ticket tells it",
      run: Effect.fnUntraced(function* (note) {
        const scene = yield* bench.open(kit)
        const elsewhere = yield* bench.stage({ vendor: "elsewhere" })
        yield* elsewhere.script({ steps: [{ ...completed, times: Infinity }] })
        const there = `${elsewhere.origin}/x`
        const pointing = (answer: Answer): Script.Step => {
          const body = wire.mapTexts(answer.body, [...kept, ...bench.newIdPaths(kit)], (text) =>
            looksLikeAddress(text) ? there : text
          )
          const told = wire.isRecord(body)
            ? { url: there, report_url: there, status_url: there, next: there, links: { self: there }, ...body }
            : body
          return bench.withHeaders({ ...answer, body: told }, { location: there, "content-location": there })
        }
        yield* scene.submit(pointing(accepted))
        for (const { answer } of bench.scansOf(kit)) {
          yield* scene.poll(pointing(answer), bench.idIn(kit, answer))
          yield* scene.play(answer)
          const foreign = { ...scene.ticket(bench.idIn(kit, answer)), origin: elsewhere.origin }
          yield* scene.listen(scene.adapter.poll(foreign))
        }
        const first = scene.requests()
        const most = 1 + 2 * bench.scansOf(kit).length
        if (first.length > most) note(`${first.length} requests to the vendor, must be at most ${most}`)
        for (const { authorization, method, path } of elsewhere.ledger.requests()) {
          note(`${method} ${path} went elsewhere${authorization === null ? "" : ", with a credential"}`)
        }
      })
    },
    {
      group: "credential",
      name: "MUST ask for the credential before each request, and send the one it is given then",
      run: Effect.fnUntraced(function* (note) {
        const scene = yield* bench.open(kit)
        const keys = [otherKey, key, otherKey, key]
        for (const [at, one] of keys.entries()) {
          scene.lend(Effect.succeed(Redacted.make(one)))
          if (at < 2 || waits) yield* scene.poll(completed)
          else yield* scene.submit(accepted)
        }
        if (isSigned) return
        const sent = scene.requests().map((entry) => entry.authorization?.fingerprint)
        for (const [at, one] of keys.entries()) {
          if (sent[at] !== Ledger.fingerprint(one)) note(`request ${at}: not the key it was given before it`)
        }
      })
    },
    {
      group: "credential",
      name: "MUST be denied without a request where there is no credential",
      run: Effect.fnUntraced(function* (note) {
        const scene = yield* bench.open(kit)
        const error = new CredentialError({ vendor: kit.vendor, variable: "CONFORMANCE_KEY", message: "is not set" })
        for (const [about, credential] of [
          ["none", Effect.fail(error)],
          ["an empty one", Effect.succeed(Redacted.make(""))],
          ["one with a line break", Effect.succeed(Redacted.make("half\r\nX-Injected: 1"))]
        ] as const) {
          scene.lend(credential)
          const polled = bench.readPoll(yield* scene.poll(completed))
          bench.expect(note, `poll, ${about}`, polled, "Denied", "Denied for good")
          if (waits) continue
          bench.expect(note, `submission, ${about}`, bench.readSubmit(yield* scene.submit(accepted)), "Denied")
        }
        if (scene.requests().length > 0) note(`${scene.requests().length} requests reached the vendor`)
      })
    },
    {
      group: "credential",
      name: "MUST NOT let the key into a ticket, an outcome or an error, printed in any way, though the vendor repeats it",
      run: Effect.fnUntraced(function* (note) {
        const scene = yield* bench.open(kit)
        for (const [about, heard] of yield* conversation(scene)) {
          if (leaks(bench.showsHeard(heard))) note(`${about}: the key`)
        }
        const said = [
          secret,
          key,
          `Bearer ${key}`,
          `you sent "${key}".`,
          `Basic ${btoa(key)}`,
          encodeURIComponent(`?k=${key}`)
        ]
        for (const text of said) {
          const headers = { "x-request-id": text, "x-ratelimit-limit": text, "retry-after": text }
          const echo = (answer: Answer, kept: ReadonlyArray<ReadonlyArray<string | number>>): Script.Step =>
            bench.withHeaders(
              bench.withBody(
                answer,
                wire.mapTexts(answer.body, kept, () => text)
              ),
              headers
            )
          for (const { answer, name } of bench.scansOf(kit)) {
            const keyed = wire.set(answer.body, [key], key)
            for (const step of [
              echo(answer, kept),
              ...(id === null ? [] : [echo(answer, [id])]),
              ...(status === null ? [] : [echo(answer, [status])]),
              bench.withHeaders(bench.withBody(answer, keyed), headers)
            ]) {
              const heard = yield* scene.poll(step, bench.idIn(kit, answer))
              if (leaks(bench.showsHeard(heard)))
                note(`${name} with ${JSON.stringify(text.replace(key, "KEY"))}: the key`)
            }
          }
          for (const { answer } of kit.errors) {
            for (const heard of [yield* scene.poll(echo(answer, []), asked), yield* scene.submit(echo(answer, []))]) {
              if (leaks(bench.showsHeard(heard))) note(`${bench.nameOf(answer)} with the key in its texts: the key`)
            }
          }
          const page = { ...Script.html(502), body: `<html>${text}</html>`, headers }
          for (const heard of [yield* scene.poll(page, asked), yield* scene.submit(page)]) {
            if (leaks(bench.showsHeard(heard))) note("a page with the key in it: the key")
          }
        }
      })
    },
    {
      group: "credential",
      name: "MUST NOT tell the vendor about our traces, nor send it cookies",
      run: Effect.fnUntraced(function* (note) {
        const scene = yield* bench.open(kit)
        const cookies = { "set-cookie": "session=1; Path=/" }
        for (let time = 0; time < 2; time++) {
          yield* Effect.withSpan(scene.poll(bench.withHeaders(completed, cookies), asked), "conformance")
          yield* Effect.withSpan(scene.submit(bench.withHeaders(accepted, cookies)), "conformance")
        }
        for (const { headers, method } of scene.requests()) {
          for (const name of Object.keys(headers))
            if (tracing.test(name) || name === "cookie") note(`${method}: ${name}`)
        }
      })
    }
  ]
  const keyed: ReadonlyArray<string> = [
    "MUST show the key in every request where the vendor looks for it, and nowhere else",
    "MUST ask for the credential before each request, and send the one it is given then",
    "MUST be denied without a request where there is no credential",
    "MUST NOT let the key into a ticket, an outcome or an error, printed in any way, though the vendor repeats it"
  ]
  return auth === "none" ? rules.filter(({ name }) => !keyed.includes(name)) : rules
}
