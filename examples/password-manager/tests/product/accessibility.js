// What is wrong with a page for people who hear it, do without a mouse, or see little. Answers with a list of texts.
const problems = [];
const say = (what, element) => problems.push(`${what}: ${element.outerHTML.slice(0, 160)}`);
const all = (selector) => [...document.querySelectorAll(selector)];
const isShown = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true });

if (document.documentElement.lang !== "en") problems.push("the page has no language");
if (!document.title.trim()) problems.push("the page has no title");
if (all("h1").length !== 1) problems.push(`${all("h1").length} first headings`);
if (all("main").length !== 1) problems.push(`${all("main").length} main parts`);
all("h1, h2, h3, h4").reduce((last, heading) => {
  const level = Number(heading.tagName[1]);
  if (level > last + 1) say("a heading skips a level", heading);
  return level;
}, 0);

// Whoever tabs gets past the navigation.
if (document.querySelector("nav")) {
  const first = document.querySelector("a, button, input, select, summary");
  const target = first.getAttribute("href") ?? "";
  if (!target.startsWith("#") || !document.querySelector("main" + target)) say("the first link skips nothing", first);
}

for (const field of all("input:not([type=hidden]), select, textarea")) {
  const text = [...(field.labels ?? [])].map((label) => label.textContent).join("") || field.getAttribute("aria-label");
  if (!text?.trim()) say("a field has no label", field);
}
for (const element of all("button, a[href], summary")) {
  if (!(element.getAttribute("aria-label") ?? element.textContent).trim()) say("nothing says what this does", element);
}
for (const image of document.images) if (!image.hasAttribute("alt")) say("a picture has no text", image);
for (const list of all("nav, section")) {
  const id = list.getAttribute("aria-labelledby");
  if (!list.getAttribute("aria-label") && !document.getElementById(id)?.textContent) say("a part has no name", list);
}
const ids = all("[id]").map((element) => element.id);
for (const id of ids.filter((id, place) => ids.indexOf(id) !== place)) problems.push(`two elements are ${id}`);
for (const label of all("label[for]")) if (!document.getElementById(label.htmlFor)) say("a label is for nothing", label);

// A strict policy forbids these; a browser would leave them out.
for (const element of all("[style], style, script:not([src])")) say("style or script inside of the page", element);
for (const element of all("*")) {
  if (element.getAttributeNames().some((name) => name.startsWith("on"))) say("script inside of the page", element);
}

// Contrast of all text (WCAG 2.2, 1.4.3), and sizes of what is pressed (2.5.8).
const colour = (text) => text.match(/[\d.]+/g).map(Number);
const luminance = ([r, g, b]) => {
  const [x, y, z] = [r, g, b].map((c) => c / 255).map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * x + 0.7152 * y + 0.0722 * z;
};
const ground = (element) => {
  for (let e = element; e; e = e.parentElement) {
    const found = colour(getComputedStyle(e).backgroundColor);
    if (found.length < 4 || found[3] === 1) return found;
  }
  return colour(getComputedStyle(document.body).backgroundColor);
};
for (const element of all("body *")) {
  const hasText = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
  if (!hasText || element.tagName === "OPTION" || !isShown(element)) continue;
  const style = getComputedStyle(element);
  const [light, dark] = [luminance(colour(style.color)), luminance(ground(element))].sort((a, b) => b - a);
  const ratio = (light + 0.05) / (dark + 0.05);
  const isLarge = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700);
  if (ratio < (isLarge ? 3 : 4.5)) say(`a contrast of ${ratio.toFixed(2)}`, element);
  // Text that stands on its head, a letter in each line.
  const isSqueezed = element.textContent.trim().length > 3 && element.getBoundingClientRect().width < 20;
  if (isSqueezed && !element.closest(".visually-hidden, thead")) say("text without room", element);
}
for (const element of all("button, .button, summary, select, input:not([type=hidden], [type=radio], [type=checkbox])")) {
  const { width, height } = element.getBoundingClientRect();
  if (isShown(element) && (width < 24 || height < 24)) say(`only ${width} by ${height} pixels`, element);
}

// Nothing reaches out of what it stands in; strips scroll.
for (const element of all(".card *, .figures *")) {
  if (!isShown(element) || element.closest(".tabs, .panel, .visually-hidden")) continue;
  // On a phone the head of a table is there for readers of the screen alone.
  if (element.closest("thead")?.clientWidth === 1) continue;
  const frame = element.closest(".figures > div, .card");
  if (element.getBoundingClientRect().right > frame.getBoundingClientRect().right + 1) say("it sticks out", element);
}
return problems;
