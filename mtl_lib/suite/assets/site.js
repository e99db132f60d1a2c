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
      MathJax.startup.promise.then(() => document.documentElement.setAttribute("data-math", "ready"));
    },
  },
};
