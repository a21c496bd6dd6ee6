// On a phone, navigation and tabs are strips; what is shown shall be seen in them.
function scroll() {
  for (const strip of document.querySelectorAll(".side nav, .tabs")) {
    const current = strip.querySelector("[aria-current]");
    if (current) strip.scrollLeft += current.getBoundingClientRect().left - strip.getBoundingClientRect().left - strip.clientWidth / 3;
  }
}
scroll();
addEventListener("resize", scroll);
