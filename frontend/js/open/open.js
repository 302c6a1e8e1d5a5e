// The one-time page. The link key is in the fragment, which browsers do not send. Mail scanners follow links, too, so
// only a press opens anything.

/** @import { Grant, Secret } from "../shared/api-types.js" */
/** @import { LinkEntry, OpenPage } from "./types.js" */
import { peekSecret, viewGrant } from "../shared/api-call.js"
import { decode, encode, identify, randomBytes } from "../shared/link-key.js"
import {
    $,
    all,
    dateOf,
    formatDuration,
    hostOf,
    load,
    loadAhead,
    loadCatalogue,
    MINUTE,
    now,
    onPress,
    runGuarded,
    runOnce,
    setText,
    startPage,
} from "../shared/page.js"
import { takeFragment } from "../shared/storage.js"

/** The server lets the same claim open again for 60 seconds. */
const MAX_RETRY_SECONDS = 55
const OPEN_SECRET = "open/open-secret.js"
const END_ACCESS = "open/end-access.js"
const UNREADABLE = "open/unreadable.js"
const LINK_KEY = /^[\w-]{43}$/

/** @type {OpenPage} */
const page = {
    entry: null,
    secret: null,
    grant: null,
    showPanel,
    showUnreadable,
    closed: "incomplete",
    config: startPage(), // Meanwhile the server is asked.
}

$("#waiting").addEventListener("submit", () =>
    runOnce($("#open"), async () => (await load(OPEN_SECRET)).openLink(page)),
)
onPress($("#end-now"), async () => (await load(END_ACCESS)).endAccess(page))
loadAhead([OPEN_SECRET, END_ACCESS, UNREADABLE])
addEventListener("hashchange", () => location.reload()) // another link in the same tab
addEventListener("pageshow", ({ persisted }) => persisted && refresh())
await runGuarded(async () => {
    page.entry = await takeFragment(newEntry, withoutLink)
    await refresh()
})

/** @type {(fragment: string) => Promise<LinkEntry | null>} */
async function newEntry(fragment) {
    const link = LINK_KEY.test(fragment) ? fragment : await (await load("open/other-links.js")).readLink(page, fragment)
    return link && { link, claim: encode(randomBytes(16)), ...(await identify(decode(link))) }
}

/** A reload may end the access, and opens nothing. @param {LinkEntry | null} entry */
function withoutLink(entry) {
    return entry && { id: entry.id, support: entry.support }
}

/** See what is behind the link. This changes nothing. */
async function refresh() {
    const { entry } = page
    showPanel("loading")
    if (!entry) return showUnreadable(page.closed)
    try {
        const secret = await peekSecret(entry.id)
        page.secret = secret
        entry.grantId = secret.grant_id
        const grant = entry.grantId ? await viewGrant(entry.grantId, entry.support) : null
        page.grant = grant
        // The answer to our own opening may have been lost: for a minute we can ask for it again.
        const canRetry = entry.tried && Math.abs(now() - (secret.opened_at ?? 0)) < MAX_RETRY_SECONDS
        if (grant?.state === "ended") await showUnreadable("ended", grant.ended_at)
        else if (secret.state === "locked") await showUnreadable("locked", secret.unlocks_at)
        else if (secret.state === "opened" && !canRetry) await showUnreadable("opened", secret.opened_at)
        else if (!entry.link) await showUnreadable("reloaded")
        else showWaiting(secret, grant)
    } catch (error) {
        await (await load(UNREADABLE)).showFailure(page, entry, error)
    }
}

/** @type {(secret: Secret, grant: Grant | null) => void} */
function showWaiting(secret, grant) {
    $("#from").hidden = !grant
    $("#from dd").textContent = hostOf(grant?.site.url)
    if (grant) setText($("#waiting-title"), "open.sign_in_to", { site: grant.site.name || hostOf(grant.site.url) })
    setText($("#until"), "consent.until_text", {
        date: dateOf(secret.expires_at),
        duration: () => formatDuration(Math.ceil((secret.expires_at - now()) / MINUTE) * MINUTE),
    })
    $("#ask").hidden = !secret.passphrase
    const hint = grant?.passphrase_hint
    if (hint) setText($("#passphrase-hint"), "open.hint_of_owner", { hint })
    showPanel("waiting")
}

/** @param {string} panel */
function showPanel(panel) {
    for (const section of all(".panel")) section.hidden = section.id !== panel
    $("#end").hidden = panel !== "opened" || !page.entry?.grantId
}

/** @type {OpenPage["showUnreadable"]} */
async function showUnreadable(why, at) {
    const [unreadable] = await Promise.all([load(UNREADABLE), loadCatalogue()])
    await unreadable.showUnreadable(page, why, at)
}
