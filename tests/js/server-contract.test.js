// Whatever the server may answer with, the pages know. This reads the sources of the server.

import assert from "node:assert/strict"
import { readdirSync, readFileSync } from "node:fs"
import { test } from "node:test"

import { KINDS } from "../../frontend/js/receipt/visit-report.js"
import { Problem } from "../../frontend/js/shared/api.js"
import { EVENTS } from "../../frontend/js/shared/api-types.js"
import { CODES, textNameOf } from "../../frontend/js/shared/problem-notice.js"

/**
 * Every first group of *pattern* in files of the server.
 * @param {RegExp} pattern
 * @param {string[]} files
 */
function said(pattern, ...files) {
    const sources = files.map((file) => readFileSync(new URL(`../../${file}`, import.meta.url), "utf8"))
    const found = sources.flatMap((source) => [...source.matchAll(pattern)].map(([, word]) => word))
    assert.notEqual(found.length, 0, `nothing like ${pattern}`)
    return [...new Set(found)]
}

/** @param {string} name */
const module = (name) => `chalicelib/${name}.py`
const INSIDE = ["key_refused"] // "`KeyRefused` stays inside", says errors.py.

test("every code that the server may answer with has its text", () => {
    const codes = [
        ...said(/^ {4}code = "(\w+)"/gm, module("errors")),
        ...said(/\("([a-z]+_[a-z_]+)", "/g, module("web")),
        ...said(/"code": ?"(\w+)"/g, "infra/resources.yaml", "infra/local/frontdoor.py"),
    ]
    for (const code of codes.filter((code) => !INSIDE.includes(code))) {
        const name = textNameOf(new Problem(code, { message: "the server's own sentence" }))
        assert.ok(CODES.includes(name), code)
    }
})

test("every reason why a site cannot be used has its text", () => {
    const reasons = said(/^ {4}"(\w+)": (?:Words|UNSUPPORTED)/gm, module("problems"))
    for (const reason of reasons) {
        for (const code of ["site_unsupported", "site_unavailable"]) {
            const name = textNameOf(new Problem(code, { reason, message: "the server's own sentence" }))
            assert.ok(CODES.includes(name) && name !== code, reason)
        }
    }
})

test("everything that may stand in a timeline or a report has its text", () => {
    const modules = readdirSync(new URL("../../chalicelib/", import.meta.url)).filter((name) => name.endsWith(".py"))
    const events = said(/Event\([^"()]*(?:\([^()]*\)[^"()]*)*"(\w+)"/g, ...modules.map((name) => `chalicelib/${name}`))
    assert.ok(events.includes("link_opened"))
    const holders = ["owner", "support"] // After an event that is named by a constant.
    /** @type {readonly string[]} */
    const known = EVENTS
    for (const event of ["access_created", "link_locked", ...events]) {
        assert.ok(holders.includes(event) || known.includes(event), event)
    }
    const kinds = said(/Change\("(\w+)"/g, module("report")).filter((kind) => kind !== "not_seen")
    for (const rest of said(/Change\(f"\{what\}(_\w+)"/g, module("report"))) kinds.push(`plugin${rest}`, `theme${rest}`)
    for (const part of said(/Change\("not_seen", "(\w+)"/g, module("report"))) kinds.push(`not_seen_${part}`)
    for (const kind of kinds) assert.ok(KINDS.includes(kind), kind)
})
