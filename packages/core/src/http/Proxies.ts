/**
 * The proxies that an environment names: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, in small letters or
 * capitals, the small ones first.
 *
 * A proxy is reached by http or https. A vendor behind https is asked through a tunnel, so the proxy sees which host is
 * asked and no key. This machine itself is never asked through a proxy.
 *
 * @since 0.2.0
 */
import * as Result from "effect/Result"
import * as Scrubber from "../model/Scrubber.ts"

/**
 * Where requests go through: addresses with the name and password they may need, null for the way without a proxy.
 * `noProxy` lists the hosts that are asked directly, as `NO_PROXY` does.
 *
 * @category models
 * @since 0.2.0
 */
export interface Proxies {
  readonly http: Proxy | null
  readonly https: Proxy | null
  readonly noProxy: string
}

/**
 * One proxy: the variable that names it, its address, and its address without name and password.
 *
 * @category models
 * @since 0.2.0
 */
export interface Proxy {
  readonly variable: string
  readonly url: string
  readonly shown: string
}

/**
 * What is wrong with a variable.
 *
 * @category models
 * @since 0.2.0
 */
export interface ProxyFault {
  readonly variable: string
  readonly message: string
}

type Environment = Readonly<Record<string, string | undefined>>

const local = ["localhost", "127.0.0.1", "::1"]

const given = (environment: Environment, name: string): { readonly variable: string; readonly text: string } | null => {
  for (const variable of [name.toLowerCase(), name]) {
    const text = environment[variable]?.trim() ?? ""
    if (text !== "") return { variable, text }
  }
  return null
}

const read = (environment: Environment, name: string): Result.Result<Proxy | null, ProxyFault> => {
  const found = given(environment, name)
  if (found === null) return Result.succeed(null)
  const { text, variable } = found
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`)
  const refuse = (message: string) => Result.fail({ variable, message })
  if (url === null || url.hostname === "")
    return refuse("must be the address of a proxy, such as http://proxy.example:3128")
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    return refuse(`names a proxy by ${url.protocol.slice(0, -1)}, which is not supported; name one by http or https`)
  }
  for (const secret of [url.password, decoded(url.password)]) {
    if (secret.length >= 6) Scrubber.ofProcess.learn(secret)
  }
  return Result.succeed({ variable, url: url.href, shown: url.origin })
}

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/**
 * The proxies of an environment; null where it names none. `ALL_PROXY` stands for what has no variable of its own; one that is
 * no proxy by http, such as a SOCKS proxy, is passed over. Where only `HTTP_PROXY` is there, it serves https too.
 *
 * @category constructors
 * @since 0.2.0
 */
export const fromEnvironment = (environment: Environment): Result.Result<Proxies | null, ReadonlyArray<ProxyFault>> => {
  const [http, https] = [read(environment, "HTTP_PROXY"), read(environment, "HTTPS_PROXY")]
  const faults = [http, https].flatMap((one) => (Result.isFailure(one) ? [one.failure] : []))
  if (Result.isFailure(http) || Result.isFailure(https)) return Result.fail(faults)
  const any = Result.getOrElse(read(environment, "ALL_PROXY"), () => null)
  const plain = http.success ?? any
  const secure = https.success ?? any ?? http.success
  if (plain === null && secure === null) return Result.succeed(null)
  const noProxy = [given(environment, "NO_PROXY")?.text ?? "", ...local].filter((part) => part !== "").join(",")
  return Result.succeed({ http: plain, https: secure, noProxy })
}

/**
 * The proxies as undici's `EnvHttpProxyAgent` takes them: an empty text for none, so that it reads no environment of its own.
 *
 * @category destructors
 * @since 0.2.0
 */
export const agentOptions = ({ http, https, noProxy }: Proxies) => ({
  httpProxy: http?.url ?? "",
  httpsProxy: https?.url ?? "",
  noProxy
})
