// MathJax 3 under a Content-Security-Policy of 'self': its stylesheet is in style.css, so that it
// need not put one into the page; no menu, because the menu does that as well, and does it even
// where it is not enabled: what MathJax asks of it is answered by an empty one.
class NoMenu {
  settings = {};
  menu = { store: { sort() {} } };
}
window.MathJax = {
  tex: { inlineMath: [["$", "$"], ["\\(", "\\)"]], displayMath: [["$$", "$$"], ["\\[", "\\]"]], processEscapes: true },
  svg: { fontCache: "local" },
  options: { enableMenu: false, MenuClass: NoMenu, skipHtmlTags: ["script", "noscript", "style", "textarea", "pre", "code"] },
  startup: {
    ready() {
      MathJax.startup.defaultReady();
      MathJax.startup.output.styleSheet = () => null;
      MathJax.startup.document.addStyleSheet = () => MathJax.startup.document;
      MathJax.startup.promise.then(() => {
        reachable();
        document.documentElement.setAttribute("data-math", "ready");
      });
    },
  },
};

// What is wider than the page scrolls by itself, and can be reached with the keyboard as long as it does.
function reachable() {
  for (const box of document.querySelectorAll(".highlight, .output_area > pre, .output_subarea > pre, mjx-container[display]")) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}
document.addEventListener("DOMContentLoaded", reachable);
window.addEventListener("resize", reachable);

// One switch opens and closes all code but plumbing, which stays behind its own lines.
function switched() {
  const button = document.querySelector(".code-switch");
  const cells = document.querySelectorAll("details.fold.code");
  if (!button || !cells.length) return;
  button.hidden = false;
  button.addEventListener("click", () => {
    const open = button.textContent === "show the code";
    for (const cell of cells) cell.open = open;
    button.textContent = open ? "hide the code" : "show the code";
    reachable();
  });
}
document.addEventListener("DOMContentLoaded", switched);
document.addEventListener("toggle", reachable, true);
