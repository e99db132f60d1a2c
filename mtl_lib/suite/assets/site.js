// MathJax 3 under a Content-Security-Policy of 'self': its stylesheet is in style.css, so that it
// need not put one into the page; no menu, because the menu does that as well.
window.MathJax = {
  tex: { inlineMath: [["$", "$"], ["\\(", "\\)"]], displayMath: [["$$", "$$"], ["\\[", "\\]"]], processEscapes: true },
  svg: { fontCache: "local" },
  options: { enableMenu: false, skipHtmlTags: ["script", "noscript", "style", "textarea", "pre", "code"] },
  startup: {
    ready() {
      MathJax.startup.defaultReady();
      MathJax.startup.output.styleSheet = () => null;
      MathJax.startup.document.addStyleSheet = () => MathJax.startup.document;
      MathJax.startup.promise.then(() => document.documentElement.setAttribute("data-math", "ready"));
    },
  },
};
