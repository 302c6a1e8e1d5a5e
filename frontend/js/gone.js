// @ts-check
// When there is nothing to open (any more): why, what to do, and the way to end
// the access, which whoever holds the link has.

import { $ } from "./dom.js"
import { catalogue, moment, put } from "./i18n.js"

/** Each has the texts `gone.<why>`, `gone.<why>_text` and `gone.<why>_next`. */
export const WHYS = ["burned", "ended", "expired", "incomplete", "locked", "not_found", "opened", "over", "unreachable"]

/** Then the account may still be there. */
const MAY_END = ["burned", "expired", "locked", "opened", "over"]

/**
 * @param {import("./types.js").Opening} visit
 * @param {string} why
 * @param {number} [at] in epoch seconds
 */
export async function tellGone({ held, grant, show }, why, at) {
    if (why === "expired" && grant?.state === "ended") [why, at] = ["ended", grant.ended_at]
    await catalogue() // Texts first, so that nothing moves when they come.
    // A server that says more than we know, or not when, is told like one that says nothing.
    if (!WHYS.includes(why) || (["burned", "expired"].includes(why) && !at)) why = "not_found"
    const values = { date: () => (at ? moment(new Date(at * 1000)) : "") }
    const [title, what, next] = $("#gone").children
    put(title, `gone.${why}`, values)
    put(what, `gone.${why}_text`, values)
    put(next, `gone.${why}_next`, values)
    put($("#end-lead"), grant?.by_hand ? "end.by_hand" : why === "over" ? "end.lead" : "end.not_you")
    put($("#end-now"), why === "over" ? "end.now" : "end.yes")
    show("gone")
    $("#end").hidden = !MAY_END.includes(why) || !held?.grantId || grant?.state === "ended"
}

/** @param {import("./types.js").Opening} visit */
export async function endNow({ held, grant, show }) {
    await catalogue()
    const [{ confirmed, end }, { tell }] = await Promise.all([import("./ending.js"), import("./problem.js")])
    put($("#confirm p"), grant?.by_hand ? "end.sure_by_hand" : "end.sure_text")
    if (!held?.grantId || !(await confirmed($("#confirm")))) return
    $("#end-problem").hidden = true
    try {
        const at = await end(held.grantId, held.support, grant?.by_hand ? 0 : undefined)
        const [title, text] = grant?.by_hand ? ["ended.by_hand", "ended.by_hand_text"] : ["ended.later", "ended.later_text"]
        put($("#ended h2"), at ? "ended.title" : title)
        put($("#ended p"), at ? "ended.text" : text, { date: at ?? "" })
        show("ended")
        $("#ended h2").focus()
    } catch (error) {
        tell($("#end-problem"), error)
    }
}
