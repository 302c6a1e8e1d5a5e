// The page for shared secrets: write one, watch one, read one. A key that came in the address leaves it before anything
// else happens. Nothing is opened before a person presses the button, because scanners follow links too.

/** @import { createSecret } from "../shared/api.js" */
/** @import { ShareEntry } from "./types.js" */
import {
    $,
    all,
    load,
    loadAhead,
    loadCatalogue,
    onPress,
    runGuarded,
    runOnce,
    setText,
    startPage,
} from "../shared/page.js"

const MAX_SECRET_BYTES = 10_000
/** From here on the page counts. */
const COUNTED_FROM_BYTES = 8_000
const PASSWORD_CHARACTERS = 20
/** Without those that people confuse. There are 56, and 56 × 4 = 224 bytes are used, so that each is as likely. */
const PASSWORD_ALPHABET = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789-"
/** A key alone, or with whatever a mail or a person put around it; but not the key before a damaged box. */
const KEY = /(?<![0-9a-z])[0-9a-z]{31}(?![0-9a-z]|\.t\.)/
const FIELD_ERRORS = "shared/field-errors.js"
const SENT = "share/sent.js"
const READ = "share/read.js"
const SEALED_LINK = "share/sealed-link.js"
/** What "Create link" needs, up to the screen with the link: without that, nothing may be stored. */
const SEALING = [FIELD_ERRORS, "share/shared-key.js", "shared/api.js", "shared/problem-notice.js", SENT]
/** The receipt of a secret that is sealed to the team keeps the box, or it would show a link that anybody opens. */
const SEALED_RECEIPT = /(?<![0-9a-z])([0-9a-z]{31})\.(t\.[\w-]{151})/
/** The support form links here with it. */
const FOR_TEAM = "#team"

const config = startPage()
const entry = takeEntry()

const text = /** @type {HTMLTextAreaElement} */ ($("#text"))
const passphrase = /** @type {HTMLInputElement} */ ($("#new-passphrase"))
const lifetime = /** @type {HTMLSelectElement} */ ($("#lifetime"))

/**
 * What the last press sealed, until the server has answered: after a lost answer, the same again is the same secret.
 * @type {{of: string, key: string, box: string, request: Parameters<typeof createSecret>[0]} | null}
 */
let sealed = null

text.addEventListener("input", count)
onPress($("#generate"), () => {
    text.value = newPassword()
    count()
    text.focus()
})
onPress($("#show-passphrase"), () => {
    const isHidden = passphrase.type === "password"
    passphrase.type = isHidden ? "text" : "password"
    setText($("#show-passphrase"), isHidden ? "share.hide" : "share.show")
})
$("#write").addEventListener("submit", () => runOnce($("#create"), create))
// A link to the page's own address keeps the history entry, and one with a fragment does not load the page again.
$("#another").addEventListener("click", (event) => {
    if (location.pathname !== "/share" || event.ctrlKey || event.metaKey || event.shiftKey) return
    event.preventDefault()
    history.replaceState(null, "")
    location.reload()
})
$("#need-key").addEventListener("submit", () => runOnce($("#use-key"), useKey))
addEventListener("hashchange", () => location.reload()) // another link in the same tab
if (!entry) loadAhead([...SEALING, "share/qr.js"])
await runGuarded(() => show(entry))

/**
 * Read the key from path or fragment, and remove it from the address bar.
 * @returns {ShareEntry | null}
 */
function takeEntry() {
    const [, name, inPath] = location.pathname.split("/")
    const given = decoded(location.hash.slice(1) || inPath || "")
    if (name.startsWith("share")) return history.state
    const kind = name === "secret" ? "secret" : "receipt"
    if (!given) return history.state?.kind === kind ? history.state : { kind, key: "" }
    const [, key = keyIn(given), box] = (kind === "receipt" && SEALED_RECEIPT.exec(given)) || []
    /** @type {ShareEntry} */
    const found = { kind, key, ...(box && { box }) }
    history.replaceState(found, "", kind === "secret" ? "/secret" : "/private")
    return found
}

/** A box for the team stays as it is: read.js takes it apart. @param {string} given */
function keyIn(given) {
    return (!/^\W*t\./.test(given) && KEY.exec(given)?.[0]) || given
}

/** A "%" in it may stand for itself. @param {string} text */
function decoded(text) {
    try {
        return decodeURIComponent(text)
    } catch {
        return text
    }
}

/** The key of the team to seal to: for who comes from the support form. Undefined for everybody else. */
async function teamKeyFor() {
    return location.hash === FOR_TEAM ? (await config).team_keys?.[0] : undefined
}

/** @param {ShareEntry | null} shown */
async function show(shown) {
    if (!shown) {
        showPanel("write")
        const teamKey = await teamKeyFor()
        if (teamKey) await (await load(SEALED_LINK)).showTeamKey($("#sealed"), teamKey)
        return
    }
    if (!shown.key && shown.kind === "secret") {
        showPanel("need-key")
        return $("#key").focus()
    }
    showPanel("loading")
    const page = { entry: shown, config, showPanel }
    if (shown.kind === "secret") await (await load(READ)).showSecret(page)
    else await (await load(SENT)).showReceipt(page)
}

async function useKey() {
    const field = /** @type {HTMLInputElement} */ ($("#key"))
    const key = KEY.exec(field.value)?.[0]
    const { setFieldError } = await load(FIELD_ERRORS)
    await setFieldError(field, key ? "" : "read.wrong_key")
    if (!key) return field.focus()
    /** @type {ShareEntry} */
    const found = { kind: "secret", key }
    history.replaceState(found, "")
    await show(found)
}

async function create() {
    const [{ rejectField, setFieldError }, { newMetadataKey, sealShared, utf8 }, { createSecret }, { showProblem }] =
        await Promise.all(SEALING.map(load))
    await loadCatalogue()
    const field = /** @type {HTMLInputElement} */ (/** @type {unknown} */ (text))
    if (!text.value) return rejectField(field, "field.empty")
    if (utf8(text.value).length > MAX_SECRET_BYTES) return rejectField(field, "share.too_long")
    await setFieldError(field, "")
    $("#write-problem").hidden = true
    const of = JSON.stringify([text.value, passphrase.value, lifetime.value])
    try {
        if (sealed?.of !== of) {
            const key = newMetadataKey()
            const { request, secretKey } = await sealShared(key, text.value, passphrase.value, Number(lifetime.value))
            const teamKey = await teamKeyFor()
            const box = teamKey === undefined ? "" : await (await load(SEALED_LINK)).boxOf(secretKey, teamKey)
            sealed = { of, key, box, request }
        }
        await createSecret(sealed.request)
    } catch (error) {
        return void showProblem($("#write-problem"), error)
    }
    const { key, box } = sealed
    sealed = null
    text.value = passphrase.value = ""
    count()
    /** @type {ShareEntry} */
    const made = { kind: "receipt", key, ...(box && { box }) }
    // The address stays /share, so the sender does not copy it for the link.
    history.pushState(made, "")
    await show(made)
    $("#sent h2").focus()
}

addEventListener("popstate", () => location.reload())

function count() {
    const bytes = new TextEncoder().encode(text.value).length
    $("#count").hidden = bytes < COUNTED_FROM_BYTES
    if (bytes >= COUNTED_FROM_BYTES) setText($("#count"), "share.count", { n: bytes })
}

function newPassword() {
    let password = ""
    while (password.length < PASSWORD_CHARACTERS) {
        const [byte] = crypto.getRandomValues(new Uint8Array(1))
        if (byte < PASSWORD_ALPHABET.length * 4) password += PASSWORD_ALPHABET[byte % PASSWORD_ALPHABET.length]
    }
    return password
}

/** @param {string} panel */
function showPanel(panel) {
    for (const section of all(".panel")) section.hidden = section.id !== panel
}
