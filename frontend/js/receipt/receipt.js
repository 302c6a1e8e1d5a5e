// The owner's receipt: what happened, and the way to end it. The link's fragment is "<grant id>.<owner token>".

/** @import { Grant, TimelineEvent } from "../shared/api-types.js" */
/** @import { LoadedReceiptPage, ReceiptPage } from "./types.js" */
import { Problem, viewGrant } from "../shared/api-call.js"
import {
    $,
    all,
    DAY,
    dateOf,
    formatDate,
    formatDuration,
    hostOf,
    load,
    loadAhead,
    make,
    now,
    onPress,
    runGuarded,
    setText,
    startPage,
} from "../shared/page.js"
import { SENT_KEY, takeFragment, takeReturnAddress, tryStorage } from "../shared/storage.js"

const POLL_MS = 10_000
const SLOW_POLL_MS = 60_000
const MAX_FAST_POLLS = 30
const BAD_EVENTS = ["link_locked", "mail_bounced", "mail_dropped", "removal_failed"]
const GOOD_EVENTS = ["access_created", "ended"]
const ACTIONS = "receipt/owner-actions.js"
const COUNTDOWN = "shared/countdown.js"
const LINK_IN = "shared/link-in.js"
const LINK = /^([\w-]{22,64})\.([\w-]{22,64})(?![\w-])/
/** What support may ask for, and what the owner needs to be able to do. @type {Record<string, string>} */
const WISHES = { link_asked: "renew", time_asked: "extend" }
/** After these, what was asked for is done. */
const ENOUGH = ["link_renewed", "extended"]
/** How the state of an access is shown: `badge.<name>`, its icon and its colour. @type {Record<string, string[]>} */
const BADGES = {
    preparing: ["waiting", "clock", ""],
    waiting: ["waiting", "clock", ""],
    active: ["open", "key", "good"],
    held: ["held", "clock", ""],
    not_confirmed: ["not_confirmed", "warning", "bad"],
    by_hand: ["open", "key", "good"],
    withdrawn: ["withdrawn", "shield", ""],
    hand_waiting: ["waiting", "clock", ""],
    hand_withdrawn: ["withdrawn", "shield", ""],
    done: ["done", "check", ""],
    ending: ["ending", "clock", ""],
    overdue: ["overdue", "warning", "bad"],
    ended: ["ended", "check", "good"],
    said: ["ended", "check", "good"],
}

/** @type {Intl.DateTimeFormatOptions} */
const WITH_YEAR = {
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "numeric",
    minute: "2-digit",
    timeZoneName: "short",
}

/** Texts for a manual grant. @type {Record<string, string>} */
const MANUAL_TEXTS = { access_created: "noted", removal_failed: "reminded" }

// The first screen needs no style of its own, so it does not wait for one; what the server answers comes later still.
$("link[media]").removeAttribute("media")
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

onPress($("#try-again"), refresh)
addEventListener("hashchange", () => location.reload()) // another receipt in the same tab
for (const [button, action] of /** @type {const} */ ([
    ["#end-now", "endAccess"],
    ["#burn", "burn"],
    ["#more", "offerLifetimes"],
    ["#renew", "renew"],
    ["#asked-link", "renew"],
    ["#asked-time", "offerLifetimes"],
    ["#repair", "repair"],
    ["#deleted-myself", "confirm"],
    ["#copy-link", "copyLink"],
    ["#download", "download"],
])) {
    onPress($(button), async () => {
        const actions = await load(ACTIONS)
        if (page.entry) await actions[action](/** @type {LoadedReceiptPage} */ (page))
    })
}
loadAhead([ACTIONS, COUNTDOWN, "receipt/visit-report.js"])
onPress($("#print"), () => print())
document.addEventListener("visibilitychange", () => {
    if (!document.hidden && page.grant?.state !== "ended") void refresh()
})
// In one guard, because each takes away what the one before it said.
await runGuarded(async () => {
    try {
        if (returnAddress) await (await load("receipt/repair.js")).finishRepair(page, returnAddress)
    } finally {
        await refresh()
        await confirmSent()
    }
})

/** Just sent: confirm it once. The message stays in this tab's history entry, as the link to the receipt does. */
async function confirmSent() {
    const stored = tryStorage(() => sessionStorage.getItem(SENT_KEY))
    tryStorage(() => sessionStorage.removeItem(SENT_KEY))
    if (!stored || !page.entry) return
    page.entry.sent = JSON.parse(stored)
    history.replaceState(page.entry, "")
    // Behind this entry is WordPress' approval page. One press of "Back" does not lead there.
    history.pushState(page.entry, "")
    await refresh()
    $("#sent").hidden = false
    $("#sent .code").textContent = page.entry.sent?.reference ?? ""
    $("#sent h2").focus()
}

/** @param {string} fragment */
async function readLink(fragment) {
    const link = LINK.test(fragment)
        ? fragment
        : await load(LINK_IN).then(
              ({ withoutLead }) => withoutLead(fragment),
              () => fragment,
          )
    const [, grantId, ownerToken] = LINK.exec(link) ?? []
    return grantId ? { grantId, ownerToken } : null
}

/** Fetch the grant, show it, and poll while it can change. */
async function refresh() {
    clearTimeout(page.pollTimer)
    if (!page.entry?.ownerToken) return showMissing("no_link")
    try {
        // With the texts of another language, so that nothing moves later.
        const [grant] = await Promise.all([viewGrant(page.entry.grantId, page.entry.ownerToken), page.config])
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
    const [badge, icon, colour] = BADGES[name]
    $("#badge").className = `badge ${colour}`
    $("#badge").dataset.icon = icon
    setText($("#badge span"), `badge.${badge}`)
    $("#stale").hidden = true
    page.stopCountdown()
    // Between deadline and sweep there is nothing to count.
    const isShut = name.endsWith("withdrawn")
    $("#left").hidden = isOver || isShut || Boolean(requestedAt) || grant.expires_at <= now()
    if (!$("#left").hidden) {
        // The end is said without it, too.
        const clock = await load(COUNTDOWN).catch(() => null)
        $("#left").hidden = !clock
        if (clock) page.stopCountdown = clock.countDown($("#left"), grant.expires_at, () => ($("#left").hidden = true))
    }
    $("#users").hidden = !/^https?:/.test(usersUrl)
    if (!$("#users").hidden) $("#users").setAttribute("href", usersUrl)
    $("#overdue").hidden = state === "ended" || !(overdue || isManual)
    $("#overdue-what").hidden = name === "done" // Then nobody has to ask whether it is.
    setText($("#overdue-what"), isManual ? "overdue.by_hand" : "overdue.refused")
    $("#overdue").classList.toggle("problem", overdue)
    // Before the work is done, deleting the user is not the next thing to do.
    $("#repair").classList.toggle("second", Boolean(isManual && !overdue && !requestedAt))
    $("#repair").hidden = !can.includes("repair")
    $("#deleted-myself").hidden = !can.includes("say_gone")
    $("#end-now").hidden = isManual || !can.includes("end")
    $("#more").hidden = isOver || Boolean(requestedAt) || isShut || !can.includes("extend")
    if ($("#more").hidden) $("#extend").hidden = true
    $("#now > .actions").hidden = $("#end-now").hidden && $("#more").hidden
    $("#burn").hidden = $("#burn-door").hidden = isOver || !can.includes("burn")
    $("#renew-door").hidden = isOver || Boolean(requestedAt) || !can.includes("renew")
    showAsked(grant)
    await readMessage(grant)
    showAgreed(grant)
    setText($("#keep .hint"), state === "ended" ? "keep.ended" : "keep.text")
    // New elements only after a change, so that a reader keeps the place.
    const timeline = JSON.stringify(grant.timeline)
    if (page.shownTimeline !== timeline) {
        $("#timeline").replaceChildren(...grant.timeline.map((happened) => timelineItem(happened, isManual)))
    }
    page.shownTimeline = timeline
    for (const panel of all(".panel")) panel.hidden = !["now", "happened", "agreed", "keep"].includes(panel.id)
    if (grant.report || (state === "ended" && !isManual)) {
        const { showVisitReport } = await load("receipt/visit-report.js")
        showVisitReport(grant.report)
    }
}

/** What support asked for last, until the owner has done it. @param {Grant} grant */
function showAsked({ timeline, can }) {
    const last = timeline.findLast(({ event }) => event in WISHES || ENOUGH.includes(event))?.event ?? ""
    const isOpen = can.includes(/** @type {any} */ (WISHES[last]))
    $("#asked").hidden = !isOpen
    if (!isOpen) return
    setText($("#asked p"), last === "link_asked" ? "asked.link" : "asked.time")
    $("#asked-link").hidden = last !== "link_asked"
    $("#asked-time").hidden = last !== "time_asked"
    if (last === "link_asked") $("#renew-door").hidden = true // One button for it is enough.
}

/** What the owner wrote is sealed with her own token. @param {Grant} grant */
async function readMessage({ sealed_message: sealed }) {
    const { entry } = page
    if (!entry?.ownerToken || !sealed || entry.sent?.message || entry.sealed === sealed) return
    entry.sealed = sealed
    try {
        const { decode, prove } = await load("shared/envelope.js")
        const { message } = JSON.parse(await (await prove(decode(entry.ownerToken))).open(sealed))
        entry.sent = { reference: "", ...entry.sent, message }
    } catch {} // The links in later mails have tokens of their own.
}

/** What was agreed and sent, for the owner to keep. @param {Grant} grant */
async function showAgreed(grant) {
    const { support_name: support } = await page.config
    const sent = page.entry?.sent
    const reference = grant.timeline.find(({ event }) => event === "ticket_sent")?.detail ?? sent?.reference ?? ""
    $("#agreed-reference").hidden = !reference
    $("#agreed-reference span").textContent = reference
    $("#agreed-message").hidden = !sent
    $("#agreed-message dd").textContent = sent?.message ?? ""
    showNamed($("#agreed-who"), support, location.host)
    showNamed($("#agreed-site"), grant.site.name, hostOf(grant.site.url))
    $("#agreed-user").textContent = grant.username
    showDate($("#agreed-until"), grant.expires_at)
}

/** A name, and its address in a line of its own. @type {(place: HTMLElement, name: string, host: string) => void} */
function showNamed(place, name, host) {
    const address = host.split(/(?=[.:])/).flatMap((part) => [make("wbr"), part])
    place.replaceChildren(...(name ? [name, make("br")] : []), make("span", {}, ...address))
}

/** Which texts `state.<name>` to show. @param {Grant} grant */
function stateName(grant) {
    const { state, overdue, by_hand: isManual, end_requested_at: requestedAt, timeline, secret } = grant
    const isSaid = timeline.some(({ event, by }) => event === "ended" && by === "owner")
    const isOpened = timeline.some(({ event }) => event === "link_opened") || secret?.state === "opened"
    if (state === "ended") return isSaid ? "said" : "ended"
    if (grant.not_confirmed_since) return "not_confirmed"
    if (grant.held_until && !requestedAt) return "held"
    if (overdue && !(isManual && requestedAt)) return "overdue"
    if (requestedAt) return isManual ? "done" : "ending"
    if (state !== "active" || isOpened || !secret) return isManual ? "by_hand" : state
    // Without the link support does not know the password.
    return `${isManual ? "hand_" : ""}${secret.state === "gone" ? "withdrawn" : "waiting"}`
}

/** @type {(happened: TimelineEvent, isManual: boolean) => HTMLElement} */
function timelineItem({ at, event, by, detail }, isManual) {
    const what = make("span")
    const name = event === "ended" && by !== "owner" ? "confirmed" : (isManual && MANUAL_TEXTS[event]) || event
    setText(what, `event.${name}`, { days: () => formatDuration(Number(detail) * DAY), detail: detail ?? "" }, event)
    const who = make("span", { class: "hint" })
    if (by === "owner" || by === "support") setText(who, `event.by_${by}`)
    const kind = GOOD_EVENTS.includes(event) ? "good" : BAD_EVENTS.includes(name) ? "bad" : ""
    const time = make("time", { datetime: dateOf(at).toISOString() })
    showDate(time, at)
    const item = make("li", { class: kind }, what, " ", who, time)
    if (name === "removal_failed" && detail) {
        load("receipt/removal-reason.js")
            .then((module) => module.showRemovalReason(item, detail))
            .catch(() => {})
    }
    return item
}

/**
 * In the reader's language, also when that changes; with the year, because a receipt is printed.
 * @type {(place: HTMLElement, at: number) => void}
 */
function showDate(place, at) {
    setText(place, "time.at", { date: () => formatDate(dateOf(at), WITH_YEAR) })
}

/** @param {string} why */
function showMissing(why) {
    for (const panel of all(".panel")) panel.hidden = panel.id !== "missing"
    setText($("#missing h2"), `missing.${why}`)
    setText($("#missing p"), `missing.${why}_text`)
    $("#try-again").hidden = why !== "unreachable"
}
