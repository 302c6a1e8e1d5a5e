// The owner's receipt: what happened, and the way to end it. The link's fragment is "<grant id>.<owner token>".

/** @import { Grant, TimelineEvent } from "../shared/api-types.js" */
/** @import { LoadedReceiptPage, ReceiptPage } from "./types.js" */
import { Problem, viewGrant } from "../shared/api-call.js"
import { copyOnPress } from "../shared/copy-button.js"
import {
    $,
    all,
    DAY,
    dateOf,
    formatDate,
    formatDuration,
    hostOf,
    loadCatalogue,
    make,
    now,
    onPress,
    runGuarded,
    setText,
    startPage,
} from "../shared/page.js"
import { takeFragment, takeReturnAddress, tryStorage } from "../shared/storage.js"

const POLL_MS = 10_000
const SLOW_POLL_MS = 60_000
const MAX_FAST_POLLS = 30
const BAD_EVENTS = ["link_locked", "mail_dropped", "removal_failed"]

/** Texts for a manual grant. @type {Record<string, string>} */
const MANUAL_TEXTS = { access_created: "noted", removal_failed: "reminded" }

const returnAddress = takeReturnAddress("repair")
/** @type {ReceiptPage} */
const page = {
    entry: await takeFragment(readLink),
    grant: null,
    config: startPage(), // Meanwhile the server is asked.
    readAt: new Date(),
    shownTimeline: "",
    polls: 0,
    pollTimer: 0,
    stopCountdown() {},
    refresh,
}

onPress($("#look-again"), refresh)
addEventListener("hashchange", () => location.reload()) // another receipt in the same tab
for (const [button, action] of /** @type {const} */ ([
    ["#end-now", "endAccess"],
    ["#burn", "burn"],
    ["#more", "offerLifetimes"],
    ["#repair", "repair"],
    ["#gone", "confirm"],
])) {
    onPress($(button), async () => {
        const actions = await import("./owner-actions.js")
        if (page.entry) await actions[action](/** @type {LoadedReceiptPage} */ (page))
    })
}
onPress($("#print"), () => print())
copyOnPress($("#copy-link"), () => `${location.origin}/receipt#${page.entry?.grantId}.${page.entry?.ownerToken}`)
document.addEventListener("visibilitychange", () => {
    if (!document.hidden && page.grant?.state !== "ended") void refresh()
})
if (returnAddress) await runGuarded(async () => (await import("./repair.js")).finishRepair(page, returnAddress))
await runGuarded(refresh)
// Just sent: confirm it once.
const reference = tryStorage(() => sessionStorage.getItem("hallpass.sent"))
tryStorage(() => sessionStorage.removeItem("hallpass.sent"))
if (reference && page.grant) (await import("../shared/notice.js")).showNotice("receipt.sent", { reference })

/** @param {string} fragment */
function readLink(fragment) {
    const [, grantId, ownerToken] = /^([\w-]{22,64})\.([\w-]{22,64})$/.exec(fragment) ?? []
    return grantId ? { grantId, ownerToken } : null
}

/** Fetch the grant, show it, and poll while it can change. */
async function refresh() {
    clearTimeout(page.pollTimer)
    if (!page.entry?.ownerToken) return showMissing("no_link")
    try {
        // With the texts, so that nothing moves later.
        const [grant] = await Promise.all([
            viewGrant(page.entry.grantId, page.entry.ownerToken),
            loadCatalogue(),
            page.config,
        ])
        page.grant = grant
        page.readAt = new Date()
        await show(grant)
    } catch (error) {
        if (page.grant) setText($("#stale"), "receipt.stale", { time: page.readAt })
        else showMissing(error instanceof Problem && error.code === "not_found" ? "not_found" : "unreachable")
        $("#stale").hidden = !page.grant
        if (!(error instanceof Problem)) throw error
    }
    if (page.grant?.state === "ended") return
    page.polls += 1
    const pause = page.polls < MAX_FAST_POLLS ? POLL_MS : SLOW_POLL_MS
    page.pollTimer = setTimeout(() => void (document.hidden || refresh()), pause)
}

/** @param {Grant} grant */
async function show(grant) {
    const { state, overdue, site, by_hand: isManual, end_requested_at: requestedAt, can } = grant
    const { user_admin_url: usersUrl = "" } = grant
    const isOver = overdue || state === "ended"
    const name = stateName(grant)
    const date = dateOf(grant.ended_at ?? Math.min(grant.expires_at, requestedAt ?? Infinity))
    setText($("#state"), `state.${name}`, { site: hostOf(site.url) })
    setText($("#about"), `state.${name}_text`, { username: grant.username ?? "", date })
    $("#stale").hidden = true
    page.stopCountdown()
    // Between deadline and sweep there is nothing to count.
    $("#left").hidden = isOver || Boolean(requestedAt) || grant.expires_at <= now()
    if (!$("#left").hidden) {
        const { countDown } = await import("../shared/countdown.js")
        page.stopCountdown = countDown($("#left"), grant.expires_at, () => ($("#left").hidden = true))
    }
    $("#users").hidden = !/^https?:/.test(usersUrl)
    if (!$("#users").hidden) $("#users").setAttribute("href", usersUrl)
    $("#overdue").hidden = state === "ended" || !(overdue || isManual)
    setText($("#overdue-what"), isManual ? "overdue.by_hand" : "overdue.refused")
    $("#overdue").classList.toggle("problem", overdue)
    $("#repair").hidden = !can.includes("repair")
    $("#gone").hidden = !can.includes("say_gone")
    $("#end-now").hidden = isManual || !can.includes("end")
    $("#more").hidden = isOver || Boolean(requestedAt) || !can.includes("extend")
    if ($("#more").hidden) $("#extend").hidden = true
    $("#burn").hidden = isOver || !can.includes("burn")
    // New elements only after a change, so that a reader keeps the place.
    const timeline = JSON.stringify([document.documentElement.lang, grant.timeline])
    if (page.shownTimeline !== timeline) {
        $("#timeline").replaceChildren(...grant.timeline.map((happened) => timelineItem(happened, isManual)))
    }
    page.shownTimeline = timeline
    for (const panel of all(".panel")) panel.hidden = !["now", "happened", "keep"].includes(panel.id)
    if (grant.report || (state === "ended" && !isManual)) {
        const { showVisitReport } = await import("./visit-report.js")
        showVisitReport(grant.report)
    }
}

/** Which texts `state.<name>` to show. @param {Grant} grant */
function stateName(grant) {
    const { state, overdue, by_hand: isManual, end_requested_at: requestedAt, timeline } = grant
    const isSaid = timeline.some(({ event, by }) => event === "ended" && by === "owner")
    if (state === "ended") return isSaid ? "said" : "ended"
    if (grant.not_confirmed_since) return "not_confirmed"
    if (grant.held_until && !requestedAt) return "held"
    if (overdue && !(isManual && requestedAt)) return "overdue"
    if (isManual) return requestedAt ? "done" : "by_hand"
    return requestedAt ? "ending" : state
}

/** @type {(happened: TimelineEvent, isManual: boolean) => HTMLElement} */
function timelineItem({ at, event, by, detail }, isManual) {
    const what = make("span")
    const date = dateOf(at)
    const name = event === "ended" && by !== "owner" ? "confirmed" : (isManual && MANUAL_TEXTS[event]) || event
    setText(what, `event.${name}`, { days: () => formatDuration(Number(detail) * DAY), detail: detail ?? "" }, event)
    const who = make("span", { class: "hint" })
    if (by === "owner" || by === "support") setText(who, `event.by_${by}`)
    const kind = event === "ended" ? "good" : BAD_EVENTS.includes(name) ? "bad" : ""
    // With the year, because a receipt is printed.
    const shownDate = formatDate(date, { dateStyle: "medium", timeStyle: "short" })
    const time = make("time", { datetime: date.toISOString() }, shownDate)
    const item = make("li", { class: kind }, what, " ", who, time)
    if (name === "removal_failed" && detail) {
        import("./removal-reason.js").then((module) => module.showRemovalReason(item, detail)).catch(() => {})
    }
    return item
}

/** @param {string} why */
function showMissing(why) {
    for (const panel of all(".panel")) panel.hidden = panel.id !== "missing"
    setText($("#missing h2"), `missing.${why}`)
    setText($("#missing p"), `missing.${why}_text`)
    $("#look-again").hidden = why !== "unreachable"
}
