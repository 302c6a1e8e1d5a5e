// Links as mail programs and people hand them on.

import assert from "node:assert/strict"
import { test } from "node:test"

import { mendedAddress } from "../../frontend/js/missing/mended-address.js"
import { isOfLaterKind, linkIn } from "../../frontend/js/shared/link-in.js"

const KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
const BOX = `t.${"a".repeat(151)}`

for (const link of [KEY, BOX]) {
    for (const around of [
        ["", ""],
        ["", "&utm_source=mail&utm_medium=x"],
        ["", "?utm_source=mail"],
        ["", ")"],
        ["", "."],
        ["", ">"],
        ["", "%3E"],
        ["", "%20"],
        ["", "%E2%80%8B"],
        ["%20", ""],
        ["%E2%80%8B", ""],
        ["#", ""],
        ["%23", ""],
        ["", "%"],
        ["<", ">."],
    ]) {
        test(`${around.join("…")} around ${link.slice(0, 2)} leaves the link readable`, () => {
            assert.equal(linkIn(around.join(link)), link)
        })
    }
}

test("a link of a kind that this page does not know differs from one that is cut off", () => {
    for (const later of [`u.${"a".repeat(151)}`, `t2.${"a".repeat(80)}`, `%20u.${"a".repeat(43)}.`]) {
        assert.ok(isOfLaterKind(later), later)
        assert.equal(linkIn(later), "")
    }
    for (const known of [KEY, BOX, BOX.slice(0, 100), KEY.slice(1), "", "t.abc"])
        assert.ok(!isOfLaterKind(known), known)
})

test("what is too short is no link", () => {
    for (const short of ["", KEY.slice(1), "t.abc", `&${KEY}`]) assert.equal(linkIn(short), "")
})

for (const [path, address] of [
    [`/open%23${KEY}`, `/open#${KEY}`],
    [`/open/%23${KEY}`, `/open#${KEY}`],
    [`/open%23${BOX}`, `/open#${BOX}`],
    [`/open%2523${KEY}.`, `/open#${KEY}.`],
    [`/receipt%23${"a".repeat(22)}.${"b".repeat(22)}`, `/receipt#${"a".repeat(22)}.${"b".repeat(22)}`],
    ["/opening", ""],
    ["/open", ""],
    ["/nothing%23here", ""],
]) {
    test(`${path} leads to ${address || "no page"}`, () => assert.equal(mendedAddress(path), address))
}
