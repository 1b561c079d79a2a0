// What a page cannot do without a script: theme, contents on a phone, copying code, and boxes that
// the keyboard can scroll.

const root = document.documentElement;

// The button shows the state; a choice outlives the page where the browser lets it be stored,
// otherwise the system decides.
const storage = (() => {
  try {
    return localStorage;
  } catch {
    return { getItem: () => null, setItem: () => {} };
  }
})();
const themeButton = document.querySelector("button.theme");
const setTheme = (theme) => {
  root.dataset.theme = theme;
  themeButton.setAttribute("aria-pressed", theme === "dark");
};
setTheme(root.dataset.theme);
themeButton.addEventListener("click", () => {
  setTheme(root.dataset.theme === "dark" ? "light" : "dark");
  storage.setItem("theme", root.dataset.theme);
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", (event) => {
  if (!storage.getItem("theme")) setTheme(event.matches ? "dark" : "light");
});

const menuButton = document.querySelector("button.menu");
const nav = document.getElementById("nav");
const openMenu = (open) => {
  menuButton.setAttribute("aria-expanded", open);
  nav.classList.toggle("open", open);
};
menuButton.addEventListener("click", () => openMenu(!nav.classList.contains("open")));
nav.addEventListener("click", (event) => event.target.closest("a") && openMenu(false));
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && nav.classList.contains("open")) {
    openMenu(false);
    menuButton.focus();
  }
});

// Bring the current page into the view of the contents, without moving the page itself.
const current = nav.querySelector("a.current.reference.internal[href^='#'], li.current > a[href='#']");
if (current) nav.scrollTop = current.offsetTop - nav.clientHeight / 3;

// Mark the section that is being read.
const links = new Map(
  [...nav.querySelectorAll("li.current a[href^='#']")]
    .filter((link) => link.hash && getComputedStyle(link.closest("ul")).display !== "none")
    .map((link) => [document.getElementById(decodeURIComponent(link.hash.slice(1))), link]),
);
const reading = new IntersectionObserver(
  (entries) => {
    const seen = entries.filter((entry) => entry.isIntersecting).pop();
    if (!seen) return;
    for (const [, link] of links) link.removeAttribute("aria-current");
    links.get(seen.target).setAttribute("aria-current", "true");
  },
  { rootMargin: "-10% 0px -80% 0px" },
);
for (const section of links.keys()) if (section) reading.observe(section);

// A box that scrolls can be reached with the keyboard, and only then.
const scrollers = document.querySelectorAll("main :is(pre, .scroll, .wide, .text_html)");
const resized = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }
});
for (const box of scrollers) resized.observe(box);

// Copy the code of a block, less its prompts and the output after them.
for (const block of document.querySelectorAll("main div.highlight")) {
  if (block.closest(".cell_output") || !navigator.clipboard) continue;
  const button = document.createElement("button");
  button.className = "copy";
  button.type = "button";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    const code = block.querySelector("pre").cloneNode(true);
    for (const part of code.querySelectorAll(".gp, .go, .gt")) part.remove();
    await navigator.clipboard.writeText(code.textContent.trim());
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  });
  block.append(button);
}
