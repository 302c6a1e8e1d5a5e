// One catalogue per language: complete, and in plain words. Whether the pages name each text, and no
// other, is tested in ../tools/texts.test.js, which needs parsers.

import assert from "node:assert/strict"
import { readdirSync, readFileSync } from "node:fs"
import { test } from "node:test"

import { chooseLanguage, DAY, fillIn, formatDuration, HOUR, LANGUAGES, MINUTE } from "../../frontend/js/shared/page.js"

const FRONTEND = new URL("../../frontend/", import.meta.url)
/** What every page loads, and what one page loads besides. */
const PARTS = ["", "open/", "receipt/", "share/", "team/"]
/** @param {string} path */
const read = (path) => readFileSync(new URL(path, FRONTEND), "utf8")
/** @type {(language: string) => Record<string, string>} */
const catalogue = (language) =>
    Object.assign({}, ...PARTS.map((part) => JSON.parse(read(`i18n/${part}${language}.json`))))
const english = catalogue("en")

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
    for (const part of PARTS) {
        const files = readdirSync(new URL(`i18n/${part}`, FRONTEND)).filter((name) => name.endsWith(".json"))
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

for (const part of PARTS) {
    test(`${part || "the form’s texts"} in French keep their marks with the word`, () => {
        for (const [key, text] of Object.entries(JSON.parse(read(`i18n/${part}fr.json`)))) {
            assert.doesNotMatch(text, /« | (?=[»?!;:])/, key)
        }
    })

    test(`${part || "the form’s texts"}: “e-mail” stays in one line`, () => {
        for (const language of Object.keys(LANGUAGES)) {
            for (const [key, text] of Object.entries(JSON.parse(read(`i18n/${part}${language}.json`)))) {
                assert.doesNotMatch(text, /\be-mail/i, `${language} ${key}`)
            }
        }
    })
}

test("what only a host can do stands only in what is copied for the host", () => {
    for (const language of Object.keys(LANGUAGES)) {
        for (const [key, text] of Object.entries(catalogue(language))) {
            if (!key.endsWith(".host")) assert.doesNotMatch(text, /htaccess|SetEnvIf|PHP/, `${language} ${key}`)
        }
    }
})
