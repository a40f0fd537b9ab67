// Terms explain themselves, on hover and on focus.

/** Return what a term means; nothing where it is not explained. */
function meaning(element) {
  if (element.dataset.termWords) return capital(element.dataset.termWords);
  const name = element.dataset.term;
  return content.sentences.terms[name] ?? (content.words.outcome[name] ? capital(content.words.outcome[name]) : "");
}

function beginTerms() {
  const tip = at("term");
  let explained = null;
  let pointer = [];
  const show_ = (event) => {
    const element = event.target.closest?.("[data-term], [data-term-words]");
    if (event.type === "pointerover") {
      // Where the page was scrolled below a pointer that rests, it points at nothing new.
      const rests = pointer[0] === event.clientX && pointer[1] === event.clientY;
      pointer = [event.clientX, event.clientY];
      if (rests) return;
    }
    explained = element;
    const words = element ? meaning(element) : "";
    tip.hidden = !words;
    if (!words) return;
    tip.textContent = words;
    place();
  };
  const place = () => {
    const box = explained.getBoundingClientRect();
    tip.style.left = `${Math.max(Math.min(box.left, innerWidth - 330), 8)}px`;
    const below = box.bottom + 6;
    tip.style.top = `${below + tip.offsetHeight > innerHeight ? Math.max(box.top - tip.offsetHeight - 6, 4) : below}px`;
  };
  addEventListener("pointerover", show_);
  addEventListener("pointermove", (event) => { pointer = [event.clientX, event.clientY]; });
  addEventListener("focusin", show_);
  addEventListener("focusout", () => { tip.hidden = true; });
  addEventListener("keydown", (event) => { if (event.key === "Escape") tip.hidden = true; });
  // What has the focus may have been scrolled to.
  addEventListener("scroll", () => {
    if (tip.hidden) return;
    if (explained === document.activeElement) place();
    else tip.hidden = true;
  }, true);
}

/** Return a text in which every word of the glossary explains itself. */
function withTerms(words) {
  const names = Object.keys(content.sentences.terms).sort((a, b) => b.length - a.length);
  const pattern = new RegExp(`(?<![\\w-])(${names.map((name) => name.replaceAll("_", " ").replace(/[.*+?^$()|[\]\\]/g, "\\$&")).join("|")})(?![\\w-])`, "gi");
  const parts = [];
  let last = 0;
  for (const found of words.matchAll(pattern)) {
    const name = names.find((each) => each.replaceAll("_", " ").toLowerCase() === found[0].toLowerCase());
    parts.push(words.slice(last, found.index), html("span", { class: "term", "data-term": name, tabindex: 0 }, found[0]));
    last = found.index + found[0].length;
  }
  return [...parts, words.slice(last)];
}

function renderAbout() {
  const { about, terms } = content.sentences;
  fill(at("about"),
    html("div", { class: "card prose" }, html("h2", {}, about.title), about.is.map((words) => html("p", {}, withTerms(words))),
      html("h2", {}, about.is_not_title), html("ul", {}, about.is_not.map((words) => html("li", {}, withTerms(words)))),
      html("h2", {}, about.left_out_title), html("ul", {}, content.left_out.map(([what, why]) => html("li", {}, html("b", {}, `${what}: `), why)),
        html("li", {}, html("b", {}, `${about.left_out_value}: `), content.value.left_out.join(" "))),
      html("h2", {}, about.how_title), about.how.map((words) => html("p", {}, withTerms(words)))),
    html("div", { class: "card prose" }, html("h2", {}, about.terms_title), html("dl", {}, Object.entries(terms).map(([name, words]) => [
      html("dt", {}, capital(name.replaceAll("_", " "))), html("dd", {}, words)]))));
}
