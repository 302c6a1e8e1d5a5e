// The team's key: its boxes, its words and its file, against vectors that Python made.

import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { test } from "node:test"
import "./web-crypto.js"

import { fingerprintOf } from "../../frontend/js/shared/fingerprint.js"
import { seal } from "../../frontend/js/shared/hpke.js"
import { linkIn } from "../../frontend/js/shared/link-in.js"
import { decode, encode, randomBytes } from "../../frontend/js/shared/link-key.js"
import { BOX, openBox, sealToTeam, whyClosed } from "../../frontend/js/shared/team-box.js"
import { KeyFileError, makeTeamKey, newFilePassphrase, readKeyFile } from "../../frontend/js/team/key-file.js"

const vector = JSON.parse(readFileSync(new URL("../team-vectors.json", import.meta.url), "utf8"))
const FILE = JSON.stringify(vector.file)
const CURVE = { name: "ECDH", namedCurve: "P-256" }

/** @type {(publicKey: string, d?: string) => Promise<CryptoKey>} */
function imported(publicKey, d) {
    const point = decode(publicKey)
    const jwk = { kty: "EC", crv: "P-256", x: encode(point.slice(1, 33)), y: encode(point.slice(33)) }
    return crypto.subtle.importKey("jwk", d ? { ...jwk, d } : jwk, CURVE, true, d ? ["deriveBits"] : [])
}

/** @param {Partial<typeof vector.file>} changes */
const changed = (changes) => JSON.stringify({ ...vector.file, ...changes })

test("the vector seals to the same box", async () => {
    const ephemeral = {
        privateKey: await imported(vector.ephemeral_public_key, vector.ephemeral_private_key),
        publicKey: await imported(vector.ephemeral_public_key),
    }
    const info = new TextEncoder().encode("hallpass/v1 team")

    const sealed = await seal(decode(vector.public_key), decode(vector.link_key), info, { ephemeral })

    assert.equal(`t.${encode(sealed)}`, vector.box)
})

test("the vector's file gives the key that opens its box, and that no script can read", async () => {
    const key = await readKeyFile(FILE, vector.passphrase)

    assert.equal(key.publicKey, vector.public_key)
    assert.equal(key.privateKey.extractable, false)
    const opened = await openBox(vector.box, [key])
    assert.equal(opened && encode(opened), vector.link_key)
})

test("the vector's words are its fingerprint", async () => {
    assert.equal(await fingerprintOf(vector.public_key), vector.fingerprint)
})

test("what the browser makes, it opens again, and a link that holds it is read", async () => {
    const passphrase = newFilePassphrase()
    const { key, file } = await makeTeamKey(passphrase)
    const linkKey = randomBytes(32)

    const box = await sealToTeam(linkKey, key.publicKey)

    assert.match(box, BOX)
    assert.equal(linkIn(box), box)
    assert.notEqual(await sealToTeam(linkKey, key.publicKey), box)
    assert.match(passphrase, /^([a-z]+ ){5}[a-z]+$/)
    assert.equal(key.privateKey.extractable, false)
    for (const held of [key, await readKeyFile(file, ` ${passphrase.toUpperCase().replace(" ", "\n ")}`)]) {
        assert.deepEqual(await openBox(box, [held]), linkKey)
    }
})

test("neither file nor key shows the private half", async () => {
    const { file, key } = await makeTeamKey("one two three four five six")

    assert.deepEqual(Object.keys(JSON.parse(file)), Object.keys(vector.file))
    await assert.rejects(crypto.subtle.exportKey("jwk", key.privateKey))
    await assert.rejects(crypto.subtle.exportKey("pkcs8", key.privateKey))
})

/** @type {[string, string, string][]} */
const FAULTS = [
    ["a foreign file", '{"hello": 1}', "not_ours"],
    ["a picture", "\x89PNG\r\n", "not_ours"],
    ["an empty file", "", "not_ours"],
    ["JSON that is no object", "null", "not_ours"],
    ["a huge file", " ".repeat(10_001), "not_ours"],
    ["another suite", changed({ suite: "DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM" }), "newer"],
    ["a later version", changed({ version: 2 }), "newer"],
    ["half a file", FILE.slice(0, 200), "damaged"],
    ["a short part", changed({ sealed: vector.file.sealed.slice(4) }), "damaged"],
    ["a part with other signs", changed({ salt: "ÄÖÜ" }), "damaged"],
    ["a missing part", changed({ iv: undefined }), "damaged"],
    ["a changed part", changed({ iv: "ERERERERERERERES" }), "passphrase"],
    ["another public key", changed({ public_key: vector.ephemeral_public_key }), "passphrase"],
]
for (const [name, file, fault] of FAULTS) {
    test(`${name} gives no key: ${fault}`, async () => {
        await assert.rejects(readKeyFile(file, vector.passphrase), (error) => {
            assert.ok(error instanceof KeyFileError)
            assert.equal(error.fault, fault)
            return true
        })
    })
}

test("a wrong passphrase gives no key", async () => {
    for (const wrong of ["", "ocean brave lemon tiger quiet", vector.passphrase.replace("river", "rivers")]) {
        await assert.rejects(readKeyFile(FILE, wrong), { fault: "passphrase" })
    }
})

test("why a box stays closed", async () => {
    const { public_key: ours, ephemeral_public_key: theirs, box } = vector
    const damaged = `t.${"A".repeat(151)}`
    const holds = (/** @type {string[]} */ ...keys) => keys.map((publicKey) => ({ publicKey }))

    assert.equal(await whyClosed(box, [], [ours]), "no_key")
    assert.equal(await whyClosed(box, holds(theirs), [ours]), "wrong_key")
    assert.equal(await whyClosed(box, holds(theirs), []), "wrong_key")
    assert.equal(await whyClosed(box, holds(theirs), [ours, theirs]), "old_key")
    assert.equal(await whyClosed(box, holds(theirs, ours), [ours, theirs]), "damaged")
    assert.equal(await whyClosed(damaged, [], [ours]), "damaged")
})

test("a box opens with any of the keys, and with no other", async () => {
    const [first, second, third] = await Promise.all([1, 2, 3].map(() => makeTeamKey("a b c d e f")))
    const linkKey = randomBytes(32)
    const box = await sealToTeam(linkKey, second.key.publicKey)

    assert.deepEqual(await openBox(box, [first.key, second.key]), linkKey)
    assert.equal(await openBox(box, [first.key, third.key]), null)
    assert.equal(await openBox(box, []), null)
})

test("what is stored wrongly beside the key does not keep the key from opening", async () => {
    const { key } = await makeTeamKey("a b c d e f")
    const linkKey = randomBytes(32)
    const box = await sealToTeam(linkKey, key.publicKey)
    const wrong = /** @type {any[]} */ ([{ publicKey: "no key!" }, { publicKey: 7 }, { ...key, privateKey: null }])

    assert.deepEqual(await openBox(box, [...wrong, key]), linkKey)
    assert.equal(await openBox(box, wrong), null)
})

test("only a whole, uncompressed point seals: with another spelling, no one could open the box", async () => {
    const point = decode(vector.public_key)
    const compressed = encode(Uint8Array.of(2 + (point[64] & 1), ...point.slice(1, 33)))
    const hybrid = encode(Uint8Array.of(6 + (point[64] & 1), ...point.slice(1)))

    for (const wrong of [compressed, hybrid, "", encode(new Uint8Array([0])), `${vector.public_key}AA`]) {
        await assert.rejects(sealToTeam(randomBytes(32), wrong), { code: "not_sealed" })
    }
})
