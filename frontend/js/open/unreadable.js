// Why the secret behind the link cannot be read, and what the reader can do.

/** @import { Grant } from "../shared/api-types.js" */
/** @import { LinkEntry, OpenPage } from "./types.js" */
import { Problem, viewGrant } from "../shared/api-call.js"
import { copyOnPress } from "../shared/copy-button.js"
import {
    $,
    dateOf,
    formatDate,
    formatDuration,
    hostOf,
    loadCatalogue,
    make,
    now,
    setText,
    texts,
} from "../shared/page.js"
import { offerToAsk } from "./ask-owner.js"

/** Each has the texts `gone.<reason>`, `gone.<reason>_text` and `gone.<reason>_next`. */
export const REASONS = [
    "burned",
    "damaged",
    "ended",
    "ending",
    "expired",
    "incomplete",
    "locked",
    "newer",
    "no_key",
    "no_storage",
    "not_found",
    "old_key",
    "opened",
    "over",
    "reloaded",
    "unreachable",
    "wrong_key",
]

/** With these the account may still be there, and whoever has shown the server that he holds the link can end it. */
const CAN_END = ["burned", "expired", "locked", "opened", "over", "reloaded"]
const DATED = ["burned", "ending", "expired"]
/** With these support needs a new link from the owner. */
const CAN_ASK = ["burned", "damaged", "ended", "ending", "expired", "not_found", "opened", "over"]

/**
 * Show why the server did not say what is behind the link.
 * @param {OpenPage} page
 * @param {LinkEntry} entry
 * @param {unknown} error
 */
export async function showFailure(page, entry, error) {
    const { code, details } = error instanceof Problem ? error : new Problem("offline")
    // The access behind an unreadable link may still be there to end.
    entry.grantId ??= details.grant_id
    if (details.grant_id) page.grant = await viewGrant(details.grant_id, entry.support).catch(() => null)
    if (code === "not_found") await page.showUnreadable(details.gone ?? code, details.at)
    else await page.showUnreadable("unreachable")
}

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
    const [title, what, facts, next] = $("#gone").children
    setText(title, `gone.${reason}`, values)
    setText(what, `gone.${reason}_text`, values)
    setText(next, `gone.${reason}_next`, values)
    showFacts(/** @type {HTMLElement} */ (facts), grant, reason)
    offerKeyPage(reason)
    $("#copy-ask").hidden = !CAN_ASK.includes(reason)
    setText($("#copy-ask"), "gone.copy_ask")
    copyOnPress($("#copy-ask"), () => requestText(grant))
    offerToAsk({ entry, grant: CAN_ASK.includes(reason) ? grant : null }, "link")
    setText($("#end-lead"), grant?.by_hand ? "end.by_hand" : reason === "over" ? "end.lead" : "end.not_you")
    setText($("#end-now"), reason === "over" ? "end.now" : "end.yes")
    showPanel("gone")
    // Only who has the link's own token was shown the grant.
    $("#end").hidden = !CAN_END.includes(reason) || !entry?.grantId || !grant || grant.state === "ended"
}

/**
 * Who comes back the next day needs to know which account it was.
 * @param {HTMLElement} list
 * @param {Grant | null} grant
 * @param {string} reason
 */
function showFacts(list, grant, reason) {
    list.hidden = !grant || !["opened", "over"].includes(reason)
    if (!grant || list.hidden) return
    const site = [grant.site.name, hostOf(grant.site.url)].filter(Boolean).join(" – ")
    const until = fact("consent.until")
    const openings = grant.timeline.filter(({ event }) => event === "link_opened")
    const opened = openings.map(() => fact("open.opened_at"))
    for (const [place, { at }] of openings.entries()) setText($("dd", opened[place]), "open.at", { date: dateOf(at) })
    list.replaceChildren(fact("open.site", site), fact("open.username", grant.username), until, ...opened)
    setText($("dd", until), "consent.until_text", {
        date: dateOf(grant.expires_at),
        duration: () => formatDuration(grant.expires_at - now()),
    })
}

/**
 * Where the browser lacks the team's key, lead to the page that adds it, in a tab of its own.
 * @param {string} reason
 */
function offerKeyPage(reason) {
    document.getElementById("to-team")?.remove()
    if (!reason.endsWith("_key")) return
    const link = make("a", { id: "to-team", class: "button", href: "/team", target: "_blank", rel: "noopener" })
    setText(link, "gone.to_team")
    $("#copy-ask").before(link)
}

/** @type {(name: string, value?: string) => HTMLElement} */
function fact(name, value = "") {
    const title = make("dt")
    setText(title, name)
    return make("div", {}, title, make("dd", {}, value))
}

/**
 * What support can send to the owner, with a link that fills the form's address in.
 * @param {Grant | null} grant
 */
function requestText(grant) {
    const reference = grant?.timeline.find(({ event }) => event === "ticket_sent")?.detail
    const link = new URL("/", location.origin)
    if (grant) link.searchParams.set("site", hostOf(grant.site.url))
    if (reference) link.searchParams.set("ticket", reference)
    return texts["gone.ask_text"].replace("{link}", link.href)
}
