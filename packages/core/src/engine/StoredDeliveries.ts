/**
 * Notifications as a journal keeps them: what happened, to whom it is told, and how far that has come.
 *
 * A notification is written in the transaction of what it tells of, so it is there exactly if that happened. It is delivered at
 * least once: its receiver knows a repetition by its id.
 *
 * @since 0.2.0
 */

/**
 * What can be told: a scan ended (settled or refused), a submission is in doubt, a vendor refused an account's key, a run ended,
 * and the newest answer about a target is worse than the one before.
 *
 * @category constructors
 * @since 0.2.0
 */
export const eventTypes = ["scan.ended", "scan.in-doubt", "account.denied", "run.finished", "target.worse"] as const

/**
 * One of `eventTypes`.
 *
 * @category models
 * @since 0.2.0
 */
export type EventType = (typeof eventTypes)[number]

/**
 * How far a delivery is: it is tried until it is `delivered`, or `dead` after the last try.
 *
 * @category constructors
 * @since 0.2.0
 */
export const deliveryStates = ["pending", "delivered", "dead"] as const

/**
 * One of `deliveryStates`.
 *
 * @category models
 * @since 0.2.0
 */
export type DeliveryState = (typeof deliveryStates)[number]

/**
 * One notification to one receiver. Times are milliseconds since 1970.
 *
 * - `id`: of the event, the same for every receiver and in every try.
 * - `receiver`: its name in the file of receivers. `claimId`: what it is about; null for a run and an account.
 * - `attempts`: how often it was tried. `dueAt`: when it is tried next. `lastError`: why the last try failed, or null.
 *
 * @category models
 * @since 0.2.0
 */
export interface StoredDelivery {
  readonly id: string
  readonly receiver: string
  readonly type: EventType
  readonly claimId: string | null
  readonly state: DeliveryState
  readonly attempts: number
  readonly madeAt: number
  readonly dueAt: number
  readonly lastError: string | null
}

/**
 * Which deliveries to list, the newest first: of these states (default all), at most `limit` of them, from 1 to 1 000, default
 * 100.
 *
 * @category models
 * @since 0.2.0
 */
export interface DeliveryFilter {
  readonly states?: ReadonlyArray<DeliveryState>
  readonly limit?: number
}
