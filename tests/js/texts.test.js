// One catalogue per language: complete, nothing unused, and English as it
// stands in the HTML.

import assert from "node:assert/strict"
import { readdirSync, readFileSync } from "node:fs"
import { test } from "node:test"

import { REASONS as LIFETIME_REASONS } from "../../frontend/js/form/lifetime-suggestion.js"
import { PARTS } from "../../frontend/js/form/submission.js"
import { REASONS as UNREADABLE_REASONS } from "../../frontend/js/open/unreadable.js"
import { KINDS } from "../../frontend/js/receipt/visit-report.js"
import { GONE } from "../../frontend/js/share/sent.js"
import { EVENTS } from "../../frontend/js/shared/api-types.js"
import { chooseLanguage, DAY, fillIn, formatDuration, HOUR, LANGUAGES, MINUTE } from "../../frontend/js/shared/page.js"
import { CODES, FOR_HOST } from "../../frontend/js/shared/problem-notice.js"
import { READINESS } from "../../frontend/js/team/readiness.js"

const FRONTEND = new URL("../../frontend/", import.meta.url)
const PAGES = ["index.html", "open.html", "receipt.html", "404.html", "share.html", "team.html"]
const FOLDERS = ["form", "missing", "open", "receipt", "share", "shared", "team"]

const STATES = [
    "held",
    "not_confirmed",
    "preparing",
    "waiting",
    "active",
    "withdrawn",
    "by_hand",
    "done",
    "ending",
    "overdue",
    "ended",
    "said",
]

/** @param {string} path */
const read = (path) => readFileSync(new URL(path, FRONTEND), "utf8")
/** @type {(language: string) => Record<string, string>} */
const catalogue = (language) => ({
    ...JSON.parse(read(`i18n/${language}.json`)),
    ...JSON.parse(read(`i18n/receipt/${language}.json`)),
    ...JSON.parse(read(`i18n/share/${language}.json`)),
    ...JSON.parse(read(`i18n/team/${language}.json`)),
})
const english = catalogue("en")
const scripts = FOLDERS.flatMap((folder) =>
    readdirSync(new URL(`js/${folder}/`, FRONTEND)).map((name) => read(`js/${folder}/${name}`)),
)

/**
 * Every `data-t` element of a page, with its text.
 * @param {string} page
 */
function inPage(page) {
    const found = [...read(page).matchAll(/<[^>]*\sdata-t="([^"]+)"[^>]*>([^<]*)</g)]
    return found.map(([, key, text]) => [key, text.trim()])
}

/** The keys of all texts that pages and modules name. */
function used() {
    const keys = new Set(PAGES.flatMap((page) => inPage(page).map(([key]) => key)))
    for (const source of scripts) {
        for (const [, key] of source.matchAll(/"([a-z]+\.[a-z_]+)"/g))
            if (!/^hallpass|\.(js|json)$/.test(key)) keys.add(key)
    }
    /** @type {(names: readonly string[], ...forms: string[]) => void} */
    function add(names, ...forms) {
        for (const name of names) for (const form of forms) keys.add(form.replace("*", name))
    }
    add(CODES, "error.*", "error.*.next")
    add(FOR_HOST, "error.*.host")
    add(["address", "username", "email", "password", "customer", "reference"], "open.*")
    add(["waiting", "open", "withdrawn", "held", "not_confirmed", "done", "ending", "overdue", "ended"], "badge.*")
    add(["rejected", "disabled", "broken"], "repair.*")
    add(LIFETIME_REASONS, "reason.*")
    add(PARTS, "progress.*.now", "progress.*.done")
    add(["access"], "progress.*.slow")
    add(UNREADABLE_REASONS, "gone.*", "gone.*_text", "gone.*_next")
    add([...EVENTS, "noted", "reminded", "confirmed"], "event.*")
    add(KINDS, "report.*")
    add(GONE, "read.gone_*", "read.gone_*_text")
    add(["waiting", "locked", "burned", "expired"], "made.*")
    add(READINESS, "team.is_*", "team.is_*_text")
    add(["not_ours", "newer", "damaged", "passphrase", "storage", "unreadable"], "team.fault_*")
    add(["owner", "support"], "event.by_*")
    add(STATES, "state.*", "state.*_text")
    add(["no_link", "not_found", "unreachable"], "missing.*", "missing.*_text")
    add(["consent", "paste", "made", "none"], "send.lead_*")
    add(["consent", "paste", "made"], "arrival.forgotten_*")
    add(["rejected", "disabled", "broken"], "arrival.*")
    return keys
}

for (const page of PAGES) {
    test(`${page} has the English of the catalogue`, () => {
        for (const [key, text] of inPage(page)) {
            assert.equal(text, english[key], key)
        }
    })
}

test("no text is missing", () => {
    assert.deepEqual(
        [...used()].filter((key) => !(key in english)),
        [],
    )
})

test("no text is unused", () => {
    const keys = used()
    assert.deepEqual(
        Object.keys(english).filter((key) => !keys.has(key)),
        [],
    )
})

for (const language of Object.keys(LANGUAGES)) {
    const texts = catalogue(language)

    test(`${language} has every text, with the same places`, () => {
        assert.deepEqual(Object.keys(texts), Object.keys(english))
        for (const [key, text] of Object.entries(texts)) {
            /** @param {string} value */
            const places = (value) => [...value.matchAll(/\{\w+\}/g)].map(([place]) => place).sort()
            assert.notEqual(text.trim(), "", key)
            assert.deepEqual(places(text), places(english[key]), key)
        }
    })
}

test("the languages that can be chosen are those that are there", () => {
    for (const folder of ["i18n/", "i18n/receipt/", "i18n/share/", "i18n/team/"]) {
        const files = readdirSync(new URL(folder, FRONTEND)).filter((name) => name.endsWith(".json"))
        assert.deepEqual(Object.keys(LANGUAGES).sort(), files.map((name) => name.replace(".json", "")).sort())
    }
})

test("the reader's own choice comes first, then the browser's", () => {
    assert.equal(chooseLanguage(["de", "fr-FR", "en"], ["en", "de", "fr"]), "de")
    assert.equal(chooseLanguage(["", "fr-CA", "en"], ["en", "de", "fr"]), "fr")
    assert.equal(chooseLanguage(["", "xx"], ["en", "de"]), "en")
})

test("durations have two units at most, and no empty ones", () => {
    assert.equal(formatDuration(3 * DAY), "3 days")
    assert.equal(formatDuration(2 * DAY + 4 * HOUR + 59 * MINUTE), "2 days 4 hours")
    assert.equal(formatDuration(DAY + MINUTE), "1 day")
    assert.equal(formatDuration(61), "1 minute 1 second")
    assert.equal(formatDuration(0), "0 seconds")
    assert.equal(formatDuration(-5), "0 seconds")
})

test("a text's places are filled, and only those", () => {
    assert.equal(fillIn("{a} of {b}, {c}", { a: 1, b: () => "two" }), "1 of two, {c}")
})

/** What a page's first screen says before anything is pressed. */
const FIRST_SCREENS = [
    "what.title",
    "what.lead",
    "what.message",
    "what.hint",
    "site.title",
    "site.lead",
    "time.title",
    "consent.what_text",
    "consent.ends_line",
    "consent.end_text",
    "send.lead_consent",
    "open.lead",
    "state.waiting",
    "state.active",
    "state.ended",
]

test("no sentence on a first screen has more than 20 words", () => {
    for (const language of Object.keys(LANGUAGES).filter((code) => code !== "ja")) {
        for (const key of FIRST_SCREENS) {
            for (const sentence of catalogue(language)[key].split(/[.!?:]\s/)) {
                assert.ok(sentence.split(/\s+/).length <= 20, `${language} ${key}: ${sentence}`)
            }
        }
    }
})

test("German says Sie", () => {
    for (const [key, text] of Object.entries(catalogue("de"))) {
        assert.doesNotMatch(text, /\b(du|dich|dir|dein\w*)\b/i, key)
    }
})

test("four terms only: access, temporary account, sign-in link, approval", () => {
    // The sentences about a site are the server's own.
    for (const [key, text] of Object.entries(english).filter(([name]) => !name.startsWith("error."))) {
        assert.doesNotMatch(text, /one-time link|let us in|\bgrant\b|consent key/i, key)
    }
})
