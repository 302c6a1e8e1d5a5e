// Beside an attempt that failed: why the site did not delete the account.

import { make, setText } from "../shared/page.js"
import { reasonTextName } from "../shared/problem-notice.js"

/**
 * @param {HTMLElement} item of the timeline
 * @param {string} reason without a text for it, nothing is shown
 */
export function showRemovalReason(item, reason) {
    const name = reasonTextName(reason)
    if (!name) return
    const why = make("div", { class: "hint" })
    setText(why, `error.${name}`)
    item.querySelector("time")?.before(why)
}
