// One catalogue per language: complete, nothing unused, and English as it
// stands in the HTML.

import assert from "node:assert/strict"
import { readdirSync, readFileSync } from "node:fs"
import { test } from "node:test"

import { Problem } from "../../frontend/js/api.js"
import { choose, duration, fill, LANGUAGES } from "../../frontend/js/i18n.js"
import { REASONS } from "../../frontend/js/lifetime.js"
import { CODES, nameOf } from "../../frontend/js/problem.js"
import { PARTS } from "../../frontend/js/setup.js"

const FRONTEND = new URL("../../frontend/", import.meta.url)
const PAGES = ["index.html", "open.html", "receipt.html"]
const read = (path) => readFileSync(new URL(path, FRONTEND), "utf8")
const catalogue = (language) => JSON.parse(read(`i18n/${language}.json`))
const english = catalogue("en")
const scripts = readdirSync(new URL("js/", FRONTEND)).filter((name) => name !== "words.js").map((name) => read(`js/${name}`))

/** Every `data-t` element of a page, with its text; the receipt leaves most of that to the catalogue. */
function inPage(page) {
    const found = [...read(page).matchAll(/<[^>]*\sdata-t="([^"]+)"[^>]*>([^<]*)</g)]
    return found.map(([, key, text]) => [key, text.trim()])
}

/** Names that modules list, such as the whys of gone.js, which only a page can load. */
function listed(file, name) {
    const source = read(`js/${file}`)
    const body = new RegExp(`const ${name} = \\[([^\\]]*)\\]`).exec(source)
    return [...body[1].matchAll(/"([^"]+)"/g)].map(([, word]) => word)
}

/** What may stand in a timeline. */
function events() {
    const [, names] = /@typedef \{([^}]*)\} EventName/.exec(read("js/types.js"))
    return [...names.matchAll(/"(\w+)"/g)].map(([, name]) => name)
}

function used() {
    const keys = new Set(PAGES.flatMap((page) => inPage(page).map(([key]) => key)))
    for (const source of scripts) {
        for (const [, key] of source.matchAll(/"([a-z]+\.[a-z_]+)"/g)) if (!/^hallpass|\.(js|json)$/.test(key)) keys.add(key)
    }
    const add = (names, ...forms) => names.forEach((name) => forms.forEach((form) => keys.add(form.replace("*", name))))
    add(CODES, "error.*", "error.*.next")
    add(REASONS, "reason.*")
    add(PARTS, "progress.*.now", "progress.*.done")
    add(["access"], "progress.*.slow")
    add(listed("gone.js", "WHYS"), "gone.*", "gone.*_text", "gone.*_next")
    add(events(), "event.*")
    add(listed("report.js", "KINDS"), "report.*")
    add(["owner", "support"], "event.by_*")
    add(["preparing", "active", "by_hand", "done", "ending", "overdue", "ended", "said"], "state.*", "state.*_text")
    add(["no_link", "not_found", "unreachable"], "missing.*", "missing.*_text")
    add(["consent", "paste", "made", "none"], "send.lead_*")
    add(["consent", "paste", "made"], "arrival.forgotten_*")
    add(["rejected", "disabled", "broken"], "arrival.*")
    return keys
}

for (const page of PAGES) {
    test(`${page} has the English of the catalogue`, () => {
        for (const [key, text] of inPage(page)) {
            if (text || page !== "receipt.html") assert.equal(text, english[key], key)
        }
    })
}

test("no text is missing", () => {
    assert.deepEqual([...used()].filter((key) => !(key in english)), [])
})

test("no text is unused", () => {
    const keys = used()
    assert.deepEqual(Object.keys(english).filter((key) => !keys.has(key)), [])
})

for (const language of LANGUAGES) {
    const texts = catalogue(language)

    test(`${language} has every text, with the same places`, () => {
        assert.deepEqual(Object.keys(texts), Object.keys(english))
        for (const [key, text] of Object.entries(texts)) {
            const places = (value) => [...value.matchAll(/\{\w+\}/g)].map(([place]) => place).sort()
            assert.notEqual(text.trim(), "", key)
            assert.deepEqual(places(text), places(english[key]), key)
        }
    })
}

test("the languages that can be chosen are those that are there", () => {
    const there = readdirSync(new URL("i18n/", FRONTEND)).map((name) => name.replace(".json", ""))
    assert.deepEqual([...LANGUAGES].sort(), there.sort())
})

/** Every first group of *pattern* in files of the server. */
function said(pattern, ...files) {
    const sources = files.map((file) => readFileSync(new URL(`../../${file}`, import.meta.url), "utf8"))
    const found = sources.flatMap((source) => [...source.matchAll(pattern)].map(([, word]) => word))
    assert.notEqual(found.length, 0, `nothing like ${pattern}`)
    return [...new Set(found)]
}

const module = (name) => `chalicelib/${name}.py`
const INSIDE = ["key_refused"] // "`KeyRefused` stays inside", says errors.py.

test("every code that the server may answer with has its text", () => {
    const codes = [
        ...said(/^    code = "(\w+)"/gm, module("errors")),
        ...said(/\("([a-z]+_[a-z_]+)", "/g, module("web")),
        ...said(/"code": ?"(\w+)"/g, "infra/resources.yaml", "infra/local/frontdoor.py"),
    ]
    for (const code of codes.filter((code) => !INSIDE.includes(code))) {
        const name = nameOf(new Problem(code, { message: "the server's own sentence" }))
        assert.ok(CODES.includes(name), code)
    }
})

test("every reason why a site cannot be used has its text", () => {
    const reasons = said(/^    "(\w+)": (?:Words|UNSUPPORTED)/gm, module("problems"))
    for (const reason of reasons) {
        for (const code of ["site_unsupported", "site_unavailable"]) {
            const name = nameOf(new Problem(code, { reason, message: "the server's own sentence" }))
            assert.ok(CODES.includes(name) && name !== code, reason)
        }
    }
})

test("everything that may stand in a timeline or a report has its text", () => {
    const modules = readdirSync(new URL("../../chalicelib/", import.meta.url)).filter((name) => name.endsWith(".py"))
    const events = said(/Event\([^"()]*(?:\([^()]*\)[^"()]*)*"(\w+)"/g, ...modules.map((name) => `chalicelib/${name}`))
    assert.ok(events.includes("link_opened"))
    const holders = ["owner", "support"] // After an event that is named by a constant.
    for (const event of ["access_created", "link_locked", ...events].filter((event) => !holders.includes(event))) assert.ok(`event.${event}` in english, event)
    const kinds = said(/Change\("(\w+)"/g, module("report")).filter((kind) => kind !== "not_seen")
    for (const rest of said(/Change\(f"\{what\}(_\w+)"/g, module("report"))) kinds.push(`plugin${rest}`, `theme${rest}`)
    for (const part of said(/Change\("not_seen", "(\w+)"/g, module("report"))) kinds.push(`not_seen_${part}`)
    for (const kind of kinds) assert.ok(`report.${kind}` in english, kind)
})

test("the reader's own choice comes first, then the browser's", () => {
    assert.equal(choose(["de", "fr-FR", "en"], ["en", "de", "fr"]), "de")
    assert.equal(choose(["", "fr-CA", "en"], ["en", "de", "fr"]), "fr")
    assert.equal(choose(["", "xx"], ["en", "de"]), "en")
})

test("durations have two units at most, and no empty ones", () => {
    assert.equal(duration(3 * 86400), "3 days")
    assert.equal(duration(2 * 86400 + 4 * 3600 + 59 * 60), "2 days 4 hours")
    assert.equal(duration(86400 + 60), "1 day")
    assert.equal(duration(61), "1 minute 1 second")
    assert.equal(duration(0), "0 seconds")
    assert.equal(duration(-5), "0 seconds")
})

test("a text's places are filled, and only those", () => {
    assert.equal(fill("{a} of {b}, {c}", { a: 1, b: () => "two" }), "1 of two, {c}")
})
