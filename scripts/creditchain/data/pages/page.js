// Comforts alone: without this script the pages work the same.
"use strict";

for (const print of document.querySelectorAll("[data-print]")) {
  print.hidden = false;
  print.addEventListener("click", () => window.print());
}

// Screen readers speak the language that is shown.
for (const choice of document.querySelectorAll("input[name=lang]")) {
  choice.addEventListener("change", () => { document.documentElement.lang = choice.value === "en" ? "en" : "zh-CN"; });
}

const zone = document.querySelector("[data-drop]");
if (zone) {
  const form = zone.closest("form"), input = zone.querySelector("input[type=file]");
  const button = form.querySelector("button"), busy = form.querySelector("[data-busy]");
  zone.querySelector("[data-hint]").hidden = false;

  form.addEventListener("submit", () => {
    button.disabled = true;
    busy.replaceChildren(form.querySelector("[data-working]").content.cloneNode(true));
  });
  // Who comes back by the browser's history finds the form as it was.
  window.addEventListener("pageshow", () => { button.disabled = false; busy.replaceChildren(); });

  // A file that misses the zone must not replace the page.
  for (const name of ["dragover", "drop"]) window.addEventListener(name, (event) => event.preventDefault());
  zone.addEventListener("dragover", () => zone.classList.add("over"));
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => {
    zone.classList.remove("over");
    if (event.dataTransfer.files.length === 1) {
      input.files = event.dataTransfer.files;
      form.requestSubmit();
    }
  });
}
