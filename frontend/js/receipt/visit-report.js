// The visit report: what changed on the site between the snapshots before and after the access.

/** @import { SiteChange } from "../shared/api-types.js" */
import { $, make, setText, texts } from "../shared/page.js"

/** What the report may show; each has a text `report.<kind>`. Those after `is_` are states of a plugin or theme. */
export const KINDS = [
    "administrator_added",
    "administrator_removed",
    "admin_email_changed",
    "email_changed",
    "key_added",
    "key_removed",
    "more",
    "plugin_added",
    "plugin_removed",
    "plugin_switched",
    "plugin_updated",
    "rights_added",
    "role_changed",
    "theme_added",
    "theme_removed",
    "theme_switched",
    "theme_updated",
    "user_added",
    "user_removed",
    "is_active",
    "is_inactive",
    "is_network_active",
    "not_seen_administrators",
    "not_seen_keys",
    "not_seen_plugins",
    "not_seen_themes",
    "not_seen_admin_email",
    "not_seen_users",
]

/** @param {SiteChange[]} [changes] undefined when the site could not be compared */
export function showVisitReport(changes) {
    $("#report").hidden = false
    $("#unchanged").hidden = Boolean(changes?.length)
    $("#compared").hidden = !changes
    setText($("#unchanged"), changes ? "report.nothing" : "report.unknown")
    $("#changes").replaceChildren(...(changes ?? []).map(changeItem))
}

/** @param {SiteChange} change */
function changeItem({ change: kind, name, detail }) {
    const item = make("li")
    const values = { name, detail: () => texts[`report.is_${detail.replaceAll("-", "_")}`] || detail }
    const text = kind === "not_seen" ? `report.not_seen_${name}` : `report.${kind}`
    setText(item, text, values, `${kind} ${name} ${detail}`)
    return item
}
