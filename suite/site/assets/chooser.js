// One part of the chooser at a time, the one that the address names. Without this script the page is the whole list.
const steps = [...document.querySelectorAll(".step")];

function show(focus) {
  const named = steps.find(step => `#${step.id}` === location.hash) || steps[0];
  for (const step of steps) step.hidden = step !== named;
  document.querySelector(".chooser").classList.toggle("begun", named !== steps[0]);
  if (focus) {
    named.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }
}

window.addEventListener("hashchange", () => show(true));
show(false);

// On paper all of it is shown.
window.addEventListener("beforeprint", () => { for (const step of steps) step.hidden = false; });
window.addEventListener("afterprint", () => show(false));
