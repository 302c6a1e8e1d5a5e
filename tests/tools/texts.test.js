// Every text that the pages name is in the catalogue, and the catalogue has no other. What they
// name is read as a browser reads it: the HTML by parse5, the modules by acorn.

import assert from "node:assert/strict"
import { readdirSync, readFileSync } from "node:fs"
import { test } from "node:test"
import { parse as parseModule } from "acorn"
import { parse as parseHtml } from "parse5"

import { REASONS as LIFETIME_REASONS } from "../../frontend/js/form/lifetime-suggestion.js"
import { PARTS } from "../../frontend/js/form/submission.js"
import { REASONS as UNREADABLE_REASONS } from "../../frontend/js/open/unreadable.js"
import { KINDS } from "../../frontend/js/receipt/visit-report.js"
import { REASONS as SHARE_REASONS } from "../../frontend/js/share/sent.js"
import { EVENTS } from "../../frontend/js/shared/api-types.js"
import { CODES, FOR_HOST } from "../../frontend/js/shared/problem-notice.js"
import { READINESS } from "../../frontend/js/team/readiness.js"

/** @import { DefaultTreeAdapterTypes } from "parse5" */

const FRONTEND = new URL("../../frontend/", import.meta.url)
const PAGES = readdirSync(FRONTEND).filter((name) => name.endsWith(".html"))
const FOLDERS = readdirSync(new URL("js/", FRONTEND))

const STATES = [
    "held",
    "not_confirmed",
    "preparing",
    "waiting",
    "active",
    "withdrawn",
    "hand_waiting",
    "hand_withdrawn",
    "by_hand",
    "done",
    "ending",
    "overdue",
    "ended",
    "said",
]
const OUTCOMES = ["rejected", "disabled", "broken"]

/** What stands for `${…}` in the keys that modules put together. @type {Record<string, readonly string[]>} */
const PUT_TOGETHER = {
    "arrival.*": OUTCOMES,
    "arrival.forgotten_*": ["consent", "paste", "made"],
    "ask.*": ["link", "time"],
    "badge.*": ["waiting", "open", "withdrawn", "held", "not_confirmed", "done", "ending", "overdue", "ended"],
    "error.*": CODES,
    "error.*.host": FOR_HOST,
    "error.*.next": CODES,
    "event.*": [...EVENTS, "noted", "reminded", "confirmed"],
    "event.by_*": ["owner", "support"],
    "gone.*": UNREADABLE_REASONS,
    "gone.*_next": UNREADABLE_REASONS,
    "gone.*_text": UNREADABLE_REASONS,
    "made.*": ["waiting", "locked", "burned", "expired"],
    "missing.*": ["no_link", "not_found", "unreachable"],
    "missing.*_text": ["no_link", "not_found", "unreachable"],
    "open.*": ["address", "username", "email", "password", "customer", "reference"],
    "open.hint_*": ["second_factor", "hidden", "approval"],
    "progress.*": [...PARTS.flatMap((part) => [`${part}.now`, `${part}.done`]), "access.slow"],
    "read.gone_*": SHARE_REASONS,
    "read.gone_*_text": SHARE_REASONS,
    "reason.*": LIFETIME_REASONS,
    "repair.*": OUTCOMES,
    "report.*": KINDS,
    "send.lead_*": ["consent", "paste", "made", "none"],
    "state.*": STATES,
    "state.*_text": STATES,
    "step.*": ["what", "site", "time", "send"],
    "team.fault_*": ["not_ours", "newer", "damaged", "passphrase", "storage", "unreadable"],
    "team.is_*": READINESS,
    "team.is_*_text": READINESS,
}
/** Patterns that one of those above covers. @type {Record<string, string>} */
const COVERED = { "progress.*.*": "progress.*", "report.is_*": "report.*", "report.not_seen_*": "report.*" }
/** Put together like a key, and none: the fragment of a link to the team. */
const NO_KEYS = ["t.*"]

/** @param {string} path */
const read = (path) => readFileSync(new URL(path, FRONTEND), "utf8")
/** @type {(part: string) => Record<string, string>} */
const catalogue = (part) => JSON.parse(read(`i18n/${part}en.json`))
/** What every page loads. */
const common = catalogue("")
/** What one page loads besides. */
const OF_ONE_PAGE = ["open/", "receipt/", "share/", "team/"]
/** @type {Record<string, string>} */
const english = Object.assign({}, common, ...OF_ONE_PAGE.map(catalogue))

/**
 * Every `data-t` element of a page, with its text.
 * @param {string} page
 */
function inPage(page) {
    /** @type {[string, string][]} */
    const found = []
    /** @param {DefaultTreeAdapterTypes.Node} node */
    function visit(node) {
        if ("attrs" in node) {
            const key = node.attrs.find(({ name }) => name === "data-t")?.value
            if (key !== undefined) found.push([key, textOf(node).trim()])
        }
        if ("childNodes" in node) node.childNodes.forEach(visit)
        if ("content" in node) visit(node.content)
    }
    visit(parseHtml(read(page), { scriptingEnabled: false })) // With what stands in <noscript>.
    return found
}

/** @type {(node: DefaultTreeAdapterTypes.ParentNode) => string} */
function textOf(node) {
    return node.childNodes.map((child) => ("value" in child ? child.value : "")).join("")
}

/**
 * The keys in a module: those that stand there, and with `*` for each `${…}` those that it puts together.
 * @param {string} source
 */
function inModule(source) {
    return stringsOf(source).filter(
        (text) => /^[a-z]+(\.[a-z_*]+)+$/.test(text) && !/^hallpass|\.(js|json)$/.test(text),
    )
}

/**
 * Every string in a module, with `*` for each `${…}`.
 * @param {string} source
 */
function stringsOf(source) {
    /** @type {string[]} */
    const found = []
    /** @param {any} node of any type */
    function visit(node) {
        if (node?.type === "Literal") found.push(String(node.value))
        if (node?.type === "TemplateLiteral")
            found.push(node.quasis.map((/** @type {any} */ part) => part.value.cooked).join("*"))
        for (const child of Object.values(node ?? {})) if (typeof child === "object") visit(child)
    }
    visit(parseModule(source, { ecmaVersion: "latest", sourceType: "module" }))
    return found
}

/**
 * The modules that *page* can load: those that it names, those that they import, and those that they load at need.
 * @param {string} page
 */
function modulesOf(page) {
    /** @type {Set<string>} */
    const found = new Set()
    /** @param {string} path below js/ */
    function visit(path) {
        if (found.has(path)) return
        found.add(path)
        for (const text of stringsOf(read(`js/${path}`))) {
            if (/^\.{1,2}\/[\w/-]+\.js$/.test(text)) visit(new URL(text, `file:///${path}`).pathname.slice(1))
            else if (/^[a-z]+\/[\w-]+\.js$/.test(text)) visit(text)
        }
    }
    for (const [, path] of read(page).matchAll(/ src="\/?js\/([^"]+)"/g)) visit(path)
    return [...found]
}

/** Why a browser cannot read a link that is sealed to the team. */
const CLOSED = UNREADABLE_REASONS.filter((reason) => `gone.${reason}` in catalogue("team/"))
/** Where a page puts fewer keys together than the others. @type {Record<string, Record<string, string[]>>} */
const FEWER = {
    "share.html": Object.fromEntries(
        ["gone.*", "gone.*_text", "gone.*_next"].map((pattern) => [pattern, ["incomplete", ...CLOSED]]),
    ),
}

/** @param {string} page */
function usedBy(page) {
    const keys = modulesOf(page).flatMap((path) => inModule(read(`js/${path}`)))
    return [
        ...inPage(page).map(([key]) => key),
        ...keys.flatMap((key) => {
            const names = FEWER[page]?.[key] ?? PUT_TOGETHER[COVERED[key] ?? key]
            return names ? names.map((name) => (COVERED[key] ?? key).replace("*", name)) : key
        }),
    ].filter((key) => key in english)
}

const inModules = FOLDERS.flatMap((folder) =>
    readdirSync(new URL(`js/${folder}/`, FRONTEND)).flatMap((name) => inModule(read(`js/${folder}/${name}`))),
)
const patterns = new Set(inModules.filter((key) => key.includes("*") && !NO_KEYS.includes(key)))
const used = new Set([
    ...PAGES.flatMap((page) => inPage(page).map(([key]) => key)),
    ...inModules.filter((key) => !key.includes("*")),
    ...Object.entries(PUT_TOGETHER).flatMap(([form, names]) => names.map((name) => form.replace("*", name))),
])

for (const page of PAGES) {
    test(`${page} has the English of the catalogue`, () => {
        for (const [key, text] of inPage(page)) {
            assert.equal(text, english[key], key)
        }
    })
}

test("a page's texts, a module's keys and those that it puts together are found", () => {
    assert.ok(PAGES.flatMap(inPage).length > 200)
    assert.deepEqual(inModule(`x("a.b", \`c.\${d}_e\`); y = { "f.g.h": \`i.j\` }`), ["a.b", "c.*_e", "f.g.h", "i.j"])
})

test("every key that a module puts together is known, and no other is listed", () => {
    const covered = new Set([...patterns].map((pattern) => COVERED[pattern] ?? pattern))
    assert.deepEqual([...covered].sort(), Object.keys(PUT_TOGETHER).sort())
})

for (const page of PAGES) {
    test(`${page} finds its texts in what it loads`, () => {
        const sources = [read(page), ...modulesOf(page).flatMap((path) => stringsOf(read(`js/${path}`)))]
        const parts = sources.flatMap(
            (source) => / data-texts="([^"]+)|i18n\/([a-z]+\/)\*/.exec(source)?.slice(1) ?? [],
        )
        const known = Object.assign({}, common, ...parts.filter(Boolean).map(catalogue))
        assert.deepEqual(
            usedBy(page).filter((key) => !(key in known)),
            [],
        )
    })
}

test("what the form does not need does not travel with it, unless several pages need it", () => {
    const users = PAGES.map((page) => ({ page, keys: new Set(usedBy(page)) }))
    const misplaced = Object.keys(common).filter((key) => {
        const pages = users.filter(({ keys }) => keys.has(key)).map(({ page }) => page)
        return pages.length === 1 && OF_ONE_PAGE.includes(pages[0].replace(".html", "/"))
    })
    assert.deepEqual(misplaced, [])
})

test("no text is missing", () => {
    assert.deepEqual(
        [...used].filter((key) => !(key in english)),
        [],
    )
})

test("no text is unused", () => {
    assert.deepEqual(
        Object.keys(english).filter((key) => !used.has(key)),
        [],
    )
})
