// Why the secret behind the link cannot be read, and what the reader can do.

/** @import { OpenPage } from "./types.js" */
import { $, dateOf, formatDate, loadCatalogue, setText } from "../shared/page.js"

/** Each has the texts `gone.<reason>`, `gone.<reason>_text` and `gone.<reason>_next`. */
export const REASONS = [
    "burned",
    "ended",
    "ending",
    "expired",
    "incomplete",
    "locked",
    "not_found",
    "opened",
    "over",
    "reloaded",
    "unreachable",
]

/** With these the account may still be there, and whoever has shown the server that he holds the link can end it. */
const CAN_END = ["burned", "expired", "locked", "opened", "over", "reloaded"]
const DATED = ["burned", "ending", "expired"]

/**
 * @param {OpenPage} page
 * @param {string} reason
 * @param {number} [at] in epoch seconds
 */
export async function showUnreadable({ entry, grant, showPanel }, reason, at) {
    if (reason === "expired" && grant?.state === "ended") [reason, at] = ["ended", grant.ended_at]
    await loadCatalogue() // Texts first, so that nothing moves when they come.
    // A newer server may give a reason that this page does not know.
    if (!REASONS.includes(reason) || (DATED.includes(reason) && !at)) reason = "not_found"
    const values = { date: () => (at ? formatDate(dateOf(at)) : "") }
    const [title, what, next] = $("#gone").children
    setText(title, `gone.${reason}`, values)
    setText(what, `gone.${reason}_text`, values)
    setText(next, `gone.${reason}_next`, values)
    setText($("#end-lead"), grant?.by_hand ? "end.by_hand" : reason === "over" ? "end.lead" : "end.not_you")
    setText($("#end-now"), reason === "over" ? "end.now" : "end.yes")
    showPanel("gone")
    // Only who has the link's own token was shown the grant.
    $("#end").hidden = !CAN_END.includes(reason) || !entry?.grantId || !grant || grant.state === "ended"
}
