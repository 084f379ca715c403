// What users see of the SQLite file: kept apart from Node's own types, which a user's compiler may not have.

/**
 * How long a lock of another process may block this one at a time, in milliseconds.
 *
 * @category constructors
 * @since 0.1.0
 */
export const busyTimeout = 25

/**
 * Marks a file as a journal of this program, in SQLite's own field for that.
 *
 * @see https://www.sqlite.org/pragma.html#pragma_application_id
 * @category constructors
 * @since 0.1.0
 */
export const applicationId = 0x7363706c
