// The trip to WordPress and back.

import assert from "node:assert/strict"
import { test } from "node:test"
import "./web-crypto.js"

import { appName, consentUrl, newState, readReturn, sameHost, sameSite } from "../../frontend/js/shared/consent.js"

const AUTHORIZE = "https://blog.example/wp-admin/authorize-application.php"
const TRIP = { name: "Acme via help.example (abc123)", back: "https://help.example/", kind: "consent", state: "s" }
const GOOD = {
    state: "s",
    outcome: "approved",
    site_url: "https://blog.example",
    user_login: "zoë",
    application_password: "abcdefghijklmnopqrstuvwx",
}
const VALUES =
    "site_url=https%3A%2F%2Fblog.example&user_login=zo%C3%AB&password=abcd%20efgh%20ijkl%20mnop%20qrst%20uvwx"

test("the way back stands in the fragment", () => {
    const url = new URL(consentUrl(AUTHORIZE, TRIP))

    assert.equal(url.searchParams.get("app_name"), TRIP.name)
    assert.equal(url.searchParams.get("success_url"), "https://help.example/#consent=s")
    assert.equal(url.searchParams.get("reject_url"), "https://help.example/#consent=s&success=false")
    assert.equal(url.searchParams.has("app_id"), false)
})

test("what the consent page's address carries already stays", () => {
    const url = new URL(consentUrl(`${AUTHORIZE}?lang=de`, TRIP))

    assert.equal(url.searchParams.get("lang"), "de")
})

test("only web addresses are visited", () => {
    assert.throws(() => consentUrl("javascript:alert(1)", TRIP), RangeError)
    assert.throws(() => consentUrl("", TRIP))
})

for (const [name, address] of [
    ["WordPress' script appends to the fragment", `https://help.example/#consent=s?${VALUES}`],
    ["or with an ampersand", `https://help.example/#consent=s&${VALUES}`],
    ["WordPress without JavaScript fills the query", `https://help.example/?${VALUES}#consent=s`],
    ["everything in the query", `https://help.example/?consent=s&${VALUES.replaceAll("%20", "+")}`],
]) {
    test(name, () => assert.deepEqual(readReturn(address, "consent"), GOOD))
}

for (const [outcome, address] of [
    ["rejected", "https://help.example/#consent=s&success=false"],
    ["rejected", "https://help.example/?success=false#consent=s"],
    ["disabled", "https://help.example/?error=disabled#consent=s&success=false"],
    ["disabled", "https://help.example/#consent=s&success=false?error=disabled"],
    ["broken", "https://help.example/#consent=s"],
    ["broken", "https://help.example/#consent=s?site_url=https%3A%2F%2Fblog.example&user_login=zo"],
]) {
    test(`${outcome}: ${address}`, () => {
        assert.deepEqual(readReturn(address, "consent"), { state: "s", outcome })
    })
}

test("a return without state has none", () => {
    assert.equal(readReturn(`https://help.example/?${VALUES}`, "consent").state, "")
})

for (const [back, left, same] of /** @type {const} */ ([
    ["https://blog.example", AUTHORIZE, true],
    ["https://blog.example/", AUTHORIZE, true],
    ["https://blog.example/wp", "https://blog.example/wp/wp-admin/authorize-application.php", true],
    ["http://127.0.0.1:8081", "http://127.0.0.1:8081/wp-admin/authorize-application.php", true],
    ["https://evil.example", AUTHORIZE, false],
    ["https://blog.example:8443", AUTHORIZE, false],
    ["https://blog.example/wp", AUTHORIZE, false],
    ["https://blog.example.evil.example", AUTHORIZE, false],
    ["nonsense", AUTHORIZE, false],
    ["https://blog.example", "", false],
])) {
    test(`${back} ${same ? "is" : "is not"} the site of ${left || "nowhere"}`, () => {
        assert.equal(sameSite(back, left), same)
    })
}

test("states are long and never the same", () => {
    assert.match(newState(), /^[\w-]{22}$/)
    assert.notEqual(newState(), newState())
})

test("the name says who asks, through which host, and is unique", () => {
    assert.equal(appName("Acme", "help.example", "-_Ab1Cd2Ef"), "Acme via help.example (ab1cd2)")
})

test("a site and the page on which access to it is approved have one host", () => {
    assert.ok(sameHost("https://blog.example/wp", "https://blog.example/wp-admin/authorize-application.php"))
    const others = ["https://blog.example.evil.example/", "https://evil.example/", "https://blog.example:8443/"]
    for (const other of [
        ...others,
        "javascript:alert(1)//blog.example",
        "data:text/html,x",
        "",
        "x",
        null,
        undefined,
    ]) {
        assert.ok(!sameHost("https://blog.example", other), String(other))
        assert.ok(!sameHost(other, other) || others.includes(other ?? ""), String(other))
    }
})
