// One lifetime to choose, on the form and on the receipt.

import { DAY, dateOf, formatDuration, make, setText } from "./page.js"

/**
 * @param {number} days
 * @param {number} end when the access would end, in epoch seconds
 * @param {{checked?: boolean, text?: string}} [options]
 */
export function lifetimeChoice(days, end, { checked = false, text = "time.until" } = {}) {
    const name = make("strong")
    const until = make("span")
    setText(name, "time.days", { days: () => formatDuration(days * DAY) })
    setText(until, text, { date: dateOf(end) })
    const radio = /** @type {HTMLInputElement} */ (make("input", { type: "radio", name: "days", value: String(days) }))
    radio.checked = checked
    return make("label", { class: "choice" }, radio, make("span", {}, name, until))
}
