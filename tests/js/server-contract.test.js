// Whatever the server may answer with, the pages know: tests/contract.json says what that is.

import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { test } from "node:test"

import { REASONS as UNREADABLE_REASONS } from "../../frontend/js/open/unreadable.js"
import { KINDS } from "../../frontend/js/receipt/visit-report.js"
import { Problem } from "../../frontend/js/shared/api.js"
import { EVENTS } from "../../frontend/js/shared/api-types.js"
import { CODES, textNameOf } from "../../frontend/js/shared/problem-notice.js"

/**
 * @typedef {object} Contract
 * @property {Record<string, number>} errors
 * @property {Record<string, {message: string, fix: string, text: string}>} reasons
 * @property {Record<string, string[]>} reasons_of
 * @property {string[]} events
 * @property {string[]} changes
 * @property {string[]} unseen_parts
 * @property {string[]} unreadable_because
 */

/** @param {string} path */
const read = (path) => JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8"))
/** @type {Contract} */
const contract = read("../contract.json")
/** @type {Record<string, string>} */
const english = read("../../frontend/i18n/en.json")
const MESSAGE = "the server's own sentence"

test("every code that the server may answer with has its text", () => {
    for (const code of Object.keys(contract.errors)) {
        assert.ok(CODES.includes(textNameOf(new Problem(code, { message: MESSAGE }))), code)
    }
})

test("every reason why a site cannot be used has its text, in the server's own words", () => {
    for (const [code, reasons] of Object.entries(contract.reasons_of)) {
        for (const reason of reasons) {
            const name = textNameOf(new Problem(code, { reason, message: MESSAGE }))
            assert.equal(name, contract.reasons[reason].text, reason)
            assert.equal(english[`error.${name}`], contract.reasons[reason].message)
            assert.equal(english[`error.${name}.next`], contract.reasons[reason].fix)
        }
    }
})

test("everything that may stand in a timeline has its text", () => {
    assert.deepEqual([...EVENTS].sort(), contract.events)
})

test("everything that may stand in a visit report has its text", () => {
    const kinds = contract.changes.filter((kind) => kind !== "not_seen")
    const unseen = contract.unseen_parts.map((part) => `not_seen_${part}`)
    for (const kind of [...kinds, ...unseen]) assert.ok(KINDS.includes(kind), kind)
})

test("every reason why a link opens no more has its text", () => {
    for (const reason of contract.unreadable_because) assert.ok(UNREADABLE_REASONS.includes(reason), reason)
})
