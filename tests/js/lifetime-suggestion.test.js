// How long an access should last, from support's office hours.

import assert from "node:assert/strict"
import { test } from "node:test"

import { suggestLifetime } from "../../frontend/js/form/lifetime-suggestion.js"

const BERLIN = { time_zone: "Europe/Berlin", days: [1, 2, 3, 4, 5], from: "09:00", to: "17:00" }
const OFFERED = [1, 3, 7, 14]

// 2026-11-23 is a Monday; Berlin is one hour ahead of UTC in November.
const cases = /** @type {const} */ ([
    ["Monday morning at work", "2026-11-23T09:00:00Z", 1, "open"],
    ["Friday noon, half a day of work is left", "2026-11-27T11:00:00Z", 1, "open"],
    ["Friday afternoon, work ends soon", "2026-11-27T14:30:00Z", 3, "soon"],
    ["Friday at 17:00", "2026-11-27T16:00:00Z", 3, "weekend"],
    ["Friday night", "2026-11-27T21:00:00Z", 3, "weekend"],
    ["Saturday", "2026-11-28T10:00:00Z", 3, "weekend"],
    ["Sunday evening", "2026-11-29T20:00:00Z", 3, "weekend"],
    ["Monday before work", "2026-11-23T05:00:00Z", 1, "early"],
    ["Tuesday evening", "2026-11-24T19:00:00Z", 3, "evening"],
    ["Friday before work", "2026-11-27T06:00:00Z", 1, "early"],
])

for (const [name, now, days, reason] of cases) {
    test(name, () => {
        const suggestion = suggestLifetime(new Date(now), BERLIN, OFFERED)

        assert.equal(suggestion.days, days)
        assert.equal(suggestion.reason, reason)
    })
}

test("it names when support is back", () => {
    const { opens } = suggestLifetime(new Date("2026-11-27T21:07:00Z"), BERLIN, OFFERED)

    assert.equal(opens?.toISOString(), "2026-11-30T08:00:00.000Z")
})

test("a longer weekend needs a longer lifetime", () => {
    const shortWeek = { ...BERLIN, days: [1, 2, 3] }

    assert.equal(suggestLifetime(new Date("2026-11-25T18:00:00Z"), shortWeek, OFFERED).days, 7)
})

test("the office's time zone counts, not the visitor's", () => {
    const kathmandu = { ...BERLIN, time_zone: "Asia/Kathmandu" } // UTC+05:45

    assert.equal(suggestLifetime(new Date("2026-11-23T03:14:00Z"), kathmandu, OFFERED).reason, "early")
    assert.equal(suggestLifetime(new Date("2026-11-23T03:15:00Z"), kathmandu, OFFERED).reason, "open")
})

test("summer time moves the office with the clock", () => {
    assert.equal(suggestLifetime(new Date("2026-07-20T07:00:00Z"), BERLIN, OFFERED).reason, "open")
})

test("without office hours it is the shortest", () => {
    assert.deepEqual(suggestLifetime(new Date(), undefined, [7, 1]), { days: 1, reason: "plain", opens: null })
})

test("only offered lifetimes are suggested", () => {
    assert.equal(suggestLifetime(new Date("2026-11-28T10:00:00Z"), BERLIN, [1, 2]).days, 2)
    assert.equal(suggestLifetime(new Date("2026-11-23T09:00:00Z"), BERLIN, [5]).days, 5)
})

test("an office that never opens suggests at least 3 days", () => {
    assert.equal(suggestLifetime(new Date(), { ...BERLIN, days: [] }, OFFERED).days, 3)
})
