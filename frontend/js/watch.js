// In old words, no module: it tells when the modules do not come. They take it back.
addEventListener("load", function () {
    setInterval(function () {
        if (document.getElementById("language").hidden) document.getElementById("not-loaded").hidden = false
    }, 8000)
})
