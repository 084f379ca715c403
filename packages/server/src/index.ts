/**
 * A journal served over HTTP: its API, and the guard before it.
 *
 * @since 0.2.0
 */
export * as Actions from "./Actions.ts"
export * as Api from "./Api.ts"
export * as Handlers from "./Handlers.ts"
export * as Operations from "./Operations.ts"
export * as Server from "./Server.ts"
export * as Sessions from "./Sessions.ts"
export * as Tokens from "./Tokens.ts"
