// No module, so that old browsers run it: it warns when the modules do not load.
addEventListener("load", function () {
    setInterval(function () {
        if (document.getElementById("language").hidden) document.getElementById("not-loaded").hidden = false
    }, 8000)
})
