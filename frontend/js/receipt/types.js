// Types of the receipt. No page loads this module.

/** @import { Grant } from "../shared/api-types.js" */
/** @import { Config, ReceiptEntry } from "../shared/types.js" */

/**
 * The state of the page and what its parts call, made once by receipt.js. *entry* is null when the address is not a
 * receipt's, *grant* until the server has answered. *readAt* is when it did, *shownTimeline* what is shown of it.
 * @typedef {{
 *   entry: ReceiptEntry | null, grant: Grant | null, config: Promise<Config>, readAt: Date, shownTimeline: string,
 *   polls: number, pollTimer: number, stopCountdown: () => void, refresh: () => Promise<void>
 * }} ReceiptPage
 *
 * @typedef {ReceiptPage & {entry: ReceiptEntry, grant: Grant}} LoadedReceiptPage
 */

export {}
