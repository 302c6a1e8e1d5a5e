// @ts-check
// The end of the receipt: what changed on the site while support was in, and
// why the site would not let the account go. Few receipts need it at first.

import { $, make } from "./dom.js"
import { phrase, put } from "./i18n.js"
import { reasonOf } from "./problem.js"

/** What the report may find; each has a text `report.<kind>`. Those after `is_` are states of a plugin or theme. */
export const KINDS = [
    "administrator_added", "administrator_removed", "admin_email_changed", "email_changed", "key_added",
    "key_removed", "more",
    "plugin_added", "plugin_removed", "plugin_switched", "plugin_updated",
    "theme_added", "theme_removed", "theme_switched", "theme_updated", "is_active", "is_inactive", "is_network_active",
    "not_seen_administrators", "not_seen_keys", "not_seen_plugins", "not_seen_themes", "not_seen_admin_email",
]

/** @param {any[] | null} [found] null when the site could not be compared */
export function showReport(found) {
    $("#report").hidden = false
    $("#unchanged").hidden = Boolean(found?.length)
    $("#compared").hidden = !found
    put($("#unchanged"), found ? "report.nothing" : "report.unknown")
    $("#changes").replaceChildren(...(found ?? []).map(change))
}

/** @param {{change: string, name: string, detail: string}} found */
function change({ change: kind, name, detail }) {
    const item = make("li")
    const values = { name, detail: () => phrase(`report.is_${detail.replaceAll("-", "_")}`) || detail }
    put(item, kind === "not_seen" ? `report.not_seen_${name}` : `report.${kind}`, values, `${kind} ${name} ${detail}`)
    return item
}

/**
 * Say beside an attempt that failed why the site refused, as far as there are words for it.
 * @param {HTMLElement} item of the timeline
 * @param {string} reason
 */
export function explain(item, reason) {
    const name = reasonOf(reason)
    if (!name) return
    const why = make("div", { class: "hint" })
    put(why, `error.${name}`)
    item.querySelector("time")?.before(why)
}
